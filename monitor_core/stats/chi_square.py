"""Pearson's two-sample chi-square over cells, with small cells kept from deciding the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from monitor_core.stats.arrays import FloatArray, paired_counts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["ChiSquare", "chi_square", "combine_tail", "hypergeometric_tail"]

_TAIL_TERMS = 64
"""Terms of the hypergeometric tail: its mean is below 1, so terms shrink faster than 1/j!."""


@dataclass(frozen=True, slots=True, eq=False)
class ChiSquare:
    """Two-sample test of many pairs of counts at once.

    Attributes
    ----------
    chi2
        Pearson's statistic over the cells that are large enough; NaN where a side has no rows.
    dof
        Cells that took part, minus one (0 when only one did).
    tail_p
        Hypergeometric tail of the merged small cells; 1 where there was nothing to test that way.
    p_value
        Both together, rows taken as independent.
    """

    chi2: FloatArray
    dof: FloatArray
    tail_p: FloatArray
    p_value: FloatArray


def chi_square(baseline: ArrayLike, current: ArrayLike) -> ChiSquare:
    """Test whether two sets of counts come from the same mix of cells.

    Cells that are empty on both sides do not exist. Cells whose pooled expected count on the smaller side
    is below 1 are merged into one; if even that stays below 1 it leaves the statistic and is tested by its
    hypergeometric tail instead, and ``p = min(1, 2 min(p, tail_p))``. Without this a missing cell of .1 %
    gives p < .01 on 4 % of quiet days of 50 rows.

    Parameters
    ----------
    baseline, current
        Shape (..., cells); the leading axes broadcast, so (features, cells) against
        (granules, features, cells) works. Pad with zeros: a cell empty on both sides is ignored.

    Returns
    -------
    ChiSquare
        Arrays of the broadcast leading shape. Where a side has no rows `chi2` and `p_value` are NaN; where
        all rows of both sides share one cell `chi2` is 0 and `p_value` 1.

    Notes
    -----
    The p-value takes rows as independent. Rows of one day are not: see `rao_scott`.

    Examples
    --------
    >>> result = chi_square([100] * 10, [12, 9, 8, 11, 10, 10, 7, 13, 9, 11])
    >>> round(float(result.chi2), 8), round(float(result.p_value), 9)
    (2.72876132, 0.974085667)
    """
    left, right = np.broadcast_arrays(*paired_counts(baseline, current))
    rows_left, rows_right = left.sum(axis=-1), right.sum(axis=-1)
    smaller = np.minimum(rows_left, rows_right) / np.maximum(rows_left + rows_right, 1.0)
    pooled = left + right
    small = (pooled > 0) & (pooled * smaller[..., None] < 1.0)
    merged_left, merged_right = (left * small).sum(axis=-1), (right * small).sum(axis=-1)
    aside = (merged_left + merged_right) * smaller < 1.0
    chi2, dof = _pearson(
        np.concatenate([np.where(small, 0.0, left), np.where(aside, 0.0, merged_left)[..., None]], axis=-1),
        np.concatenate([np.where(small, 0.0, right), np.where(aside, 0.0, merged_right)[..., None]], axis=-1),
    )
    tail = _small_tail(merged_left, merged_right, rows_left, rows_right, where=aside & small.any(axis=-1))
    empty = (rows_left == 0) | (rows_right == 0)
    chi2 = np.where(empty, np.nan, chi2)
    plain = np.where(dof > 0, special.chdtrc(np.maximum(dof, 1.0), chi2), np.where(empty, np.nan, 1.0))
    return ChiSquare(chi2, dof, tail, combine_tail(plain, tail))


def _pearson(left: FloatArray, right: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Statistic and degrees of freedom of the two-row table along the last axis."""
    rows_left, rows_right = left.sum(axis=-1, keepdims=True), right.sum(axis=-1, keepdims=True)
    pooled = left + right
    used = pooled > 0
    # Sum over both rows of (observed - expected)^2 / expected, written as one quotient a cell.
    difference = left * rows_right - right * rows_left
    scale = pooled * rows_left * rows_right
    terms = np.divide(difference * difference, scale, out=np.zeros_like(pooled), where=used & (scale > 0))
    return terms.sum(axis=-1), np.maximum(used.sum(axis=-1) - 1.0, 0.0)


def _small_tail(
    left: FloatArray, right: FloatArray, rows_left: FloatArray, rows_right: FloatArray, *, where: np.ndarray
) -> FloatArray:
    """Tail of the merged cell on the smaller side, where its expected count is below 1."""
    swap = rows_left < rows_right
    tail = np.ones(left.shape)
    tail[where] = hypergeometric_tail(
        np.where(swap, left, right)[where],
        marked=(left + right)[where],
        drawn=np.where(swap, rows_left, rows_right)[where],
        total=(rows_left + rows_right)[where],
    )
    return tail


def combine_tail(p_value: ArrayLike, tail_p: ArrayLike) -> FloatArray:
    """Join the p-value of the large cells with the tail of the small ones (Bonferroni over two).

    A `tail_p` of 1 or more means that there was nothing to join: `p_value` comes back as it is.

    Examples
    --------
    >>> combine_tail([0.2, 0.2, 0.7], [1.0, 0.001, 0.6])
    array([0.2  , 0.002, 1.   ])
    """
    p, tail = np.asarray(p_value, dtype=np.float64), np.asarray(tail_p, dtype=np.float64)
    return np.where(tail >= 1.0, p, np.minimum(1.0, 2.0 * np.minimum(p, tail)))


def hypergeometric_tail(count: ArrayLike, *, marked: ArrayLike, drawn: ArrayLike, total: ArrayLike) -> FloatArray:
    """Return the chance of `count` or more marked rows when `drawn` of `total` rows are taken, `marked` of them marked.

    Made for a small mean (`drawn` x `marked` / `total` up to 1): the upper tail is summed term by term.

    Examples
    --------
    >>> round(float(hypergeometric_tail(1, marked=3, drawn=50, total=2050)), 6)
    0.071435
    """
    k, marked, drawn, total = np.broadcast_arrays(
        *(np.asarray(value, dtype=np.float64) for value in (count, marked, drawn, total))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        term = np.exp(_log_binomial(marked, k) + _log_binomial(total - marked, drawn - k) - _log_binomial(total, drawn))
        term = np.where((k <= marked) & (k <= drawn) & (drawn - k <= total - marked), term, 0.0)
        tail = term.copy()
        for step in range(_TAIL_TERMS):
            j = k + step
            ratio = (marked - j) * (drawn - j) / ((j + 1.0) * (total - marked - drawn + j + 1.0))
            term = np.where((j < marked) & (j < drawn), term * ratio, 0.0)
            tail += term
    return np.where(k <= 0, 1.0, np.minimum(tail, 1.0))


def _log_binomial(n: FloatArray, k: FloatArray) -> FloatArray:
    # By the beta function: gammaln of large n would lose what is left after subtracting.
    return np.asarray(-special.betaln(n - k + 1.0, k + 1.0) - np.log1p(n), dtype=np.float64)
