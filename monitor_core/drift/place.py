"""Where the cells of one feature go, from its baseline values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from monitor_core.drift.grid import FeatureGrid
from monitor_core.drift.results import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[Any]

__all__ = ["FEW_VALUES", "FREQUENT_SHARE", "place_levels", "place_numbers", "place_truth"]

FEW_VALUES = 20
"""Distinct values up to which each has a PSI cell of its own."""
FREQUENT_SHARE = 0.01
"""Share of the values from which a level has a PSI cell of its own."""
_TENTHS = 10
_TINY, _HUGE = 1e-300, 1e300


def place_numbers(name: str, kind: FeatureKind, role: str, dtype: str, values: Numbers, *, knots: int) -> FeatureGrid:
    """Place the cells of a number or date.

    Parameters
    ----------
    name, kind, role, dtype
        As in `FeatureGrid`.
    values
        Sorted, without NaN, ±inf allowed; may be empty.
    knots
        Order statistics to take (K), a multiple of 10.

    Returns
    -------
    FeatureGrid
        Knots are the order statistics at ranks ``floor(j n / K)`` and just beyond the maximum; values that come more
        than once also get a knot just above them, so that they have a cell of their own. With at most K/2 distinct
        values every one is a knot with a cell of its own, and distances are exact.

        PSI cells are the tenths. A value that fills a tenth or more has a cell of its own; when that is the least or
        greatest value, what lies beyond has one too. With at most 20 distinct values each has a cell, and so has
        every gap between them: a sentinel cannot hide among the neighbours.

    Examples
    --------
    >>> grid = place_numbers("n", FeatureKind.NUMERIC, "feature", "int64", np.array([0, 0, 1, 3]), knots=2000)
    >>> grid.knots.tolist(), grid.starts.tolist()
    ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5])
    """
    if not len(values):
        return FeatureGrid(name, kind, role, dtype, values[:0].copy(), (), np.zeros(1, np.int64))
    n_distinct = int(np.count_nonzero(values[1:] != values[:-1])) + 1
    if n_distinct <= knots // 2:
        distinct = _unique(values)
        placed = _unique(np.concatenate([distinct, _above(distinct)]))
    else:
        placed = _order_statistics(values, knots)
    if n_distinct <= FEW_VALUES:
        starts = np.arange(len(placed) + 1, dtype=np.int64)
    else:
        edges = _tenths(values)
        starts = np.concatenate([[0], np.searchsorted(placed, edges) + 1]).astype(np.int64)
    shift, scale = _centre(values)
    return FeatureGrid(name, kind, role, dtype, placed, (), starts, shift=shift, scale=scale)


def _unique(values: Numbers) -> Numbers:
    """Return distinct values, increasing; 0.0 stands for -0.0 too."""
    distinct: Numbers = np.unique(values) + values.dtype.type(0)
    return distinct


def _above(values: Numbers) -> Numbers:
    """Return the next representable value above each (infinity and the largest integer stay)."""
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):  # infinity lies above the greatest number
            return np.nextafter(values, np.inf)
    return np.where(values < np.iinfo(np.int64).max, values, values - 1) + 1


def _order_statistics(values: Numbers, knots: int) -> Numbers:
    n = len(values)
    taken = _unique(values[np.arange(knots, dtype=np.int64) * n // knots])
    tied = values.searchsorted(taken, "right") - values.searchsorted(taken, "left") > 1
    return _unique(np.concatenate([taken, _above(taken[tied]), values[-1:], _above(values[-1:])]))


def _tenths(values: Numbers) -> Numbers:
    ranks = np.minimum(np.arange(_TENTHS + 1, dtype=np.int64) * len(values) // _TENTHS, len(values) - 1)
    deciles = values[ranks] + values.dtype.type(0)
    repeated = np.unique(deciles[1:][deciles[1:] == deciles[:-1]])
    return _unique(np.concatenate([deciles[1:-1], _above(repeated)]))


def _centre(values: Numbers) -> tuple[float, float]:
    low, middle, high = (float(values[len(values) * part // 4]) for part in (1, 2, 3))
    shift = middle if np.isfinite(middle) else 0.0
    spread = (high - low) / 1.349 if np.isfinite(low) and np.isfinite(high) else 0.0
    return shift, spread if _TINY < spread < _HUGE else 1.0


def place_truth(name: str, role: str, dtype: str) -> FeatureGrid:
    """Place the cells of a truth value: false, true, anything else."""
    starts = np.arange(3, dtype=np.int64)
    return FeatureGrid(name, FeatureKind.BOOLEAN, role, dtype, np.zeros(0), ("false", "true"), starts)


def place_levels(
    name: str, role: str, dtype: str, levels: Sequence[tuple[str, int]], *, n_values: int, max_levels: int
) -> FeatureGrid:
    """Place the cells of a category.

    Parameters
    ----------
    name, role, dtype
        As in `FeatureGrid`.
    levels
        (level, count), in any order.
    n_values
        Values that are not missing; more than the counts add up to when levels were left out.
    max_levels
        Levels kept, the most frequent first.

    Returns
    -------
    FeatureGrid
        PSI cells: each level of at least 1 % of the values, the other known levels together, and levels never seen.

    Examples
    --------
    >>> grid = place_levels("c", "feature", "string", [("b", 1), ("a", 150), ("c", 49)], n_values=200, max_levels=2)
    >>> grid.levels, grid.starts.tolist(), grid.complete
    (('a', 'c'), [0, 1, 2], False)
    """
    kept = sorted(levels, key=lambda level: (-level[1], level[0]))[:max_levels]
    frequent = sum(count >= FREQUENT_SHARE * n_values for _, count in kept)
    starts = np.unique([*range(frequent + 1), len(kept)]).astype(np.int64)
    return FeatureGrid(
        name,
        FeatureKind.CATEGORICAL,
        role,
        dtype,
        np.zeros(0),
        tuple(level for level, _ in kept),
        starts,
        complete=sum(count for _, count in kept) == n_values,
    )
