"""Place the cells of a table and count its rows on them from one read, while what was read is at hand.

Memory: besides the counts, the columns of at most half as many bytes again as `placing.BUFFER_VALUES` numbers, over all
threads. A table of which eight columns a thread do not fit is read twice.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor_core.drift import placing
from monitor_core.drift.count import beside, count
from monitor_core.drift.executor import Executor, Threads
from monitor_core.drift.gather import gathered_column
from monitor_core.drift.granules import plan_rows
from monitor_core.drift.grid import BLOCK_FEATURES, Grid
from monitor_core.drift.shard import ShardTask, count_shard
from monitor_core.drift.totals import Total
from monitor_core.settings import DriftSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from monitor_core.drift.count import Counted
    from monitor_core.drift.granules import RowPlan
    from monitor_core.drift.grid import FeatureGrid
    from monitor_core.snapshots.roles import Roles
    from monitor_core.snapshots.sources import TableSource
    from monitor_core.values import Granularity

__all__ = ["place_and_count"]

_LEAST_COLUMNS = 8
"""Columns worth a read: the date is read, and its granules are told apart, once for each part."""
_BYTES_A_VALUE = 12.0
_DEFAULTS = DriftSettings()


def place_and_count(
    source: TableSource,
    *,
    roles: Roles | None = None,
    granularity: Granularity | None = None,
    settings: DriftSettings = _DEFAULTS,
    executor: Executor | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> tuple[Grid, Counted]:
    """Place cells as `make_grid` does and count on them as `count` does, from one read of the rows where they fit.

    The segment column is read once more, before; and one column of a file that does not know its number of rows.

    Returns
    -------
    tuple
        The grid, and the counts: the same that two reads give.
    """
    runner, report = executor or Threads(settings.threads), progress or _silent
    tasks = _tasks(source, roles, granularity, settings, runner)
    done: list[Total] = []
    for number, part in enumerate(runner.map(_place_held, tasks)):
        if part is None:
            break
        done.append(part)
        report((number + 1) / len(tasks), f"{number + 1:,} of {len(tasks):,} parts of the columns counted")
    if tasks and len(done) == len(tasks):
        return _assembled(source, roles, tasks[0].plan, done, settings)
    grid = placing.make_grid(
        source,
        roles=roles,
        granularity=granularity,
        settings=settings,
        executor=executor,
        progress=lambda share, note: report(share / 2.0, note),
    )
    counted = count(
        grid,
        source,
        roles,
        granularity=granularity,
        settings=settings,
        executor=executor,
        progress=lambda share, note: report(0.5 + share / 2.0, note),
    )
    return grid, counted


def _silent(_share: float, _note: str) -> None:
    return None


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Columns that are placed and counted together."""

    source: TableSource
    columns: tuple[tuple[str, str], ...]
    plan: RowPlan
    n_rows: int
    most_bytes: float
    share: float
    settings: DriftSettings


@dataclass(frozen=True, slots=True)
class _Held:
    """A table in memory, as a shard."""

    held: tuple[pa.RecordBatch, ...]

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from (batch.select(list(columns)) for batch in self.held)


def _tasks(
    source: TableSource,
    roles: Roles | None,
    granularity: Granularity | None,
    settings: DriftSettings,
    runner: Executor,
) -> list[_Task]:
    """Return the parts of the columns, none when they do not fit into memory or would have to travel."""
    placing.check_knots(settings)
    monitored, n_rows = placing.monitored_columns(source, roles), placing.count_rows(source)
    threads = settings.threads or os.cpu_count() or 1
    fitting = placing.BUFFER_VALUES // (threads * max(1, n_rows))
    width = min(BLOCK_FEATURES, fitting, max(_LEAST_COLUMNS, -(-len(monitored) // threads)))
    if runner.is_remote or n_rows > placing.MAX_PLACED or width < min(_LEAST_COLUMNS, len(monitored)):
        return []
    segment = roles.segment if roles is not None and roles.segment else ""
    segments = placing.most_frequent_segments(source, segment, settings.max_segments) if segment else ()
    plan = plan_rows(roles, granularity=granularity, segment=segment, segments=segments, columns=source.schema.names)
    most = _BYTES_A_VALUE * placing.BUFFER_VALUES / threads
    return [
        _Task(source, monitored[start : min(start + width, end)], plan, n_rows, most, 0.5 / threads, settings)
        for first in range(0, len(monitored), BLOCK_FEATURES)
        for end in [min(first + BLOCK_FEATURES, len(monitored))]
        for start in range(first, end, width)
    ]


def _place_held(task: _Task) -> Total | None:
    """Read, place and count; None when it does not fit into memory."""
    held = _read(task)
    if held is None:
        return None
    plan, rows = task.plan, 0
    features = tuple(_placed(task, held, place) for place in range(len(task.columns)))
    grid = Grid(features, plan.granularity, plan.segment or "", plan.segments)
    total = Total(grid, task.settings.sample_rows, n_columns=len(features), share=task.share)
    for shard in held:  # one by one, as from a second read: so that even sums come out the same
        work = ShardTask(grid, _Held(shard), task.source.schema, plan, rows, task.settings.sample_rows, encoded=False)
        counts = count_shard(work)
        total.add(counts)
        rows += counts.n_rows
    return total


def _read(task: _Task) -> list[tuple[pa.RecordBatch, ...]] | None:
    names = list(dict.fromkeys([*(name for name, _ in task.columns), *task.plan.columns]))
    held: list[tuple[pa.RecordBatch, ...]] = []
    size = rows = 0
    for shard in task.source.shards():
        batches = []
        for batch in shard.batches(names):
            size, rows = size + batch.nbytes, rows + batch.num_rows
            if rows and size * task.n_rows > task.most_bytes * rows:  # it will not fit: texts are long
                return None
            batches.append(batch)
        held.append(tuple(batches))
    return held


def _placed(task: _Task, held: Sequence[Sequence[pa.RecordBatch]], place: int) -> FeatureGrid:
    name, role = task.columns[place]
    dtype, settings = task.source.schema.field(name).type, task.settings
    column = gathered_column(name, role, dtype, knots=settings.knots, max_levels=settings.max_levels, room=task.n_rows)
    for shard in held:
        for batch in shard:
            column.add(batch.column(place), None)
    return column.placed(task.n_rows).feature


def _assembled(
    source: TableSource, roles: Roles | None, plan: RowPlan, parts: Sequence[Total], settings: DriftSettings
) -> tuple[Grid, Counted]:
    features = tuple(feature for part in parts for feature in part.grid.features)
    grid = Grid(features, plan.granularity, plan.segment or "", plan.segments)
    return grid, beside(grid, source.schema, roles, plan, parts, settings=settings)
