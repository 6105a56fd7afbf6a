"""The operators' trail in the database: who did what, chained, written in the same transaction as the deed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, insert, select, text

from monitor_core.audit.chain import OPERATORS, Break, Record, link, verify
from monitor_core.storage.schema import audit_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import RowMapping

    from monitor_core.clock import Clock

__all__ = ["Trail"]

_LOCK = 0x74726169  # "trai": on PostgreSQL one writer at a time appends


class Trail:
    """Record and read operators' actions.

    Parameters
    ----------
    engine
        The database.
    now
        The source of time.
    """

    def __init__(self, engine: Engine, now: Clock) -> None:
        self._engine = engine
        self._now = now

    def record(
        self,
        action: str,
        subject: str,
        *,
        actor: str,
        detail: Mapping[str, Any] | None = None,
        connection: Connection | None = None,
    ) -> Record:
        """Append one record.

        Parameters
        ----------
        action
            What was done, ``thing.verb``: ``baseline.activate``, ``snapshot.delete``.
        subject
            What it was done to, as a person would name it.
        actor
            Who did it; for the worker the person who asked for the job.
        detail
            JSON values: what changed, from what to what.
        connection
            The transaction of the deed itself, opened by ``engine.begin()``, so that neither exists without the
            other. Appending takes turns until that transaction ends: make it the last thing in there.
        """
        if connection is None:
            with self._engine.begin() as own:
                return self.record(action, subject, actor=actor, detail=detail, connection=own)
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        last = connection.execute(
            select(audit_event.c.sequence, audit_event.c.hash).order_by(audit_event.c.sequence.desc()).limit(1)
        ).first()
        made = link(
            OPERATORS,
            (last.sequence, last.hash) if last else None,
            at=self._now(),
            actor=actor,
            action=action,
            subject=subject,
            detail=detail or {},
        )
        connection.execute(insert(audit_event), _columns(made))
        return made

    def list(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> tuple[Record, ...]:
        """Return the newest records first.

        Parameters
        ----------
        actor, subject
            Exactly this one.
        action
            This action, or all of a thing when it ends with a dot: ``baseline.``.
        since, until
            Half-open ``[since, until)``.
        limit
            At most this many.
        """
        column = audit_event.c
        query = select(audit_event).order_by(column.sequence.desc()).limit(limit)
        if actor is not None:
            query = query.where(column.actor == actor)
        if action is not None:
            exact = column.action == action
            query = query.where(column.action.startswith(action, autoescape=True) if action.endswith(".") else exact)
        if subject is not None:
            query = query.where(column.subject == subject)
        if since is not None:
            query = query.where(column.at >= since)
        if until is not None:
            query = query.where(column.at < until)
        with self._engine.connect() as connection:
            return tuple(_record(row) for row in connection.execute(query).mappings())

    def verify(self) -> Break | None:
        """Return the first record that was changed, removed or slipped in; None when the chain holds.

        Records removed from the end cannot be noticed without a hash kept elsewhere.
        """
        return verify(self.all(), domain=OPERATORS)

    def all(self) -> Iterator[Record]:
        """Read the whole trail, oldest first, a page at a time."""
        with self._engine.connect() as connection:
            after = 0
            while True:
                query = select(audit_event).where(audit_event.c.sequence > after)
                page = connection.execute(query.order_by(audit_event.c.sequence).limit(_PAGE)).mappings().all()
                yield from (_record(row) for row in page)
                if len(page) < _PAGE:
                    return
                after = page[-1]["sequence"]


_PAGE = 5_000


def _columns(record: Record) -> dict[str, Any]:
    return {
        "sequence": record.sequence,
        "at": record.at,
        "actor": record.actor,
        "action": record.action,
        "subject": record.subject,
        "detail": dict(record.detail),
        "previous": record.previous,
        "hash": record.hash,
    }


def _record(row: RowMapping) -> Record:
    return Record(**{column.name: row[column.name] for column in audit_event.columns})
