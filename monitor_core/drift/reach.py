"""Which stored granules take part in judging one: those of its baseline, and those that confirm it. Pure."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Reach"]

_KEPT = 40
"""Granules held in memory for a moving baseline."""


@dataclass(frozen=True)
class Reach:
    """What belongs together in time.

    A *rolling* baseline of n granules ends before the granules that confirm a finding, so that a change is not
    absorbed before it could be confirmed. While fewer than half of the n are there, the stored baseline is used.

    Where windows of several granules are judged, it must have `least` granules, to show how much windows differ.

    A baseline of the *same weekday* takes the granules of its range with the weekday (and hour, for granules of an
    hour) of the granule judged; findings are then confirmed by the same weekdays before.

    Attributes
    ----------
    labels
        Granules that were counted, in time order.
    kind
        Of the baseline: ``fixed``, ``rolling`` or ``same_weekday``.
    first, last
        The range that the baseline was made of; empty for an upload.
    history
        Earlier granules that take part in judging and confirming one.
    length
        Granules judged together.
    least
        Granules that a rolling baseline must have.

    Examples
    --------
    >>> labels = tuple(f"2026-11-{day:02d}" for day in range(1, 11))
    >>> reach = Reach(labels, kind="rolling", first="2026-11-01", last="2026-11-04", history=2)
    >>> reach.window("2026-11-09")
    ('2026-11-03', '2026-11-04', '2026-11-05', '2026-11-06')
    >>> reach.with_history(["2026-11-09"])
    ('2026-11-07', '2026-11-08', '2026-11-09')
    """

    labels: tuple[str, ...]
    kind: str
    first: str
    last: str
    history: int
    length: int = 1
    least: int = 1

    @property
    def moves(self) -> bool:
        """Whether each granule has a baseline of its own."""
        return self.kind != "fixed"

    @property
    def kept(self) -> int:
        """Summaries worth keeping in memory: those that several granules ask for."""
        if self.moves:
            return min(_KEPT, self._size + 2 * self.history + 1)
        return min(_KEPT, self.length + 1) if self.length > 1 else 1

    def window(self, label: str) -> tuple[str, ...] | None:
        """Return the granules of the baseline for `label`; None when it is the stored baseline."""
        if self.kind == "rolling":
            end = max(0, bisect_left(self.labels, label) - self.history)
            found = self.labels[max(0, end - self._size) : end]
            return found if 2 * len(found) >= self._size and len(found) >= self.least else None
        if self.kind == "same_weekday":
            slot = _slot(label)
            return tuple(one for one in self._range if _slot(one) == slot) or None
        return None

    def together(self, label: str) -> tuple[str, ...]:
        """Return the granules that are judged as `label`: itself and those before it."""
        end = bisect_left(self.labels, label) + 1
        return self.labels[max(0, end - self.length) : end]

    def with_history(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Return the wanted granules and those before them that confirm them, in time order."""
        if self.kind == "same_weekday":
            found = {one for label in wanted for one in self._same(label)}
            return tuple(sorted(found))
        first = max(0, bisect_left(self.labels, wanted[0]) - self.history)
        return self.labels[first : bisect_left(self.labels, wanted[-1]) + 1]

    def _same(self, label: str) -> tuple[str, ...]:
        slot = _slot(label)
        alike = [one for one in self.labels if one <= label and _slot(one) == slot]
        return tuple(alike[-(self.history + 1) :])

    @cached_property
    def _range(self) -> tuple[str, ...]:
        return tuple(one for one in self.labels if self.first <= one <= self.last)

    @property
    def _size(self) -> int:
        return len(self._range)


def _slot(label: str) -> tuple[int, str]:
    """Return the weekday, and the hour if the label has one."""
    day, _, hour = label.partition("T")
    return datetime.strptime(day, "%Y-%m-%d").weekday(), hour  # noqa: DTZ007 - a calendar day has no time zone
