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

    from monitor_core.drift.granules import Key, RowPlan
    from monitor_core.drift.grid import Grid
    from monitor_core.drift.summary import TableSummary
    from monitor_core.snapshots.sources import Shard

__all__ = ["DENSE_CELLS", "ShardCounts", "ShardTask", "count_shard", "most_dense"]

DENSE_CELLS = 40_000_000
"""Cells held uncompressed at a time: a year of days of 50 features, 160 MB a thread and 320 MB for the sum."""


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
    most = most_dense(task.grid)
    into, sampler, done = Accumulator(task.grid), Sampler(task.sample_rows), _Taken(task)
    row = task.first_row
    for batch in task.shard.batches(columns):
        if not batch.num_rows:
            continue
        groups = task.plan.groups(batch, first_row=row)
        _sample(batch.select(names), groups, row_keys(row, batch.num_rows), sampler)
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
