"""Write rows into the index of one day."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from monitor_core.errors import Unavailable
from monitor_core.logs.index.days import Place, write_json
from monitor_core.logs.index.documents import document
from monitor_core.logs.index.schema import create

if TYPE_CHECKING:
    from monitor_core.logs.query.rows import LogRow

__all__ = ["MAX_NAMES", "DayWriter"]

MAX_NAMES = 2_000
"""The most names of context fields that are remembered a day, to be offered."""

_HEAP_BYTES = 64_000_000


class DayWriter:
    """Adds rows to one index; there is one writer at a time, which tantivy's own lock sees to."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.pending = 0
        try:
            self._writer = create(place.index).writer(_HEAP_BYTES, 1)
        except ValueError as error:
            if "lock" not in str(error).lower():
                raise Unavailable(f"the index of {place.day} cannot be opened: {error}") from error
            raise Unavailable(
                f"the index of {place.day} is written by another process", hint="one ingester at a time"
            ) from error
        self._names = _read_names(place)
        self._has_new_names = False

    def add(self, row: LogRow, raw: bytes, batch: int) -> None:
        """Add a row; it is found from the next commit on."""
        self._writer.add_document(document(row, raw, batch))
        self.pending += 1
        for name, _ in row.context:
            if name not in self._names and len(self._names) < MAX_NAMES:
                self._names.add(name)
                self._has_new_names = True

    def commit(self) -> None:
        """Make what was added durable and visible, all of it or, when this is interrupted, nothing."""
        if self._has_new_names:
            write_json(self.place.names, sorted(self._names))
            self._has_new_names = False
        self._writer.commit()
        self.pending = 0

    def close(self) -> None:
        """Give the index back; what was not committed is dropped."""
        if self.pending:
            self._writer.rollback()
        self._writer.wait_merging_threads()


def _read_names(place: Place) -> set[str]:
    try:
        return set(json.loads(place.names.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return set()
