"""The job table as a queue: long work is a row, claimed by one worker, its progress and outcome kept.

::

    queued ──claim──> running ──finish──> done
      ▲  │               │ ├───fail─────> failed ────retry──> queued
      │  └──cancel──┐    │ └─cancelled──> cancelled ─retry──> queued
      │             └────│──────────────> cancelled
      └──requeue (the worker died or was stopped)

Every change is one conditional update, so that any number of processes may call these methods at once on
SQLite and PostgreSQL alike; a worker whose job was given to another one can no longer write to it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, or_, select, update

from monitor_core.errors import Conflict, NotFound
from monitor_core.storage.schema import job as table
from monitor_core.values import ModelRef

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Engine, RowMapping

    from monitor_core.clock import Clock

__all__ = ["Job", "JobError", "JobQueue", "JobState"]

_ESTIMATE_FROM = 0.02  # below this share the rate says nothing yet


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing happens any more unless someone retries the job."""
        return self in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed: what happened, what to do, and every reason of a refusal."""

    message: str
    hint: str = ""
    reasons: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the error as it is stored and shown by the API."""
        return {"message": self.message, "hint": self.hint, "reasons": list(self.reasons)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> JobError:
        """Read what `to_json` wrote; absent parts are empty."""
        return cls(str(data.get("message", "")), str(data.get("hint", "")), tuple(data.get("reasons", ())))


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it was when read."""

    job_id: str
    kind: str
    ref: ModelRef | None
    params: Mapping[str, Any]
    state: JobState
    progress: float
    """Share done of the present attempt, 0..1."""
    note: str
    """What the worker is doing, in words."""
    attempt: int
    """How often a worker has begun it; 0 before the first."""
    max_attempts: int
    not_before: datetime | None
    cancel_requested: bool
    owner: str | None
    heartbeat_at: datetime | None
    error: JobError | None
    result: Mapping[str, Any] | None
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    def seconds_left(self, now: datetime) -> float | None:
        """Estimate the remaining time from the rate so far; None while nothing can be said.

        The estimate assumes that the rest goes as fast as what is done of this attempt.
        """
        if self.state is not JobState.RUNNING or self.started_at is None or self.progress < _ESTIMATE_FROM:
            return None
        elapsed = max((now - self.started_at).total_seconds(), 0.0)
        return elapsed * (1.0 - self.progress) / self.progress

    def seconds_taken(self, now: datetime) -> float | None:
        """Return how long the present or last attempt has taken; None before the first."""
        if self.started_at is None:
            return None
        return max(((self.finished_at or now) - self.started_at).total_seconds(), 0.0)


class JobQueue:
    """Put work into the job table and take it out again.

    Parameters
    ----------
    engine
        The database.
    now
        The clock; all moments in the table come from it.
    """

    def __init__(self, engine: Engine, now: Clock) -> None:
        self._engine = engine
        self._now = now

    # -- those who ask ---------------------------------------------------------------------------

    def enqueue(
        self,
        kind: str,
        *,
        ref: ModelRef | None = None,
        params: Mapping[str, Any] | None = None,
        requested_by: str = "",
        max_attempts: int = 3,
        not_before: datetime | None = None,
        connection: Connection | None = None,
    ) -> str:
        """Add a job and return its id; an identical job that still waits is returned instead.

        Parameters
        ----------
        kind
            The name of the work (`monitor_core.jobs.handlers`).
        ref
            The model version it is about, when there is one.
        params
            JSON values the work needs.
        max_attempts
            How often a worker may begin it before a dying worker makes it fail.
        not_before
            Leave it waiting until then.
        connection
            Join the caller's transaction, so that the job exists exactly when the caller's rows do.
        """
        if connection is None:
            with self._engine.begin() as own:
                return self.enqueue(
                    kind,
                    ref=ref,
                    params=params,
                    requested_by=requested_by,
                    max_attempts=max_attempts,
                    not_before=not_before,
                    connection=own,
                )
        wanted = dict(params or {})
        waiting = self._waiting_twin(connection, kind, ref, wanted)
        if waiting is not None:
            return waiting
        now = self._now()
        job_id = f"{int(now.timestamp() * 1000):012x}{secrets.token_hex(4)}"
        connection.execute(
            insert(table).values(
                job_id=job_id,
                kind=kind,
                model_id=ref.model_id if ref else None,
                version=ref.version if ref else None,
                params=wanted,
                state=JobState.QUEUED.value,
                requested_by=requested_by,
                max_attempts=max_attempts,
                not_before=not_before,
                created_at=now,
            )
        )
        return job_id

    def get(self, job_id: str) -> Job:
        """Return one job.

        Raises
        ------
        NotFound
            There is no such job.
        """
        with self._engine.connect() as connection:
            row = connection.execute(select(table).where(table.c.job_id == job_id)).mappings().first()
        if row is None:
            raise NotFound(f"there is no job {job_id!r}", hint="see the list of jobs; old ones are pruned")
        return _job(row)

    def list(
        self, ref: ModelRef | None = None, *, states: Collection[JobState] | None = None, limit: int = 50
    ) -> tuple[Job, ...]:
        """Return the latest jobs, newest first, of one model version or of all."""
        query = select(table).order_by(table.c.created_at.desc(), table.c.job_id.desc()).limit(limit)
        if ref is not None:
            query = query.where(table.c.model_id == ref.model_id, table.c.version == ref.version)
        if states is not None:
            query = query.where(table.c.state.in_([state.value for state in states]))
        with self._engine.connect() as connection:
            return tuple(_job(row) for row in connection.execute(query).mappings())

    def last_asked(self, kind: str) -> datetime | None:
        """Return when a job of this kind was last asked for; None when none is in the table."""
        with self._engine.connect() as connection:
            found = connection.execute(select(func.max(table.c.created_at)).where(table.c.kind == kind))
            return found.scalar_one_or_none()

    def counts(self) -> dict[JobState, int]:
        """Return how many jobs are in each state; every state is present."""
        query = select(table.c.state, func.count()).group_by(table.c.state)
        with self._engine.connect() as connection:
            found = {state: count for state, count in connection.execute(query)}  # noqa: C416 - rows are not pairs to mypy
        return {state: int(found.get(state.value, 0)) for state in JobState}

    def cancel(self, job_id: str) -> Job:
        """Cancel a waiting job at once; ask the worker of a running one to stop.

        Raises
        ------
        NotFound
            There is no such job.
        Conflict
            It is finished already.
        """
        now = self._now()
        waiting = {"state": JobState.CANCELLED.value, "finished_at": now, "note": "cancelled before it began"}
        changed = self._change(job_id, table.c.state == JobState.QUEUED.value, waiting) or self._change(
            job_id, table.c.state == JobState.RUNNING.value, {"cancel_requested": True}
        )
        job = self.get(job_id)
        if not changed:
            raise Conflict(f"job {job_id!r} is {job.state.value} and can no longer be cancelled")
        return job

    def retry(self, job_id: str) -> Job:
        """Let a failed or cancelled job run again, with all its attempts.

        Raises
        ------
        NotFound
            There is no such job.
        Conflict
            It is waiting, running or done.
        """
        afresh = _WAITING | {"attempt": 0, "error": None, "result": None, "finished_at": None, "not_before": None}
        ended = table.c.state.in_([JobState.FAILED.value, JobState.CANCELLED.value])
        changed = self._change(job_id, ended, afresh)
        job = self.get(job_id)
        if not changed:
            raise Conflict(f"job {job_id!r} is {job.state.value}; only failed and cancelled jobs can be retried")
        return job

    # -- those who work --------------------------------------------------------------------------

    def claim(self, owner: str, *, job_id: str | None = None) -> Job | None:
        """Take the oldest waiting job (or the named one), or return None when there is none.

        One statement: however many workers ask at once, each job goes to one of them.
        """
        now = self._now()
        due = and_(table.c.state == JobState.QUEUED.value, or_(table.c.not_before.is_(None), table.c.not_before <= now))
        oldest = select(table.c.job_id).where(due).order_by(table.c.created_at, table.c.job_id).limit(1)
        if job_id is not None:
            oldest = oldest.where(table.c.job_id == job_id)
        statement = (
            update(table)
            .where(table.c.job_id == oldest.with_for_update(skip_locked=True).scalar_subquery())
            .where(table.c.state == JobState.QUEUED.value)
            .values(
                state=JobState.RUNNING.value,
                owner=owner,
                attempt=table.c.attempt + 1,
                started_at=now,
                heartbeat_at=now,
                progress=0.0,
                note="",
                error=None,
                cancel_requested=False,
            )
            .returning(*table.c)
        )
        with self._engine.begin() as connection:
            row = connection.execute(statement).mappings().first()
        return None if row is None else _job(row)

    def beat(self, job: Job) -> bool:
        """Say that the work goes on; False when the job is no longer this worker's."""
        return self._change(job.job_id, _held(job), {"heartbeat_at": self._now()})

    def progress(self, job: Job, share: float, note: str) -> bool:
        """Record the share done (clipped to 0..1) and what is being done.

        Returns
        -------
        bool
            Whether someone asked to cancel.

        Raises
        ------
        Conflict
            The job is no longer this worker's: stop, and write nothing.
        """
        statement = (
            update(table)
            .where(table.c.job_id == job.job_id, _held(job))
            .values(progress=min(max(share, 0.0), 1.0), note=note, heartbeat_at=self._now())
            .returning(table.c.cancel_requested)
        )
        with self._engine.begin() as connection:
            asked = connection.execute(statement).scalar_one_or_none()
        if asked is None:
            raise Conflict(f"job {job.job_id!r} was given to another worker")
        return bool(asked)

    def finish(self, job: Job, result: Mapping[str, Any] | None = None) -> bool:
        """Mark the job done; False when it is no longer this worker's."""
        done = {"state": JobState.DONE.value, "progress": 1.0, "note": "", "result": dict(result or {})}
        return self._end(job, done)

    def fail(self, job: Job, error: JobError) -> bool:
        """Mark the job failed with its reason; False when it is no longer this worker's."""
        return self._end(job, {"state": JobState.FAILED.value, "error": error.to_json()})

    def cancelled(self, job: Job) -> bool:
        """Confirm that the work stopped because someone asked; False when it is no longer this worker's."""
        return self._end(job, {"state": JobState.CANCELLED.value})

    def release(self, job: Job, note: str = "waiting for the worker to start again") -> bool:
        """Give a job back unharmed because the worker is being stopped; the attempt does not count."""
        back = _WAITING | {"attempt": table.c.attempt - 1, "note": note}
        return self._change(job.job_id, _held(job), back)

    def postpone(self, job: Job, error: JobError) -> bool:
        """Try again later after a passing failure (a source was down); fail after the last attempt.

        The pause doubles with each attempt, from 5 s. False when the job is no longer this worker's.
        """
        if job.attempt >= job.max_attempts:
            return self.fail(job, error)
        due = self._now() + timedelta(seconds=5 * 2 ** (job.attempt - 1))
        later = _WAITING | {
            "not_before": due,
            "error": error.to_json(),
            "note": f"will be tried again: {error.message}",
        }
        return self._change(job.job_id, _held(job), later)

    def owners(self) -> tuple[str, ...]:
        """Return the names of the processes that have a running job."""
        query = select(table.c.owner).where(table.c.state == JobState.RUNNING.value, table.c.owner.is_not(None))
        with self._engine.connect() as connection:
            return tuple(connection.execute(query.distinct()).scalars())

    def requeue_lost(self, older_than: timedelta, *, besides: Collection[str] = ()) -> tuple[str, ...]:
        """Give jobs of dead workers back to the queue; return the ids of those that may run again.

        A job whose worker died `max_attempts` times fails instead: it may be what kills them.

        Parameters
        ----------
        older_than
            Age of the last heartbeat from which a worker counts as dead.
        besides
            Owners known to be dead or gone, whatever their last heartbeat.
        """
        lost = and_(
            table.c.state == JobState.RUNNING.value,
            or_(table.c.heartbeat_at < self._now() - older_than, table.c.owner.in_(besides)),
        )
        asked = {"state": JobState.CANCELLED.value, "owner": None, "finished_at": self._now()}
        error = JobError(
            "the worker stopped each time it was on this job",
            hint="look at the worker's output, make memory free, then retry",
        )
        failed = {"state": JobState.FAILED.value, "owner": None, "finished_at": self._now(), "error": error.to_json()}
        again = _WAITING | {"note": "the worker stopped; the job starts again"}
        with self._engine.begin() as connection:
            connection.execute(update(table).where(lost, table.c.cancel_requested).values(asked))
            connection.execute(update(table).where(lost, table.c.attempt >= table.c.max_attempts).values(failed))
            rows = connection.execute(update(table).where(lost).values(again).returning(table.c.job_id))
            return tuple(str(row.job_id) for row in rows)

    def prune(self, before: datetime) -> int:
        """Remove jobs that ended before a moment; return how many."""
        ended = table.c.state.in_([state.value for state in JobState if state.is_final])
        with self._engine.begin() as connection:
            return connection.execute(delete(table).where(ended, table.c.finished_at < before)).rowcount

    # -- the statements --------------------------------------------------------------------------

    def _waiting_twin(
        self, connection: Connection, kind: str, ref: ModelRef | None, params: Mapping[str, Any]
    ) -> str | None:
        query = select(table.c.job_id, table.c.params).where(
            table.c.state == JobState.QUEUED.value,
            table.c.kind == kind,
            table.c.model_id.is_(None) if ref is None else table.c.model_id == ref.model_id,
            table.c.version.is_(None) if ref is None else table.c.version == ref.version,
        )
        for row in connection.execute(query.order_by(table.c.created_at)):
            if row.params == params:
                return str(row.job_id)
        return None

    def _end(self, job: Job, values: Mapping[str, Any]) -> bool:
        return self._change(job.job_id, _held(job), {**values, "owner": None, "finished_at": self._now()})

    def _change(self, job_id: str, only_if: ColumnElement[bool], values: Mapping[str, Any]) -> bool:
        with self._engine.begin() as connection:
            done = connection.execute(update(table).where(table.c.job_id == job_id, only_if).values(values))
        return done.rowcount == 1


_WAITING: dict[str, Any] = {
    "state": JobState.QUEUED.value,
    "owner": None,
    "heartbeat_at": None,
    "started_at": None,
    "progress": 0.0,
    "note": "",
    "cancel_requested": False,
}


def _held(job: Job) -> ColumnElement[bool]:
    """Hold for the row only while this claim of the job is the present one."""
    return and_(table.c.state == JobState.RUNNING.value, table.c.owner == job.owner, table.c.attempt == job.attempt)


def _job(row: RowMapping) -> Job:
    ref = ModelRef(row["model_id"], row["version"]) if row["model_id"] is not None else None
    return Job(
        job_id=row["job_id"],
        kind=row["kind"],
        ref=ref,
        params=row["params"],
        state=JobState(row["state"]),
        progress=row["progress"],
        note=row["note"],
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        not_before=row["not_before"],
        cancel_requested=row["cancel_requested"],
        owner=row["owner"],
        heartbeat_at=row["heartbeat_at"],
        error=JobError.from_json(row["error"]) if row["error"] else None,
        result=row["result"],
        requested_by=row["requested_by"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
    )
