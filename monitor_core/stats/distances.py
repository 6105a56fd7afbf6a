"""Distances between two distributions known only by their counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from monitor_core.errors import InvalidInput
from monitor_core.stats.arrays import FloatArray, paired_counts, shares

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["jensen_shannon", "ks_bounds", "robust_scale", "several_values", "wasserstein"]


def jensen_shannon(baseline: ArrayLike, current: ArrayLike) -> FloatArray:
    """Return the Jensen-Shannon distance (base 2, square root): 0 the same mix, 1 nothing in common.

    Parameters
    ----------
    baseline, current
        Counts, shape (..., cells); leading axes broadcast.

    Returns
    -------
    FloatArray
        Leading shape; NaN where a side has no rows. Symmetric. Like every distance of samples it is above 0
        without any change, the more so the fewer the rows.

    Examples
    --------
    >>> float(jensen_shannon([1, 0], [0, 1])), float(jensen_shannon([1, 3], [2, 6]))
    (1.0, 0.0)
    """
    p, q = (shares(side) for side in paired_counts(baseline, current))
    middle = 0.5 * (p + q)
    divergence = 0.5 * (special.rel_entr(p, middle) + special.rel_entr(q, middle)).sum(axis=-1) / np.log(2.0)
    return np.asarray(np.sqrt(np.clip(divergence, 0.0, 1.0)), dtype=np.float64)


def several_values(knots: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which cells between knots can hold more than one value.

    Cell 0 lies below the first knot, cell i is ``[knots[i-1], knots[i])``, the last one starts at the last knot
    and has no end. Two neighbouring floats (or integers) enclose a single value: an atom with a cell of
    its own, inside which two distributions cannot differ unseen.

    Parameters
    ----------
    knots
        Strictly increasing, shape (K,), floats or integers, ±inf allowed.

    Returns
    -------
    NDArray[np.bool_]
        Shape (K + 1,).

    Examples
    --------
    >>> several_values(np.array([1.0, np.nextafter(1.0, np.inf), np.inf]))
    array([ True, False,  True, False])
    """
    if np.issubdtype(knots.dtype, np.integer):
        top = np.iinfo(np.int64)
        inner = knots[1:] != knots[:-1] + 1
        return np.concatenate([[knots[0] > top.min + 1], inner, [knots[-1] < top.max]])
    # Below the lowest float there is only -inf; from +inf on there is only +inf.
    below = knots[0] > -np.finfo(np.float64).max
    with np.errstate(over="ignore", under="ignore"):
        inner = knots[1:] != np.nextafter(knots[:-1], np.inf)
    return np.concatenate([[below], inner, [knots[-1] < np.inf]])


def ks_bounds(
    baseline: ArrayLike, current: ArrayLike, knots: NDArray[np.float64] | NDArray[np.int64]
) -> tuple[FloatArray, FloatArray]:
    """Enclose the Kolmogorov-Smirnov distance of two samples known only by counts between knots.

    Parameters
    ----------
    baseline, current
        Counts of the values that are not missing, shape (..., K + 1): below the first knot, between knots,
        from the last knot on. Leading axes broadcast.
    knots
        Strictly increasing, shape (K,); a value equal to a knot counts to the cell that starts there.

    Returns
    -------
    low, high
        The distance lies between them, whatever the data are; equal where it is known exactly (every
        distinct value a knot and its successor too). NaN where a side has no rows. With knots at ranks
        ``floor(j n / K)`` and ties in cells of their own, ``high - low <= 1/K + 1/n``.

    Notes
    -----
    ``low = max |f_i - g_i|`` over the knots, with f and g the shares below each; within a cell of several
    values the distance can reach at most ``max(f_{i+1} - g_i, g_{i+1} - f_i)``.

    Examples
    --------
    >>> low, high = ks_bounds([0, 2, 2], [0, 3, 1], np.array([0.0, 1.0]))
    >>> float(low), float(high)
    (0.25, 0.75)
    """
    left, right = paired_counts(baseline, current)
    if knots.size == 0 or left.shape[-1] != knots.size + 1 or np.any(knots[1:] <= knots[:-1]):
        raise InvalidInput(
            f"{left.shape[-1]} cells for {knots.size} knots",
            hint="strictly increasing knots, one cell more than there are knots",
        )
    f, g = _below(left), _below(right)
    low = np.abs(f - g).max(axis=-1)
    wide = several_values(knots)
    reach = np.maximum(f[..., 1:] - g[..., :-1], g[..., 1:] - f[..., :-1])
    return low, np.maximum(low, np.where(wide, reach, 0.0).max(axis=-1))


