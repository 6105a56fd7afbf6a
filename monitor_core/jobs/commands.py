"""What people ask for: each call records who asked and leaves the long work to a job.

The page, the command line and the HTTP interface all call these, so that the same request leaves the same
trace whichever way it came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitor_core.drift.service import BASELINE_KINDS
from monitor_core.errors import Conflict, InvalidInput, MonitorError
from monitor_core.jobs.deliveries import ON_BAD, check_open
from monitor_core.jobs.queue import Job, JobQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from monitor_core.runtime import Services
    from monitor_core.snapshots.records import Purpose
    from monitor_core.snapshots.roles import Roles
    from monitor_core.values import ModelRef

__all__ = [
    "BASELINE_KINDS",
    "EXAMPLE_MODEL",
    "ON_BAD",
    "Accepted",
    "accept_snapshot",
    "accept_upload",
    "cancel_job",
    "delete_model",
    "load_example",
    "queue",
    "remove_example",
    "request_baseline",
    "request_run",
    "retry_job",
]

EXAMPLE_MODEL = "example"
"""The id of the model that the example makes."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of an upload."""

    snapshot_id: str
    """The upload, or the earlier one with the same content."""
    job_id: str | None
    """None when the same content was accepted before."""


def queue(services: Services) -> JobQueue:
    """Return the job queue of these services."""
    return JobQueue(services.engine, services.now)


def accept_snapshot(
    services: Services, snapshot_id: str, roles: Roles, *, keep_rows: bool = False, on_bad: str = "keep", actor: str
) -> str:
    """Accept a staged upload and have it taken in; return the id of the job.

    The snapshot's new state and the job are written in one transaction: an accepted file always has its job.

    Parameters
    ----------
    on_bad
        What to do with predictions or labels of which rows are bad: one of `deliveries.ON_BAD`.

    Raises
    ------
    NotFound
        There is no such snapshot.
    Conflict
        It was accepted or refused before, or the model is archived.
    """
    if on_bad not in ON_BAD:
        raise InvalidInput(f"on_bad {on_bad!r} is not known", hint=f"one of {', '.join(ON_BAD)}")
    snapshot = services.snapshots.get(snapshot_id)
    check_open(services.models.get(snapshot.ref.model_id))
    params = {"snapshot_id": snapshot_id} | ({"on_bad": on_bad} if on_bad != "keep" else {})
    with services.engine.begin() as connection:
        job_id = queue(services).enqueue(
            "take_in",
            ref=snapshot.ref,
            params=params,
            requested_by=actor,
            connection=connection,
        )
        # Last, because it appends to the trail, for which others have to wait until the transaction ends.
        services.snapshots.accept(snapshot_id, roles, keep_rows=keep_rows, actor=actor, connection=connection)
    return job_id


def accept_upload(
    services: Services,
    sources: Sequence[tuple[str, Path | BinaryIO]],
    ref: ModelRef,
    *,
    purpose: Purpose,
    roles: Callable[[Roles], Roles] = lambda proposed: proposed,
    keep_rows: bool | None = None,
    on_bad: str = "keep",
    actor: str,
) -> Accepted:
    """Stage files and accept them without anybody looking in between, as programs do.

    Parameters
    ----------
    sources
        ``(filename, file)``; several become one table.
    roles
        Given the proposed roles, returns those to use.
    keep_rows
        None: as the setting says.
    on_bad
        As `accept_snapshot`.

    Raises
    ------
    Refused, InvalidInput, NotFound
        What cannot be accepted leaves nothing behind.
    """
    staged = services.snapshots.stage_many(sources, ref=ref, purpose=purpose, actor=actor)
    if staged.duplicate_of is not None:
        services.snapshots.delete(staged.snapshot_id, actor=actor)
        return Accepted(staged.duplicate_of, None)
    try:
        wanted = roles(services.snapshots.preview(staged.snapshot_id, rows=0).roles)
        keep = services.settings.snapshots.keep_rows if keep_rows is None else keep_rows
        job_id = accept_snapshot(services, staged.snapshot_id, wanted, keep_rows=keep, on_bad=on_bad, actor=actor)
    except MonitorError:
        services.snapshots.delete(staged.snapshot_id, actor=actor)
        raise
    return Accepted(staged.snapshot_id, job_id)


