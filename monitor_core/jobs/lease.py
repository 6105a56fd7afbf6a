"""Named leases: at most one process at a time is the worker (the collector, the ingester)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from monitor_core.jobs.owner import is_dead
from monitor_core.storage.schema import lease as table

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from monitor_core.clock import Clock

__all__ = ["LEASE_SECONDS", "WORKER", "Lease", "Leases"]

WORKER = "worker"
"""The name of the lease of the process that runs jobs."""

LEASE_SECONDS = 30.0
"""How long a lease holds without being renewed."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds a name, and until when."""

    name: str
    owner: str
    expires_at: datetime


class Leases:
    """Acquire, renew and release leases, each by one conditional update.

    Parameters
    ----------
    engine
        The database.
    now
        The clock. Machines that share a database must agree on the time to within a few seconds.
    seconds
        How long a lease holds without being renewed.
    """

    def __init__(self, engine: Engine, now: Clock, *, seconds: float = LEASE_SECONDS) -> None:
        self._engine = engine
        self._now = now
        self._length = timedelta(seconds=seconds)

    def acquire(self, name: str, owner: str) -> bool:
        """Take the lease when it is free, expired, already ours, or its owner is known to be dead."""
        held = self.holder(name)
        takeable = [table.c.owner == owner, table.c.expires_at <= self._now()]
        if held is not None and is_dead(held.owner):
            takeable.append(table.c.owner == held.owner)
        with self._engine.begin() as connection:
            taken = connection.execute(
                update(table)
                .where(table.c.name == name, or_(*takeable))
                .values(owner=owner, expires_at=self._now() + self._length)
            )
        return taken.rowcount == 1 or (held is None and self._insert(name, owner))

    def renew(self, name: str, owner: str) -> bool:
        """Extend the lease; False when another process holds it now: stop working."""
        with self._engine.begin() as connection:
            renewed = connection.execute(
                update(table)
                .where(table.c.name == name, table.c.owner == owner)
                .values(expires_at=self._now() + self._length)
            )
        return renewed.rowcount == 1

    def release(self, name: str, owner: str) -> bool:
        """Give the lease back; False when it was not ours."""
        with self._engine.begin() as connection:
            given = connection.execute(delete(table).where(table.c.name == name, table.c.owner == owner))
        return given.rowcount == 1

    def holder(self, name: str) -> Lease | None:
        """Return who is written as the holder, expired or not; None when nobody is."""
        with self._engine.connect() as connection:
            row = connection.execute(select(table).where(table.c.name == name)).first()
        return None if row is None else Lease(row.name, row.owner, row.expires_at)

    def is_live(self, name: str) -> bool:
        """Whether some process holds the lease now and is not known to be dead."""
        held = self.holder(name)
        return held is not None and held.expires_at > self._now() and not is_dead(held.owner)

    def _insert(self, name: str, owner: str) -> bool:
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(table).values(name=name, owner=owner, expires_at=self._now() + self._length))
        except IntegrityError:  # another process was quicker
            return False
        return True
