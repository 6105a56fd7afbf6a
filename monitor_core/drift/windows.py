"""Several granules together: sums that roll along, each ending at the granule that it is named after. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from monitor_core.drift.summary import TableSummary
    from monitor_core.settings import DriftSettings

__all__ = ["Window", "window_length", "windows"]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Granules judged together.

    Attributes
    ----------
    first, last
        Labels of the granules at its ends.
    length
        Granules with data in it; fewer than asked for at the beginning, where there were no more.
    summary
        Their sum.
    """

    first: str
    last: str
    length: int
    summary: TableSummary


def window_length(n_reference: int, settings: DriftSettings) -> int:
    """Return how many granules are judged together against a baseline of `n_reference` granules.

    `settings.window_granules`, where the baseline makes `settings.calibrated_some` windows of that length that do not
    overlap; else 1: how much windows differ by themselves would not be known.

    Examples
    --------
    >>> from monitor_core.settings import DriftSettings
    >>> weeks = DriftSettings(window_granules=7)
    >>> window_length(98, weeks), window_length(97, weeks)
    (7, 1)
    """
    wanted = settings.window_granules
    return wanted if n_reference // wanted >= settings.calibrated_some else 1


def windows(summaries: Mapping[str, TableSummary], length: int) -> Iterator[Window]:
    """Yield the window ending at each granule, in order of labels.

    Parameters
    ----------
    summaries
        Counts by label, on one grid. Each is asked for twice at most, when it comes in and when it leaves; only the sum
        of the cells is held.
    length
        Granules a window, from 1 on. Granules without data are not counted as such: a gap makes a window reach further
        back.
    """
    labels = sorted(summaries)
    if length == 1:
        yield from (Window(label, label, 1, summaries[label]) for label in labels)
        return
    small: deque[TableSummary] = deque(maxlen=length)
    cells = None
    for place, label in enumerate(labels):
        came = summaries[label]
        cells = came.cells.copy() if cells is None else cells + came.cells
        if place >= length:
            cells -= summaries[labels[place - length]].cells
        small.append(replace(came, cells=_NO_CELLS))
        whole = small[0]
        for part in list(small)[1:]:
            whole = whole.merge(part)
        yield Window(labels[max(0, place - length + 1)], label, len(small), replace(whole, cells=cells))


_NO_CELLS = np.zeros(0, np.int64)
