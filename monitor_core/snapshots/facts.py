"""What one pass over a table learns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor_core.snapshots.dates import instants
from monitor_core.snapshots.findings import text_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor_core.snapshots.duplicates import Duplicates
    from monitor_core.snapshots.tally import Tally

__all__ = ["DateFacts", "Facts"]


@dataclass(slots=True)
class DateFacts:
    """What a date column holds; moments later than `latest` lie in the future."""

    latest: np.datetime64
    n_missing: int = 0
    n_unreadable: int = 0
    n_future: int = 0
    n_early: int = 0
    first_unreadable: tuple[int, str] | None = None
    first_future: tuple[int, str] | None = None
    first_early: tuple[int, str] | None = None
    low: np.datetime64 | None = None
    high: np.datetime64 | None = None

    def add(self, values: pa.Array, *, first_row: int) -> NDArray[np.datetime64]:
        """Take in the next piece and return its moments."""
        moments = instants(values)
        unread = np.isnat(moments)
        present = pc.is_valid(values).to_numpy(zero_copy_only=False)
        if pa.types.is_floating(values.type):
            present &= ~np.isnan(pc.fill_null(values.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False))
        self.n_missing += int((~present).sum())
        self.first_unreadable = self.first_unreadable or _first(unread & present, values, first_row)
        self.n_unreadable += int((unread & present).sum())
        future, early = moments > self.latest, moments < np.datetime64("1990-01-01")
        self.first_future = self.first_future or _first(future, values, first_row)
        self.first_early = self.first_early or _first(early, values, first_row)
        self.n_future += int(future.sum())
        self.n_early += int(early.sum())
        if not unread.all():
            low, high = np.nanmin(moments), np.nanmax(moments)
            self.low = low if self.low is None else min(self.low, low)
            self.high = high if self.high is None else max(self.high, high)
        return moments


def _first(mask: NDArray[np.bool_], values: pa.Array, first_row: int) -> tuple[int, str] | None:
    if not mask.any():
        return None
    at = int(np.argmax(mask))
    return first_row + at, text_of(values[at])


@dataclass(slots=True)
class Facts:
    """Everything one pass over the table learns."""

    n_rows: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)
    dates: DateFacts | None = None
    duplicates: Duplicates | None = None
