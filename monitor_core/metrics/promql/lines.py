"""Lines through the samples of a range, and smoothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql.errors import ExecutionFailed
from monitor_core.metrics.promql.sums import expanded, window_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor_core.metrics.promql.windows import Some

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = ["derivative", "predicted", "smoothed"]


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


def derivative(some: Some, *_: object) -> Floats:
    """Give the slope a second."""
    return _line(some, some.stamps[some.first])[0]


def predicted(some: Some, parameters: tuple[Floats, ...], _compat: int) -> Floats:
    """Give the height of the line so many seconds after the step."""
    slope, height = _line(some, some.all.steps[some.column])
    return np.asarray(slope * parameters[0][some.column] + height)


def smoothed(some: Some, parameters: tuple[Floats, ...], _compat: int) -> Floats:
    """Give the level after smoothing values and their trend."""
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
