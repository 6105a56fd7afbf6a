"""Write what a delivery changes; every function takes the transaction of the delivery."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sqlalchemy import insert

from monitor_core.performance.events import BLOCK_ROWS, encode
from monitor_core.storage.schema import performance_count, performance_detail, performance_event, performance_pair

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from monitor_core.performance.change import Change
    from monitor_core.performance.delivery import Delivered
    from monitor_core.performance.state import Labels

__all__ = ["Writer"]

_AT_ONCE = 200
_BYTES_AT_ONCE = 16 * 2**20


class Writer:
    """Writes the parts of one delivery, a few rows a statement.

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
        connection: Connection,
        model_id: str,
        batch_id: str,
        *,
        recorded_at: datetime,
        recorded: int,
        versions: Sequence[str],
        words: Mapping[str, Sequence[str]],
    ) -> None:
        self._connection = connection
        self._model_id = model_id
        self._batch_id = batch_id
        self._recorded_at = recorded_at
        self._recorded = recorded
        self._versions = versions
        self._words = words
        self._waiting: dict[str, list[dict[str, Any]]] = {}
        self._bytes = 0

    def rows(self, label: str, rows: pa.Table, delivered: Delivered, segments: Sequence[str]) -> None:
        """Write the rows that say something new."""
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
        """Write labels by key: those that waited and now join their predictions, or (``joined``) wait no longer."""
        columns: dict[str, Any] = {"key": labels.keys}
        if kind == "label":
            columns |= {"label": labels.label, "observed": labels.observed}
        self._block(kind, "", label, pa.table(columns), first_part=1_000)

    def _block(
        self, kind: str, version: str, label: str, rows: pa.Table, *, segments: Sequence[str] = (), first_part: int = 0
    ) -> None:
        for part, start in enumerate(range(0, rows.num_rows, BLOCK_ROWS), start=first_part):
            some = rows.slice(start, BLOCK_ROWS)
            payload = encode(some, recorded=self._recorded, segments=segments, cells=self._words)
            self._add(
                "performance_event",
                {
                    "batch_id": self._batch_id,
                    "kind": kind,
                    "version": version,
                    "granule": label,
                    "part": part,
                    "model_id": self._model_id,
                    "recorded_at": self._recorded_at,
                    "n_rows": some.num_rows,
                    "payload": payload,
                },
                len(payload),
            )

    def change(self, label: str, change: Change, segments: Sequence[str]) -> None:
        """Write signed counts."""
        for version, changed in change.versions.items():
            for segment, counts in changed.counts.items():
                values = asdict(counts)
                if any(values.values()):
                    self._add("performance_count", {**self._key(version, segments[segment], label), **values}, 200)
            for (segment, kind), payload in changed.details.items():
                key = self._key(version, segments[segment], label)
                self._add("performance_detail", {**key, "kind": kind, "payload": payload}, len(payload))
        for (a, b), eight in change.pairs.items():
            row = {
                "model_id": self._model_id,
                "version_a": a,
                "version_b": b,
                "granule": label,
                "batch_id": self._batch_id,
                "recorded_at": self._recorded_at,
                "counts": eight.tolist(),
            }
            self._add("performance_pair", row, 100)

    def _key(self, version: str, segment: str, granule: str) -> dict[str, Any]:
        return {
            "model_id": self._model_id,
            "version": version,
            "segment": segment,
            "granule": granule,
            "batch_id": self._batch_id,
            "recorded_at": self._recorded_at,
        }

    def _add(self, table: str, row: dict[str, Any], size: int) -> None:
        self._waiting.setdefault(table, []).append(row)
        self._bytes += size
        if self._bytes >= _BYTES_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Send what waits."""
        for name, rows in self._waiting.items():
            for start in range(0, len(rows), _AT_ONCE):
                self._connection.execute(insert(_TABLES[name]), rows[start : start + _AT_ONCE])
        self._waiting, self._bytes = {}, 0


_TABLES = {table.name: table for table in (performance_event, performance_count, performance_detail, performance_pair)}
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