def request_run(
    services: Services,
    ref: ModelRef,
    *,
    baseline_id: str | None = None,
    granules: tuple[str, str] | None = None,
    segment_column: str = "",
    overrides: Mapping[str, Any] | None = None,
    actor: str,
) -> str:
    """Have the drift of a model version judged; return the id of the job.

    Parameters
    ----------
    baseline_id
        Compare with this baseline; the active one when None.
    granules
        First and last granule, both included; everything stored when None.
    segment_column
        Also judge each value of this column on its own.
    overrides
        `DriftSettings` fields that differ for this run only.

    Raises
    ------
    NotFound
        There is no such model version.
    InvalidInput
        The first granule lies after the last.
    """
    services.models.version(ref)
    if granules is not None and granules[0] > granules[1]:
        raise InvalidInput(f"the first granule {granules[0]!r} lies after the last, {granules[1]!r}")
    params = {
        "baseline_id": baseline_id,
        "granules": list(granules) if granules else None,
        "segment_column": segment_column,
        "overrides": dict(overrides or {}),
    }
    return _request(services, "drift_run", ref, params, actor=actor)


def request_baseline(
    services: Services, ref: ModelRef, first: str, last: str, *, kind: str = "fixed", actor: str
) -> str:
    """Have a baseline made from a range of stored granules; return the id of the job.

    Raises
    ------
    NotFound
        There is no such model version.
    InvalidInput
        The kind is unknown, or the first granule lies after the last.
    """
    services.models.version(ref)
    if kind not in BASELINE_KINDS:
        raise InvalidInput(f"baseline kind {kind!r} is not known", hint=f"one of {', '.join(BASELINE_KINDS)}")
    if first > last:
        raise InvalidInput(f"the first granule {first!r} lies after the last, {last!r}")
    return _request(services, "baseline_from_range", ref, {"first": first, "last": last, "kind": kind}, actor=actor)


def load_example(services: Services, *, actor: str) -> str:
    """Have the example model made and judged; return the id of the job.

    Raises
    ------
    Conflict
        A model of the user's own has the example's name.
    """
    for model in services.models.list(archived=True):
        if model.model_id == EXAMPLE_MODEL and not model.is_example:
            raise Conflict(f"a model {EXAMPLE_MODEL!r} of your own exists", hint="rename or delete it first")
    return _request(services, "load_example", None, {}, actor=actor)


def remove_example(services: Services, *, actor: str) -> bool:
    """Remove everything that `load_example` made; False when there is no example."""
    found = [model for model in services.models.list(archived=True) if model.is_example]
    for model in found:
        delete_model(services, model.model_id, actor=actor)
    return bool(found)


def delete_model(services: Services, model_id: str, *, actor: str) -> None:
    """Delete a model with everything that belongs to it, the files of its uploads included.

    Raises
    ------
    NotFound
        There is no such model.
    """
    services.models.delete(model_id, actor=actor)
    services.snapshots.prune(services.now())


def cancel_job(services: Services, job_id: str, *, actor: str) -> Job:
    """Cancel a job, as `JobQueue.cancel`, and record who did."""
    job = queue(services).cancel(job_id)
    services.trail.record("job.cancel", job_id, actor=actor, detail={"kind": job.kind})
    return job


def retry_job(services: Services, job_id: str, *, actor: str) -> Job:
    """Let a failed or cancelled job run again, as `JobQueue.retry`, and record who did."""
    job = queue(services).retry(job_id)
    services.trail.record("job.retry", job_id, actor=actor, detail={"kind": job.kind})
    return job


def _request(services: Services, kind: str, ref: ModelRef | None, params: dict[str, Any], *, actor: str) -> str:
    """Queue the work and record the request in one transaction."""
    with services.engine.begin() as connection:
        job_id = queue(services).enqueue(kind, ref=ref, params=params, requested_by=actor, connection=connection)
        subject = str(ref) if ref else kind
        detail = {"kind": kind, "job_id": job_id, **params}
        services.trail.record("job.request", subject, actor=actor, detail=detail, connection=connection)
    return job_id
