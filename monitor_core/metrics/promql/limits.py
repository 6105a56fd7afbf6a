"""How much one query may take, and the counting of it."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from monitor_core.errors import InvalidInput
from monitor_core.metrics.promql.errors import ExecutionFailed, QueryTimeout

__all__ = ["Budget", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may take at most.

    Attributes
    ----------
    samples
        Samples read, and values in any table in between (series x steps).
    series
        Series that one selector may find.
    steps
        Steps of a range query.
    seconds
        Time; looked at between the parts of a query.
    characters
        Length of the text.
    depth
        How deep expressions may stand in each other; 120 at most, Python's own stack being what it is.
    """

    samples: int = 10_000_000
    series: int = 50_000
    steps: int = 11_000
    seconds: float = 30.0
    characters: int = 16_384
    depth: int = 100

    def __post_init__(self) -> None:
        """Refuse a depth that could not be kept."""
        if not 1 <= self.depth <= 120:
            raise InvalidInput(f"depth is {self.depth}; 1 to 120 are allowed")


class Budget:
    """Counts what a query takes and ends it where that is too much."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.deadline = monotonic() + limits.seconds
        self.samples = 0

    def take(self, samples: int) -> None:
        """Count samples that were read."""
        self.samples += samples
        self.room_for(self.samples)

    def room_for(self, values: int) -> None:
        """End the query if so many values are too many."""
        if values > self.limits.samples:
            raise ExecutionFailed("query processing would load too many samples into memory in query execution")

    def series(self, count: int) -> None:
        """End the query if a selector finds too many series."""
        if count > self.limits.series:
            raise ExecutionFailed(f"a selector found {count} series, {self.limits.series} are allowed")

    def tick(self) -> None:
        """End the query if its time is up."""
        if monotonic() > self.deadline:
            raise QueryTimeout("query timed out in expression evaluation")
