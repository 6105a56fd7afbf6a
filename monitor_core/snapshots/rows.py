"""The table `snapshot`: every statement on it, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, insert, select, update

from monitor_core.errors import Conflict, NotFound
from monitor_core.snapshots.records import Snapshot, snapshot_of
from monitor_core.storage.schema import drift_sample, drift_summary, model, model_version, snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from monitor_core.values import ModelRef

__all__ = [
    "add",
    "change",
    "drop_summaries",
    "find",
    "find_all",
    "granularity",
    "lock_version",
    "older_than",
    "states",
    "twin",
]

_COUNTED = ("accepted", "ready")


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a snapshot."""
    connection.execute(insert(snapshot), dict(values))


def find(connection: Connection, snapshot_id: str) -> Snapshot:
    """Return one snapshot.

    Raises
    ------
    NotFound
        When there is none of this id.
    """
    query = select(snapshot).where(snapshot.c.snapshot_id == snapshot_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"there is no snapshot {snapshot_id!r}")
    return snapshot_of(row, duplicate_of=twin(connection, row))


def find_all(connection: Connection, ref: ModelRef | None, *, limit: int | None = None) -> tuple[Snapshot, ...]:
    """Return snapshots, the newest first."""
    query = select(snapshot).order_by(snapshot.c.uploaded_at.desc(), snapshot.c.snapshot_id)
    if ref is not None:
        query = query.where(snapshot.c.model_id == ref.model_id, snapshot.c.version == ref.version)
    return tuple(snapshot_of(row) for row in connection.execute(query.limit(limit)).mappings())


def states(connection: Connection) -> dict[str, tuple[str, bool]]:
    """Return the state of every snapshot by its id, and whether its rows are kept."""
    query = select(snapshot.c.snapshot_id, snapshot.c.state, snapshot.c.rows_kept)
    return {row.snapshot_id: (row.state, row.rows_kept) for row in connection.execute(query)}


def twin(connection: Connection, like: Mapping[Any, Any]) -> str | None:
    """Return the id of an earlier, counted snapshot with the same content, model version and purpose."""
    same: list[ColumnElement[bool]] = [
        snapshot.c[name] == like[name] for name in ("sha256", "model_id", "version", "purpose")
    ]
    query = (
        select(snapshot.c.snapshot_id)
        .where(*same, snapshot.c.state.in_(_COUNTED), snapshot.c.snapshot_id != like["snapshot_id"])
        .order_by(snapshot.c.uploaded_at, snapshot.c.snapshot_id)
        .limit(1)
    )
    return connection.execute(query).scalar()


def change(connection: Connection, snapshot_id: str, *, states: Sequence[str], **values: Any) -> None:
    """Change a snapshot that is in one of `states`.

    Raises
    ------
    Conflict
        When it is in another state by now.
    NotFound
        When there is none of this id.
    """
    query = update(snapshot).where(snapshot.c.snapshot_id == snapshot_id, snapshot.c.state.in_(states))
    if not connection.execute(query.values(**values)).rowcount:
        found = find(connection, snapshot_id)
        raise Conflict(f"snapshot {found.filename!r} is {found.state}", hint=f"it has to be {' or '.join(states)}")


def lock_version(connection: Connection, ref: ModelRef) -> None:
    """Let one transaction at a time decide about the uploads of a model version.

    Raises
    ------
    NotFound
        When there is no such model version.
    """
    query = select(model_version.c.version).where(
        model_version.c.model_id == ref.model_id, model_version.c.version == ref.version
    )
    if connection.execute(query.with_for_update()).first() is None:
        raise NotFound(f"there is no model {ref}")


def granularity(connection: Connection, model_id: str) -> tuple[str, Mapping[str, Any] | None]:
    """Return the granularity of a model and the roles remembered for it."""
    query = select(model.c.granularity, model.c.roles).where(model.c.model_id == model_id)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound(f"there is no model {model_id!r}")
    return row.granularity, row.roles


def drop_summaries(connection: Connection, snapshot_id: str) -> None:
    """Remove what a snapshot added to its granules."""
    for table in (drift_summary, drift_sample):
        connection.execute(delete(table).where(table.c.snapshot_id == snapshot_id))


def older_than(connection: Connection, *, staged: datetime, kept: datetime) -> tuple[list[str], list[str]]:
    """Return uploads never confirmed since `staged`, and snapshots whose rows are kept since before `kept`."""
    waiting = select(snapshot.c.snapshot_id).where(snapshot.c.state == "staged", snapshot.c.uploaded_at < staged)
    holding = select(snapshot.c.snapshot_id).where(snapshot.c.rows_kept, snapshot.c.ready_at < kept)
    return list(connection.execute(waiting).scalars()), list(connection.execute(holding).scalars())
