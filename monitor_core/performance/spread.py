"""How much more granules differ from what calibrated scores promise than their rows would by chance.

People come in households, days have moods: the labels of one granule go wrong together. What that does to a granule's
counts is measured on the baseline's own granules, as in `monitor_core.stats.overdispersion`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "APART",
    "MEASURED_FROM",
    "ExpectedAuc",
    "GranuleSpread",
    "Together",
    "expected_auc",
    "granule_spread",
    "metric_of",
]

FloatArray: TypeAlias = NDArray[np.float64]

MEASURED_FROM = 14
"""Granules from which it is measured how much they differ."""
_SURE = 0.05
_SORTED = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """How much the labels of two rows go wrong together."""

    correlation: float
    """0 or more."""
    reach: float = np.inf
    """Among so many rows; infinite: among all rows of a granule, however many."""


APART = Together(0.0)
"""Rows that are independent."""


@dataclass(frozen=True, slots=True, eq=False)
class GranuleSpread:
    """How much more granules spread than independent rows would, and what not knowing it exactly costs."""

    together: Mapping[str, Together]
    """By metric: what goes wrong together may cancel out in one and add up in another."""
    widening: float
    """Factor of a tolerance interval (Howe 1969): 95 % of granules lie within, with 95 % certainty."""
    granules: int
    """What it was measured on; below 14 nothing is measured and rows are taken as independent."""

    def factor(self, rows: FloatArray, metric: str) -> FloatArray:
        """Return by how much the spread of a granule of so many rows exceeds that of independent ones."""
        together = self.together.get(metric, APART)
        others = np.maximum(np.minimum(rows, together.reach) - 1.0, 0.0)
        return np.asarray(self.widening * np.sqrt(1.0 + others * together.correlation))


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedAuc:
    """ROC AUC to be expected of granules, to first order in what each row's label may be."""

    estimate: FloatArray
    """(granules,); NaN without rows of both classes."""
    gain: FloatArray
    """(granules, bins): what it gains when all rows of the bin turn positive that were not expected to."""
    variance: FloatArray
    """(granules,): from independent rows."""


def expected_auc(rows: FloatArray, probability: FloatArray) -> ExpectedAuc:
    """Return the AUC that rows by bin (granules, bins) show if labels fall as `probability` (bins,) says."""
    positive, negative = rows * probability, rows * (1.0 - probability)
    n_positive, n_negative = (side.sum(axis=1, keepdims=True) for side in (positive, negative))
    one_class = (n_positive <= 0) | (n_negative <= 0)
    n_positive, n_negative = (np.where(one_class, np.nan, side) for side in (n_positive, n_negative))
    pairs = n_positive * n_negative
    beaten = np.cumsum(negative, axis=1) - 0.5 * negative
    beating = n_positive - np.cumsum(positive, axis=1) + 0.5 * positive
    estimate = (positive * beaten).sum(axis=1, keepdims=True) / pairs
    one = (beaten - beating) / pairs - estimate * (1.0 / n_positive - 1.0 / n_negative)
    return ExpectedAuc(estimate[:, 0], one * rows, (one * one * rows) @ (probability * (1.0 - probability)))


def metric_of(metric: str, tp: FloatArray, fn: FloatArray, said_yes: FloatArray, said_no: FloatArray) -> FloatArray:
    """Return a metric of positives among rows predicted positive and negative; NaN where it is undefined.

    Examples
    --------
    >>> parts = [np.array([value]) for value in (6.0, 2.0, 10.0, 10.0)]
    >>> [metric_of(name, *parts).round(3).tolist() for name in ("f1", "precision", "recall", "accuracy")]
    [[0.667], [0.6], [0.75], [0.7]]
    """
    above, below = {
        "f1": (2 * tp, tp + fn + said_yes),
        "precision": (tp, said_yes + 0 * tp),
        "recall": (tp, tp + fn),
        "accuracy": (tp + said_no - fn, said_yes + said_no + 0 * tp),
    }[metric]
    return _over(above, below, np.nan)


