"""Means of losses (Brier score, log loss) from their sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monitor_core.stats.arrays import between
from monitor_core.stats.intervals import Interval, quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from monitor_core.stats.arrays import FloatArray

__all__ = ["mean_interval", "mean_intervals"]


def mean_interval(
    total: float,
    squares: float,
    n: float,
    *,
    confidence: float = 0.95,
    deff: float = 1.0,
    dof: float | None = None,
    highest: float = np.inf,
) -> Interval:
    """Return a mean loss with its interval: mean and Student's t.

    Parameters
    ----------
    total, squares
        Sum of the losses and of their squares, 0 or more.
    n
        Rows.
    confidence, deff, dof
        As for `wilson`; with fewer than `dof` + 1 rows their number decides.
    highest
        The largest loss there is (1 for the Brier score), where the interval ends.

    Returns
    -------
    Interval
        Without rows NaN, with one row its loss; both [0, highest].

    Examples
    --------
    >>> result = mean_interval(20.0, 12.0, 40, highest=1.0)
    >>> result.estimate, round(result.low, 4), round(result.high, 4)
    (0.5, 0.4276, 0.5724)
    """
    arrays = mean_intervals(total, squares, n, confidence=confidence, deff=deff, dof=dof, highest=highest)
    return Interval(*(float(array) for array in arrays))


def mean_intervals(
    total: ArrayLike,
    squares: ArrayLike,
    n: ArrayLike,
    *,
    confidence: float = 0.95,
    deff: ArrayLike = 1.0,
    dof: ArrayLike | None = None,
    highest: float = np.inf,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return `mean_interval` for many windows at once: estimate, low and high of the broadcast shape.

    Examples
    --------
    >>> estimate, low, high = mean_intervals([20.0, 0.0], [12.0, 0.0], [40, 0], highest=1.0)
    >>> estimate, high.round(4)
    (array([0.5, nan]), array([0.5724, 1.    ]))
    """
    sums, second = between(total, "sum of losses", 0.0), between(squares, "sum of squared losses", 0.0)
    rows, effect = between(n, "rows", 0.0), between(deff, "design effect", 1.0)
    some = np.maximum(rows, 1.0)
    mean = sums / some
    # Rounding may leave a hair below 0 where all losses are alike.
    variance = np.maximum(second - sums * mean, 0.0) / np.maximum(rows - 1.0, 1.0)
    freedom = np.minimum(np.inf if dof is None else np.asarray(dof, dtype=np.float64), np.maximum(rows - 1.0, 1.0))
    reach = quantile(confidence, freedom) * np.sqrt(variance * effect / some)
    known = rows > 1.0
    low, high = np.maximum(mean - reach, 0.0), np.minimum(mean + reach, highest)
    estimate = np.where(rows > 0.0, mean, np.nan)
    return estimate + 0.0 * reach, np.where(known, low, 0.0), np.where(known, high, highest)
