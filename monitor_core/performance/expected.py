"""Performance without labels: what the scores promise, if they still mean what they meant in the baseline.

Confidence-based performance estimation (Białek et al., arXiv 2401.08348): with calibrated probabilities p and predicted
labels, E[TP] = sum of p over predicted positives, and so on. It is blind to a change of the concept itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["ExpectedCounts", "cbpe"]


@dataclass(frozen=True, slots=True)
class ExpectedCounts:
    """Counts to be expected; fractions of rows are possible. Ratios are None where their denominator is 0."""

    true_positives: float
    false_positives: float
    false_negatives: float
    true_negatives: float

    @property
    def f1(self) -> float | None:
        """2 TP / (2 TP + FP + FN)."""
        return _ratio(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)

    @property
    def precision(self) -> float | None:
        """TP / (TP + FP)."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float | None:
        """TP / (TP + FN)."""
        return _ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def accuracy(self) -> float | None:
        """(TP + TN) / all."""
        right = self.true_positives + self.true_negatives
        return _ratio(right, right + self.false_positives + self.false_negatives)


def cbpe(probability: ArrayLike, predicted: ArrayLike) -> ExpectedCounts:
    """Return the counts to be expected of predictions whose labels are not known.

    Parameters
    ----------
    probability
        Calibrated probability that the label is 1, shape (rows,), within 0..1.
    predicted
        Predicted label, 0 or 1, shape (rows,).

    Returns
    -------
    ExpectedCounts
        All 0 for no rows.

    Raises
    ------
    InvalidInput
        For shapes that differ, a probability outside 0..1 or NaN, a predicted label that is neither 0 nor 1.

    Notes
    -----
    Only as good as the calibration, and only "if the concept is unchanged": when the same inputs come to be labelled
    otherwise, nothing here can see it.

    Examples
    --------
    >>> counts = cbpe([0.9, 0.8, 0.3, 0.1], [1, 1, 0, 0])
    >>> [round(value, 2) for value in (counts.true_positives, counts.false_positives, counts.false_negatives)]
    [1.7, 0.3, 0.4]
    >>> round(counts.f1, 4)
    0.8293
    """
    p, positive = np.asarray(probability, dtype=np.float64), np.asarray(predicted)
    if p.ndim != 1 or p.shape != positive.shape:
        raise InvalidInput(f"probabilities of shape {p.shape}, predictions of {positive.shape}", hint="one list each")
    if not np.all((p >= 0) & (p <= 1)):
        raise InvalidInput(f"probability {p[~((p >= 0) & (p <= 1))][0]}", hint="within 0..1")
    if not np.isin(positive, (0, 1)).all():
        raise InvalidInput(f"predicted label {positive[~np.isin(positive, (0, 1))][0]!r}", hint="0 or 1")
    said_yes = positive.astype(np.float64)
    return ExpectedCounts(
        float(p @ said_yes), float((1 - p) @ said_yes), float(p @ (1 - said_yes)), float((1 - p) @ (1 - said_yes))
    )


def _ratio(above: float, below: float) -> float | None:
    return above / below if below > 0 else None
