"""Labels whose number of values has an end: what a client may choose must not fill the memory of a service."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakKeyDictionary

from monitor_core.metrics.names import OTHER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client.metrics import MetricWrapperBase

__all__ = ["LONGEST_VALUE", "MOST_SERIES", "BoundedFamily", "LabelLimit", "once_for"]

LONGEST_VALUE = 120
"""Characters of a label value; the rest is cut off."""

MOST_SERIES = 2_000
"""Combinations of label values one metric may have; beyond them every bounded label reads `other`."""

Metric = TypeVar("Metric", bound="MetricWrapperBase")
Made = TypeVar("Made")


class LabelLimit:
    """The first values of a label are kept as they are, later ones read `other`.

    Parameters
    ----------
    most
        Values kept.

    Examples
    --------
    >>> limit = LabelLimit(2)
    >>> [limit(value) for value in ("a", "b", "c", "a")]
    ['a', 'b', 'other', 'a']
    >>> len(limit("x" * 500)), len(LabelLimit(5)("x" * 500))
    (5, 120)
    """

    __slots__ = ("_kept", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: set[str] = set()

    def __call__(self, value: object) -> str:
        """Return the value to write."""
        text = str(value)[:LONGEST_VALUE]
        if text in self._kept:
            return text
        if len(self._kept) >= self._most:
            return OTHER
        self._kept.add(text)
        return text


class BoundedFamily(Generic[Metric]):
    """The children of one labelled metric, found quickly and limited in number.

    Parameters
    ----------
    metric
        A metric with labels.
    limits
        For each label the values it may have; None where the caller's own code gives them.
    most_series
        Combinations in all.
    """

    def __init__(self, metric: Metric, limits: Sequence[int | None], *, most_series: int = MOST_SERIES) -> None:
        self.metric = metric
        self._limits = tuple(None if most is None else LabelLimit(most) for most in limits)
        self._most_series = most_series
        self._children: dict[tuple[str, ...], Metric] = {}
        self._series: set[tuple[str, ...]] = set()
        self._lock = Lock()

    def child(self, *values: str) -> Metric:
        """Return the child of these label values, or of `other` in place of those beyond a limit."""
        found = self._children.get(values)
        return found if found is not None else self._find(values)

    def _find(self, values: tuple[str, ...]) -> Metric:
        with self._lock:
            written = tuple(
                value if limit is None else limit(value) for value, limit in zip(values, self._limits, strict=True)
            )
            if written not in self._series and len(self._series) >= self._most_series:
                written = tuple(
                    text if limit is None else OTHER for text, limit in zip(written, self._limits, strict=True)
                )
            self._series.add(written)
            child = self.metric.labels(*written)
            if len(self._children) < 2 * self._most_series:  # what a client makes up is looked up each time
                self._children[values] = child
            return child


_MADE: WeakKeyDictionary[MetricWrapperBase, object] = WeakKeyDictionary()
_MAKING = Lock()


def once_for(metric: MetricWrapperBase, kind: type[Made], *arguments: object) -> Made:
    """Return what belongs to this metric, made at the first call: two monitors on one registry share its limits."""
    with _MAKING:
        found = _MADE.get(metric)
        if not isinstance(found, kind):
            found = _MADE[metric] = kind(*arguments)
        return found
