"""Baselines made of granules that were counted before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.drift.stored import StoredSummaries
from monitor_core.errors import Conflict, InvalidInput
from monitor_core.values import GranularityKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Connection

    from monitor_core.drift.granules import Key
    from monitor_core.drift.grid import Grid
    from monitor_core.drift.progress import Progress
    from monitor_core.drift.stored import SummaryStore
    from monitor_core.drift.summary import TableSummary
    from monitor_core.values import Granularity

__all__ = ["BASELINE_KINDS", "RangeReader", "check_kind"]

BASELINE_KINDS = ("fixed", "rolling", "same_weekday")


def check_kind(kind: str, granularity: Granularity) -> None:
    """Raise `InvalidInput` when a kind of baseline is unknown or does not fit the model's granularity."""
    if kind not in BASELINE_KINDS:
        raise InvalidInput(f"baseline kind {kind!r} is not known", hint=f"one of {', '.join(BASELINE_KINDS)}")
    if kind == "same_weekday" and granularity.kind not in {GranularityKind.DAY, GranularityKind.HOUR}:
        raise InvalidInput(
            f"a baseline of the same weekday needs granules of a day or an hour, not of {granularity}",
            hint="choose fixed or rolling",
        )


class RangeReader:
    """Reads what was counted of a range of granules.

    Parameters
    ----------
    connection
        From `storage.engine.consistent`.
    grid, grid_id
        The grid and its id in the database.
    """

    def __init__(self, connection: Connection, grid: Grid, grid_id: str, summaries: SummaryStore) -> None:
        self._connection = connection
        self._grid = grid
        self._grid_id = grid_id
        self._summaries = summaries

    def labels(self, first: str, last: str) -> tuple[str, ...]:
        """Return the granules with data in a range, both ends included; raises `Conflict` when there are none."""
        labels = tuple(label for label in self._counted("") if first <= label <= last)
        if not labels:
            raise Conflict(f"nothing was counted from {first} to {last}", hint="choose another range")
        return labels

    def read(self, labels: Collection[str], progress: Progress) -> Iterator[tuple[Key, TableSummary]]:
        """Yield the counts of some granules, of the whole and of each segment."""
        segments = ("", *self._summaries.segments(self._grid_id, connection=self._connection))
        for number, segment in enumerate(segments):
            mine = [label for label in self._counted(segment) if label in labels]
            stored = StoredSummaries(self._connection, self._grid, self._grid_id, mine, segment=segment, keep=0)
            for label in mine:
                yield (label, segment), stored[label]
            progress((number + 1) / len(segments), "adding up")

    def _counted(self, segment: str) -> tuple[str, ...]:
        rows = self._summaries.granules(self._grid_id, segment=segment, connection=self._connection)
        return tuple(label for label, _ in rows)
