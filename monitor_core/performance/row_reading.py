"""Single rows as long as they are kept: the latest prediction of each, with its label."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sqlalchemy import select

from monitor_core.performance.events import cell_words, decode, flags
from monitor_core.performance.reading import CELL
from monitor_core.performance.state import find, last_of_each
from monitor_core.storage.schema import performance_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Row

    from monitor_core.values import ModelRef

__all__ = ["read_rows"]

_PREDICTING = ("prediction", "labelled")
_ALWAYS = {
    "granule": pa.string(),
    "entity": pa.string(),
    "key": pa.uint64(),
    "moment": pa.timestamp("us", "UTC"),
    "predicted": pa.int8(),
    "score": pa.float64(),
    "segment": pa.string(),
    "label": pa.int8(),
}


def read_rows(
    connection: Connection,
    ref: ModelRef,
    *,
    first: str | None,
    last: str | None,
    as_of: datetime | None,
    columns: Sequence[str] | None = None,
) -> pa.Table:
    """Return the rows of a version, granule by granule (see `PerformanceStore.rows`)."""
    column = performance_event.c
    query = select(column.granule, column.kind, column.version, column.payload).where(
        column.model_id == ref.model_id, column.granule != ""
    )
    if first is not None:
        query = query.where(column.granule >= first)
    if last is not None:
        query = query.where(column.granule <= last)
    if as_of is not None:
        query = query.where(column.recorded_at <= as_of)
    query = query.order_by(column.granule, column.recorded_at, column.part)
    tables = [
        table
        for granule, events in groupby(connection.execute(query), key=lambda row: str(row.granule))
        if (table := _of_granule(granule, events, ref.version, columns)) is not None
    ]
    names = [(name, kind) for name, kind in _ALWAYS.items() if columns is None or name in columns]
    empty = pa.schema(names).empty_table()
    return pa.concat_tables([empty, *tables], promote_options="default").combine_chunks()


def _of_granule(
    granule: str, events: Iterable[Row[*tuple[Any, ...]]], version: str, wanted: Sequence[str] | None
) -> pa.Table | None:
    predictions: list[pa.Table] = []
    keys: list[NDArray[np.uint64]] = []
    labels: list[NDArray[np.int8]] = []
    for event in events:
        if event.kind in _PREDICTING and event.version == version:
            table = decode(event.payload, wanted if wanted is None else (*wanted, "predicted", "label"))
            predictions.append(_plain(table.filter(pa.array(flags(table, "predicted") >= 0))))
        else:
            table = decode(event.payload, ("label",))
        label = flags(table, "label")
        keys.append(table.column("key").to_numpy()[label >= 0])
        labels.append(label[label >= 0])
    if not predictions:
        return None
    rows = pa.concat_tables(predictions, promote_options="default").combine_chunks()
    rows = rows.take(pa.array(last_of_each(rows.column("key").to_numpy())[1]))
    label = _latest(np.concatenate(keys), np.concatenate(labels), rows.column("key").to_numpy())
    columns = {"granule": pa.array([granule] * rows.num_rows, pa.string()), "label": label}
    columns |= {name: rows.column(name) for name in rows.column_names}
    names = [name for name in _ALWAYS if name in columns and (wanted is None or name in wanted)]
    names += [name for name in columns if name.startswith(CELL) and (wanted is None or {name, CELL} & set(wanted))]
    return pa.table({name: columns[name] for name in names})


def _latest(keys: NDArray[np.uint64], labels: NDArray[np.int8], wanted: NDArray[np.uint64]) -> pa.Array:
    _, last = last_of_each(keys)
    places, found = find(keys[last], wanted)
    if not last.size:
        return pa.nulls(wanted.size, pa.int8())
    return pa.array(labels[last][places], mask=~found)


def _plain(table: pa.Table) -> pa.Table:
    """Return a block with the columns that everyone knows, of the same types."""
    columns: dict[str, pa.Array | pa.ChunkedArray] = {}
    for field in table.schema:
        values = table.column(field.name)
        if field.name in ("entity", "segment"):
            columns[field.name] = values.cast(pa.string())
        elif field.name == "moment":
            columns[field.name] = values.cast(pa.timestamp("us", "UTC"))
        elif field.name == "predicted":
            columns[field.name] = values.cast(pa.int8())
        elif field.name.startswith(CELL):
            columns[field.name] = _words(values, cell_words(field))
        elif field.name in _ALWAYS and field.name != "label":
            columns[field.name] = values
    return pa.table(columns)


def _words(codes: pa.ChunkedArray, words: Sequence[str]) -> pa.Array:
    """Cells as a dictionary: codes stay codes."""
    return pa.DictionaryArray.from_arrays(codes.combine_chunks().cast(pa.int32()), pa.array(list(words), pa.string()))
