"""The plain metrics of a table of predicted against actual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.stats.arrays import between

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from monitor_core.stats.arrays import FloatArray

__all__ = ["Rates", "rates"]


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """Arrays of the broadcast shape; NaN where a metric is undefined.

    Attributes
    ----------
    precision
        TP / (TP + FP): undefined when nothing was predicted positive.
    recall
        TP / (TP + FN): undefined when nothing was positive.
    f1
        2 TP / (2 TP + FP + FN): undefined only when nothing was positive or predicted so.
    accuracy
        (TP + TN) / all: undefined without rows.
    """

    precision: FloatArray
    recall: FloatArray
    f1: FloatArray
    accuracy: FloatArray


def rates(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike, tn: ArrayLike) -> Rates:
    """Return precision, recall, F1 and accuracy from counts, any shapes that broadcast.

    Equal to scikit-learn's with ``zero_division=nan``.

    Examples
    --------
    >>> table = rates([3, 0], [1, 0], [1, 0], [5, 4])
    >>> table.precision, table.accuracy
    (array([0.75,  nan]), array([0.8, 1. ]))
    """
    hits, false_alarms = between(tp, "true positives", 0.0), between(fp, "false positives", 0.0)
    misses, rest = between(fn, "false negatives", 0.0), between(tn, "true negatives", 0.0)
    return Rates(
        precision=_share(hits, hits + false_alarms + 0.0 * (misses + rest)),
        recall=_share(hits, hits + misses + 0.0 * (false_alarms + rest)),
        f1=_share(2.0 * hits, 2.0 * hits + false_alarms + misses + 0.0 * rest),
        accuracy=_share(hits + rest, hits + false_alarms + misses + rest),
    )


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    share: FloatArray = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return share
