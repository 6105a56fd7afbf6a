"""Shares over bins that people can read, from counts on a grid. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monitor_core.drift.results import Distribution

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor_core.drift.summary import FeatureSummary

__all__ = ["LEVELS_SHOWN", "distribution"]

LEVELS_SHOWN = 15
"""Levels of a category that are named; the others share a bar."""
_BINS = 30
_TAIL = 0.005
_HUGE = 1e307
_FAR = 3.0  # a range more than so many times as wide as the middle 99 % is cut


def distribution(baseline: FeatureSummary, current: FeatureSummary) -> Distribution:
    """Return both sides over the same bins, exact: every edge is an edge of the grid.

    Numbers and dates get about 30 bins of equal width over the baseline's range (or over its middle 99 % where
    outliers stretch the range), and an open bin on either side. Categories get the levels most frequent on either side,
    one bar for the other levels and one for those the baseline never held. Missing values are left out; a side without
    values has shares of 0.
    """
    if baseline.grid.is_ordered:
        edges, starts = _bins(baseline)
        levels = None
        groups = np.repeat(np.arange(len(starts)), np.diff([*starts, baseline.grid.n_cells]))
    else:
        edges = None
        levels, groups = _levels(baseline, current)
    n_bins = len(levels) if levels is not None else len(groups) and int(groups[-1]) + 1
    return Distribution(
        kind=baseline.grid.kind,
        edges=edges,
        levels=levels,
        baseline=_shares(baseline.cells, groups, n_bins),
        current=_shares(current.cells, groups, n_bins),
        n_baseline=baseline.n_rows,
        n_current=current.n_rows,
    )


def _shares(cells: NDArray[np.int64], groups: NDArray[np.int64], n_bins: int) -> NDArray[np.float64]:
    counts: NDArray[np.float64] = np.bincount(groups, weights=cells, minlength=n_bins).astype(np.float64)
    total = float(counts.sum())
    return counts / total if total else counts


def _bins(baseline: FeatureSummary) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the edges, open ones included, and the first fine cell of each bin."""
    knots = baseline.grid.knots
    places = _chosen(knots.astype(np.float64), baseline.cells)
    edges = knots[places].astype(np.float64)
    return np.concatenate([[-np.inf], edges, [np.inf]]), np.concatenate([[0], places + 1])


def _chosen(knots: NDArray[np.float64], cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Choose the knots that become edges: those nearest to equal steps."""
    finite = np.flatnonzero(np.isfinite(knots))
    if not len(finite):
        return finite
    first, last = int(finite[0]), int(finite[-1])
    if max(abs(knots[first]), abs(knots[last])) > _HUGE:
        knots = knots / 16.0  # so that differences do not overflow
    inside = np.cumsum(cells[: len(knots)])  # values below each knot
    total = int(cells.sum())
    low, high = (int(np.clip(np.searchsorted(inside, q * total), first, last)) for q in (_TAIL, 1.0 - _TAIL))
    if knots[last] - knots[first] <= _FAR * (knots[high] - knots[low]) or high <= low:
        low, high = first, last
    distinct = _apart(knots, low, high)
    if len(distinct) <= _BINS + 1:
        return distinct
    steps = np.linspace(knots[low], knots[high], _BINS + 1)
    right = np.clip(np.searchsorted(knots[distinct], steps), 1, len(distinct) - 1)
    nearer_left = steps - knots[distinct[right - 1]] < knots[distinct[right]] - steps
    return np.unique(distinct[np.where(nearer_left, right - 1, right)])


def _apart(knots: NDArray[np.float64], low: int, high: int) -> NDArray[np.int64]:
    """Return the knots between `low` and `high` without those that only close the cell of a single value."""
    places = np.arange(low, high + 1)
    closing = np.zeros(len(places), dtype=bool)
    closing[1:] = knots[places[1:]] <= np.nextafter(knots[places[:-1]], np.inf)
    closing[-1] = False
    return places[~closing]


def _levels(baseline: FeatureSummary, current: FeatureSummary) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the bars' names and the bar of each fine cell."""
    names = baseline.grid.levels
    known = len(names)
    larger = np.maximum(
        baseline.cells[:known] / max(1, int(baseline.cells.sum())),
        current.cells[:known] / max(1, int(current.cells.sum())),
    )
    shown = np.sort(np.argsort(-larger, kind="stable")[:LEVELS_SHOWN])
    labels = [names[place] for place in shown]
    groups = np.full(known + 1, len(shown), dtype=np.int64)
    groups[shown] = np.arange(len(shown))
    if len(shown) < known:
        labels.append(f"({known - len(shown):,} other levels)")
    groups[known] = len(labels)
    rest = "(new levels)" if baseline.grid.complete else "(rare or new levels)"
    if baseline.cells[known] or current.cells[known]:
        return (*labels, rest), groups
    groups[known] = max(len(labels) - 1, 0)  # empty on both sides: no bar of its own
    return (tuple(labels) or (rest,)), groups
