"""Make a baseline: place the cells from the rows, and count the rows on them.

Rows are counted while their values are at hand; of tables too large for that, they are read a second time. Memory: see
`placing` and `held`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.drift.baseline import Baseline, ReferenceGranules
from monitor_core.drift.codec import joined
from monitor_core.drift.count import count
from monitor_core.drift.granules import plan_rows
from monitor_core.drift.held import place_and_count
from monitor_core.drift.placing import grid_of, make_grid, placed_columns
from monitor_core.errors import InvalidInput
from monitor_core.settings import DriftSettings
from monitor_core.snapshots.roles import Role
from monitor_core.values import GranularityKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from monitor_core.drift.executor import Executor
    from monitor_core.drift.gather import Placed
    from monitor_core.drift.granules import Key
    from monitor_core.drift.grid import Grid
    from monitor_core.drift.summary import TableSummary
    from monitor_core.snapshots.roles import Roles
    from monitor_core.snapshots.sources import TableSource
    from monitor_core.values import Granularity

__all__ = ["baseline_from_summaries", "build", "make_grid"]

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
        A table in shards. Read once, to place the cells and to count on them, if what is read can be held (see
        `placing` and `held`); else read again to count.
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
    settings, report = replace(settings, sample_rows=0), progress or _silent
    segment = roles.segment if roles is not None and roles.segment else ""
    plan = plan_rows(roles, granularity=granularity, segment=segment, columns=source.schema.names)
    if plan.is_single:  # counted while they are sorted to place the cells
        placed = placed_columns(source, roles, settings, executor, lambda share, note: report(share / 2.0, note))
        grid = grid_of(source, placed, roles, granularity, settings)
        whole = _whole(grid, placed)
        if whole is not None and whole.n_rows:
            report(1.0, f"{whole.n_rows:,} rows counted")
            return baseline_from_summaries(grid, [((plan.label, ""), whole)])
        counted = count(
            grid,
            source,
            roles,
            granularity=granularity,
            settings=settings,
            executor=executor,
            progress=lambda share, note: report(0.5 + share / 2.0, note),
        )
    else:
        grid, counted = place_and_count(
            source, roles=roles, granularity=granularity, settings=settings, executor=executor, progress=report
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
