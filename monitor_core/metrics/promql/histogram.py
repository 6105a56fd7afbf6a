"""Quantiles and fractions of classic histograms, from their cumulative buckets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql.frame import NAME, Frame, empty, metric_name, without

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from monitor_core.metrics.promql.results import Labels

    Floats = NDArray[np.float64]

__all__ = ["Histogram", "bucket_bound", "fraction", "histograms", "labelled", "over_buckets", "quantile"]

_NUMBER = re.compile(
    r"[+-]?(?:inf(?:inity)?|nan|[0-9]+\.?[0-9]*(?:e[+-]?[0-9]+)?|\.[0-9]+(?:e[+-]?[0-9]+)?)", re.IGNORECASE
)
TOLERANCE = 1e-12


def bucket_bound(text: str) -> float | None:
    """Read the upper bound of a bucket; None where it is none.

    Examples
    --------
    >>> bucket_bound("2.5e-1"), bucket_bound("+Inf"), bucket_bound("1_0"), bucket_bound("")
    (0.25, inf, None, None)
    """
    return float(text) if _NUMBER.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class Histogram:
    """The buckets of one histogram.

    Attributes
    ----------
    labels
        Without ``le``.
    rows
        The series that are its buckets, by rising bound.
    bounds
        Their upper bounds; several may be equal.
    """

    labels: Labels
    rows: NDArray[np.intp]
    bounds: Floats


def histograms(frame: Frame, *, by_name: bool) -> tuple[list[Histogram], list[tuple[str, str]]]:
    """Put buckets that belong together side by side.

    Returns
    -------
    tuple
        The histograms; and of each series without a readable bound the metric's name and what stood in ``le``.
    """
    left_out = frozenset({"le"}) if by_name else frozenset({"le", NAME})
    found: dict[Labels, list[tuple[float, int]]] = {}
    bad: list[tuple[str, str]] = []
    for row, labels in enumerate(frame.labels):
        text = dict(labels).get("le", "")
        bound = bucket_bound(text)
        if bound is None:
            bad.append((metric_name(labels), text))
            continue
        found.setdefault(without(labels, left_out), []).append((bound, row))
    result = []
    for labels, buckets in found.items():
        buckets.sort(key=lambda bucket: bucket[0])
        rows = np.array([row for _, row in buckets], dtype=np.intp)
        result.append(Histogram(labels, rows, np.array([bound for bound, _ in buckets])))
    return result, bad


def over_buckets(
    frame: Frame, found: list[Histogram], function: Callable[[Floats, Floats, NDArray[np.intp]], Floats]
) -> Frame:
    """Evaluate a function of (bounds, counts, steps) for each histogram; counts are buckets x steps."""
    if not found:
        return empty(frame.steps)
    values = np.full((len(found), frame.steps), np.nan)
    present = np.zeros((len(found), frame.steps), dtype=bool)
    unnamed = np.array([bool(frame.unnamed[histogram.rows].any()) for histogram in found])
    for number, histogram in enumerate(found):
        for buckets, steps in _patterns(frame.present[histogram.rows]):
            rows = histogram.rows[buckets]
            counts = frame.values[np.ix_(rows, steps)] if len(steps) < frame.steps else frame.values[rows]
            values[number, steps] = function(histogram.bounds[buckets], counts, steps)
            present[number, steps] = True
    return Frame([histogram.labels for histogram in found], values, present, unnamed)


def _patterns(present: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Give the steps that have the same buckets together; mostly that is all of them."""
    if present.all():
        yield np.arange(len(present)), np.arange(present.shape[1])
        return
    full = present.all(axis=0)
    if full.any():
        yield np.arange(len(present)), np.flatnonzero(full)
    rest = np.flatnonzero(~full)
    patterns, which = np.unique(present[:, rest], axis=1, return_inverse=True)
    for number in range(patterns.shape[1]):
        buckets = np.flatnonzero(patterns[:, number])
        if len(buckets):
            yield buckets, rest[which.ravel() == number]


def _coalesced(bounds: Floats, counts: Floats) -> tuple[Floats, Floats]:
    first = np.flatnonzero(np.concatenate([[True], bounds[1:] != bounds[:-1]]))
    if len(first) == len(bounds):
        return bounds, counts
    return bounds[first], np.add.reduceat(counts, first, axis=0)


def _rising(counts: Floats, compat: int) -> tuple[Floats, bool]:
    """Lift counts that fall below the bucket before; say whether more than rounding was lifted."""
    before, lifted = counts[0], [counts[0]]
    forced = False
    for count in counts[1:]:
        near = _almost_equal(before, count) if compat == 3 else np.zeros(len(count), dtype=bool)
        falls = ~near & (count < before)
        forced = forced or bool(falls.any())
        before = np.where(near | falls, before, count)
        lifted.append(before)
    return np.stack(lifted), forced


