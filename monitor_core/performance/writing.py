"""Write what a delivery changes: everything is made ready first, so that the transaction only writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, dataclass, fields
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sqlalchemy import insert

from monitor_core.performance.counts import Counts
from monitor_core.performance.events import BLOCK_ROWS, encode
from monitor_core.performance.totals import COUNTS, KINDS, add_to_totals, pack_counts
from monitor_core.storage.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from monitor_core.performance.change import Change
    from monitor_core.performance.delivery import Delivered
    from monitor_core.performance.state import Labels

__all__ = ["Writer"]

_AT_ONCE = 200
_BYTES_AT_ONCE = 16 * 2**20


@dataclass(frozen=True, slots=True)
class _Row:
    """A row to be written; its payload, if it has one, waits in the file."""

    values: tuple[Any, ...]
    at: int = 0
    size: int = -1


class Writer:
    """Collects the parts of one delivery and writes them at the end, so that the transaction is short.

    Payloads wait in a file of `folder`; what else is written of a granule is small.

    Parameters
    ----------
    recorded
        Code of the granule in which it is recorded.
    versions
        Names of the versions, by place.
    words
        Words for the cells of the delivery's features.
    """

    def __init__(
        self,
        folder: Path,
        model_id: str,
        batch_id: str,
        *,
        recorded: int,
        versions: Sequence[str],
        words: Mapping[str, Sequence[str]],
    ) -> None:
        self._model_id = model_id
        self._batch_id = batch_id
        self._recorded = recorded
        self._versions = versions
        self._words = words
        self._rows: dict[str, list[_Row]] = {name: [] for name in _TABLES}
        self._parts: Counter[tuple[str, str, str]] = Counter()
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`, after it was read again

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def rows(self, label: str, rows: pa.Table, delivered: Delivered, segments: Sequence[str]) -> None:
        """Take the rows that say something new."""
        if "predicted" not in rows.column_names:
            self._block("label", "", label, _only(rows, np.flatnonzero(delivered.new_labels)))
            return
        version_of = rows.column("version").to_numpy()
        is_new = delivered.new_predictions | delivered.new_labels
        for place in np.unique(version_of[is_new]):
            chosen = np.flatnonzero(is_new & (version_of == place))
            kind = "labelled" if delivered.new_labels[chosen].any() else "prediction"
            some = _said(_only(rows, chosen), delivered, chosen)
            self._block(kind, self._versions[int(place)], label, some, segments=segments)

    def labels(self, label: str, labels: Labels, *, kind: str = "label") -> None:
        """Take labels by key: those that waited and now join their predictions, or (``joined``) wait no longer."""
        columns: dict[str, Any] = {"key": labels.keys}
        if kind == "label":
            columns |= {"label": labels.label, "observed": labels.observed}
        self._block(kind, "", label, pa.table(columns))

    def _block(self, kind: str, version: str, label: str, rows: pa.Table, *, segments: Sequence[str] = ()) -> None:
        for start in range(0, rows.num_rows, BLOCK_ROWS):
            some = rows.slice(start, BLOCK_ROWS)
            part = self._parts[kind, version, label]
            self._parts[kind, version, label] += 1
            payload = encode(some, recorded=self._recorded, segments=segments, cells=self._words)
            self._add("performance_event", (kind, version, label, part, some.num_rows), payload)

    def change(self, label: str, change: Change, segments: Sequence[str]) -> None:
        """Take signed counts."""
        for version, changed in change.versions.items():
            for segment, counts in changed.counts.items():
                values = astuple(counts)
                if any(values):
                    self._add("performance_count", (version, segments[segment], label, *values))
            for (segment, kind), payload in changed.details.items():
                self._add("performance_detail", (version, segments[segment], label, kind), payload)
        for (a, b), eight in change.pairs.items():
            self._add("performance_pair", (a, b, label, eight.tolist()))

    def _add(self, table: str, values: tuple[Any, ...], payload: bytes | None = None) -> None:
        if payload is None:
            self._rows[table].append(_Row(values))
            return
        self._rows[table].append(_Row(values, self._file.tell(), len(payload)))
        self._file.write(payload)

    def write(self, connection: Connection, recorded_at: datetime) -> None:
        """Write everything, a few rows a statement, in the transaction of the delivery."""
        common = {"model_id": self._model_id, "batch_id": self._batch_id, "recorded_at": recorded_at}
        self._file.seek(0)
        for table, names in _TABLES.items():
            waiting: list[dict[str, Any]] = []
            held = 0
            for row in self._rows[table]:
                values = {**common, **dict(zip(names, row.values, strict=True))}
                if row.size >= 0:
                    values["payload"] = self._payload(row)
                waiting.append(values)
                held += row.size
                if len(waiting) >= _AT_ONCE or held >= _BYTES_AT_ONCE:
                    connection.execute(insert(metadata.tables[table]), waiting)
                    waiting, held = [], 0
            if waiting:
                connection.execute(insert(metadata.tables[table]), waiting)
        self._write_totals(connection, recorded_at)

    def _write_totals(self, connection: Connection, recorded_at: datetime) -> None:
        changes: dict[tuple[str, str, str], list[tuple[str, _Row]]] = {}
        for row in self._rows["performance_count"]:
            version, segment, label, *_ = row.values
            changes.setdefault((version, segment, COUNTS), []).append((label, row))
        for row in self._rows["performance_detail"]:
            version, segment, label, kind = row.values
            if kind in KINDS:
                changes.setdefault((version, segment, kind), []).append((label, row))
        for (version, segment, kind), rows in changes.items():
            for start in range(0, len(rows), _AT_ONCE):
                some = {label: self._payload(row) for label, row in rows[start : start + _AT_ONCE]}
                add_to_totals(connection, (self._model_id, version, segment, kind), some, recorded_at)

    def _payload(self, row: _Row) -> bytes:
        if row.size < 0:
            return pack_counts(row.values[3:])
        self._file.seek(row.at)
        return self._file.read(row.size)


_TABLES = {
    "performance_event": ("kind", "version", "granule", "part", "n_rows"),
    "performance_count": ("version", "segment", "granule", *(field.name for field in fields(Counts))),
    "performance_detail": ("version", "segment", "granule", "kind"),
    "performance_pair": ("version_a", "version_b", "granule", "counts"),
}
_STORED = ("entity", "key", "predicted", "score", "segment", "moment", "label", "observed")


def _only(rows: pa.Table, chosen: np.ndarray[Any, Any]) -> pa.Table:
    """Return chosen rows with the columns that are stored; labels alone need no text of an id, the key does."""
    names = [name for name in rows.column_names if name in _STORED or name.startswith("cell:")]
    if "predicted" not in names and rows.column("entity").type != pa.int64():
        names.remove("entity")
    some = rows.select(names)
    return some if chosen.size == rows.num_rows else some.take(pa.array(chosen))


def _said(rows: pa.Table, delivered: Delivered, chosen: np.ndarray[Any, Any]) -> pa.Table:
    """Blank what is no news in a row that has other news."""
    for name, news in (("predicted", delivered.new_predictions), ("label", delivered.new_labels)):
        if name in rows.column_names and not news[chosen].all():
            values = np.where(news[chosen], rows.column(name).to_numpy(), np.int8(-1))
            rows = rows.set_column(rows.column_names.index(name), name, pa.array(values))
    return rows
