"""Small cells in a two-sample chi-square: what keeps a handful of rows from deciding the answer.

Two means, for two sizes of cell: a hypergeometric tail for what is expected less than once, and the exact first
three moments of the statistic where the smallest cell is expected less than three times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from monitor_core.stats.arrays import FloatArray

__all__ = ["chi_square_moments", "hypergeometric_tail", "three_moment_p"]

_TAIL_TERMS = 64
"""Terms of the hypergeometric tail: its mean is below 1, so terms shrink faster than 1/j!."""

_STIRLING = {2: (0, 1, 1), 4: (0, 1, 7, 6, 1), 6: (0, 1, 31, 90, 65, 15, 1)}
"""A power of a count as a sum of falling factorials, whose hypergeometric means are products."""


def hypergeometric_tail(count: ArrayLike, *, marked: ArrayLike, drawn: ArrayLike, total: ArrayLike) -> FloatArray:
    """Return the chance of at least `count` marked rows when `drawn` of `total` rows are taken and `marked` are marked.

    Made for a small mean (`drawn` x `marked` / `total` up to 1): the upper tail is summed term by term.

    Examples
    --------
    >>> round(float(hypergeometric_tail(1, marked=3, drawn=50, total=2050)), 6)
    0.071435
    """
    k, marked, drawn, total = np.broadcast_arrays(
        *(np.asarray(value, dtype=np.float64) for value in (count, marked, drawn, total))
    )
    possible = (k <= marked) & (k <= drawn) & (drawn - k <= total - marked)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_term = _log_binomial(marked, k) + _log_binomial(total - marked, drawn - k) - _log_binomial(total, drawn)
        term = np.where(possible, np.exp(log_term), 0.0)
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


def chi_square_moments(pooled: FloatArray, drawn: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return mean, variance and third central moment of Pearson's two-sample chi-square, exactly.

    Under no change the current rows are a random draw from all rows, so given the pooled counts each moment
    of the statistic is a sum of falling factorials. For 20,000 rows drawn or fewer; beyond, rounding eats
    the third moment.

    Parameters
    ----------
    pooled
        Rows of both sides in each cell, shape (tests, cells); 0 where a cell does not exist.
    drawn
        Rows of the smaller side, shape (tests,).

    Examples
    --------
    >>> mean, variance, third = chi_square_moments(np.array([[3.0, 3.0]]), np.array([3.0]))
    >>> round(float(mean[0]), 9), round(float(variance[0]), 9)
    (1.2, 2.56)
    """
    total = pooled.sum(axis=-1)
    one, two, three = (_cell_powers(pooled, power) for power in (2, 4, 6))
    pairs = _product(one, one)
    sums = one.sum(axis=-1)
    squared = _product(sums, sums)
    # E[(sum x)^2] and E[(sum x)^3] over cells, by equal, partly equal and distinct cells.
    second = _add(two.sum(axis=-1), squared - pairs.sum(axis=-1))
    mixed = _product(two.sum(axis=-1), sums) - _product(two, one).sum(axis=-1)
    distinct = _product(squared, sums) - 3.0 * _product(pairs.sum(axis=-1), sums) + 2.0 * _product(pairs, one).sum(-1)
    third = _add(three.sum(axis=-1), 3.0 * mixed, distinct)
    draws = _draw_factors(drawn, total)
    raw = [np.einsum("r...,r...->...", part, draws[: part.shape[0]]) for part in (sums, second, third)]
    scale = total * total / (drawn * (total - drawn))
    variance = raw[1] - raw[0] ** 2
    skew = raw[2] - 3.0 * raw[0] * raw[1] + 2.0 * raw[0] ** 3
    return scale * (raw[0] - drawn * drawn / total), scale**2 * variance, scale**3 * skew


def _cell_powers(pooled: FloatArray, power: int) -> FloatArray:
    """Coefficients of (count^2 / pooled)^(power/2) in falling factorials, shape (power + 1, tests, cells)."""
    size = np.maximum(pooled, 1.0)
    falling = np.where(pooled > 0, size ** (-power / 2), 0.0)
    rows = [np.zeros_like(pooled)]
    for order in range(1, power + 1):
        falling = falling * (pooled - order + 1)
        rows.append(_STIRLING[power][order] * falling)
    return np.stack(rows)


def _product(left: FloatArray, right: FloatArray) -> FloatArray:
    """Multiply two polynomials whose coefficients lie along the first axis."""
    result = np.zeros((left.shape[0] + right.shape[0] - 1, *left.shape[1:]))
    for order, coefficient in enumerate(left):
        result[order : order + right.shape[0]] += coefficient * right
    return result


def _add(*polynomials: FloatArray) -> FloatArray:
    result = np.zeros((max(part.shape[0] for part in polynomials), *polynomials[0].shape[1:]))
    for part in polynomials:
        result[: part.shape[0]] += part
    return result


def _draw_factors(drawn: FloatArray, total: FloatArray) -> FloatArray:
    """Chance that r given rows are all drawn, r = 0..6."""
    factors = [np.ones_like(drawn)]
    for order in range(6):
        left = total - order
        factors.append(factors[-1] * np.divide(drawn - order, left, out=np.zeros_like(left), where=left > 0))
    return np.stack(factors)


def three_moment_p(chi2: FloatArray, mean: FloatArray, variance: FloatArray, third: FloatArray) -> FloatArray:
    """Return the upper tail of the shifted gamma distribution with these moments (Pearson's type III).

    NaN where the variance or the third moment is not positive: nothing to match.

    Examples
    --------
    A chi-square with 4 degrees of freedom has the moments 4, 8, 32:

    >>> round(float(three_moment_p(*(np.array(x) for x in (9.487729, 4.0, 8.0, 32.0)))), 6)
    0.05
    """
    usable = (variance > 1e-9) & (third > 1e-9)
    spread, skew = np.where(usable, variance, 1.0), np.where(usable, third, 1.0)
    shape = 4.0 * spread**3 / skew**2
    location = shape + (chi2 - mean) / np.sqrt(spread) * np.sqrt(shape)
    return np.where(usable, special.gammaincc(shape, np.maximum(location, 0.0)), np.nan)
