"""How this room reads counts: cells along the last axis, any number of axes before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FloatArray", "as_counts", "between", "paired_counts", "shares"]

FloatArray: TypeAlias = NDArray[np.float64]


def as_counts(counts: ArrayLike, name: str = "counts") -> FloatArray:
    """Return `counts` as floats, cells along the last axis.

    Raises
    ------
    InvalidInput
        When there is no cell axis, or a count is negative, NaN or infinite.

    Examples
    --------
    >>> as_counts([3, 0, 2])
    array([3., 0., 2.])
    """
    array = np.asarray(counts, dtype=np.float64)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise InvalidInput(f"{name} of shape {array.shape} has no cells", hint="counts lie along the last axis")
    if array.size and not 0.0 <= (lowest := float(array.min())) <= float(array.max()) < np.inf:
        raise InvalidInput(f"{name} holds a value that is not a count (lowest: {lowest})", hint="finite, 0 or more")
    return array


def between(values: ArrayLike, name: str, low: float, high: float = np.inf) -> FloatArray:
    """Return `values` as floats, each from `low` to `high`, both allowed (infinity only if `high` says so).

    Raises
    ------
    InvalidInput
        With the first value that is not, NaN included.

    Examples
    --------
    >>> between([1, 2.5], "design effect", 1)
    array([1. , 2.5])
    """
    array = np.asarray(values, dtype=np.float64)
    wrong = ~((array >= low) & (array <= high)) if np.isfinite(high) else ~((array >= low) & (array < np.inf))
    if wrong.any():
        allowed = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} or more, finite"
        raise InvalidInput(f"{name} {float(array[wrong].flat[0]):g}", hint=allowed)
    return array


def paired_counts(baseline: ArrayLike, current: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return both sides as counts over the same cells; the leading axes broadcast."""
    left, right = as_counts(baseline, "baseline counts"), as_counts(current, "current counts")
    _same_cells(left.shape, right.shape)
    return left, right


def _same_cells(left: Sequence[int], right: Sequence[int]) -> None:
    if left[-1] != right[-1]:
        raise InvalidInput(
            f"baseline has {left[-1]} cells, current has {right[-1]}", hint="count both sides on the same cells"
        )


def shares(counts: ArrayLike) -> FloatArray:
    """Return each cell's share of its row, 0..1.

    Parameters
    ----------
    counts
        Shape (..., cells).

    Returns
    -------
    FloatArray
        Same shape; a row without any count is NaN, because nothing is known about it.

    Examples
    --------
    >>> shares([1, 3])
    array([0.25, 0.75])
    >>> shares([[1, 1], [0, 0]])
    array([[0.5, 0.5],
           [nan, nan]])
    """
    array = as_counts(counts)
    totals = array.sum(axis=-1, keepdims=True)
    parts: FloatArray = np.divide(array, totals, out=np.full_like(array, np.nan), where=totals > 0)
    return parts
