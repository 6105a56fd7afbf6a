"""Fewer points, same story: long series lose points but never a spike."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["thin"]


def thin(values: NDArray[np.float64], limit: int) -> NDArray[np.intp]:
    """Return ascending positions of at most `limit` values that keep the shape of the series.

    Each of ``(limit - 2) // 2`` stretches keeps its minimum and maximum, and the first and last value stay, so
    the global extremes survive. Missing values (NaN) are kept only in a stretch that holds nothing else.

    Parameters
    ----------
    values
        The series, shape (n,).
    limit
        Points to keep, at least 4.

    Examples
    --------
    >>> thin(np.array([0.0, 0.0, 9.0, 0.0, 0.0, 0.0, -9.0, 0.0]), 6)
    array([0, 2, 4, 6, 7])
    """
    n = len(values)
    if n <= limit:
        return np.arange(n, dtype=np.intp)
    bounds = np.linspace(0, n, (limit - 2) // 2 + 1).astype(np.intp)
    kept = {0, n - 1}
    for start, stop in pairwise(bounds):
        stretch = values[start:stop]
        if np.isnan(stretch).all():
            kept.add(int(start))
            continue
        kept.add(int(start) + int(np.nanargmin(stretch)))
        kept.add(int(start) + int(np.nanargmax(stretch)))
    return np.array(sorted(kept), dtype=np.intp)
