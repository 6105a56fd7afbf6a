"""Ranges before each step: every window of every series at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from monitor_core.metrics.promql.results import Labels

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = ["Some", "Windows", "blocks"]


@dataclass(frozen=True, slots=True)
class Windows:
    """The samples in the range before each step, of each series.

    Attributes
    ----------
    labels
        One entry a series.
    unnamed
        As in `Frame`.
    stamps, values
        All samples of all series, one series after the other, stale markers left out.
    first, last
        series x steps: the window is ``values[first:last]``.
    ends
        The end of the window of each step, milliseconds.
    steps
        The moments of the question, milliseconds.
    range_ms
        The length of a window.
    """

    labels: list[Labels]
    unnamed: NDArray[np.bool_]
    stamps: NDArray[np.int64]
    values: Floats
    first: Indices
    last: Indices
    ends: NDArray[np.int64]
    steps: NDArray[np.int64]
    range_ms: int


@dataclass(frozen=True, slots=True)
class Some:
    """A block of windows that have enough samples, and the samples they cover.

    Attributes
    ----------
    stamps, values
        The samples.
    first, last
        Bounds of each window among them.
    column
        The step of each window.
    all
        Where they were taken from.
    """

    stamps: NDArray[np.int64]
    values: Floats
    first: Indices
    last: Indices
    column: Indices
    all: Windows


BLOCK = 16_384
"""Windows handled at once: what is computed in between stays in the processor's cache."""
BLOCK_SAMPLES = 4_000_000
"""Samples in them, each counted as often as windows cover it."""


def blocks(windows: Windows, present: NDArray[np.bool_]) -> Iterator[tuple[slice, Some]]:
    """Give the windows marked, a block at a time: which they are among those marked, and what they cover."""
    column = np.broadcast_to(np.arange(present.shape[1]), present.shape)[present]
    first, last = windows.first[present], windows.last[present]
    covered = np.cumsum(last - first)
    begin = 0
    while begin < len(column):
        before = covered[begin - 1] if begin else 0
        full = int(np.searchsorted(covered, before + BLOCK_SAMPLES, side="right"))
        block = slice(begin, max(begin + 1, min(begin + BLOCK, full)))
        begin = block.stop
        low, high = int(first[block].min()), int(last[block].max())
        stamps, values = windows.stamps[low:high], windows.values[low:high]
        yield block, Some(stamps, values, first[block] - low, last[block] - low, column[block], windows)