def granule_spread(labelled: FloatArray, probability: FloatArray, *, are_pieces: bool = False) -> GranuleSpread:
    """Measure it on a baseline: rows by predicted label, label and bin, (granules, 2, 2, bins).

    Parameters
    ----------
    are_pieces
        The granules are pieces of a file: then rows of one granule to come go together as far as a piece reaches, not
        all of them. A correlation above .1 is none (the file is sorted by its labels), and nothing is measured.

    Examples
    --------
    >>> granule_spread(np.ones((1, 2, 2, 1000)), np.full(1000, 0.5)).widening
    1.0
    """
    granules = len(labelled)
    if granules < MEASURED_FROM:
        return GranuleSpread({}, 1.0, granules)
    freedom = granules - 1
    widening = np.sqrt(freedom * (1.0 + 1.0 / granules) / special.chdtri(freedom, 1.0 - _SURE))
    rows = labelled.sum(axis=(1, 2, 3))
    missed = {**_of_counts(labelled, probability), "roc_auc": _of_auc(labelled.sum(axis=1), probability)}
    found = {metric: _correlation(*each, rows) for metric, each in missed.items()}
    if are_pieces and max(found.values()) > _SORTED:
        return GranuleSpread({}, 1.0, granules)
    reach = float(rows.mean()) if are_pieces else np.inf
    return GranuleSpread({name: Together(each, reach) for name, each in found.items()}, float(widening), granules)


_Missed: TypeAlias = tuple[FloatArray, FloatArray]
"""By how much each granule missed its estimate, and the variance of that if rows were independent."""


def _of_counts(labelled: FloatArray, probability: FloatArray) -> dict[str, _Missed]:
    """Metrics made of counts; the variance to first order about what is expected."""
    rows = labelled.sum(axis=2)
    said_no, said_yes = rows.sum(axis=2).T
    fn, tp = (rows @ probability).T
    true_fn, true_tp = labelled[:, :, 1].sum(axis=2).T
    fn_variance, tp_variance = (rows @ (probability * (1.0 - probability))).T
    relevant, actual = tp + fn + said_yes, tp + fn
    slopes = {  # by true positives, by false negatives
        "f1": (_over(2.0 * (fn + said_yes), relevant**2), _over(-2.0 * tp, relevant**2)),
        "precision": (_over(np.ones_like(tp), said_yes), np.zeros_like(tp)),
        "recall": (_over(fn, actual**2), _over(-tp, actual**2)),
        "accuracy": (_over(np.ones_like(tp), said_yes + said_no), _over(-np.ones_like(tp), said_yes + said_no)),
    }
    found = {}
    for metric, (by_tp, by_fn) in slopes.items():
        truth, estimate = (metric_of(metric, *parts, said_yes, said_no) for parts in ((true_tp, true_fn), (tp, fn)))
        found[metric] = (truth - estimate, by_tp**2 * tp_variance + by_fn**2 * fn_variance)
    return found


def _of_auc(labelled: FloatArray, probability: FloatArray) -> _Missed:
    expected = expected_auc(labelled.sum(axis=1), probability)
    negative, positive = labelled[:, 0], labelled[:, 1]
    won = (positive * (np.cumsum(negative, axis=1) - 0.5 * negative)).sum(axis=1)
    missed = _over(won, positive.sum(axis=1) * negative.sum(axis=1), np.nan) - expected.estimate
    return missed, expected.variance


def _correlation(missed: FloatArray, variance: FloatArray, rows: FloatArray) -> float:
    """Solve sum of missed^2 = sum of variance (1 + (rows - 1) r) for r, from 0 up.

    Each granule counts by its variance: else the small ones, which vary most, would decide.
    """
    known = np.isfinite(missed) & (variance > 0)
    squares, others = missed[known] ** 2 / variance[known], np.maximum(rows[known] - 1.0, 0.0)
    return float(max((squares - 1.0).sum() / others.sum(), 0.0)) if others.sum() > 0 else 0.0


def _over(above: FloatArray, below: FloatArray, otherwise: float = 0.0) -> FloatArray:
    result: FloatArray = np.divide(above, below, out=np.full(below.shape, otherwise), where=below > 0)
    return result