def _below(counts: FloatArray) -> FloatArray:
    """Shares below each cell border, from 0 to 1: one more than cells."""
    total = counts.sum(axis=-1, keepdims=True)
    cumulative = np.concatenate([np.zeros_like(total), np.cumsum(counts, axis=-1)], axis=-1)
    below: FloatArray = np.divide(cumulative, total, out=np.full_like(cumulative, np.nan), where=total > 0)
    return below


def wasserstein(
    baseline: ArrayLike, current: ArrayLike, knots: NDArray[np.float64] | NDArray[np.int64], *, scale: ArrayLike
) -> FloatArray:
    """Return how far values have to move, on average, to turn one distribution into the other.

    Parameters
    ----------
    baseline, current, knots
        As for `ks_bounds`.
    scale
        Unit of the answer: the baseline's IQR/1.349 from `robust_scale` (a standard deviation for normal data).

    Returns
    -------
    FloatArray
        Leading shape; NaN where a side has no rows or `scale` is not positive.

    Notes
    -----
    Integrates the distance of the two distribution functions from the first to the last finite knot, taken
    as straight within a cell; exact where values are knots. What lies outside counts as if it lay at the
    border: one sentinel of 1e9 cannot swallow the answer. Read it beside the out-of-range share.

    Examples
    --------
    >>> float(wasserstein([0, 4, 4, 0], [0, 0, 8, 0], np.array([0.0, 1.0, 2.0]), scale=1.0))
    0.5
    """
    left, right = paired_counts(baseline, current)
    gap = (_below(left) - _below(right))[..., 1:-1]
    positions = knots.astype(np.float64)
    widths = np.where(np.isfinite(positions[1:]) & np.isfinite(positions[:-1]), np.diff(_finite(positions)), 0.0)
    start, end = gap[..., :-1], gap[..., 1:]
    size = np.abs(start) + np.abs(end)
    crossing = np.divide(start**2 + end**2, size, out=np.zeros_like(size), where=size > 0)
    # A straight line that changes sign encloses two triangles instead of one trapezium.
    area = 0.5 * np.where(start * end < 0, crossing, size)
    moved = np.where(np.isnan(gap).any(axis=-1), np.nan, (area * widths).sum(axis=-1))
    unit = np.asarray(scale, dtype=np.float64)
    blank = np.full(np.broadcast_shapes(moved.shape, unit.shape), np.nan)
    return np.asarray(np.divide(moved, unit, out=blank, where=unit > 0), dtype=np.float64)


def robust_scale(baseline: ArrayLike, knots: NDArray[np.float64] | NDArray[np.int64]) -> FloatArray:
    """Return the baseline's IQR/1.349, from counts between knots: its spread, deaf to outliers.

    0 where the middle half of the baseline is one value: there is no spread to measure in.
    NaN where the baseline has no rows.

    Examples
    --------
    >>> round(1.349 * float(robust_scale([0, 25, 25, 25, 25, 0], np.array([0.0, 1.0, 2.0, 3.0, 4.0]))), 6)
    2.0
    """
    left, _ = paired_counts(baseline, baseline)
    positions = _finite(knots.astype(np.float64))
    rows = left.reshape(-1, left.shape[-1])
    quartiles = np.array([_quartiles(_below(row)[1:-1], positions) for row in rows])
    return np.asarray((quartiles[:, 1] - quartiles[:, 0]).reshape(left.shape[:-1]) / 1.349)


def _quartiles(below: FloatArray, positions: FloatArray) -> FloatArray:
    """Where the shares below reach 1/4 and 3/4, straight within the cell that does it."""
    if np.isnan(below).any():
        return np.full(2, np.nan)
    wanted = np.array([0.25, 0.75])
    after = np.clip(np.searchsorted(below, wanted), 1, below.size - 1)
    # Not np.interp: over cells without rows several knots have the same share, and it may take the wrong one.
    step = below[after] - below[after - 1]
    part = np.divide(wanted - below[after - 1], step, out=np.zeros(2), where=step > 0)
    low, high = positions[after - 1], positions[after]
    return np.asarray(low + np.clip(part, 0.0, 1.0) * (high - low), dtype=np.float64)


def _finite(positions: FloatArray) -> FloatArray:
    largest = np.finfo(np.float64).max / 4.0
    return np.asarray(np.clip(positions, -largest, largest), dtype=np.float64)
