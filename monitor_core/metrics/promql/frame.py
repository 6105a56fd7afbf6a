"""Many series at the same steps: what every part of an evaluation takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql.errors import ExecutionFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from monitor_core.metrics.promql.results import Labels

__all__ = ["NAME", "Frame", "counted", "empty", "metric_name", "only", "said", "union", "unique", "without"]

NAME = "__name__"
SAME_LABELS = "vector cannot contain metrics with the same labelset"


@dataclass(frozen=True, slots=True)
class Frame:
    """Series x steps.

    Attributes
    ----------
    labels
        One entry a series.
    values
        float64, series x steps; what stands where `present` is false has no meaning.
    present
        bool, series x steps.
    unnamed
        bool, one a series: the name is dropped when the query is done (only with delayed removal of names).
    """

    labels: list[Labels]
    values: NDArray[np.float64]
    present: NDArray[np.bool_]
    unnamed: NDArray[np.bool_]

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return int(self.values.shape[1])

    def rows(self, keep: Sequence[int] | NDArray[np.intp]) -> Frame:
        """Give some of the series, in the order named."""
        index = np.asarray(keep, dtype=np.intp)
        labels = [self.labels[row] for row in index]
        return Frame(labels, self.values[index], self.present[index], self.unnamed[index])

    def filled(self) -> Frame:
        """Leave out series without any value."""
        there = self.present.any(axis=1)
        return self if there.all() else self.rows(np.flatnonzero(there))


def empty(steps: int) -> Frame:
    """Give a frame without series."""
    return Frame([], np.empty((0, steps)), np.empty((0, steps), dtype=bool), np.empty(0, dtype=bool))


def without(labels: Labels, names: frozenset[str]) -> Labels:
    """Leave out labels by name.

    Examples
    --------
    >>> without((("__name__", "up"), ("job", "api")), frozenset({"__name__"}))
    (('job', 'api'),)
    """
    return tuple(pair for pair in labels if pair[0] not in names)


def only(labels: Labels, names: frozenset[str]) -> Labels:
    """Keep labels by name."""
    return tuple(pair for pair in labels if pair[0] in names)


def metric_name(labels: Labels) -> str:
    """Give the metric's name, or nothing."""
    return next((value for name, value in labels if name == NAME), "")


def said(labels: Labels) -> str:
    """Write labels the way Prometheus's messages do.

    Examples
    --------
    >>> said((("__name__", "up"), ("job", "api")))
    '{__name__="up", job="api"}'
    """
    pairs = (f'{name}="{_escaped(value)}"' for name, value in labels)
    return "{" + ", ".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def counted(present: NDArray[np.bool_], number: NDArray[np.intp], many: int) -> NDArray[np.int64]:
    """Count, for each of `many` numbers, the series with that number that have a value at each step.

    Examples
    --------
    >>> counted(np.array([[True, False], [True, True]]), np.array([1, 1]), 3).tolist()
    [[0, 0], [2, 1], [0, 0]]
    """
    counts = np.zeros((many, present.shape[1]), dtype=np.int64)
    if len(number):
        order = np.argsort(number, kind="stable")
        there, begin = np.unique(number[order], return_index=True)
        counts[there] = np.add.reduceat(present[order], begin, axis=0, dtype=np.int64)
    return counts


def union(first: Frame, second: Frame) -> Frame:
    """Put the series of two frames one after the other."""
    return Frame(
        first.labels + second.labels,
        np.concatenate([first.values, second.values]),
        np.concatenate([first.present, second.present]),
        np.concatenate([first.unnamed, second.unnamed]),
    )


def unique(frame: Frame) -> Frame:
    """Make one series of those with the same labels, as long as they never have a value at the same step.

    Raises
    ------
    ExecutionFailed
        Where two have.
    """
    if len(set(frame.labels)) == len(frame.labels):
        return frame
    places: dict[Labels, int] = {}
    target = np.array([places.setdefault(labels, len(places)) for labels in frame.labels], dtype=np.intp)
    there = frame.present.any(axis=1)
    values = np.full((len(places), frame.steps), np.nan)
    present = np.zeros((len(places), frame.steps), dtype=bool)
    unnamed = np.zeros(len(places), dtype=bool)
    for row in np.flatnonzero(there):
        place, mask = target[row], frame.present[row]
        if (present[place] & mask).any():
            raise ExecutionFailed(SAME_LABELS)
        values[place, mask] = frame.values[row, mask]
        present[place] |= mask
        unnamed[place] |= frame.unnamed[row]
    return Frame(list(places), values, present, unnamed)
