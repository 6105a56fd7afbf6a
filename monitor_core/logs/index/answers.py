"""What searches answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

    from monitor_core.logs.query.rows import LogRow, Scalar

__all__ = ["Facet", "Histogram", "Key", "LogAnswer", "Reach", "key_of"]

Key = tuple[int, int, int]
"""What orders rows: time, file, end of the line."""


def key_of(row: LogRow) -> Key:
    """Return what orders a row among others."""
    return row.ts, row.file_id, row.end


@dataclass(frozen=True, slots=True)
class Reach:
    """How far an answer goes.

    Attributes
    ----------
    is_partial
        The budget of time or rows ended before everything was looked at.
    seconds
        What it took.
    notes
        What else should be known: names of fields that no row has ...
    """

    is_partial: bool
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogAnswer:
    """Rows that answer a query.

    Attributes
    ----------
    rows
        In the order asked for.
    count
        How many there are in all; "at least" unless `is_exact`.
    """

    rows: tuple[LogRow, ...]
    count: int
    is_exact: bool
    reach: Reach

    @property
    def counted(self) -> str:
        """The count in words: ``1,204`` or ``at least 1,204``."""
        return f"{self.count:,}" if self.is_exact else f"at least {self.count:,}"


@dataclass(frozen=True, slots=True)
class Histogram:
    """Rows counted per step of time and value (of level, or another field).

    Attributes
    ----------
    start, step
        Of the first step and of each, in microseconds.
    counts
        One row a value, one column a step.
    """

    start: int
    step: int
    values: tuple[Scalar, ...]
    counts: NDArray[int64]
    reach: Reach

    @property
    def total(self) -> int:
        """All rows that were counted."""
        return int(self.counts.sum())


@dataclass(frozen=True, slots=True)
class Facet:
    """The most frequent values of a field.

    Attributes
    ----------
    n_other
        Rows with values that are not listed.
    is_exact
        The counts are; else each may be too low where a value is rare in most days.
    """

    field: str
    values: tuple[tuple[Scalar, int], ...]
    n_other: int
    is_exact: bool
    reach: Reach
