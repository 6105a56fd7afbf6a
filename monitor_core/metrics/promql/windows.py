"""Functions over ranges: every window of every series at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql.errors import ExecutionFailed
from monitor_core.metrics.promql.sums import expanded, means, window_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from monitor_core.metrics.promql.results import Labels

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = ["PARAMETERS", "Some", "Windows", "apply"]


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


def _blocks(windows: Windows, present: NDArray[np.bool_]) -> Iterator[tuple[slice, Some]]:
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


def apply(
    name: str, windows: Windows, parameters: tuple[Floats, ...], *, compat: int, tick: Callable[[], None]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Evaluate a function in every window.

    Parameters
    ----------
    name
        The function.
    windows
        What it works on.
    parameters
        Its scalar arguments, each one number a step.
    compat
        3, or 2 for the way of Prometheus 2.42.
    tick
        Called before each block of windows; ends the query when its time is up.

    Returns
    -------
    tuple
        Values and whether there is one, series x steps.
    """
    needed, function = WINDOW_FUNCTIONS[name]
    present = windows.last - windows.first >= needed
    values = np.full(present.shape, np.nan)
    found = np.empty(int(present.sum()))
    with np.errstate(all="ignore"):
        for block, some in _blocks(windows, present):
            tick()
            found[block] = function(some, parameters, compat)
    values[present] = found
    return values, present


# -- counters ----------------------------------------------------------------------------------------------------------


def _extrapolated(some: Some, compat: int, *, counter: bool, per_second: bool) -> Floats:
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


def _instant_rate(some: Some, *_: object) -> Floats:
    last, before = some.values[some.last - 1], some.values[some.last - 2]
    seconds = (some.stamps[some.last - 1] - some.stamps[some.last - 2]) / 1000
    return np.asarray(np.where(last < before, last, last - before) / seconds)


def _counted(some: Some, marks: NDArray[np.bool_]) -> Floats:
    """How many samples after the first of each window carry a mark."""
    so_far = np.concatenate([[0], np.cumsum(marks)])
    return np.asarray(so_far[some.last - 1] - so_far[some.first], dtype=np.float64)


def _resets(some: Some, *_: object) -> Floats:
    return _counted(some, some.values[1:] < some.values[:-1])


def _changes(some: Some, *_: object) -> Floats:
    now, before = some.values[1:], some.values[:-1]
    return _counted(some, (now != before) & ~(np.isnan(now) & np.isnan(before)))


# -- over time ---------------------------------------------------------------------------------------------------------


def _extreme(some: Some, function: np.ufunc) -> Floats:
    """Largest or smallest of each window; NaN only where nothing else is there."""
    found = np.empty(len(some.first))
    for block, index, begin, _ in expanded(some.first, some.last):
        found[block] = function.reduceat(some.values[index], begin)
    return found


def _variance(some: Some, *_: object) -> Floats:
    found = np.empty(len(some.first))
    centre = means(some.values, some.first, some.last)
    for block, index, begin, end in expanded(some.first, some.last):
        away = some.values[index] - np.repeat(centre[block], end - begin)
        found[block] = window_sums(away * away, begin, end) / (end - begin)
    return found


def _tables(some: Some) -> list[tuple[slice, Floats, Indices]]:
    """Windows as rows of a table, sorted, short ones filled up with NaN at the end; and the lengths."""
    blocks = []
    for block, index, begin, end in expanded(some.first, some.last, most=1_000_000):
        lengths = end - begin
        table = np.full((len(lengths), int(lengths.max())), np.nan)
        table[np.arange(table.shape[1]) < lengths[:, None]] = some.values[index]
        blocks.append((block, table, lengths))
    return blocks


def sorted_quantile(table: Floats, lengths: Indices, q: Floats) -> Floats:
    """Quantile of each row's first `lengths` entries, interpolated; NaN counts as the smallest value.

    Examples
    --------
    >>> sorted_quantile(np.array([[3.0, 1.0, 2.0]]), np.array([3]), np.array([0.5])).tolist()
    [2.0]
    """
    table = np.sort(table, axis=1)
    nans = lengths - np.sum(~np.isnan(table), axis=1)
    rank = np.where(np.isnan(q), 0, np.clip(q, 0, 1)) * (lengths - 1)
    low = np.floor(rank).astype(np.intp)
    high = np.minimum(low + 1, lengths - 1)
    weight = rank - np.floor(rank)
    rows = np.arange(len(table))

    def at(place: Indices) -> Floats:
        there = place >= nans
        return np.asarray(np.where(there, table[rows, np.where(there, place - nans, 0)], np.nan))

    with np.errstate(all="ignore"):
        found = at(low) * (1 - weight) + at(high) * weight
    found = np.where(q < 0, -np.inf, np.where(q > 1, np.inf, found))
    return np.asarray(np.where(np.isnan(q), np.nan, found))


def _quantile(some: Some, parameters: tuple[Floats, ...], _compat: int) -> Floats:
    found = np.empty(len(some.first))
    for block, table, lengths in _tables(some):
        found[block] = sorted_quantile(table, lengths, parameters[0][some.column[block]])
    return found


def _median_deviation(some: Some, *_: object) -> Floats:
    found = np.empty(len(some.first))
    for block, table, lengths in _tables(some):
        half = np.full(len(lengths), 0.5)
        centre = sorted_quantile(table, lengths, half)
        found[block] = sorted_quantile(np.abs(table - centre[:, None]), lengths, half)
    return found