def _almost_equal(a: Floats, b: Floats) -> NDArray[np.bool_]:
    total = np.abs(a) + np.abs(b)
    with np.errstate(all="ignore"):
        return np.asarray((a == b) | ((a != 0) & (b != 0) & (np.abs(a - b) / total < TOLERANCE)))


def quantile(q: Floats, bounds: Floats, counts: Floats, *, compat: int = 3) -> tuple[Floats, bool]:
    """Give the quantile at each step, linear within a bucket, and whether counts had to be made to rise.

    NaN without a bucket up to +Inf, with fewer than two buckets, and without observations; the second-highest bound
    where the quantile lies in the highest bucket. Counts the lowest bucket from 0 if its bound is positive.

    Examples
    --------
    >>> bounds, counts = np.array([0.1, 0.2, np.inf]), np.array([[5.0], [10.0], [10.0]])
    >>> quantile(np.array([0.75]), bounds, counts)[0].round(6).tolist()
    [0.15]
    """
    outside = np.where(np.isnan(q), np.nan, np.where(q < 0, -np.inf, np.inf))
    inside = (q >= 0) & (q <= 1)
    if not inside.any():
        return outside, False
    nothing = np.full(counts.shape[1], np.nan)
    if bounds[-1] != np.inf:
        return np.where(inside, nothing, outside), False
    bounds, counts = _coalesced(bounds, counts)
    if len(bounds) < 2:
        return np.where(inside, nothing, outside), False
    counts, forced = _rising(counts, compat)
    rank = np.where(inside, q, 0) * counts[-1]
    reached = counts[:-1] >= rank
    place = np.where(reached.any(axis=0), reached.argmax(axis=0), len(bounds) - 1)
    steps = np.arange(counts.shape[1])
    before = np.maximum(place - 1, 0)
    begin = np.where(place > 0, bounds[before], 0.0)
    below = np.where(place > 0, counts[before, steps], 0.0)
    width = bounds[place] - begin
    with np.errstate(all="ignore"):
        found = begin + width * ((rank - below) / (counts[place, steps] - below))
    found = np.where((place == 0) & (bounds[0] <= 0), bounds[0], found)
    found = np.where(place == len(bounds) - 1, bounds[-2], found)
    found = np.where(counts[-1] == 0, np.nan, found)
    return np.where(inside, found, outside), forced


def fraction(lower: Floats, upper: Floats, bounds: Floats, counts: Floats) -> Floats:
    """Give the share of observations between two values at each step, linear within a bucket.

    Examples
    --------
    >>> bounds, counts = np.array([0.1, 0.2, np.inf]), np.array([[5.0], [10.0], [10.0]])
    >>> fraction(np.array([0.0]), np.array([0.15]), bounds, counts).round(6).tolist()
    [0.75]
    """
    if bounds[-1] != np.inf:
        return np.full(counts.shape[1], np.nan)
    bounds, counts = _coalesced(bounds, counts)
    total = counts[-1]
    with np.errstate(all="ignore"):
        share = (_rank_of(upper, bounds, counts) - _rank_of(lower, bounds, counts)) / total
    share = np.where(lower >= upper, 0.0, share)
    return np.where((total == 0) | np.isnan(lower) | np.isnan(upper), np.nan, share)


def _rank_of(value: Floats, bounds: Floats, counts: Floats) -> Floats:
    """How many observations lie below a value, at each step."""
    total = counts[-1]
    rank = np.zeros(len(total))
    found = np.full(len(total), np.nan)
    unset = np.ones(len(total), dtype=bool)
    begin = 0.0 if bounds[0] > 0 else -np.inf
    for end, count in zip(bounds, counts, strict=True):
        starts = unset & (begin >= value)
        found, unset = np.where(starts, rank, found), unset & ~starts
        within = unset & (begin < value) & (end > value)
        if np.isinf(begin):
            inner = count
        elif np.isinf(end):
            inner = rank
        else:
            inner = rank + (count - rank) * (value - begin) / (end - begin)
        found, unset = np.where(within, inner, found), unset & ~within
        rank, begin = count, end
    return np.where(unset | (found > total), total, found)


def labelled(frame: Frame, label: str, q: Floats) -> Frame:
    """Put the quantile into a label; where it differs from step to step, each has a series of its own."""
    rows, labels, masks = [], [], []
    for value in np.unique(q):
        same = np.isnan(q) if np.isnan(value) else q == value
        text = open_metrics_text(float(value))
        for row, given in enumerate(frame.labels):
            rows.append(row)
            labels.append(tuple(sorted((*without(given, frozenset({label})), (label, text)))))
            masks.append(frame.present[row] & same)
    if not rows:
        return empty(frame.steps)
    return Frame(labels, frame.values[rows], np.stack(masks), frame.unnamed[rows])


def open_metrics_text(value: float) -> str:
    """Write a number as OpenMetrics does.

    Examples
    --------
    >>> open_metrics_text(0.0), open_metrics_text(0.25), open_metrics_text(float("nan"))
    ('0.0', '0.25', 'NaN')
    """
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)
