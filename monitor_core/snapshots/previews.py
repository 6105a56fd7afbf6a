"""Make a preview from the first rows of an upload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from monitor_core.snapshots.columns import kind_of
from monitor_core.snapshots.findings import text_of
from monitor_core.snapshots.guess import guess, knows
from monitor_core.snapshots.peek import peek
from monitor_core.snapshots.purposes import fitted
from monitor_core.snapshots.records import ColumnPreview, Preview

if TYPE_CHECKING:
    from pathlib import Path

    from monitor_core.settings import SnapshotSettings
    from monitor_core.snapshots.records import Snapshot
    from monitor_core.snapshots.roles import Roles

__all__ = ["preview_of"]

_EXAMPLES = 3
_CELL_CHARACTERS = 200


def preview_of(
    snapshot: Snapshot, path: Path, *, rows: int, limits: SnapshotSettings, remembered: Roles | None
) -> Preview:
    """Return a first look at the upload at `path`.

    Raises
    ------
    Refused
        When already the beginning cannot be read.
    """
    looked = peek(path, name=snapshot.filename, limits=limits)
    table = looked.table
    known = remembered if remembered is not None and knows(remembered, table.schema) else None
    return Preview(
        snapshot,
        looked.n_rows,
        table.num_rows,
        tuple(_column(name, table.column(name)) for name in table.column_names),
        fitted(guess(table.schema, table, remembered=known), table, snapshot.purpose, remembered=remembered),
        known is not None,
        looked.findings,
        _rows(table.slice(0, rows)),
    )


def _column(name: str, values: pa.ChunkedArray) -> ColumnPreview:
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    missing = values.null_count
    if pa.types.is_floating(kind):
        missing += int(np.isnan(values.drop_null().to_numpy()).sum())
    examples: list[str] = []
    for value in values.drop_null().slice(0, 1_000):
        text = _cell(value)
        if text is not None and text not in examples:
            examples.append(text)
        if len(examples) == _EXAMPLES:
            break
    return ColumnPreview(name, str(kind), kind_of(values.type), missing, tuple(examples))


def _rows(table: pa.Table) -> tuple[tuple[str | None, ...], ...]:
    columns = [[_cell(value) for value in table.column(name)] for name in table.column_names]
    return tuple(zip(*columns, strict=True))


def _cell(value: pa.Scalar) -> str | None:
    if not value.is_valid:
        return None
    text = f"{value.as_py():.10g}" if pa.types.is_floating(value.type) else text_of(value)
    return text if len(text) <= _CELL_CHARACTERS else text[:_CELL_CHARACTERS] + "…"
