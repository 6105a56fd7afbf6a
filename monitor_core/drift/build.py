"""Make a baseline: place the cells from the rows, then count the rows on them.

Rows that need not be told apart are counted while their values are at hand; else the table is read a second time.

Memory: while cells are placed, the values of as many columns as fit into `BUFFER_VALUES` numbers (512 MB) are held at a
time, at most 50 a thread, and sorted column by column. From tables of more than `MAX_PLACED` rows the cells are placed
by a uniform sample of about that many rows; what is counted on them is exact all the same.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from monitor_core.drift.baseline import Baseline, ReferenceGranules
from monitor_core.drift.codec import joined
from monitor_core.drift.count import count
from monitor_core.drift.executor import Executor, Threads
from monitor_core.drift.gather import Placed, gathered_column
from monitor_core.drift.granules import EMPTY_SEGMENT, plan_rows, segment_texts
from monitor_core.drift.grid import BLOCK_FEATURES, Grid
from monitor_core.drift.levels import LevelCounts
from monitor_core.drift.sample import row_keys
from monitor_core.errors import InvalidInput, InvalidSetting
from monitor_core.settings import DriftSettings
from monitor_core.snapshots.roles import Role
from monitor_core.values import GranularityKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from monitor_core.drift.granules import Key
    from monitor_core.drift.summary import TableSummary
    from monitor_core.snapshots.roles import Roles
    from monitor_core.snapshots.sources import TableSource
    from monitor_core.values import Granularity

__all__ = ["BUFFER_VALUES", "MAX_PLACED", "baseline_from_summaries", "build", "make_grid"]

BUFFER_VALUES = 64_000_000
"""Numbers held in memory at a time while cells are placed, over all threads."""
MAX_PLACED = 32_000_000
"""Values of a column that are sorted to place its cells."""
_DEFAULTS = DriftSettings()


def build(
    source: TableSource,
    *,
    roles: Roles | None = None,
    granularity: Granularity | None = None,
    settings: DriftSettings = _DEFAULTS,
    executor: Executor | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Baseline:
    """Make a baseline of a table.

    Parameters
    ----------
    source
        A table in shards. Read once to place the cells; read again to count unless all rows are counted together (no
        granules but a fixed date, no segments) and every value was held.
    roles
        Which columns are monitored, which is the date, and by which column to segment. None: every column is a feature.
    granularity
        Granules by which to learn how much days differ; None (or no date in `roles`): none.
    settings
        `knots`, `max_levels`, `max_segments` and `threads` are used.
    executor
        Where to count; threads by default.
    progress
        Called with the share done and a note; may raise `Cancelled`.

    Returns
    -------
    Baseline
        Rows without a readable date are in the totals, but in no granule.

    Raises
    ------
    InvalidInput
        When the table has no rows, or a monitored or segment column is not there.
    """
    granularity = granularity if _has_granules(roles, granularity) else None
    report = progress or _silent
    placed = _placed(source, roles, settings, executor, lambda share, note: report(share / 2.0, note))
    grid = _grid(source, placed, roles, granularity, settings)
    plan = plan_rows(roles, granularity=granularity, segment=grid.segment_column, columns=source.schema.names)
    whole = _whole(grid, placed) if plan.is_single else None
    if whole is not None and whole.n_rows:
        report(1.0, f"{whole.n_rows:,} rows counted")
        return baseline_from_summaries(grid, [((plan.label, ""), whole)])
    counted = count(
        grid,
        source,
        roles,
        granularity=granularity,
        settings=replace(settings, sample_rows=0),
        executor=executor,
        progress=lambda share, note: report(0.5 + share / 2.0, note),
    )
    if not counted.n_rows:
        raise InvalidInput(f"{source.name!r} has no rows; a baseline needs some")
    return baseline_from_summaries(grid, ((key, counted.summary(*key)) for key in counted.rows))


def baseline_from_summaries(grid: Grid, summaries: Iterable[tuple[Key, TableSummary]]) -> Baseline:
    """Make a baseline of counts that already lie on `grid`: a range of past days, or one pass over rows.

    Parameters
    ----------
    grid
        The grid of the summaries.
    summaries
        ((granule, segment), counts), read once and one at a time; a key may come several times (one a snapshot) when
        they follow each other. Granule ``""`` goes into the totals only.

    Raises
    ------
    InvalidInput
        When there are none for segment ``""``.
    """
    totals: dict[str, TableSummary] = {}
    cells: dict[str, dict[str, NDArray[np.int64]]] = {}
    rows: dict[str, dict[str, int]] = {}
    for (granule, segment), summary in summaries:
        held = totals.get(segment)
        totals[segment] = summary if held is None else held.merge(summary)
        if granule:
            by_granule, n_rows = cells.setdefault(segment, {}), rows.setdefault(segment, {})
            by_granule[granule] = by_granule.get(granule, 0) + summary.psi_cells()
            n_rows[granule] = n_rows.get(granule, 0) + summary.n_rows
    if "" not in totals:
        raise InvalidInput("a baseline needs rows; none were counted")
    references = {
        segment: ReferenceGranules(
            tuple(sorted(by_granule)),
            np.array([rows[segment][label] for label in sorted(by_granule)], dtype=np.int64),
            np.stack([by_granule[label] for label in sorted(by_granule)]),
        )
        for segment, by_granule in cells.items()
    }
    return Baseline(grid, {key: replace(total, retyped=(), extra=()) for key, total in totals.items()}, references)


def make_grid(
    source: TableSource,
    *,
    roles: Roles | None = None,
    granularity: Granularity | None = None,
    settings: DriftSettings = _DEFAULTS,
    executor: Executor | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Grid:
    """Place the cells of every monitored column from the rows of a table (see `build`)."""
    placed = _placed(source, roles, settings, executor, progress or _silent)
    return _grid(source, placed, roles, granularity, settings)


def _placed(
    source: TableSource,
    roles: Roles | None,
    settings: DriftSettings,
    executor: Executor | None,
    progress: Callable[[float, str], None],
) -> list[Placed]:
    if settings.knots < 20 or settings.knots % 10:
        raise InvalidSetting(f"drift.knots is {settings.knots}", hint="a multiple of 10, from 20 on")
    monitored = _monitored(source, roles)
    runner = executor or Threads(settings.threads)
    n_rows = source.n_rows if source.n_rows is not None else _count_rows(source)
    tasks = [_Task(source, columns, n_rows, settings) for columns in _blocks(monitored, n_rows, settings, runner)]
    placed: list[Placed] = []
    for part in runner.map(_place, tasks):
        placed += part
        progress(len(placed) / len(monitored), f"cells of {len(placed):,} of {len(monitored):,} columns")
    return placed


def _grid(
    source: TableSource,
    placed: Sequence[Placed],
    roles: Roles | None,
    granularity: Granularity | None,
    settings: DriftSettings,
) -> Grid:
    segment = roles.segment if roles is not None and roles.segment else ""
    segments = _segments(source, segment, settings.max_segments) if segment else ()
    features = tuple(one.feature for one in placed)
    return Grid(features, str(granularity) if granularity else "", segment, segments)


def _whole(grid: Grid, placed: Sequence[Placed]) -> TableSummary | None:
    """Return the counts of all rows together, if they were made of every column while its cells were placed."""
    parts = [one.counts for one in placed if one.counts is not None]
    return joined(grid, parts) if parts and len(parts) == len(placed) else None


def _has_granules(roles: Roles | None, granularity: Granularity | None) -> bool:
    if granularity is None or granularity.kind is GranularityKind.ROWS:
        return granularity is not None
    return roles is not None and (roles.fixed_date is not None or roles.one(Role.TIMESTAMP) is not None)


def _silent(_share: float, _note: str) -> None:
    return None


def _monitored(source: TableSource, roles: Roles | None) -> tuple[tuple[str, str], ...]:
    if roles is None:
        return tuple((name, "feature") for name in source.schema.names)
    needed = [name for name, _ in roles.monitored] + ([roles.segment] if roles.segment else [])
    lost = [name for name in needed if name not in source.schema.names]
    if lost:
        shown = ", ".join(map(repr, lost[:5]))
        raise InvalidInput(f"{source.name!r} lacks {len(lost)} of the columns to be monitored: {shown}")
    return roles.monitored


def _count_rows(source: TableSource) -> int:
    first = source.schema.names[:1]
    return sum(batch.num_rows for shard in source.shards() for batch in shard.batches(first))


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Columns whose cells are placed together."""

    source: TableSource
    columns: tuple[tuple[str, str], ...]
    n_rows: int
    settings: DriftSettings


