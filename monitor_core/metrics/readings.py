"""Latency and traffic over a range, read off the answers to `monitor_core.metrics.questions`. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql.histogram import bucket_bound, quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from monitor_core.metrics.promql.results import Grid

    Floats = NDArray[np.float64]

__all__ = ["Latency", "Percentile", "Traffic", "joined", "latencies"]


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile of latency, and the bounds of the bucket it lies in.

    Attributes
    ----------
    value
        Seconds, linear between the bounds; the highest finite bound where it lies above all of them; NaN without
        requests.
    low, high
        Seconds; `high` is infinite above the highest bound.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Latency:
    """Requests by latency bucket and step.

    Attributes
    ----------
    timestamps
        int64 milliseconds since 1970: the end of each step.
    bounds
        Upper bounds in seconds, rising; the last is infinite where the histogram is whole.
    counts
        Requests at or below each bound, steps x bounds, cumulative; NaN in steps of which nothing is known.
    step
        Seconds.
    """

    timestamps: NDArray[np.int64]
    bounds: Floats
    counts: Floats
    step: float

    @classmethod
    def of(cls, grid: Grid, step: float) -> Latency:
        """Read the answer to `questions.buckets`; series without a readable bound are left out."""
        columns = [(bucket_bound(dict(labels).get("le", "")), place) for place, labels in enumerate(grid.labels)]
        known = sorted((bound, place) for bound, place in columns if bound is not None)
        bounds = np.array(sorted({bound for bound, _ in known}))
        counts = np.zeros((len(grid.timestamps), len(bounds)))
        there = np.zeros(len(grid.timestamps), dtype=bool)
        for bound, place in known:
            present = grid.present[:, place] & ~np.isnan(grid.values[:, place])
            counts[:, np.searchsorted(bounds, bound)] += np.where(present, grid.values[:, place], 0.0)
            there |= present
        # A bucket that is missing in a step holds what lies below it.
        counts = np.maximum.accumulate(counts, axis=1) if len(bounds) else counts
        return cls(grid.timestamps, bounds, np.where(there[:, None], counts, np.nan), step)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is known."""
        return not self.counts.size or bool(np.isnan(self.counts).all())

    @property
    def summed(self) -> Floats:
        """Requests at or below each bound over the whole range."""
        return np.asarray(np.nansum(self.counts, axis=0), dtype=np.float64)

    @property
    def total(self) -> float:
        """Requests over the whole range."""
        return float(self.summed[-1]) if len(self.bounds) else 0.0

    @property
    def last_known(self) -> int | None:
        """The end of the last step of which something is known, milliseconds; None without any."""
        known = np.flatnonzero(~np.isnan(self.counts).all(axis=1)) if self.counts.size else np.empty(0, dtype=np.intp)
        return int(self.timestamps[known[-1]]) if len(known) else None

    def percentile(self, share: float) -> Percentile:
        """Return a percentile over the whole range, as ``histogram_quantile`` computes it.

        Examples
        --------
        >>> told = Latency(np.array([0]), np.array([0.1, 0.2, np.inf]), np.array([[5.0, 10.0, 10.0]]), 30)
        >>> told.percentile(0.75)
        Percentile(value=0.15000000000000002, low=0.1, high=0.2)
        """
        counts = self.summed
        if len(counts) < 2 or not counts[-1]:
            return Percentile(np.nan, np.nan, np.nan)
        value = float(quantile(np.array([share]), self.bounds, counts[:, None])[0][0])
        place = int(np.argmax(np.maximum.accumulate(counts) >= share * counts[-1]))
        return Percentile(value, float(self.bounds[place - 1]) if place else 0.0, float(self.bounds[place]))

    def percentiles(self, share: float) -> Floats:
        """Return a percentile at each step; NaN where there were no requests."""
        if len(self.bounds) < 2:
            return np.full(len(self.timestamps), np.nan)
        known = ~np.isnan(self.counts).any(axis=1)
        found = np.full(len(self.timestamps), np.nan)
        if known.any():
            found[known] = quantile(np.full(int(known.sum()), share), self.bounds, self.counts[known].T)[0]
        return found

    def above(self, objective: float) -> float | None:
        """Return how many requests took longer than a bound; None where it is no bound of the histogram."""
        places = np.flatnonzero(np.isclose(self.bounds, objective, rtol=1e-9, atol=0))
        if not len(places):
            return None
        summed = self.summed
        return float(max(summed[-1] - summed[places[0]], 0.0))

    def share_above(self, objective: float) -> float | None:
        """Return the exact share of requests that took longer than a bound; None where that cannot be told.

        Examples
        --------
        >>> told = Latency(np.array([0]), np.array([0.1, 0.2, np.inf]), np.array([[5.0, 9.0, 10.0]]), 30)
        >>> told.share_above(0.2), told.share_above(0.15)
        (0.1, None)
        """
        above = self.above(objective)
        return None if above is None or not self.total else above / self.total

    def shares_above(self, objective: float) -> Floats:
        """Return that share at each step; NaN where there were no requests or the bound is none."""
        places = np.flatnonzero(np.isclose(self.bounds, objective, rtol=1e-9, atol=0))
        if not len(places):
            return np.full(len(self.timestamps), np.nan)
        with np.errstate(all="ignore"):
            return np.asarray(1 - self.counts[:, places[0]] / self.counts[:, -1])


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """Things counted by labels and step: requests, predictions.

    Attributes
    ----------
    timestamps
        int64 milliseconds since 1970: the end of each step.
    keys
        Values of the labels, one tuple a series.
    counts
        Steps x series; NaN where nothing is known.
    step
        Seconds.
    """

    timestamps: NDArray[np.int64]
    keys: tuple[tuple[str, ...], ...]
    counts: Floats
    step: float

    @classmethod
    def of(cls, grid: Grid, step: float, by: Sequence[str]) -> Traffic:
        """Read an answer whose series are told apart by these labels."""
        keys = tuple(tuple(dict(labels).get(name, "") for name in by) for labels in grid.labels)
        return cls(grid.timestamps, keys, np.where(grid.present, grid.values, np.nan), step)

    def of_status(self, first: str, place: int = -1) -> Floats:
        """Return the sum at each step of the series whose label at `place` begins with `first`.

        Zero where only others were seen; NaN where nothing at all is known.
        """
        chosen = np.array([key[place].startswith(first) for key in self.keys], dtype=bool)
        known = ~np.isnan(self.counts).all(axis=1) if len(self.keys) else np.zeros(len(self.timestamps), dtype=bool)
        return np.where(known, np.nansum(self.counts[:, chosen], axis=1), np.nan)

    @property
    def every(self) -> Floats:
        """The sum of all series at each step; NaN where nothing is known."""
        return self.of_status("")

    def total(self, first: str = "", place: int = -1) -> float:
        """Return the sum over the whole range."""
        return float(np.nansum(self.of_status(first, place)))


