"""Sums that do not lose small numbers beside large ones (Neumaier), over many windows or groups at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = ["add", "expanded", "group_sums", "means", "window_sums"]

PIECE = 256
"""Longer windows are summed in pieces of this length, side by side."""


def add(total: Floats, error: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Add a value to each running sum and what rounding took from it to the error."""
    with np.errstate(all="ignore"):
        after = total + value
        lost = np.where(np.abs(total) >= np.abs(value), (total - after) + value, (value - after) + total)
        error = np.where(np.isinf(after), 0.0, error + lost)
    return after, error


def _running(values: Floats, first: Indices, last: Indices) -> tuple[Floats, Floats]:
    """Sum and rounding error of values[first:last] for each pair."""
    lengths = last - first
    longest = int(lengths.max(initial=0))
    if longest > PIECE:
        return _in_pieces(values, first, lengths)
    order = np.argsort(-lengths, kind="stable")
    starts, ordered = first[order], lengths[order]
    total, error = np.zeros(len(first)), np.zeros(len(first))
    active = np.searchsorted(-ordered, -np.arange(longest), side="left")
    for position, many in enumerate(active.tolist()):
        value = values[starts[:many] + position]
        total[:many], error[:many] = add(total[:many], error[:many], value)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return total[back], error[back]


def _in_pieces(values: Floats, first: Indices, lengths: Indices) -> tuple[Floats, Floats]:
    pieces = np.maximum(1, -(-lengths // PIECE))
    owner = np.repeat(np.arange(len(first)), pieces)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    starts = first[owner] + number * PIECE
    ends = np.minimum(starts + PIECE, (first + lengths)[owner])
    totals, errors = _running(values, starts, ends)
    both = np.stack([totals, errors], axis=1).ravel()
    end = 2 * np.cumsum(pieces)
    return _running(both, end - 2 * pieces, end)


def window_sums(values: Floats, first: Indices, last: Indices) -> Floats:
    """Give the sum of ``values[first:last]`` for each pair of bounds.

    Examples
    --------
    >>> window_sums(np.array([1.0, 1e100, 1.0, -1e100]), np.array([0]), np.array([4])).tolist()
    [2.0]
    """
    total, error = _running(values, first, last)
    with np.errstate(all="ignore"):
        return np.where(np.isinf(total), total, total + error)


def means(values: Floats, first: Indices, last: Indices) -> Floats:
    """Give the mean of ``values[first:last]`` for each pair of bounds, also where the sum is too large for a double."""
    count = (last - first).astype(np.float64)
    total, error = _running(values, first, last)
    with np.errstate(all="ignore"):
        found = total / count + error / count
        over = np.flatnonzero(np.isinf(total))
        for window in over.tolist():
            begin, end = first[window], last[window]
            found[window] = float(np.sum(values[begin:end] / count[window]))
    return found


def expanded(first: Indices, last: Indices, most: int = 4_000_000) -> Iterator[tuple[slice, Indices, Indices, Indices]]:
    """Give, for blocks of windows, the index of every sample and the bounds of each window among them.

    Yields
    ------
    tuple
        Which windows; index of each of their samples; where each window begins and ends in that index.
    """
    lengths = last - first
    ends = np.cumsum(lengths)
    begin = 0
    while begin < len(first):
        before = ends[begin - 1] if begin else 0
        stop = max(begin + 1, int(np.searchsorted(ends, before + most, side="right")))
        block = lengths[begin:stop]
        inner = ends[begin:stop] - before
        index = np.arange(inner[-1]) + np.repeat(first[begin:stop] - (inner - block), block)
        yield slice(begin, stop), index, inner - block, inner
        begin = stop


def group_sums(values: Floats, present: NDArray[np.bool_], groups: Indices, many: int) -> tuple[Floats, Floats]:
    """Sum series x steps into groups x steps, leaving out what is not present; also the rounding error."""
    total, error = np.zeros((many, values.shape[1])), np.zeros((many, values.shape[1]))
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    begins = np.searchsorted(ordered, np.arange(many))
    number = np.arange(len(order)) - begins[ordered]
    for position in range(int(number.max(initial=-1)) + 1):
        rows = order[number == position]
        into = groups[rows]
        value = np.where(present[rows], values[rows], 0.0)
        total[into], error[into] = add(total[into], error[into], value)
    return total, error
