"""Current data that were never counted on a baseline's grid: count them if their rows were kept, else say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.drift.progress import between
from monitor_core.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor_core.drift.progress import Progress
    from monitor_core.drift.store import BaselineInfo
    from monitor_core.drift.stored import SummaryStore, Uncounted

__all__ = ["count_missing"]

_NAMED = 3


def count_missing(
    info: BaselineInfo,
    wanted: tuple[str, str] | None,
    *,
    summaries: SummaryStore,
    count: Callable[[str, Progress], None],
    progress: Progress,
) -> tuple[str, ...]:
    """Count what was never counted on the baseline's grid and still can be; return sentences about the rest.

    Parameters
    ----------
    wanted
        First and last granule to be judged; None: whatever there is.
    count
        Counts the snapshot of an id, telling its progress.

    Raises
    ------
    Conflict
        All that there is to judge are rows that can no longer be counted.
    """
    missing = [one for one in summaries.uncounted(info.ref, info.grid_id) if _touches(one, wanted)]
    gone = [one for one in missing if not one.rows_kept]
    kept = [one for one in missing if one.rows_kept]
    counted = [label for label, _ in summaries.granules(info.grid_id) if _lies_in(label, wanted)]
    if gone and not counted and not kept:
        raise Conflict(
            f"{_named(gone)} cannot be compared with {info.name}: {_was(gone)} counted for another "
            "baseline and the rows were dropped",
            hint="upload the file again, choose the baseline it was counted for, or keep rows next time",
        )
    for number, one in enumerate(kept):
        part = between(progress, number / len(kept), (number + 1) / len(kept))
        count(one.snapshot_id, part)
    if not gone:
        return ()
    return (f"{_named(gone)} left out: {_was(gone)} counted for another baseline and the rows were dropped",)


def _lies_in(label: str, wanted: tuple[str, str] | None) -> bool:
    return wanted is None or wanted[0] <= label <= wanted[1]


def _touches(one: Uncounted, wanted: tuple[str, str] | None) -> bool:
    if wanted is None or one.first_granule is None or one.last_granule is None:
        return True
    return one.first_granule <= wanted[1] and wanted[0] <= one.last_granule


def _named(snapshots: Sequence[Uncounted]) -> str:
    names = [repr(one.filename) for one in snapshots[:_NAMED]]
    more = len(snapshots) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _was(snapshots: Sequence[Uncounted]) -> str:
    return "it was" if len(snapshots) == 1 else "they were"