def latencies(grid: Grid, step: float, by: Sequence[str]) -> dict[tuple[str, ...], Latency]:
    """Read the answer to `questions.buckets` with further labels: one histogram for each of their values."""
    columns: dict[tuple[str, ...], list[int]] = {}
    for place, labels in enumerate(grid.labels):
        told = dict(labels)
        columns.setdefault(tuple(told.get(name, "") for name in by), []).append(place)
    return {key: Latency.of(_columns(grid, places), step) for key, places in sorted(columns.items())}


def _columns(grid: Grid, places: list[int]) -> Grid:
    labels = tuple(grid.labels[place] for place in places)
    return type(grid)(labels, grid.timestamps, grid.values[:, places], grid.present[:, places])


def joined(grids: Sequence[Grid]) -> Grid:
    """Put answers to the same question over times that follow each other into one.

    Examples
    --------
    >>> from monitor_core.metrics.promql import Grid
    >>> a = Grid(((("le", "1"),),), np.array([0]), np.array([[1.0]]), np.array([[True]]))
    >>> b = Grid(((("le", "2"),),), np.array([9]), np.array([[2.0]]), np.array([[True]]))
    >>> joined([a, b]).present.tolist()
    [[True, False], [False, True]]
    """
    if len(grids) == 1:
        return grids[0]
    labels = tuple(sorted({one for grid in grids for one in grid.labels}))
    place = {one: column for column, one in enumerate(labels)}
    timestamps = np.concatenate([grid.timestamps for grid in grids])
    values = np.full((len(timestamps), len(labels)), np.nan)
    present = np.zeros(values.shape, dtype=bool)
    row = 0
    for grid in grids:
        columns = [place[one] for one in grid.labels]
        rows = slice(row, row + len(grid.timestamps))
        values[rows, columns], present[rows, columns] = grid.values, grid.present
        row += len(grid.timestamps)
    return type(grids[0])(labels, timestamps, values, present)
