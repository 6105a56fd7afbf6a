"""From scores to probabilities: what share of the baseline's rows with such a score turned out positive."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from monitor_core.errors import InvalidInput
from monitor_core.performance.series import SCORE_BINS
from monitor_core.performance.spread import GranuleSpread, granule_spread

__all__ = ["Calibrator", "calibrator_of"]

FloatArray: TypeAlias = NDArray[np.float64]
_Fit: TypeAlias = Callable[[FloatArray, FloatArray], FloatArray]

_MIDDLES = (np.arange(SCORE_BINS) + 0.5) / SCORE_BINS
_DRAWS = 500
_HELD_OUT = 0.3
_GROUPS = 20
_RESAMPLED_FROM = 14
_NEEDED = 100
_BETTER = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Calibrator:
    """The probability of a positive label for each bin of scores, and how sure it is."""

    name: str
    """isotonic | beta | none"""
    reason: str
    """Why that one: the error of each on rows it was not fitted on."""
    probability: FloatArray
    """(SCORE_BINS,)"""
    draws: FloatArray
    """(draws, SCORE_BINS): the same from resampled baselines."""
    spread: GranuleSpread
    """How much more granules differ than their rows would by chance."""
    n: int
    """Labelled rows of the baseline that have a score."""


def calibrator_of(labelled: ArrayLike, *, are_pieces: bool = False) -> Calibrator | None:
    """Return the calibrator fitted on a baseline's histogram of scores.

    Isotonic regression is taken, unless a beta calibration (Kull, Silva Filho & Flach 2017) or the scores as they are
    have a calibration error that is smaller by at least 5 % on the last 30 % of the granules (of the rows, drawn
    without replacement, where there are fewer than four granules). It is then fitted on the whole, and for the band
    again on resampled baselines: whole granules from 14 on, single rows below.

    Parameters
    ----------
    labelled
        Rows by predicted label, label and bin, as in `ScoreCounts.labelled`: (granules, 2, 2, SCORE_BINS), granules
        in order of time; (2, 2, SCORE_BINS) where there are none.
    are_pieces
        The granules are pieces of a file in its order (`Pieces`), not those of the model.

    Returns
    -------
    Calibrator or None
        None with fewer than 100 scored rows or only one class: nothing can be learned from those. The same counts
        give the same calibrator, to the bit: chance is seeded by the counts.

    Examples
    --------
    >>> rows = np.zeros((2, 2, 1000))
    >>> rows[0, 0, 100:300], rows[1, 1, 700:900], rows[1, 0, 700:800] = 5, 5, 5
    >>> found = calibrator_of(rows)
    >>> found.name, [round(float(found.probability[at]), 2) for at in (200, 750, 850)]
    ('isotonic', [0.0, 0.5, 1.0])
    """
    by_prediction = _by_granule(labelled)
    counts = by_prediction.sum(axis=1)
    total = counts.sum(axis=0)
    if total.sum() < _NEEDED or not total.sum(axis=-1).all():
        return None
    rng = np.random.default_rng(np.frombuffer(hashlib.sha256(counts.tobytes()).digest(), dtype=np.uint32))
    name, reason = _chosen(*_split(counts, rng))
    fit = _FITS[name]
    probability = fit(*total)
    draws = np.stack([fit(*part) for part in _resampled(counts, rng)])
    spread = granule_spread(by_prediction, probability, are_pieces=are_pieces)
    return Calibrator(name, reason, probability, draws, spread, int(total.sum()))


def _by_granule(labelled: ArrayLike) -> FloatArray:
    """Return the granules with rows, in order: (granules, predicted label, label, bin)."""
    counts = np.asarray(labelled, dtype=np.float64)
    counts = counts[None] if counts.ndim == 3 else counts
    if counts.ndim != 4 or counts.shape[1:] != (2, 2, SCORE_BINS):
        raise InvalidInput(f"histogram of scores of shape {counts.shape}", hint=f"(granules, 2, 2, {SCORE_BINS})")
    return np.ascontiguousarray(counts[counts.any(axis=(1, 2, 3))])


def _chosen(fitted_on: FloatArray, held: FloatArray) -> tuple[str, str]:
    """Return the name of the calibrator, and the reason."""
    errors = {name: _held_out_error(fit, fitted_on, held) for name, fit in _FITS.items()}
    name = next(iter(errors))
    for candidate, error in errors.items():
        name = candidate if error < _BETTER * errors[name] else name
    return name, "error on held-out rows: " + ", ".join(f"{each} {error:.4f}" for each, error in errors.items())


def _split(counts: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return (fitted on, held out), each (label, bin)."""
    if len(counts) >= 4:
        reached = np.cumsum(counts.sum(axis=(1, 2))) / counts.sum()
        first = min(max(int(np.searchsorted(reached, 1.0 - _HELD_OUT)) + 1, 1), len(counts) - 1)
        return counts[:first].sum(axis=0), counts[first:].sum(axis=0)
    total = counts.sum(axis=0)
    held = rng.binomial(total.astype(np.int64), _HELD_OUT).astype(np.float64)
    return total - held, held


