"""Functions of counters over ranges: rates, resets, changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql.sums import window_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor_core.metrics.promql.windows import Some

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = ["changes", "extrapolated", "instant_rate", "resets"]


def extrapolated(some: Some, compat: int, *, counter: bool, per_second: bool) -> Floats:
    """Give what `rate`, `increase` and `delta` say: the change from first to last sample, drawn out to both ends."""
    first, last = some.first, some.last - 1
    begin, end = some.values[first], some.values[last]
    change = end - begin
    if counter:
        change = change + _lost_in_resets(some)
    ends = some.all.ends[some.column]
    to_start = (some.stamps[first] - (ends - some.all.range_ms)) / 1000
    to_end = (ends - some.stamps[last]) / 1000
    sampled = (some.stamps[last] - some.stamps[first]) / 1000
    average = sampled / (last - first)
    threshold = average * 1.1
    to_zero = np.where((change > 0) & (begin >= 0), sampled * (begin / change), np.inf) if counter else np.inf
    if compat == 3:
        to_start = np.where(to_start >= threshold, average / 2, to_start)
        to_start = np.where(to_zero < to_start, to_zero, to_start)
    else:
        to_start = np.where(to_zero < to_start, to_zero, to_start)
        to_start = np.where(to_start < threshold, to_start, average / 2)
    to_end = np.where(to_end >= threshold, average / 2, to_end)
    factor = (sampled + to_start + to_end) / sampled
    if per_second:
        factor = factor / (some.all.range_ms / 1000)
    return np.asarray(change * factor)


def _lost_in_resets(some: Some) -> Floats:
    """Sum, over each window, what a counter had reached before each time it fell."""
    falls = np.flatnonzero(some.values[1:] < some.values[:-1]) + 1
    lost = np.zeros(len(some.first))
    if not len(falls):
        return lost
    begin = np.searchsorted(falls, some.first, side="right")
    end = np.searchsorted(falls, some.last - 1, side="right")
    hit = np.flatnonzero(end > begin)
    lost[hit] = window_sums(some.values[falls - 1], begin[hit], end[hit])
    return lost


def instant_rate(some: Some, *_: object) -> Floats:
    """Give the rate between the last two samples."""
    last, before = some.values[some.last - 1], some.values[some.last - 2]
    seconds = (some.stamps[some.last - 1] - some.stamps[some.last - 2]) / 1000
    return np.asarray(np.where(last < before, last, last - before) / seconds)


def _counted(some: Some, marks: NDArray[np.bool_]) -> Floats:
    """How many samples after the first of each window carry a mark."""
    so_far = np.concatenate([[0], np.cumsum(marks)])
    return np.asarray(so_far[some.last - 1] - so_far[some.first], dtype=np.float64)


def resets(some: Some, *_: object) -> Floats:
    """Count how often a value fell."""
    return _counted(some, some.values[1:] < some.values[:-1])


def changes(some: Some, *_: object) -> Floats:
    """Count how often a value became another; NaN after NaN is none."""
    now, before = some.values[1:], some.values[:-1]
    return _counted(some, (now != before) & ~(np.isnan(now) & np.isnan(before)))
