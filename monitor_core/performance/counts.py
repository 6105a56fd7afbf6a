"""What is counted of labelled predictions: integers that add up over days, segments and corrections."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["FIXED_POINT", "Counts"]

FIXED_POINT = 2**30
"""Sums of losses are kept as integers in units of 1 / FIXED_POINT, so that they are the same in any order."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What is known about a set of predictions: added for a window, subtracted for a change.

    Examples
    --------
    >>> day = Counts(predictions=10, true_positives=3, false_positives=1, false_negatives=1, true_negatives=2)
    >>> day.labelled, day.relevant, (day + day).predictions
    (7, 5, 20)
    """

    predictions: int = 0
    """Predictions made, labelled or not."""
    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    true_negatives: int = 0
    scored: int = 0
    """Labelled predictions that have a score (a probability); the sums below are over these."""
    brier: int = 0
    """Sum of (score - label)**2, in units of 1 / `FIXED_POINT`."""
    brier_squared: int = 0
    log_loss: int = 0
    """Sum of -log(score given to what happened), scores clipped to [1e-15, 1 - 1e-15]."""
    log_loss_squared: int = 0
    corrections: int = 0
    """Rows whose label or prediction was replaced by a later event."""

    @property
    def labelled(self) -> int:
        """Predictions whose label is known."""
        return self.true_positives + self.false_positives + self.false_negatives + self.true_negatives

    @property
    def errors(self) -> int:
        """Relevant cases that went wrong: false positives and false negatives."""
        return self.false_positives + self.false_negatives

    @property
    def relevant(self) -> int:
        """Cases that F1 rests on: everything but the true negatives."""
        return self.true_positives + self.errors

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __sub__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))
