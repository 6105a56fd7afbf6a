"""Single predictions and labels as bytes for the database, columnar, and back.

A block holds rows of one granule from one delivery: predictions of one version, labels, or both in one row. It is an
Arrow IPC stream with zstd; columns without any value are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor_core.errors import InvalidInput
from monitor_core.performance.granules import UNDATED
from monitor_core.performance.keys import keys_of
from monitor_core.performance.reading import CELL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["BLOCK_ROWS", "cell_words", "decode", "encode", "flags", "recorded_in"]

BLOCK_ROWS = 250_000
"""Rows of a block at most."""
_FORMAT = b"bellwether-events-1"
_OPTIONS = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1))


def encode(
    rows: pa.Table, *, recorded: int, segments: Sequence[str] = (), cells: Mapping[str, Sequence[str]] | None = None
) -> bytes:
    """Return the payload of a block.

    Parameters
    ----------
    rows
        Columns ``entity, key`` and any of ``predicted, score, segment, moment, label, observed`` and
        ``cell:<feature>``. Keys of whole numbers are not written, they follow from the ids.
    recorded
        Code of the granule in which they are recorded.
    segments
        Name of each number in ``segment``.
    cells
        Words for the cells of each feature.
    """
    arrays, fields = [], []
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        made = _written(name, column.combine_chunks(), segments, rows)
        if made is not None:
            words = (cells or {}).get(name.removeprefix(CELL)) if name.startswith(CELL) else None
            metadata = {"cells": "\n".join(word.replace("\n", " ") for word in words)} if words else None
            arrays.append(made)
            fields.append(pa.field(name, made.type, metadata=metadata))
    schema = pa.schema(fields, metadata={"format": _FORMAT, "recorded": str(recorded)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=_OPTIONS) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return bytes(memoryview(sink.getvalue()))


def _written(name: str, column: pa.Array, segments: Sequence[str], rows: pa.Table) -> pa.Array | None:
    if name == "key":
        follows = "entity" in rows.column_names and rows.column("entity").type == pa.int64()
        return None if follows else column
    if name == "segment":
        codes = pa.array(column.to_numpy(zero_copy_only=False).astype(np.int16))
        return pa.DictionaryArray.from_arrays(codes, pa.array(list(segments), pa.string()))
    if name.startswith(CELL):
        codes = column.to_numpy(zero_copy_only=False)
        return pa.array(codes.astype(np.uint8) if codes.max(initial=0) < 256 else codes)
    return _or_nothing(name, column)


def _or_nothing(name: str, column: pa.Array) -> pa.Array | None:
    """Return a column that stands for "nothing" by a value of its own with nulls; None if it holds nothing else."""
    if name == "entity":
        return column
    values = column.to_numpy(zero_copy_only=False)
    if name in ("predicted", "label"):
        missing, values = values < 0, values == 1
    else:
        missing = np.isnan(values) if name == "score" else values == UNDATED
    return None if missing.all() else pa.array(values, mask=missing)


def decode(payload: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the rows of a block, with ``key`` always there; of the others only `columns` (None: all).

    ``cell:`` stands for all columns of cells.

    ``predicted`` and ``label`` are booleans here, and null where not said.

    Raises
    ------
    InvalidInput
        When the bytes are no such block.
    """
    try:
        reader = pa.ipc.open_stream(payload)
        if (reader.schema.metadata or {}).get(b"format") != _FORMAT:
            raise InvalidInput("a stored block of events has another format")
        names = reader.schema.names
        wanted = [place for place, name in enumerate(names) if columns is None or _is_asked(name, columns)]
        if "key" not in names and names.index("entity") not in wanted:
            wanted.append(names.index("entity"))
        options = pa.ipc.IpcReadOptions(included_fields=sorted(wanted), use_threads=False)
        table = pa.ipc.open_stream(payload, options=options).read_all()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InvalidInput(f"a stored block of events ({len(payload):,} bytes) cannot be read: {error}") from error
    if "key" not in table.column_names:
        table = table.append_column("key", pa.array(keys_of(table.column("entity").combine_chunks())))
        if columns is not None and "entity" not in columns:
            table = table.drop_columns(["entity"])
    return table


def _is_asked(name: str, columns: Sequence[str]) -> bool:
    return name == "key" or name in columns or (CELL in columns and name.startswith(CELL))


def recorded_in(table: pa.Table) -> int:
    """Return the code of the granule in which the rows of a block were recorded."""
    return int((table.schema.metadata or {})[b"recorded"])


def cell_words(field: pa.Field) -> tuple[str, ...]:
    """Return the words for the cells of a column of cells."""
    return tuple((field.metadata or {})[b"cells"].decode().split("\n"))


def flags(table: pa.Table, name: str) -> NDArray[np.int8]:
    """Return a column of booleans as 1, 0 and -1 (not said)."""
    if name not in table.column_names:
        return np.full(table.num_rows, -1, np.int8)
    column = table.column(name).cast(pa.int8())
    return np.asarray(pc.fill_null(column, -1).to_numpy(), np.int8)
