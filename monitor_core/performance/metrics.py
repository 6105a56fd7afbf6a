"""Every metric of a set of counts, each with its interval and what it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor_core.performance.counts import FIXED_POINT
from monitor_core.performance.results import Metric
from monitor_core.stats import (
    DesignEffect,
    Interval,
    binned_average_precision,
    binned_roc_auc,
    calibration,
    f1_interval,
    mean_interval,
    wilson,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor_core.performance.counts import Counts

__all__ = [
    "CALIBRATION",
    "INDEPENDENT",
    "LOSSES",
    "METRICS",
    "RANKING",
    "RATES",
    "bare_metrics",
    "calibration_metrics",
    "metrics_of",
]

IntArray: TypeAlias = NDArray[np.int64]

RATES = ("f1", "precision", "recall")
RANKING = ("roc_auc", "average_precision")
LOSSES = ("brier", "log_loss")
CALIBRATION = ("calibration_slope", "calibration_intercept", "calibration_error")
METRICS = (*RATES, *RANKING, *LOSSES, *CALIBRATION)

INDEPENDENT = DesignEffect(1.0, math.inf, "independent", 0)
_LARGEST_LOG_LOSS = -math.log(1e-15)


@dataclass(frozen=True, slots=True)
class _Spread:
    """What all intervals of one set of counts share."""

    deff: float
    dof: float | None
    words: str

    @classmethod
    def of(cls, effect: DesignEffect) -> _Spread:
        if effect.source == "independent":
            return cls(1.0, None, "")
        words = f", design effect {effect.deff:.2f} by {effect.source}, t with {effect.dof:.0f} degrees of freedom"
        return cls(effect.deff, effect.dof, words)


def metrics_of(
    counts: Counts, scores: IntArray | None = None, *, effect: DesignEffect = INDEPENDENT
) -> tuple[Metric, ...]:
    """Return all of `METRICS`, in that order, each with a 95 % interval.

    Parameters
    ----------
    counts
        Of labelled predictions.
    scores
        The same by label and bin of the score, (2, SCORE_BINS); None: ranking and calibration are left undefined.
    effect
        How much the rows cluster.

    Returns
    -------
    tuple of Metric
        A metric that cannot be computed has no estimate and says why in its badge: no relevant case, nothing predicted
        positive, one class only, no scores.

    Examples
    --------
    >>> from monitor_core.performance.counts import Counts
    >>> f1, precision, *_ = metrics_of(Counts(true_positives=84, false_positives=40, false_negatives=43))
    >>> round(f1.estimate, 4), round(f1.low, 4), round(f1.high, 4), f1.n
    (0.6693, 0.5994, 0.7325, 167)
    """
    spread = _Spread.of(effect)
    return (
        *_rates(counts, spread),
        *_ranking(counts, scores, spread),
        *_losses(counts, spread),
        *calibration_metrics(scores, effect=effect, badge=_of_scored(counts)),
    )


def calibration_metrics(
    scores: IntArray | None, *, effect: DesignEffect = INDEPENDENT, badge: str = ""
) -> tuple[Metric, ...]:
    """Return calibration slope, intercept and debiased error of labelled rows by label and bin, (2, SCORE_BINS)."""
    if scores is None or not scores.any():
        return tuple(_undefined(name, "no scores") for name in CALIBRATION)
    spread = _Spread.of(effect)
    found = calibration(scores[1], scores[0], deff=spread.deff, dof=spread.dof)
    n, words = int(scores.sum()), f"logistic regression on the score's logit{spread.words}"
    why = "one class only" if not scores.any(axis=1).all() else "classes that do not overlap, or all scores alike"
    return (
        _metric("calibration_slope", found.slope, n, words, why=why, badge=badge),
        _metric("calibration_intercept", found.intercept, n, words, why=why, badge=badge),
        _metric(
            "calibration_error", found.error, n, "debiased root mean square over groups" + spread.words, badge=badge
        ),
    )


def bare_metrics(given: Mapping[str, float]) -> tuple[Metric, ...]:
    """Return values as somebody wrote them down: without interval, and saying so.

    Examples
    --------
    >>> [metric.badge for metric in bare_metrics({"f1": 0.72})]
    ['a bare value: its uncertainty is unknown']
    """
    badge = "a bare value: its uncertainty is unknown"
    return tuple(Metric(name, value, None, None, 0, "as given", badge) for name, value in given.items())


def _rates(counts: Counts, spread: _Spread) -> tuple[Metric, ...]:
    tp, words = counts.true_positives, spread.words
    predicted, actual = tp + counts.false_positives, tp + counts.false_negatives
    f1 = f1_interval(tp, counts.errors, deff=spread.deff, dof=spread.dof)
    precision = wilson(tp, predicted, deff=spread.deff, dof=spread.dof)
    recall = wilson(tp, actual, deff=spread.deff, dof=spread.dof)
    return (
        _metric("f1", f1, counts.relevant, "Wilson on F*" + words, why="no relevant case"),
        _metric("precision", precision, predicted, "Wilson" + words, why="nothing was predicted positive"),
        _metric("recall", recall, actual, "Wilson" + words, why="nothing was positive"),
    )


def _ranking(counts: Counts, scores: IntArray | None, spread: _Spread) -> tuple[Metric, ...]:
    if scores is None or not scores.any():
        return tuple(_undefined(name, "no scores") for name in RANKING)
    negative, positive = scores
    found = (
        ("roc_auc", binned_roc_auc, "DeLong on the logit scale", "one class only", ""),
        ("average_precision", binned_average_precision, "logit scale", "nothing was positive", "approximate"),
    )
    metrics = []
    for name, compute, words, why, badge in found:
        table = compute(positive, negative, deff=spread.deff, dof=spread.dof)
        interval = Interval(float(table.estimate), float(table.low), float(table.high))
        badges = _joined(badge, _of_scored(counts))
        bound = float(table.error_bound)
        metrics.append(
            _metric(name, interval, int(scores.sum()), words + spread.words, why=why, badge=badges, bound=bound)
        )
    return tuple(metrics)


def _losses(counts: Counts, spread: _Spread) -> tuple[Metric, ...]:
    sums = (
        ("brier", counts.brier, counts.brier_squared, 1.0),
        ("log_loss", counts.log_loss, counts.log_loss_squared, _LARGEST_LOG_LOSS),
    )
    return tuple(
        _metric(
            name,
            mean_interval(
                total / FIXED_POINT,
                squares / FIXED_POINT,
                counts.scored,
                deff=spread.deff,
                dof=spread.dof,
                highest=highest,
            ),
            counts.scored,
            "mean and Student's t" + spread.words,
            why="no scores",
            badge=_of_scored(counts),
        )
        for name, total, squares, highest in sums
    )


def _metric(
    name: str,
    interval: Interval,
    n: int,
    method: str,
    *,
    why: str = "too few rows",
    badge: str = "",
    bound: float = 0.0,
) -> Metric:
    if math.isnan(interval.estimate):
        return Metric(name, None, _finite(interval.low), _finite(interval.high), n, method, f"undefined: {why}")
    return Metric(
        name, float(interval.estimate), _finite(interval.low), _finite(interval.high), n, method, badge, bound
    )


def _undefined(name: str, why: str) -> Metric:
    return Metric(name, None, None, None, 0, "", f"undefined: {why}")


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _of_scored(counts: Counts) -> str:
    if counts.scored in {0, counts.labelled}:
        return ""
    return f"over the {counts.scored / counts.labelled:.0%} of labelled predictions that have a score"


def _joined(*badges: str) -> str:
    return "; ".join(filter(None, badges))
