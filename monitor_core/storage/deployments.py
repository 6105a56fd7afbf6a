"""Which version of a model served when: live, or as a shadow on the same rows."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sqlalchemy import insert, select, update

from monitor_core.errors import Conflict, InvalidInput, NotFound
from monitor_core.storage.schema import deployment as table
from monitor_core.storage.schema import model as model_table
from monitor_core.storage.schema import model_version
from monitor_core.values import ModelRef

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine, RowMapping

    from monitor_core.clock import Clock
    from monitor_core.storage.trail import Trail

__all__ = ["Deployment", "DeploymentStore", "Stage"]

Stage = Literal["live", "shadow"]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One version in service."""

    deployment_id: str
    ref: ModelRef
    stage: str
    """live | shadow"""
    started_at: datetime
    ended_at: datetime | None
    """None while it lasts."""
    created_by: str
    recorded_at: datetime
    """When the start was written down: later than `started_at` when it was told afterwards."""
    end_recorded_at: datetime | None = None

    def known(self, as_of: datetime) -> Deployment | None:
        """Return it as it was known at a moment; None when it was not yet."""
        if self.recorded_at > as_of:
            return None
        if self.end_recorded_at is None or self.end_recorded_at <= as_of:
            return self
        return replace(self, ended_at=None, end_recorded_at=None)


class DeploymentStore:
    """Keep which version served when; every change is recorded in the trail."""

    def __init__(self, engine: Engine, trail: Trail, now: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._now = now

    def start(
        self, ref: ModelRef, *, stage: Stage = "live", started_at: datetime | None = None, actor: str
    ) -> Deployment:
        """Put a version in service.

        A version that goes live ends the one that was live before, and its own service as a shadow. What is so already
        stays as it is.

        Parameters
        ----------
        started_at
            Since when; None is now. For what happened before it was written down, not before the last change.

        Raises
        ------
        NotFound
            There is no such version.
        Conflict
            It is live already and should become a shadow, or `started_at` lies before the last change of the live
            version.
        InvalidInput
            For a moment without time zone or in the future.
        """
        at = self._moment(started_at)
        with self._engine.begin() as connection:
            _lock(connection, ref)
            open_ones = [item for item in self._list(connection, ref.model_id) if item.ended_at is None]
            own = next((item for item in open_ones if item.ref == ref), None)
            if own is not None and own.stage == stage:
                return own
            if own is not None and own.stage == "live":
                raise Conflict(f"{ref} is live; it cannot be a shadow of itself", hint="put another version live first")
            ending = [item for item in open_ones if item.ref == ref or (stage == "live" and item.stage == "live")]
            recorded = self._now()
            for item in ending:
                _end(connection, item, at, recorded)
            made = Deployment(secrets.token_hex(8), ref, stage, at, None, actor, recorded)
            connection.execute(insert(table), _values(made))
            replaced = next((item.ref.version for item in ending if item.ref != ref), None)
            detail = {"stage": stage, "since": at.isoformat(), "replaces": replaced}
            self._trail.record("version.deploy", str(ref), actor=actor, detail=detail, connection=connection)
        return made

    def end(self, ref: ModelRef, *, ended_at: datetime | None = None, actor: str) -> Deployment:
        """Take a version out of service; raises `NotFound` when it is not in service."""
        at = self._moment(ended_at)
        with self._engine.begin() as connection:
            _lock(connection, ref)
            found = [item for item in self._list(connection, ref.model_id) if item.ref == ref and item.ended_at is None]
            if not found:
                raise NotFound(f"{ref} is neither live nor a shadow")
            _end(connection, found[0], at, self._now())
            detail = {"stage": found[0].stage, "until": at.isoformat()}
            self._trail.record("version.withdraw", str(ref), actor=actor, detail=detail, connection=connection)
            return next(
                item for item in self._list(connection, ref.model_id) if item.deployment_id == found[0].deployment_id
            )

    def list(self, model_id: str, *, as_of: datetime | None = None) -> tuple[Deployment, ...]:
        """Return all deployments of a model, the latest first; as they were known at a moment, where one is given."""
        with self._engine.connect() as connection:
            found = self._list(connection, model_id)
        if as_of is None:
            return found
        return tuple(known for item in found if (known := item.known(as_of)) is not None)

    def live(self, model_id: str) -> Deployment | None:
        """Return the version that serves now."""
        found = (item for item in self.list(model_id) if item.stage == "live" and item.ended_at is None)
        return next(found, None)

    def previous(self, model_id: str) -> Deployment | None:
        """Return the latest deployment of another version that was live before the present one, or before nothing."""
        lives = [item for item in self.list(model_id) if item.stage == "live"]
        current = next((item for item in lives if item.ended_at is None), None)
        ended = (item for item in lives if item.ended_at is not None)
        return next((item for item in ended if current is None or item.ref != current.ref), None)

    def shadows(self, model_id: str) -> tuple[Deployment, ...]:
        """Return the versions that predict the same rows without being used."""
        return tuple(item for item in self.list(model_id) if item.stage == "shadow" and item.ended_at is None)

    def _list(self, connection: Connection, model_id: str) -> tuple[Deployment, ...]:
        column = table.c
        query = select(table).where(column.model_id == model_id)
        query = query.order_by(column.started_at.desc(), column.ended_at.is_(None).desc(), column.deployment_id)
        return tuple(_deployment(row) for row in connection.execute(query).mappings())

    def _moment(self, given: datetime | None) -> datetime:
        if given is None:
            return self._now()
        if given.tzinfo is None:
            raise InvalidInput(f"{given.isoformat()} has no time zone")
        if given > self._now():
            raise InvalidInput(f"{given.isoformat()} is in the future", hint="tell it when it has happened")
        return given


def _lock(connection: Connection, ref: ModelRef) -> None:
    """Wait until nobody else changes the model's deployments; on SQLite a writing transaction is alone anyway."""
    query = select(model_table.c.model_id).where(model_table.c.model_id == ref.model_id)
    connection.execute(query.with_for_update(key_share=True))
    column = model_version.c
    known = select(column.version).where(column.model_id == ref.model_id, column.version == ref.version)
    if connection.scalar(known) is None:
        raise NotFound(f"there is no model version {ref}", hint="add it first")


def _end(connection: Connection, item: Deployment, at: datetime, recorded: datetime) -> None:
    if at < item.started_at:
        raise Conflict(
            f"{item.ref} is {item.stage} since {item.started_at.isoformat()}, which is after {at.isoformat()}",
            hint="name a later moment",
        )
    connection.execute(
        update(table).where(table.c.deployment_id == item.deployment_id).values(ended_at=at, end_recorded_at=recorded)
    )


def _values(item: Deployment) -> dict[str, object]:
    return {
        "deployment_id": item.deployment_id,
        "model_id": item.ref.model_id,
        "version": item.ref.version,
        "stage": item.stage,
        "started_at": item.started_at,
        "ended_at": item.ended_at,
        "created_by": item.created_by,
        "recorded_at": item.recorded_at,
        "end_recorded_at": item.end_recorded_at,
    }


def _deployment(row: RowMapping) -> Deployment:
    ref = ModelRef(row["model_id"], row["version"])
    return Deployment(
        row["deployment_id"],
        ref,
        row["stage"],
        row["started_at"],
        row["ended_at"],
        row["created_by"],
        row["recorded_at"],
        row["end_recorded_at"],
    )
