"""Count one shard of a table: the unit of work that threads, Dask and Spark share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.drift.accumulate import Accumulator
from monitor_core.drift.cells import Run, counter
from monitor_core.drift.codec import encode_block
from monitor_core.drift.granules import RowGroups
from monitor_core.drift.sample import RowSample, Sampler, row_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

    from monitor_core.drift.cells import ColumnCounter
    from monitor_core.drift.granules import Key, RowPlan
    from monitor_core.drift.grid import Grid
    from monitor_core.drift.summary import TableSummary
    from monitor_core.snapshots.sources import Shard

__all__ = ["DENSE_CELLS", "ShardCounts", "ShardTask", "count_shard", "most_dense"]

DENSE_CELLS = 40_000_000
"""Cells held uncompressed at a time: a year of days of 50 features, 160 MB a thread and 320 MB for the sum."""
_FEW_COLUMNS = 8


@dataclass(frozen=True, slots=True, eq=False)
class ShardTask:
    """One block of columns of one shard."""

    grid: Grid
    shard: Shard
    schema: pa.Schema
    plan: RowPlan
    first_row: int
    sample_rows: int
    encoded: bool


@dataclass(frozen=True, slots=True, eq=False)
class ShardCounts:
    """What a task found: counts by key (a key may come several times), dense or encoded, and sampled rows."""

    counts: list[tuple[Key, TableSummary | bytes]]
    samples: dict[str, RowSample]
    n_rows: int


def most_dense(grid: Grid) -> int:
    """Return how many (granule, segment) pairs may be held uncompressed."""
    return max(1, DENSE_CELLS // max(1, grid.n_cells))


def count_shard(task: ShardTask) -> ShardCounts:
    """Count one block of columns of one shard: the same function on threads, Dask and Spark."""
    types = dict(zip(task.schema.names, task.schema.types, strict=True))
    names = [feature.name for feature in task.grid.features if feature.name in types]
    columns = list(dict.fromkeys([*names, *task.plan.columns]))
    if not columns:
        columns = task.schema.names[:1]
    places = {name: place for place, name in enumerate(columns)}
    counters = [
        (counter(feature, types.get(feature.name), index=index, offset=int(offset)), places.get(feature.name, 0))
        for index, (feature, offset) in enumerate(zip(task.grid.features, task.grid.offsets[:-1], strict=True))
    ]
    if task.plan.is_single and not task.sample_rows:
        return _count_together(task, columns, counters)
    most = most_dense(task.grid)
    into, sampler, done = Accumulator(task.grid), Sampler(task.sample_rows), _Taken(task)
    row = task.first_row
    for batch in task.shard.batches(columns):
        if not batch.num_rows:
            continue
        groups = task.plan.groups(batch, first_row=row)
        if sampler.size:
            _sample(batch.select(names), groups, row_keys(row, batch.num_rows), sampler)
        else:
            _count_rows(groups, sampler)
        for piece, held in _pieces(batch, groups, most):
            if len(into) and len(into) + into.count_new(piece.keys) > most:
                done.take(into)
            run = Run(piece, into, into.places(piece.keys))
            into.n_rows[run.places] += piece.sizes
            for one, place in counters:
                one.add(held.column(place), run)
        row += batch.num_rows
    done.take(into)
    return ShardCounts(done.counts, sampler.samples(), row - task.first_row)


def _count_together(task: ShardTask, columns: list[str], counters: list[tuple[ColumnCounter, int]]) -> ShardCounts:
    """Count rows that are all of one granule and segment, and of which none is kept: a few columns at a time.

    What is read of a few columns lies in memory that the processor has at hand and that is used again and again: in a
    fresh process this takes two thirds of the time.
    """
    keys, n_rows = ((task.plan.label, ""),), 0
    into, sampler, done = Accumulator(task.grid), Sampler(0), _Taken(task)
    for first in range(0, len(columns), _FEW_COLUMNS):
        names = columns[first : first + _FEW_COLUMNS]
        mine = [(one, place - first) for one, place in counters if 0 <= place - first < len(names)]
        for batch in task.shard.batches(names):
            if not batch.num_rows:
                continue
            run = Run(RowGroups(keys, np.array([0, batch.num_rows]), None), into, into.places(keys))
            for one, place in mine:
                one.add(batch.column(place), run)
            if not first:
                n_rows += batch.num_rows
                into.n_rows[run.places] += batch.num_rows
                _count_rows(run.groups, sampler)
    done.take(into)
    return ShardCounts(done.counts, sampler.samples(), n_rows)


def _pieces(batch: pa.RecordBatch, groups: RowGroups, most: int) -> Iterator[tuple[RowGroups, pa.RecordBatch]]:
    """Cut a batch of very many granules, so that their counts fit."""
    if len(groups.keys) <= most:
        yield groups, batch
        return
    ordered = batch if groups.order is None else batch.take(groups.order)
    for first in range(0, len(groups.keys), most):
        bounds = groups.bounds[first : first + most + 1]
        start, stop = int(bounds[0]), int(bounds[-1])
        yield (
            RowGroups(groups.keys[first : first + most], bounds - start, None),
            ordered.slice(start, stop - start),
        )


def _count_rows(groups: RowGroups, sampler: Sampler) -> None:
    """Tell how many rows there are of each granule: none of them is kept, so that none needs a key."""
    for (granule, _), size in zip(groups.keys, groups.sizes.tolist(), strict=True):
        sampler.skip(granule, size)


def _sample(batch: pa.RecordBatch, groups: RowGroups, keys: NDArray[np.uint64], sampler: Sampler) -> None:
    if len(groups.keys) == 1:
        sampler.add(groups.keys[0][0], None, keys, batch)
        return
    by_granule: dict[str, list[NDArray[np.int64]]] = {}
    for (granule, _), start, end in zip(groups.keys, groups.bounds[:-1], groups.bounds[1:], strict=True):
        rows = np.arange(start, end) if groups.order is None else groups.order[start:end]
        by_granule.setdefault(granule, []).append(rows)
    for granule, parts in by_granule.items():
        sampler.add(granule, np.concatenate(parts), keys, batch)


class _Taken:
    """Counts of one task, encoded when there are many or when they have to travel."""

    def __init__(self, task: ShardTask) -> None:
        self._encoded, self._most = task.encoded, most_dense(task.grid)
        self.counts: list[tuple[Key, TableSummary | bytes]] = []

    def take(self, into: Accumulator) -> None:
        """Move the accumulator's counts here and empty it."""
        encoded = self._encoded or len(self.counts) + len(into) > self._most
        self.counts.extend((key, encode_block(part) if encoded else part) for key, part in into.summaries())
        into.clear()
