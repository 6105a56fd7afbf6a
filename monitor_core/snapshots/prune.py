"""Remove what is past its time, and what interrupted work left behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor_core.snapshots import rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Engine

    from monitor_core.settings import SnapshotSettings
    from monitor_core.snapshots.staging import Staging

__all__ = ["Pruned", "prune"]

_ORPHAN_AGE = timedelta(hours=2)
"""A folder without a row may belong to an upload that is still coming in; unchanged for so long, it does not."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What `SnapshotService.prune` removed."""

    expired: tuple[str, ...] = ()
    """Uploads that nobody confirmed in time."""
    kept_rows: tuple[str, ...] = ()
    """Snapshots whose kept rows were dropped."""
    leftovers: tuple[str, ...] = ()
    """Folders and files that belong to no living snapshot."""


def prune(engine: Engine, staging: Staging, limits: SnapshotSettings, now: datetime) -> Pruned:
    """Remove, first in the database, then on disk; what a crash leaves between the two goes next time."""
    refused_before = now - timedelta(hours=limits.staged_hours)
    with engine.begin() as connection:
        expired, aged = rows.older_than(connection, staged=refused_before, kept=now - timedelta(days=limits.keep_days))
        for snapshot_id in expired:
            rows.change(connection, snapshot_id, states=("staged",), state="deleted")
        for snapshot_id in aged:
            rows.change(connection, snapshot_id, states=("ready",), rows_kept=False)
        states = rows.states(connection)
    folders = _folders(staging, states, orphans_before=now - _ORPHAN_AGE, refused_before=refused_before)
    kept = _kept(staging, states, drafts_before=now - _ORPHAN_AGE)
    return Pruned(tuple(expired), tuple(aged), (*folders, *kept))


def _folders(
    staging: Staging, states: Mapping[str, tuple[str, bool]], *, orphans_before: datetime, refused_before: datetime
) -> Iterator[str]:
    for snapshot_id, changed in staging.staged_ids():
        state, _ = states.get(snapshot_id, (None, False))
        is_over = state in ("ready", "deleted") or (state == "refused" and changed < refused_before.timestamp())
        if is_over or (state is None and changed < orphans_before.timestamp()):
            staging.drop(snapshot_id)
            yield f"staged/{snapshot_id}"


def _kept(staging: Staging, states: Mapping[str, tuple[str, bool]], *, drafts_before: datetime) -> Iterator[str]:
    for snapshot_id, path, changed in staging.kept_files():
        state, is_kept = states.get(snapshot_id, (None, False))
        is_wanted = is_kept or state == "accepted"  # accepted: its job is about to say so
        if path.suffix == ".part":
            is_wanted = changed >= drafts_before.timestamp()
        if not is_wanted:
            path.unlink(missing_ok=True)
            yield f"kept/{path.name}"