def _moment_of_extreme(some: Some, sign: float) -> Floats:
    """Moment of the last sample that is largest (sign 1) or smallest (sign -1), in seconds."""
    found = np.empty(len(some.first))
    for window, (begin, end) in enumerate(zip(some.first.tolist(), some.last.tolist(), strict=True)):
        values = sign * some.values[begin:end]
        if np.isnan(values).all():
            place = len(values) - 1
        else:
            place = len(values) - 1 - int(np.argmax(np.where(np.isnan(values), -np.inf, values)[::-1]))
        found[window] = some.stamps[begin + place] / 1000
    return found


# -- lines -------------------------------------------------------------------------------------------------------------


def _line(some: Some, origin: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Slope and height at `origin` (milliseconds, one a window) of the least-squares line."""
    slope, height = np.empty(len(some.first)), np.empty(len(some.first))
    for block, index, begin, end in expanded(some.first, some.last):
        count = (end - begin).astype(np.float64)
        x = (some.stamps[index] - np.repeat(origin[block], end - begin)) / 1000
        y = some.values[index]
        sx, sy = window_sums(x, begin, end), window_sums(y, begin, end)
        sxy, sxx = window_sums(x * y, begin, end), window_sums(x * x, begin, end)
        slope[block] = (sxy - sx * sy / count) / (sxx - sx * sx / count)
        height[block] = sy / count - slope[block] * sx / count
        level = y[begin]
        same = np.logical_and.reduceat(y == np.repeat(level, end - begin), begin)
        flat = np.where(np.isinf(level), np.nan, 0.0)
        slope[block] = np.where(same, flat, slope[block])
        height[block] = np.where(same, np.where(np.isinf(level), np.nan, level), height[block])
    return slope, height


def _derivative(some: Some, *_: object) -> Floats:
    return _line(some, some.stamps[some.first])[0]


def _predicted(some: Some, parameters: tuple[Floats, ...], _compat: int) -> Floats:
    slope, height = _line(some, some.all.steps[some.column])
    return np.asarray(slope * parameters[0][some.column] + height)


def _smoothed(some: Some, parameters: tuple[Floats, ...], _compat: int) -> Floats:
    smoothing, trend = (parameter[some.column] for parameter in parameters)
    for name, factor in (("smoothing", smoothing), ("trend", trend)):
        wrong = factor[(factor <= 0) | (factor >= 1)]
        if len(wrong):
            short = "sf" if name == "smoothing" else "tf"
            raise ExecutionFailed(f"invalid {name} factor. Expected: 0 < {short} < 1, got: {wrong[0]:f}")
    lengths = some.last - some.first
    level, slope = some.values[some.first], some.values[some.first + 1] - some.values[some.first]
    before = np.zeros(len(level))
    for position in range(1, int(lengths.max())):
        on = np.flatnonzero(lengths > position)
        scaled = smoothing[on] * some.values[some.first[on] + position]
        if position > 1:
            slope[on] = trend[on] * (level[on] - before[on]) + (1 - trend[on]) * slope[on]
        after = scaled + (1 - smoothing[on]) * (level[on] + slope[on])
        before[on], level[on] = level[on], after
    return level


PARAMETERS = frozenset({"quantile_over_time", "predict_linear", "double_exponential_smoothing", "holt_winters"})
"""Functions with scalar arguments beside the range."""

WINDOW_FUNCTIONS: dict[str, tuple[int, Callable[[Some, tuple[Floats, ...], int], Floats]]] = {
    "rate": (2, lambda some, _, compat: _extrapolated(some, compat, counter=True, per_second=True)),
    "increase": (2, lambda some, _, compat: _extrapolated(some, compat, counter=True, per_second=False)),
    "delta": (2, lambda some, _, compat: _extrapolated(some, compat, counter=False, per_second=False)),
    "irate": (2, _instant_rate),
    "idelta": (2, lambda some, *_: some.values[some.last - 1] - some.values[some.last - 2]),
    "resets": (1, _resets),
    "changes": (1, _changes),
    "sum_over_time": (1, lambda some, *_: window_sums(some.values, some.first, some.last)),
    "avg_over_time": (1, lambda some, *_: means(some.values, some.first, some.last)),
    "count_over_time": (1, lambda some, *_: (some.last - some.first).astype(np.float64)),
    "present_over_time": (1, lambda some, *_: np.ones(len(some.first))),
    "last_over_time": (1, lambda some, *_: some.values[some.last - 1]),
    "first_over_time": (1, lambda some, *_: some.values[some.first]),
    "min_over_time": (1, lambda some, *_: _extreme(some, np.fmin)),
    "max_over_time": (1, lambda some, *_: _extreme(some, np.fmax)),
    "stdvar_over_time": (1, _variance),
    "stddev_over_time": (1, lambda some, *_: np.sqrt(_variance(some))),
    "quantile_over_time": (1, _quantile),
    "mad_over_time": (1, _median_deviation),
    "ts_of_first_over_time": (1, lambda some, *_: some.stamps[some.first] / 1000),
    "ts_of_last_over_time": (1, lambda some, *_: some.stamps[some.last - 1] / 1000),
    "ts_of_max_over_time": (1, lambda some, *_: _moment_of_extreme(some, 1.0)),
    "ts_of_min_over_time": (1, lambda some, *_: _moment_of_extreme(some, -1.0)),
    "deriv": (2, _derivative),
    "predict_linear": (2, _predicted),
    "double_exponential_smoothing": (2, _smoothed),
    "holt_winters": (2, _smoothed),
}
"""Samples a window must have, and what to do with it."""
