"""How far each file was read: what the last commit holds, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import tantivy
from tantivy import FieldType

from monitor_core.logs.index.days import DayIndex, Place, list_places

if TYPE_CHECKING:
    from pathlib import Path

    from monitor_core.logs.ingest.registry import KnownFile

__all__ = ["Position", "Positions"]


@dataclass(slots=True)
class Position:
    """Where reading of a file goes on.

    Attributes
    ----------
    end
        Bytes read and handed to the index, committed or not.
    day
        Of the index that its lines go to; it only goes forward.
    ts
        Time of its latest line, for lines that say none.
    last
        Its latest line, to know a copy of the file by; None when unknown.
    is_pending
        Something of it is not committed yet.
    """

    end: int
    day: str = ""
    ts: int | None = None
    last: bytes | None = None
    is_pending: bool = False


class Positions:
    """Positions of files, read from the index when this is made: its last commits are the progress."""

    def __init__(self, root: Path) -> None:
        self._places: dict[int, Place] = {}
        self._ends: dict[int, int] = {}
        self._open: dict[int, Position] = {}
        self.latest_batch = 0
        for place in list_places(root):
            index = DayIndex(place)
            self.latest_batch = max(self.latest_batch, index.latest_batch())
            for file_id, end in index.progress().items():
                if end > self._ends.get(file_id, -1):
                    self._ends[file_id], self._places[file_id] = end, place

    def of(self, known: KnownFile) -> Position:
        """Return where reading of a file goes on."""
        found = self._open.get(known.file_id)
        if found is None:
            found = self._restored(known)
            self._open[known.file_id] = found
        return found

    def committed(self) -> None:
        """Note that everything is durable."""
        for position in self._open.values():
            position.is_pending = False

    def _restored(self, known: KnownFile) -> Position:
        end = self._ends.get(known.file_id, 0)
        if known.floor >= end:
            return Position(known.floor)
        place = self._places[known.file_id]
        found = _last_row(DayIndex(place), known.file_id, end)
        return Position(end, place.day, *found) if found else Position(end, place.day)


def _last_row(index: DayIndex, file_id: int, end: int) -> tuple[int, bytes] | None:
    schema = index.index.schema
    wanted = tantivy.Query.boolean_query(
        [
            (tantivy.Occur.Must, tantivy.Query.range_query(schema, name, FieldType.Integer, value, value))
            for name, value in (("file_id", file_id), ("end", end))
        ]
    )
    hits = index.searcher.search(wanted, 1).hits
    if not hits:
        return None
    address = hits[0][1]
    ts = index.searcher.fast_field_values("ts", [address])[0]
    raw = index.searcher.doc(address).get_first("raw")
    return (int(ts), bytes(raw)) if ts is not None and raw is not None else None
