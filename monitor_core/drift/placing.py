"""Place the cells of a table's columns from its rows.

Memory: the values of as many columns as fit into `BUFFER_VALUES` numbers (512 MB) are held at a time, at most 50 a
thread, and sorted column by column. From tables of more than `MAX_PLACED` rows the cells are placed by a uniform sample
of about that many rows.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from monitor_core.drift.executor import Executor, Threads
from monitor_core.drift.gather import Placed, gathered_column
from monitor_core.drift.granules import EMPTY_SEGMENT, segment_texts
from monitor_core.drift.grid import BLOCK_FEATURES, Grid
from monitor_core.drift.levels import LevelCounts
from monitor_core.drift.sample import row_keys
from monitor_core.errors import InvalidInput, InvalidSetting
from monitor_core.settings import DriftSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor_core.snapshots.roles import Roles
    from monitor_core.snapshots.sources import TableSource
    from monitor_core.values import Granularity

__all__ = [
    "BUFFER_VALUES",
    "MAX_PLACED",
    "check_knots",
    "count_rows",
    "grid_of",
    "make_grid",
    "monitored_columns",
    "most_frequent_segments",
    "placed_columns",
]

BUFFER_VALUES = 64_000_000
"""Numbers held in memory at a time while cells are placed, over all threads."""
MAX_PLACED = 32_000_000
"""Values of a column that are sorted to place its cells."""
_DEFAULTS = DriftSettings()


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
    placed = placed_columns(source, roles, settings, executor, progress or _silent)
    return grid_of(source, placed, roles, granularity, settings)


def placed_columns(
    source: TableSource,
    roles: Roles | None,
    settings: DriftSettings,
    executor: Executor | None,
    progress: Callable[[float, str], None],
) -> list[Placed]:
    """Place the cells of every monitored column, and count on them where every value was held."""
    check_knots(settings)
    monitored = monitored_columns(source, roles)
    runner = executor or Threads(settings.threads)
    n_rows = count_rows(source)
    tasks = [_Task(source, columns, n_rows, settings) for columns in _blocks(monitored, n_rows, settings, runner)]
    placed: list[Placed] = []
    for part in runner.map(_place, tasks):
        placed += part
        progress(len(placed) / len(monitored), f"cells of {len(placed):,} of {len(monitored):,} columns")
    return placed


def grid_of(
    source: TableSource,
    placed: Sequence[Placed],
    roles: Roles | None,
    granularity: Granularity | None,
    settings: DriftSettings,
) -> Grid:
    """Return the grid of placed columns; the values of the segment column are read for it."""
    segment = roles.segment if roles is not None and roles.segment else ""
    segments = most_frequent_segments(source, segment, settings.max_segments) if segment else ()
    features = tuple(one.feature for one in placed)
    return Grid(features, str(granularity) if granularity else "", segment, segments)


def check_knots(settings: DriftSettings) -> None:
    """Raise `InvalidSetting` when deciles would not be among the knots."""
    if settings.knots < 20 or settings.knots % 10:
        raise InvalidSetting(f"drift.knots is {settings.knots}", hint="a multiple of 10, from 20 on")


def _silent(_share: float, _note: str) -> None:
    return None


def monitored_columns(source: TableSource, roles: Roles | None) -> tuple[tuple[str, str], ...]:
    """Return (column, role) of what is monitored; raises `InvalidInput` for a column that is not there."""
    if roles is None:
        return tuple((name, "feature") for name in source.schema.names)
    needed = [name for name, _ in roles.monitored] + ([roles.segment] if roles.segment else [])
    lost = [name for name in needed if name not in source.schema.names]
    if lost:
        shown = ", ".join(map(repr, lost[:5]))
        raise InvalidInput(f"{source.name!r} lacks {len(lost)} of the columns to be monitored: {shown}")
    return roles.monitored


def count_rows(source: TableSource) -> int:
    """Return the rows of a table, by reading one column where it does not know."""
    if source.n_rows is not None:
        return source.n_rows
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


def most_frequent_segments(source: TableSource, column: str, size: int) -> tuple[str, ...]:
    """Return the values of a segment column that are followed."""
    counts = LevelCounts()
    for shard in source.shards():
        for batch in shard.batches([column]):
            counts.add(segment_texts(batch.column(0)))
    return tuple(level or EMPTY_SEGMENT for level, _ in counts.most_frequent(size))
