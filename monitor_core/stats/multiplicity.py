"""Many features judged at once: p-values adjusted for the false discovery rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from monitor_core.stats.arrays import FloatArray

__all__ = ["benjamini_hochberg", "benjamini_yekutieli"]


def benjamini_hochberg(p: ArrayLike) -> FloatArray:
    """Adjust p-values so that ``adjusted <= q`` keeps the expected share of false finds below q.

    Parameters
    ----------
    p
        p-values of the features judged together, shape (..., features); each row is adjusted by itself.
        NaN means "not tested": it stays NaN and does not count as a test.

    Returns
    -------
    FloatArray
        Same shape and order, 0..1, never below `p`.

    Raises
    ------
    InvalidInput
        When a value lies outside 0..1.

    Notes
    -----
    Holds for independent and for positively dependent tests; for any dependence use
    `benjamini_yekutieli`. Benjamini & Hochberg (1995).

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.5]).round(4)
    array([0.04  , 0.0533, 0.0533, 0.5   ])
    """
    return _step_up(p, factor=np.ones_like)


def benjamini_yekutieli(p: ArrayLike) -> FloatArray:
    """Adjust like `benjamini_hochberg`, at a price that holds under any dependence between the features.

    The price is the harmonic number 1 + 1/2 + ... + 1/tests. Benjamini & Yekutieli (2001).

    Examples
    --------
    >>> benjamini_yekutieli([0.01, 0.04]).round(4)
    array([0.03, 0.06])
    """
    return _step_up(p, factor=_harmonic)


def _step_up(p: ArrayLike, *, factor: Callable[[FloatArray], FloatArray]) -> FloatArray:
    values = np.asarray(p, dtype=np.float64)
    if np.any((values < 0.0) | (values > 1.0)):
        raise InvalidInput("a p-value lies outside 0..1", hint="NaN means not tested")
    rows = values.reshape(1, -1) if values.ndim < 2 else values
    tests = np.sum(~np.isnan(rows), axis=-1, keepdims=True).astype(np.float64)
    order = np.argsort(rows, axis=-1, kind="stable")  # NaN sorts last
    ranked = np.take_along_axis(rows, order, axis=-1)
    scaled = ranked * factor(tests) * tests / np.arange(1.0, rows.shape[-1] + 1.0)
    # fmin carries the smallest value from the right through the NaN at the end.
    smallest = np.fmin.accumulate(scaled[..., ::-1], axis=-1)[..., ::-1]
    adjusted = np.empty_like(rows)
    np.put_along_axis(adjusted, order, np.where(np.isnan(ranked), np.nan, np.minimum(smallest, 1.0)), axis=-1)
    return adjusted.reshape(values.shape)


def _harmonic(tests: FloatArray) -> FloatArray:
    most = int(tests.max(initial=0.0))
    sums = np.concatenate([[1.0], np.cumsum(1.0 / np.arange(1.0, most + 1.0))])
    return np.asarray(sums[tests.astype(np.intp)], dtype=np.float64)
