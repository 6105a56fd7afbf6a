"""Functions over ranges, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql.counters import changes, extrapolated, instant_rate, resets
from monitor_core.metrics.promql.lines import derivative, predicted, smoothed
from monitor_core.metrics.promql.sums import expanded, means, window_sums
from monitor_core.metrics.promql.windows import blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from monitor_core.metrics.promql.windows import Some, Windows

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = ["WINDOW_FUNCTIONS", "apply", "sorted_quantile"]


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
        for block, some in blocks(windows, present):
            tick()
            found[block] = function(some, parameters, compat)
    values[present] = found
    return values, present


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


WINDOW_FUNCTIONS: dict[str, tuple[int, Callable[[Some, tuple[Floats, ...], int], Floats]]] = {
    "rate": (2, lambda some, _, compat: extrapolated(some, compat, counter=True, per_second=True)),
    "increase": (2, lambda some, _, compat: extrapolated(some, compat, counter=True, per_second=False)),
    "delta": (2, lambda some, _, compat: extrapolated(some, compat, counter=False, per_second=False)),
    "irate": (2, instant_rate),
    "idelta": (2, lambda some, *_: some.values[some.last - 1] - some.values[some.last - 2]),
    "resets": (1, resets),
    "changes": (1, changes),
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
    "deriv": (2, derivative),
    "predict_linear": (2, predicted),
    "double_exponential_smoothing": (2, smoothed),
    "holt_winters": (2, smoothed),
}
"""Samples a window must have, and what to do with it."""
