"""What labels that are not known yet are expected to show, with a band that their truth should fall into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor_core.errors import InvalidInput
from monitor_core.performance.spread import expected_auc, metric_of

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
    centre, drawn, estimate = (_auc if metric == "roc_auc" else _counted)(counts, calibrator, metric, rng)
    factor = calibrator.spread.factor(counts.sum(axis=(1, 2)) / parts, metric)
    drawn = np.clip(centre + factor[:, None] * (drawn - centre), 0.0, 1.0)
    defined = np.isfinite(drawn).all(axis=1) & np.isfinite(estimate)
    low, high = np.full((2, len(counts)), np.nan)
    if defined.any():
        tail = (1.0 - confidence) / 2.0
        low[defined], high[defined] = np.quantile(drawn[defined], (tail, 1.0 - tail), axis=1)
    return Bands(estimate, low, high)


_Drawn: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]
"""Metric expected under each drawn calibration and metric of drawn labels, (windows, draws); estimate, (windows,)."""


def _counted(made: FloatArray, calibrator: Calibrator, metric: str, rng: np.random.Generator) -> _Drawn:
    rows, draws = made.sum(axis=-1), calibrator.draws
    no, yes = (made[:, side] @ draws.T for side in (0, 1))
    fn, tp = (_positives(made[:, side], mean, draws, rng) for side, mean in ((0, no), (1, yes)))
    said_no, said_yes = rows[:, 0, None], rows[:, 1, None]
    expected = made @ calibrator.probability
    estimate = metric_of(metric, expected[:, 1], expected[:, 0], rows[:, 1], rows[:, 0])
    return metric_of(metric, yes, no, said_yes, said_no), metric_of(metric, tp, fn, said_yes, said_no), estimate


def _positives(made: FloatArray, mean: FloatArray, draws: FloatArray, rng: np.random.Generator) -> FloatArray:
    """How many of the rows turn out positive, (windows, draws)."""
    rows = made.sum(axis=-1, keepdims=True)
    chance = np.divide(made @ (draws * draws).T, mean, out=np.ones_like(mean), where=mean > 0)
    trials = np.clip(np.rint(np.divide(mean, chance, out=np.zeros_like(mean), where=mean > 0)), np.ceil(mean), rows)
    chance = np.divide(mean, trials, out=np.zeros_like(mean), where=trials > 0)
    return rng.binomial(trials.astype(np.int64), np.minimum(chance, 1.0)).astype(np.float64)


def _auc(made: FloatArray, calibrator: Calibrator, metric: str, rng: np.random.Generator) -> _Drawn:
    del metric
    expected = expected_auc(made.sum(axis=1), calibrator.probability)
    moved = expected.gain @ (calibrator.draws - calibrator.probability).T
    centre = expected.estimate[:, None] + moved
    spread = np.sqrt(expected.variance)[:, None] * rng.standard_normal(moved.shape)
    return centre, centre + spread, expected.estimate
