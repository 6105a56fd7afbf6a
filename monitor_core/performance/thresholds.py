"""What other cut-offs would have given, and whether scores mean what they say: from histograms of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor_core.errors import InvalidInput
from monitor_core.performance.metrics import INDEPENDENT, calibration_metrics
from monitor_core.performance.results import Reliability, ThresholdCurve
from monitor_core.performance.series import SCORE_BINS
from monitor_core.stats import f1_intervals, rates, wilson_intervals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from monitor_core.stats import DesignEffect

__all__ = ["reliability", "threshold_curve"]

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]

_STEPS = 100
_GROUPS = 10


def threshold_curve(labelled: ArrayLike, *, effect: DesignEffect = INDEPENDENT, steps: int = _STEPS) -> ThresholdCurve:
    """Return what each cut-off would have given on labelled rows: positive where the score is at least the cut-off.

    Parameters
    ----------
    labelled
        Rows by label and bin of the score, (2, SCORE_BINS). Rows without a score are not among them.
    effect
        How much the rows cluster; widens the interval of F1.
    steps
        The cut-offs are 0, 1/steps, ... 1 (which stands for "above every score"); a divisor of SCORE_BINS, so that
        every cut-off is an edge of the bins and the counts are exact.

    Returns
    -------
    ThresholdCurve
        Ratios are None where they are undefined. A best cut-off picked from it looks better than it is: it was picked
        on these rows.

    Examples
    --------
    >>> rows = np.zeros((2, 1000), dtype=int)
    >>> rows[1, 800], rows[1, 300], rows[0, 400], rows[0, 100] = 6, 2, 3, 9
    >>> curve = threshold_curve(rows, steps=2)
    >>> curve.thresholds, curve.true_positives, curve.false_positives, curve.f1[1]
    ((0.0, 0.5, 1.0), (8, 6, 0), (12, 0, 0), 0.8571428571428571)
    """
    if steps < 1 or SCORE_BINS % steps:
        raise InvalidInput(f"{steps} steps", hint=f"a divisor of {SCORE_BINS}")
    rows = _by_label(labelled)
    below = np.zeros((2, SCORE_BINS + 1), dtype=np.int64)
    np.cumsum(rows, axis=1, out=below[:, 1:])
    below = below[:, :: SCORE_BINS // steps]
    above = rows.sum(axis=1, keepdims=True) - below
    tp, fp, fn, tn = above[1], above[0], below[1], below[0]
    table = rates(tp, fp, fn, tn)
    f1, low, high = f1_intervals(tp, fp + fn, deff=effect.deff, dof=effect.dof)
    return ThresholdCurve(
        thresholds=tuple((np.arange(steps + 1) / steps).tolist()),
        true_positives=tuple(tp.tolist()),
        false_positives=tuple(fp.tolist()),
        false_negatives=tuple(fn.tolist()),
        true_negatives=tuple(tn.tolist()),
        f1=_plain(f1),
        f1_low=_plain(np.where(np.isfinite(f1), low, np.nan)),
        f1_high=_plain(np.where(np.isfinite(f1), high, np.nan)),
        precision=_plain(table.precision),
        recall=_plain(table.recall),
    )


def reliability(labelled: ArrayLike, *, effect: DesignEffect = INDEPENDENT, groups: int = _GROUPS) -> Reliability:
    """Return how often labelled rows of like scores turned out positive.

    Parameters
    ----------
    labelled
        As for `threshold_curve`.
    effect
        Widens the intervals.
    groups
        Groups of about equally many rows; fewer where many rows share a bin, which is never split.

    Returns
    -------
    Reliability
        Empty without scores. The mean score of a group is off by at most half a bin.

    Examples
    --------
    >>> rows = np.zeros((2, 1000), dtype=int)
    >>> rows[1, 800], rows[0, 800], rows[0, 100] = 6, 2, 8
    >>> shown = reliability(rows, groups=2)
    >>> shown.score, shown.observed, shown.n
    ((0.1005, 0.8005), (0.0, 0.75), (8, 8))
    """
    rows = _by_label(labelled)
    n = rows.sum(axis=0)
    middle = np.cumsum(n) - 0.5 * n
    place = np.minimum(middle * groups / max(int(n.sum()), 1), groups - 1).astype(np.int64)
    size, positive, score = (
        np.bincount(place, weights=part, minlength=groups)
        for part in (n, rows[1], n * (np.arange(SCORE_BINS) + 0.5) / SCORE_BINS)
    )
    some = size > 0
    size, positive, score = size[some], positive[some], score[some]
    observed, low, high = wilson_intervals(positive, size, deff=effect.deff, dof=effect.dof)
    return Reliability(
        score=tuple((score / size).tolist()),
        observed=tuple(observed.tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        n=tuple(size.astype(np.int64).tolist()),
        metrics=calibration_metrics(rows, effect=effect),
    )


def _by_label(labelled: ArrayLike) -> IntArray:
    rows = np.asarray(labelled, dtype=np.int64)
    if rows.shape != (2, SCORE_BINS):
        raise InvalidInput(f"histogram of scores of shape {rows.shape}", hint=f"(2, {SCORE_BINS})")
    return rows


def _plain(values: FloatArray) -> tuple[float | None, ...]:
    return tuple(value if known else None for value, known in zip(values.tolist(), np.isfinite(values), strict=True))
