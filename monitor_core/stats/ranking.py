"""How well scores rank: ROC AUC and average precision, from rows or from histograms of scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from monitor_core.errors import InvalidInput
from monitor_core.stats.arrays import between, paired_counts
from monitor_core.stats.intervals import Interval, quantile, wilson_intervals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from monitor_core.stats.arrays import FloatArray

__all__ = [
    "AucResult",
    "RankTable",
    "average_precision",
    "binned_average_precision",
    "binned_roc_auc",
    "roc_auc",
]


@dataclass(frozen=True, slots=True)
class AucResult:
    """Area under the ROC curve.

    Attributes
    ----------
    auc
        P(a positive scores higher than a negative) + half of P(they score the same); NaN with one class only.
    variance
        DeLong's, times the design effect; 0 where all pairs are ranked alike.
    low, high
        Interval, on the logit scale.
    """

    auc: float
    variance: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class RankTable:
    """A ranking metric of many histograms.

    Attributes
    ----------
    estimate, variance, low, high
        Arrays of the leading shape; the estimate is NaN, the interval [0, 1] where a class is missing. `low` and `high`
        do not include the error of the bins.
    error_bound
        The estimate from the single scores differs from `estimate` by at most this.
    """

    estimate: FloatArray
    variance: FloatArray
    low: FloatArray
    high: FloatArray
    error_bound: FloatArray


def roc_auc(
    y: ArrayLike, score: ArrayLike, *, confidence: float = 0.95, deff: float = 1.0, dof: float | None = None
) -> AucResult:
    """Return the area under the ROC curve with DeLong's variance.

    Parameters
    ----------
    y
        Labels, 0 or 1 (or booleans), shape (n,).
    score
        The higher, the more positive; any finite numbers, shape (n,).
    confidence, deff, dof
        As for `wilson`.

    Returns
    -------
    AucResult
        With one class only NaN [0, 1]. Where every positive scores above every negative (or the reverse) the variance
        is 0 and the interval Wilson's, over the rows of the smaller class.

    Notes
    -----
    O(n log n): midranks, as in Sun & Xu (2014); variance by DeLong, DeLong & Clarke-Pearson (1988). The 95 % interval
    holds the truth in 94 to 95 % of samples with 200 rows of both classes, in 90 to 95 % where one class has 20.

    Examples
    --------
    >>> result = roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> result.auc, result.variance
    (0.75, 0.125)
    """
    table = binned_roc_auc(*_by_score(y, score), confidence=confidence, deff=deff, dof=dof)
    return AucResult(float(table.estimate), float(table.variance), float(table.low), float(table.high))


def average_precision(
    y: ArrayLike, score: ArrayLike, *, confidence: float = 0.95, deff: float = 1.0, dof: float | None = None
) -> Interval:
    """Return average precision: the mean over positives of the precision at their score.

    Parameters
    ----------
    y, score, confidence, deff, dof
        As for `roc_auc`.

    Returns
    -------
    Interval
        Approximate: that of a proportion of the positives on the logit scale (Boyd, Eng & Page 2013), which
        leaves out how the negatives happened to fall. Without positives NaN [0, 1].

    Examples
    --------
    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).estimate, 6)
    0.833333
    """
    table = binned_average_precision(*_by_score(y, score), confidence=confidence, deff=deff, dof=dof)
    return Interval(float(table.estimate), float(table.low), float(table.high))


def binned_roc_auc(
    positives: ArrayLike,
    negatives: ArrayLike,
    *,
    confidence: float = 0.95,
    deff: ArrayLike = 1.0,
    dof: ArrayLike | None = None,
) -> RankTable:
    """Return `roc_auc` from histograms of scores.

    Parameters
    ----------
    positives, negatives
        Rows by bin, from the lowest scores to the highest, shape (..., bins); leading axes broadcast.
    confidence, deff, dof
        As for `roc_auc`; `deff` and `dof` broadcast with the leading shape.

    Returns
    -------
    RankTable
        Rows of one bin count as ties; what that may hide is half the share of pairs that fall in one bin.

    Examples
    --------
    >>> table = binned_roc_auc([0, 1, 3], [4, 1, 0])
    >>> float(table.estimate), float(table.error_bound)
    (0.975, 0.025)
    """
    ones, zeros = np.broadcast_arrays(*paired_counts(positives, negatives))
    n_ones, n_zeros = ones.sum(axis=-1), zeros.sum(axis=-1)
    both = (n_ones > 0) & (n_zeros > 0)
    # Placements: share of the other class that a score ranks above (positives) or below (negatives).
    of_ones = (np.cumsum(zeros, axis=-1) - 0.5 * zeros) / np.maximum(n_zeros, 1.0)[..., None]
    of_zeros = 1.0 - (np.cumsum(ones, axis=-1) - 0.5 * ones) / np.maximum(n_ones, 1.0)[..., None]
    area = (ones * of_ones).sum(axis=-1) / np.maximum(n_ones, 1.0)
    spread = _variance_of_mean(ones, of_ones, area) + _variance_of_mean(zeros, of_zeros, area)
    effect = between(deff, "design effect", 1.0)
    ties = 0.5 * (ones * zeros).sum(axis=-1) / np.maximum(n_ones * n_zeros, 1.0)
    low, high = _logit_interval(area, effect * spread, quantile(confidence, dof))
    _, edge_low, edge_high = wilson_intervals(
        np.rint(area) * np.minimum(n_ones, n_zeros),
        np.minimum(n_ones, n_zeros),
        confidence=confidence,
        deff=effect,
        dof=dof,
    )
    at_edge = (area <= 0.0) | (area >= 1.0)
    return RankTable(
        estimate=np.where(both, area, np.nan),
        variance=np.where(both, effect * spread, np.nan),
        low=np.where(both, np.where(at_edge, edge_low, low), 0.0),
        high=np.where(both, np.where(at_edge, edge_high, high), 1.0),
        error_bound=np.where(both, ties, 0.0),
    )


def binned_average_precision(
    positives: ArrayLike,
    negatives: ArrayLike,
    *,
    confidence: float = 0.95,
    deff: ArrayLike = 1.0,
    dof: ArrayLike | None = None,
) -> RankTable:
    """Return `average_precision` from histograms of scores.

    Parameters
    ----------
    positives, negatives, confidence, deff, dof
        As for `binned_roc_auc`.

    Returns
    -------
    RankTable
        Rows of one bin count as ties; the bound holds for any order and any ties inside the bins.

    Examples
    --------
    >>> table = binned_average_precision([0, 1, 3], [4, 1, 0])
    >>> round(float(table.estimate), 4), round(float(table.error_bound), 4)
    (0.95, 0.05)
    """
    ones, zeros = np.broadcast_arrays(*paired_counts(positives, negatives))
    n_ones = ones.sum(axis=-1)
    some = n_ones > 0
    # From the highest bin down: what lies above each bin, and with it.
    above_ones = n_ones[..., None] - np.cumsum(ones, axis=-1)
    above_zeros = zeros.sum(axis=-1, keepdims=True) - np.cumsum(zeros, axis=-1)
    with_ones, with_zeros = above_ones + ones, above_zeros + zeros
    scale = np.maximum(n_ones, 1.0)
    estimate = _weighted(ones, with_ones / np.maximum(with_ones + with_zeros, 1.0)) / scale
    # At best all its positives come first and tie; at worst all its negatives do.
    best = _weighted(ones, with_ones / np.maximum(with_ones + above_zeros, 1.0)) / scale
    lost = special.digamma(with_ones + with_zeros + 1.0) - special.digamma(above_ones + with_zeros + 1.0)
    worst = (ones - with_zeros * lost).sum(axis=-1) / scale
    effect = between(deff, "design effect", 1.0)
    variance = estimate * (1.0 - estimate) * effect / scale
    low, high = _logit_interval(estimate, variance, quantile(confidence, dof))
    _, edge_low, edge_high = wilson_intervals(
        np.rint(estimate) * n_ones, n_ones, confidence=confidence, deff=effect, dof=dof
    )
    at_edge = (estimate <= 0.0) | (estimate >= 1.0)
    return RankTable(
        estimate=np.where(some, estimate, np.nan),
        variance=np.where(some, variance, np.nan),
        low=np.where(some, np.where(at_edge, edge_low, low), 0.0),
        high=np.where(some, np.where(at_edge, edge_high, high), 1.0),
        error_bound=np.where(some, np.maximum(np.maximum(best - estimate, estimate - worst), 0.0), 0.0),
    )


def _by_score(y: ArrayLike, score: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Count positives and negatives of each distinct score."""
    labels, values = between(y, "label", 0.0, 1.0), np.asarray(score, dtype=np.float64)
    if labels.ndim != 1 or labels.shape != values.shape:
        raise InvalidInput(f"labels of shape {labels.shape}, scores of {values.shape}", hint="one list each")
    if not np.isfinite(values).all() or not np.all((labels == 0.0) | (labels == 1.0)):
        raise InvalidInput("a label that is not 0 or 1, or a score that is not finite", hint="leave such rows out")
    if not labels.size:
        return np.zeros(1), np.zeros(1)
    _, place = np.unique(values, return_inverse=True)
    ones: FloatArray = np.bincount(place, weights=labels).astype(np.float64)
    zeros: FloatArray = np.bincount(place, weights=1.0 - labels).astype(np.float64)
    return ones, zeros


def _weighted(weights: FloatArray, values: FloatArray) -> FloatArray:
    return np.asarray((weights * values).sum(axis=-1), dtype=np.float64)


def _variance_of_mean(counts: FloatArray, values: FloatArray, mean: FloatArray) -> FloatArray:
    """Variance of the mean of `values`, each taken `counts` times; with one row the most it can be."""
    n = counts.sum(axis=-1)
    squares = _weighted(counts, (values - mean[..., None]) ** 2)
    measured = squares / np.maximum((n - 1.0) * n, 1.0)
    return np.where(n > 1.0, measured, mean * (1.0 - mean))


def _logit_interval(share: FloatArray, variance: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Reach `z` standard errors to both sides of `share` on the logit scale; meaningless at 0 and 1."""
    inside = (share > 0.0) & (share < 1.0)
    middle = np.where(inside, share, 0.5)
    step = z * np.sqrt(variance) / (middle * (1.0 - middle))
    return special.expit(special.logit(middle) - step), special.expit(special.logit(middle) + step)
