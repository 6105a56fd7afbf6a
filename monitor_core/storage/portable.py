"""Table rows as Arrow, the same from either database."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import JSON, BigInteger, Boolean, Float, Integer, LargeBinary, select

from monitor_core.errors import InvalidInput
from monitor_core.storage.schema import Moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Column, Connection, Table

__all__ = ["chunks", "rows_of"]

_CHUNK_BYTES = 16 * 2**20
_TYPES: tuple[tuple[type, pa.DataType], ...] = (
    (Moment, pa.timestamp("us", tz="UTC")),
    (Boolean, pa.bool_()),
    (BigInteger, pa.int64()),
    (Integer, pa.int64()),
    (Float, pa.float64()),
    (LargeBinary, pa.large_binary()),
)


def chunks(connection: Connection, table: Table) -> Iterator[tuple[bytes, int]]:
    """Yield the rows of a table in the order of its key: Arrow streams of some 16 MB, and the rows in each."""
    query = select(table).order_by(*table.primary_key.columns)
    waiting: list[tuple[Any, ...]] = []
    size = 0
    streamed = connection.execution_options(stream_results=True, max_row_buffer=100).execute(query)
    for row in streamed:
        waiting.append(tuple(row))
        size += sum(len(value) for value in row if isinstance(value, bytes | str)) + 8 * len(row)
        if size >= _CHUNK_BYTES:
            yield _packed(table, waiting), len(waiting)
            waiting, size = [], 0
    if waiting:
        yield _packed(table, waiting), len(waiting)


def rows_of(table: Table, payload: bytes) -> list[dict[str, Any]]:
    """Read back what `chunks` gave, ready to be inserted.

    Raises
    ------
    InvalidInput
        When it is no Arrow stream, or its columns are not those of the table.
    """
    try:
        read = pa.ipc.open_stream(payload).read_all()
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"rows of table {table.name!r} cannot be read: {error}") from error
    if read.schema.names != [column.name for column in table.columns]:
        raise InvalidInput(f"table {table.name!r} of the backup has other columns: {', '.join(read.schema.names)}")
    columns = [_values(column, read.column(column.name)) for column in table.columns]
    names = read.schema.names
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _packed(table: Table, rows: Sequence[tuple[Any, ...]]) -> bytes:
    columns = list(zip(*rows, strict=True))
    arrays = [_array(column, values) for column, values in zip(table.columns, columns, strict=True)]
    made = pa.table(arrays, names=[column.name for column in table.columns])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, made.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(made)
    return bytes(sink.getvalue())


def _type(column: Column[Any]) -> pa.DataType:
    return next((arrow for kind, arrow in _TYPES if isinstance(column.type, kind)), pa.large_string())


def _array(column: Column[Any], values: Sequence[Any]) -> pa.Array:
    if isinstance(column.type, JSON):
        values = [None if value is None else json.dumps(value) for value in values]
    return pa.array(values, type=_type(column))


def _values(column: Column[Any], found: pa.ChunkedArray) -> list[Any]:
    values: list[Any] = found.to_pylist()
    if isinstance(column.type, JSON):
        return [None if value is None else json.loads(value) for value in values]
    if isinstance(column.type, Moment):
        return [None if value is None else value.astimezone(UTC) for value in values]
    return values
