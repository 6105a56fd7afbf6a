"""How much more granules differ from what calibrated scores promise than their rows would by chance.

People come in households, days have moods: the labels of one granule go wrong together. What that does to a granule's
counts is measured on the baseline's own granules, as in `monitor_core.stats.overdispersion`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["MEASURED_FROM", "ExpectedAuc", "GranuleSpread", "Together", "expected_auc", "granule_spread"]

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


@dataclass(frozen=True, slots=True, eq=False)
class GranuleSpread:
    """How much more granules spread than independent rows would, and what not knowing it exactly costs."""

    predicted_positive: Together
    """Of rows that were predicted positive."""
    predicted_negative: Together
    auc: Together
    widening: float
    """Factor of a tolerance interval (Howe 1969): 95 % of granules lie within, with 95 % certainty."""
    granules: int
    """What it was measured on; below 14 nothing is measured and rows are taken as independent."""

    def factor(self, rows: FloatArray, together: Together) -> FloatArray:
        """Return by how much the spread of a granule of so many rows exceeds that of independent ones."""
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
    apart = Together(0.0)
    if granules < MEASURED_FROM:
        return GranuleSpread(apart, apart, apart, 1.0, granules)
    freedom = granules - 1
    widening = np.sqrt(freedom * (1.0 + 1.0 / granules) / special.chdtri(freedom, 1.0 - _SURE))
    parts = (labelled[:, 1], labelled[:, 0], labelled.sum(axis=1))
    found = [measure(part, probability) for measure, part in zip((_of_side, _of_side, _of_auc), parts, strict=True)]
    if are_pieces and max(found) > _SORTED:
        return GranuleSpread(apart, apart, apart, 1.0, granules)
    reaches = [float(part.sum() / granules) if are_pieces else np.inf for part in parts]
    positive, negative, auc = (Together(*each) for each in zip(found, reaches, strict=True))
    return GranuleSpread(positive, negative, auc, float(widening), granules)


def _of_side(labelled: FloatArray, probability: FloatArray) -> float:
    rows = labelled.sum(axis=1)
    missed = (labelled[:, 1] - rows * probability).sum(axis=1)
    return _correlation(missed, rows @ (probability * (1.0 - probability)), rows.sum(axis=1))


def _of_auc(labelled: FloatArray, probability: FloatArray) -> float:
    rows = labelled.sum(axis=1)
    expected = expected_auc(rows, probability)
    negative, positive = labelled[:, 0], labelled[:, 1]
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    won = (positive * (np.cumsum(negative, axis=1) - 0.5 * negative)).sum(axis=1)
    missed = np.divide(won, pairs, out=np.full_like(won, np.nan), where=pairs > 0) - expected.estimate
    known = np.isfinite(missed)
    return _correlation(missed[known], expected.variance[known], rows[known].sum(axis=1))


def _correlation(missed: FloatArray, variance: FloatArray, rows: FloatArray) -> float:
    """Solve sum of missed^2 = sum of variance (1 + (rows - 1) r) for r, from 0 up."""
    weight = (variance * np.maximum(rows - 1.0, 0.0)).sum()
    return float(max((missed @ missed - variance.sum()) / weight, 0.0)) if weight > 0 else 0.0
