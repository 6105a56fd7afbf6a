"""Do scores mean what they say: calibration from histograms of scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from monitor_core.errors import InvalidInput
from monitor_core.stats.arrays import between, paired_counts
from monitor_core.stats.intervals import Interval, quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from monitor_core.stats.arrays import FloatArray

__all__ = ["Calibration", "calibration"]

_GROUPS = 15
_STEPS = 100
_FARTHEST = 50.0
"""Slope or intercept beyond which there is no finite best one: the classes are separated."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How scores compare with what happened.

    Attributes
    ----------
    slope
        1: fits; below 1 the scores are too extreme, above too timid. Undefined (NaN, -inf to inf) where all scores
        are alike or the classes do not overlap.
    intercept
        With the slope held at 1: 0 fits, above 0 more happened than the scores said (on the logit scale). Undefined
        with one class only.
    error
        Root mean squared distance of the share that happened from the mean score, over groups of like scores, freed of
        what chance adds; 0 where no more than chance is left.
    """

    slope: Interval
    intercept: Interval
    error: Interval


def calibration(
    positives: ArrayLike,
    negatives: ArrayLike,
    *,
    scores: ArrayLike | None = None,
    confidence: float = 0.95,
    deff: float = 1.0,
    dof: float | None = None,
    groups: int = _GROUPS,
) -> Calibration:
    """Return calibration slope, intercept and error from a histogram of scores.

    Parameters
    ----------
    positives, negatives
        Rows by bin, shape (bins,), from the lowest scores to the highest.
    scores
        Score of each bin, between 0 and 1, both excluded; by default the middles of equal bins over 0..1.
    confidence, deff, dof
        As for `wilson`.
    groups
        Groups of about equally many rows that the error is taken over; bins are never split.

    Returns
    -------
    Calibration
        Without rows everything is NaN.

    Notes
    -----
    Logistic regression of the outcome on the logit of the score (Cox 1958), by Newton's method. The error is the
    debiased l2 calibration error of Kumar, Liang & Ma (2019); its interval is a normal one on the squared error.

    Examples
    --------
    >>> result = calibration([2, 10, 18], [18, 10, 2], scores=[0.1, 0.5, 0.9])
    >>> round(result.slope.estimate, 6), round(abs(result.intercept.estimate), 6), result.error.estimate
    (1.0, 0.0, 0.0)
    """
    ones, zeros = paired_counts(positives, negatives)
    if ones.ndim != 1 or ones.shape != zeros.shape:
        raise InvalidInput(f"histograms of shape {ones.shape} and {zeros.shape}", hint="one list each")
    points = (np.arange(ones.size) + 0.5) / ones.size if scores is None else np.asarray(scores, dtype=np.float64)
    if points.shape != ones.shape or not np.all((points > 0.0) & (points < 1.0)):
        raise InvalidInput("scores that do not fit the bins", hint="one a bin, between 0 and 1, both excluded")
    effect, z = float(between(deff, "design effect", 1.0)), float(quantile(confidence, dof))
    used = ones + zeros > 0
    ones, rows, points = ones[used], (ones + zeros)[used], points[used]
    logits = special.logit(points)
    slope = _fit(ones, rows, np.stack([logits, np.ones_like(logits)]), np.zeros_like(logits))
    intercept = _fit(ones, rows, np.ones((1, logits.size)), logits)
    return Calibration(
        slope=_around(slope, z * np.sqrt(effect)),
        intercept=_around(intercept, z * np.sqrt(effect)),
        error=_error(ones, rows, points, groups, effect=effect, z=z),
    )


def _fit(ones: FloatArray, rows: FloatArray, columns: FloatArray, offset: FloatArray) -> tuple[float, float]:
    """First coefficient of a logistic regression on `columns`, and its standard error; NaN where there is none."""
    found = np.zeros(len(columns))
    if not 0.0 < ones.sum() < rows.sum():
        return np.nan, np.nan
    for _ in range(_STEPS):
        expected = special.expit(offset + found @ columns)
        weights = rows * expected * (1.0 - expected)
        information = (columns * weights) @ columns.T
        if np.linalg.cond(information) > 1e12:
            return np.nan, np.nan
        step = np.linalg.solve(information, columns @ (ones - rows * expected))
        # Newton may overshoot far from the answer; steps of at most 1 always come home.
        found = found + step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(found).max() > _FARTHEST:
            return np.nan, np.nan
        if np.abs(step).max() < 1e-10:
            return float(found[0]), float(np.sqrt(np.linalg.inv(information)[0, 0]))
    return np.nan, np.nan


def _around(fit: tuple[float, float], reach: float) -> Interval:
    estimate, error = fit
    if np.isnan(estimate):
        return Interval(np.nan, -np.inf, np.inf)
    return Interval(estimate, estimate - reach * error, estimate + reach * error)


def _error(ones: FloatArray, rows: FloatArray, points: FloatArray, groups: int, *, effect: float, z: float) -> Interval:
    """Calibration error over groups of like scores, with the interval of its square."""
    total = rows.sum()
    place = np.minimum((groups * (np.cumsum(rows) - 0.5 * rows) / max(total, 1.0)).astype(np.int64), groups - 1)
    sums = [
        np.bincount(place, weights=part, minlength=groups).astype(np.float64) for part in (rows, ones, rows * points)
    ]
    n, group_ones, group_scores = (part[sums[0] > 1] for part in sums)
    if n.size == 0:
        return Interval(np.nan, 0.0, 1.0)
    happened, weight = group_ones / n, n / n.sum()
    gap = (happened - group_scores / n) ** 2
    noise = effect * happened * (1.0 - happened) / (n - 1.0)
    squared = float((weight * (gap - noise)).sum())
    excess = np.maximum(gap - noise, 0.0)
    spread = float(np.sqrt((weight**2 * (4.0 * excess * noise + 2.0 * noise**2)).sum()))
    estimate, low, high = np.sqrt(np.clip([squared, squared - z * spread, squared + z * spread], 0.0, 1.0))
    return Interval(float(estimate), float(low), float(high))
