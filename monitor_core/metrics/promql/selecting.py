"""From stored samples to what stands at each step: the latest value, or the window before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql.errors import ExecutionFailed
from monitor_core.metrics.promql.frame import Frame, empty
from monitor_core.metrics.promql.reader import Samples, is_stale
from monitor_core.metrics.promql.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from monitor_core.metrics.promql.limits import Budget
    from monitor_core.metrics.promql.reader import Matcher, SeriesReader
    from monitor_core.metrics.promql.results import Labels
    from monitor_core.metrics.promql.syntax import Selector, Subquery

    Stamps = NDArray[np.int64]

__all__ = ["Source", "inner_steps", "moments", "windows_of"]


def moments(node: Selector | Subquery, steps: Stamps, start: int, end: int) -> Stamps:
    """Give the moments that a selector looks at: the steps, or what its ``@`` and ``offset`` say."""
    if node.at is None:
        return steps - node.offset_ms
    at = {"start": start, "end": end}.get(node.at, 0) if isinstance(node.at, str) else node.at
    return np.full(len(steps), at - node.offset_ms, dtype=np.int64)


class Source:
    """Reads for one query; the same selection over the same time is read once."""

    def __init__(self, reader: SeriesReader, budget: Budget, *, lookback_ms: int, compat: int) -> None:
        self.reader = reader
        self.budget = budget
        self.lookback_ms = lookback_ms
        self.compat = compat
        self._read: dict[tuple[tuple[Matcher, ...], int, int], list[Samples]] = {}

    def samples(self, matchers: tuple[Matcher, ...], first: int, last: int) -> list[Samples]:
        """Give what is stored from one moment to another, both included."""
        key = (matchers, first, last)
        if key not in self._read:
            self.budget.tick()
            found = self.reader.select(matchers, first, last)
            self.budget.series(len(found))
            self.budget.take(sum(len(stamps) for _, stamps, _ in found))
            self._read[key] = found
        return self._read[key]

    def instant(self, node: Selector, at: Stamps) -> tuple[Frame, Stamps]:
        """Give the latest value of each series within the look-back, and when that was.

        A series whose latest sample is a stale marker has no value.
        """
        if not len(at):
            return empty(0), np.empty((0, 0), dtype=np.int64)
        found = self.samples(node.matchers, int(at.min()) - self.lookback_ms, int(at.max()))
        if not found:
            return empty(len(at)), np.empty((0, len(at)), dtype=np.int64)
        self.budget.room_for(len(found) * len(at))
        values = np.full((len(found), len(at)), np.nan)
        present = np.zeros((len(found), len(at)), dtype=bool)
        stamps = np.zeros((len(found), len(at)), dtype=np.int64)
        oldest = at - self.lookback_ms
        for row, (_, times, numbers) in enumerate(found):
            place = np.searchsorted(times, at, side="right") - 1
            there = place >= 0
            place = np.maximum(place, 0)
            stamps[row], values[row] = times[place], numbers[place]
            young = stamps[row] > oldest if self.compat == 3 else stamps[row] >= oldest
            present[row] = there & young & ~is_stale(values[row])
        labels = [labels for labels, _, _ in found]
        frame = Frame(labels, values, present, np.zeros(len(found), dtype=bool))
        keep = np.flatnonzero(present.any(axis=1))
        return frame.rows(keep), stamps[keep]

    def ranges(self, node: Selector, range_ms: int, steps: Stamps, ends: Stamps) -> Windows:
        """Give the samples of each series in the range before each step, without stale markers."""
        found = self.samples(node.matchers, int(ends.min()) - range_ms, int(ends.max())) if len(ends) else []
        kept: list[Samples] = []
        for labels, stamps, values in found:
            stale = is_stale(values)
            kept.append((labels, stamps[~stale], values[~stale]) if stale.any() else (labels, stamps, values))
        self.budget.room_for(len(kept) * len(steps))
        unnamed = np.zeros(len(kept), dtype=bool)
        return windows_of(kept, unnamed, steps, ends, range_ms, compat=self.compat)


def windows_of(
    series: Sequence[Samples], unnamed: NDArray[np.bool_], steps: Stamps, ends: Stamps, range_ms: int, *, compat: int
) -> Windows:
    """Find the bounds of each window: after its beginning (from it, in Prometheus 2), up to its end."""
    first = np.zeros((len(series), len(ends)), dtype=np.intp)
    last = np.zeros((len(series), len(ends)), dtype=np.intp)
    base, times = 0, None
    begin, end = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    for row, (_, stamps, _) in enumerate(series):
        # Series of one target carry the same moments: what was found for one holds for the next.
        if times is None or (stamps is not times and not np.array_equal(stamps, times)):
            side = "right" if compat == 3 else "left"
            begin = np.searchsorted(stamps, ends - range_ms, side=side)  # type: ignore[call-overload]  # a literal
            end, times = np.searchsorted(stamps, ends, side="right"), stamps
        first[row], last[row] = begin + base, end + base
        base += len(stamps)
    labels: list[Labels] = [labels for labels, _, _ in series]
    stamps = np.concatenate([stamps for _, stamps, _ in series]) if series else np.empty(0, dtype=np.int64)
    values = np.concatenate([values for _, _, values in series]) if series else np.empty(0)
    return Windows(labels, unnamed, stamps, values, first, last, ends, steps, range_ms)


def inner_steps(node: Subquery, ends: Stamps, step_ms: int, budget: Budget, *, compat: int) -> Stamps:
    """Give the moments at which the inside of a subquery is evaluated: multiples of its step."""
    if not len(ends):
        return np.empty(0, dtype=np.int64)
    begin, end = int(ends.min()) - node.range_ms, int(ends.max())
    first = -(-begin // step_ms) * step_ms
    if first == begin and compat == 3:
        first += step_ms
    many = (end - first) // step_ms + 1
    if many > budget.limits.samples:
        raise ExecutionFailed("query processing would load too many samples into memory in query execution")
    return first + step_ms * np.arange(max(0, many), dtype=np.int64)
