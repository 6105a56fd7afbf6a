"""Make a baseline: place the cells from the rows, then count the rows on them.

Memory: while cells are placed, the values of as many columns as fit into `BUFFER_VALUES` numbers (512 MB) are held at a
time, at most 50 a thread, and sorted column by column. From tables of more than `MAX_PLACED` rows the cells are placed
by a uniform sample of about that many rows; what is counted on them is exact all the same.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa

from monitor_core.drift.baseline import Baseline, ReferenceGranules
from monitor_core.drift.cells import is_null, kind_of, to_numbers
from monitor_core.drift.count import count
from monitor_core.drift.executor import Executor, Threads
from monitor_core.drift.granules import EMPTY_SEGMENT, segment_texts
from monitor_core.drift.grid import BLOCK_FEATURES, FeatureGrid, Grid
from monitor_core.drift.levels import LevelCounts
from monitor_core.drift.place import place_levels, place_numbers, place_truth
from monitor_core.drift.results import FeatureKind
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
        A table in shards; read twice.
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
    grid = make_grid(
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
    if settings.knots < 20 or settings.knots % 10:
        raise InvalidSetting(f"drift.knots is {settings.knots}", hint="a multiple of 10, from 20 on")
    monitored = _monitored(source, roles)
    runner = executor or Threads(settings.threads)
    n_rows = source.n_rows if source.n_rows is not None else _count_rows(source)
    tasks = [_Task(source, columns, n_rows, settings) for columns in _blocks(monitored, n_rows, settings, runner)]
    features: list[FeatureGrid] = []
    for part in runner.map(_place, tasks):
        features += part
        if progress is not None:
            progress(
                len(features) / max(1, len(monitored)), f"cells of {len(features):,} of {len(monitored):,} columns"
            )
    segment = roles.segment if roles is not None and roles.segment else ""
    segments = _segments(source, segment, settings.max_segments) if segment else ()
    return Grid(tuple(features), str(granularity) if granularity else "", segment, segments)


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


def _place(task: _Task) -> list[FeatureGrid]:
    names = [name for name, _ in task.columns]
    columns = [_column(name, role, task) for name, role in task.columns]
    row = 0
    share = min(1.0, MAX_PLACED / max(1, task.n_rows))
    for shard in task.source.shards():
        for batch in shard.batches(names):
            keep = None if share == 1.0 else pa.array(row_keys(row, batch.num_rows) < np.uint64(share * 2**64))
            row += batch.num_rows
            for column, values in zip(columns, batch.columns, strict=True):
                column.add(values, keep)
    return [column.grid() for column in columns]


class _Column(Protocol):
    def add(self, values: pa.Array, keep: pa.Array | None) -> None: ...

    def grid(self) -> FeatureGrid: ...


def _column(name: str, role: str, task: _Task) -> _Column:
    dtype = task.source.schema.field(name).type
    kind = kind_of(dtype)
    if kind is None:
        return _Fixed(_incomparable(name, role, str(dtype)))
    if kind is FeatureKind.BOOLEAN:
        return _Fixed(place_truth(name, role, str(dtype)))
    if kind is FeatureKind.CATEGORICAL:
        return _LevelColumn(name, role, dtype, task.settings.max_levels)
    return _NumberColumn(name, kind, role, dtype, task)


def _incomparable(name: str, role: str, dtype: str) -> FeatureGrid:
    return FeatureGrid(
        name,
        FeatureKind.CATEGORICAL,
        role,
        dtype,
        np.zeros(0),
        (),
        np.zeros(1, np.int64),
        reason=f"columns of type {dtype} are not compared",
    )


@dataclass(frozen=True, slots=True)
class _Fixed:
    """Cells that do not depend on the values."""

    made: FeatureGrid

    def add(self, values: pa.Array, keep: pa.Array | None) -> None:
        """Nothing to learn."""

    def grid(self) -> FeatureGrid:
        return self.made


class _LevelColumn:
    """Gathers the levels of a category."""

    def __init__(self, name: str, role: str, dtype: pa.DataType, max_levels: int) -> None:
        self._name, self._role, self._dtype, self._max = name, role, dtype, max_levels
        self._counts = LevelCounts()

    def add(self, values: pa.Array, keep: pa.Array | None) -> None:  # noqa: ARG002 - levels are counted, not held
        if not is_null(values.type):
            self._counts.add(values)

    def grid(self) -> FeatureGrid:
        dtype = self._dtype.value_type if pa.types.is_dictionary(self._dtype) else self._dtype
        return place_levels(
            self._name,
            self._role,
            str(dtype),
            self._counts.most_frequent(self._max),
            n_values=self._counts.n_values,
            max_levels=self._max,
        )


class _NumberColumn:
    """Gathers the values of a number or date."""

    def __init__(self, name: str, kind: FeatureKind, role: str, dtype: pa.DataType, task: _Task) -> None:
        self._name, self._kind, self._role, self._dtype = name, kind, role, dtype
        self._knots = task.settings.knots
        numbers = to_numbers(pa.nulls(0, dtype)).type
        # a sample's size varies by chance: five standard deviations of room
        room = task.n_rows if task.n_rows <= MAX_PLACED else MAX_PLACED + 30_000
        self._values = np.empty(room, numbers.to_pandas_dtype())
        self._filled = 0

    def add(self, values: pa.Array, keep: pa.Array | None) -> None:
        numbers = to_numbers(values if keep is None else values.filter(keep)).drop_null().to_numpy()
        if numbers.dtype.kind == "f" and np.isnan(numbers).any():
            numbers = numbers[~np.isnan(numbers)]
        end = self._filled + len(numbers)
        self._values[self._filled : end] = numbers
        self._filled = end

    def grid(self) -> FeatureGrid:
        values = self._values[: self._filled]
        values.sort()
        dtype = self._dtype.value_type if pa.types.is_dictionary(self._dtype) else self._dtype
        made = place_numbers(self._name, self._kind, self._role, str(dtype), values, knots=self._knots)
        del self._values
        return made


def _segments(source: TableSource, column: str, size: int) -> tuple[str, ...]:
    counts = LevelCounts()
    for shard in source.shards():
        for batch in shard.batches([column]):
            counts.add(segment_texts(batch.column(0)))
    return tuple(level or EMPTY_SEGMENT for level, _ in counts.most_frequent(size))