def _held_out_error(fit: _Fit, fitted_on: FloatArray, held: FloatArray) -> float:
    """Return the mean distance of probability and observed share over groups of as many held-out rows each."""
    if not (fitted_on.sum() and held.sum()):
        return np.inf
    rows = held.sum(axis=0)
    probability = fit(*fitted_on)
    group = np.minimum((np.cumsum(rows) - rows / 2) / rows.sum() * _GROUPS, _GROUPS - 1).astype(np.int64)
    gap = np.bincount(group, weights=held[1] - rows * probability, minlength=_GROUPS)
    return float(np.abs(gap).sum() / rows.sum())


def _resampled(counts: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return resampled baselines: (draws, label, bin)."""
    if len(counts) >= _RESAMPLED_FROM:
        weights = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=_DRAWS)
        flat = weights.astype(np.float64) @ counts.reshape(len(counts), -1)
        return flat.reshape(_DRAWS, 2, SCORE_BINS)
    return rng.poisson(counts.sum(axis=0), size=(_DRAWS, 2, SCORE_BINS)).astype(np.float64)


def _isotonic(negative: FloatArray, positive: FloatArray) -> FloatArray:
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - needed here only, and slow to import

    rows = negative + positive
    at = np.flatnonzero(rows)
    fitted = isotonic_regression(positive[at] / rows[at], weights=rows[at]).x
    return np.interp(np.arange(SCORE_BINS), at, fitted)


def _beta(negative: FloatArray, positive: FloatArray) -> FloatArray:
    """Logistic regression on ln s and -ln(1 - s), by Newton's method; a slope below 0 is left out."""
    columns = np.stack([np.log(_MIDDLES), -np.log1p(-_MIDDLES), np.ones(SCORE_BINS)], axis=1)
    kept = [0, 1, 2]
    while True:
        weights = _logistic(columns[:, kept], positive, negative + positive)
        below = [place for place, weight in zip(kept, weights, strict=True) if place < 2 and weight < 0]
        if not below:
            return np.asarray(special.expit(columns[:, kept] @ weights), dtype=np.float64)
        kept.remove(min(below, key=lambda place: weights[kept.index(place)]))


def _logistic(columns: FloatArray, positive: FloatArray, rows: FloatArray) -> FloatArray:
    weights = np.zeros(columns.shape[1])
    ridge = 1e-6 * np.eye(columns.shape[1])  # separable rows: the weights stay finite
    for _ in range(50):
        probability = special.expit(columns @ weights)
        slope = columns.T @ (positive - rows * probability) - ridge @ weights
        curve = (columns * (rows * probability * (1.0 - probability))[:, None]).T @ columns + ridge
        step = np.linalg.solve(curve, slope)
        weights += np.clip(step, -5.0, 5.0)
        if np.abs(step).max() < 1e-8:
            break
    return weights


def _as_is(_negative: FloatArray, _positive: FloatArray) -> FloatArray:
    return _MIDDLES.copy()


_FITS: dict[str, _Fit] = {"isotonic": _isotonic, "beta": _beta, "none": _as_is}