def _blocks(
    monitored: Sequence[tuple[str, str]], n_rows: int, settings: DriftSettings, runner: Executor
) -> list[tuple[tuple[str, str], ...]]:
    threads = settings.threads or os.cpu_count() or 1
    held = max(1, min(n_rows, MAX_PLACED))
    fitting = max(1, BUFFER_VALUES // (threads * held))
    width = max(1, min(BLOCK_FEATURES, fitting, -(-len(monitored) // threads) if not runner.is_remote else fitting))
    return [tuple(monitored[start : start + width]) for start in range(0, len(monitored), width)]


def _place(task: _Task) -> list[Placed]:
    names = [name for name, _ in task.columns]
    # a sample's size varies by chance: five standard deviations of room
    room = task.n_rows if task.n_rows <= MAX_PLACED else MAX_PLACED + 30_000
    knots, max_levels = task.settings.knots, task.settings.max_levels
    columns = [
        gathered_column(name, role, task.source.schema.field(name).type, knots=knots, max_levels=max_levels, room=room)
        for name, role in task.columns
    ]
    row = 0
    share = min(1.0, MAX_PLACED / max(1, task.n_rows))
    for shard in task.source.shards():
        for batch in shard.batches(names):
            keep = None if share == 1.0 else pa.array(row_keys(row, batch.num_rows) < np.uint64(share * 2**64))
            row += batch.num_rows
            for column, values in zip(columns, batch.columns, strict=True):
                column.add(values, keep)
    placed = [column.placed(row) for column in columns]
    return placed if share == 1.0 else [replace(one, counts=None) for one in placed]


def _segments(source: TableSource, column: str, size: int) -> tuple[str, ...]:
    counts = LevelCounts()
    for shard in source.shards():
        for batch in shard.batches([column]):
            counts.add(segment_texts(batch.column(0)))
    return tuple(level or EMPTY_SEGMENT for level, _ in counts.most_frequent(size))
