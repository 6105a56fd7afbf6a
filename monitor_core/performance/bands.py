"""What labels that are not known yet are expected to show, with a band that their truth should fall into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor_core.errors import InvalidInput
from monitor_core.performance.spread import expected_auc

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from monitor_core.performance.calibrator import Calibrator

__all__ = ["ESTIMATED_METRICS", "Bands", "estimate_bands"]

FloatArray: TypeAlias = NDArray[np.float64]

ESTIMATED_METRICS = ("f1", "precision", "recall", "accuracy", "roc_auc")


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """An estimated metric by window; NaN where it is undefined. The band is for what the labels will show."""

    estimate: FloatArray
    low: FloatArray
    high: FloatArray


def estimate_bands(
    made: ArrayLike, calibrator: Calibrator, metric: str, *, granules: ArrayLike = 1.0, confidence: float = 0.95
) -> Bands:
    """Return what the labels of each window's predictions are expected to show, with a band.

    Parameters
    ----------
    made
        Predictions by predicted label and bin of the score, as in `ScoreCounts.made`: (windows, 2, SCORE_BINS).
    calibrator
        From the baseline.
    metric
        One of `ESTIMATED_METRICS`.
    granules
        How many granules each window holds, (windows,): labels go wrong together within a granule.
    confidence
        Share of windows whose truth the band should hold, if the concept is unchanged.

    Notes
    -----
    Each draw takes one of the calibrator's resampled fits and then labels by chance: a sum of unequal coin flips
    (Poisson-binomial), drawn as the binomial of the same mean and variance, and spread as much further as the
    baseline's granules show (`GranuleSpread`). AUC is drawn to first order about its estimate. Chance has one seed: the
    same counts give the same band, to the bit. Linear in windows x bins x draws; three years of days take half a
    second.
    """
    if metric not in ESTIMATED_METRICS:
        raise InvalidInput(f"an estimate of {metric!r}", hint=f"one of {', '.join(ESTIMATED_METRICS)}")
    counts = np.asarray(made, dtype=np.float64)
    parts = np.broadcast_to(np.asarray(granules, dtype=np.float64), len(counts))
    rng = np.random.default_rng(calibrator.n)
    drawn, estimate = (_auc if metric == "roc_auc" else _counted)(counts, parts, calibrator, metric, rng)
    defined = np.isfinite(drawn).all(axis=1) & np.isfinite(estimate)
    low, high = np.full((2, len(counts)), np.nan)
    if defined.any():
        tail = (1.0 - confidence) / 2.0
        low[defined], high[defined] = np.quantile(drawn[defined], (tail, 1.0 - tail), axis=1)
    return Bands(estimate, low, high)


def _counted(
    made: FloatArray, parts: FloatArray, calibrator: Calibrator, metric: str, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return the metric of drawn labels (windows, draws), and its estimate (windows,)."""
    rows = made.sum(axis=-1)
    spread, chances = calibrator.spread, calibrator.draws
    together = (spread.predicted_negative, spread.predicted_positive)
    hits, misses = (
        _positives(made[:, side], spread.factor(rows[:, side] / parts, together[side]), chances, rng) for side in (1, 0)
    )
    drawn = _metric(metric, hits, misses, rows[:, 1, None], rows[:, 0, None])
    expected = made @ calibrator.probability
    return drawn, _metric(metric, expected[:, 1], expected[:, 0], rows[:, 1], rows[:, 0])


def _positives(made: FloatArray, factor: FloatArray, chances: FloatArray, rng: np.random.Generator) -> FloatArray:
    """How many of the rows turn out positive, (windows, draws); `factor` times as spread as independent rows."""
    rows = made.sum(axis=-1, keepdims=True)
    mean, squares = made @ chances.T, made @ (chances * chances).T
    chance = np.divide(squares, mean, out=np.ones_like(mean), where=mean > 0)
    trials = np.clip(np.rint(np.divide(mean, chance, out=np.zeros_like(mean), where=mean > 0)), np.ceil(mean), rows)
    chance = np.divide(mean, trials, out=np.zeros_like(mean), where=trials > 0)
    drawn = rng.binomial(trials.astype(np.int64), np.minimum(chance, 1.0))
    return np.clip(mean + factor[:, None] * (drawn - mean), 0.0, rows)


def _metric(metric: str, tp: FloatArray, fn: FloatArray, said_yes: FloatArray, said_no: FloatArray) -> FloatArray:
    above, below = {
        "f1": (2 * tp, tp + fn + said_yes),
        "precision": (tp, said_yes + 0 * tp),
        "recall": (tp, tp + fn),
        "accuracy": (tp + said_no - fn, said_yes + said_no + 0 * tp),
    }[metric]
    result: FloatArray = np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
    return result


def _auc(
    made: FloatArray, parts: FloatArray, calibrator: Calibrator, metric: str, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return the same for ROC AUC, to first order about the estimate; `metric` is not needed."""
    del metric
    rows = made.sum(axis=1)
    expected = expected_auc(rows, calibrator.probability)
    moved = expected.gain @ (calibrator.draws - calibrator.probability).T
    spread = np.sqrt(expected.variance) * calibrator.spread.factor(rows.sum(axis=1) / parts, calibrator.spread.auc)
    drawn = expected.estimate[:, None] + moved + spread[:, None] * rng.standard_normal(moved.shape)
    return np.clip(drawn, 0.0, 1.0), expected.estimate
