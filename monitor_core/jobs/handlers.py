"""The work behind each kind of job.

A handler may be begun again after its worker died at any point: each step either leaves nothing behind or a
complete result that the next attempt finds and keeps.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from monitor_core.errors import NotFound, Refused
from monitor_core.jobs import commands
from monitor_core.jobs.deliveries import baseline_performance, deliver, deliver_alone, kind_of, summary
from monitor_core.jobs.example import (
    BASELINE_DAYS,
    EXAMPLE_TITLE,
    IMPORTANCE,
    LIVE,
    PREVIOUS,
    example_files,
    first_day,
)
from monitor_core.jobs.progress import part
from monitor_core.jobs.pruning import prune_all
from monitor_core.jobs.reporting import save_reports
from monitor_core.values import ModelRef

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from monitor_core.jobs.example import ExampleFile
    from monitor_core.jobs.perform import Handler
    from monitor_core.jobs.progress import Progress
    from monitor_core.jobs.queue import Job
    from monitor_core.runtime import Services
    from monitor_core.snapshots.records import Snapshot

__all__ = ["HANDLERS"]

Result = dict[str, Any]


def take_in(services: Services, job: Job, progress: Progress) -> Result:
    """Take an accepted upload in: judge what it says about drift, count what it says about performance."""
    snapshot = services.snapshots.get(str(job.params["snapshot_id"]))
    on_bad = str(job.params.get("on_bad") or "keep")
    result = _taken_in(services, snapshot, job.requested_by, part(progress, 0.0, 0.7), on_bad=on_bad)
    if snapshot.purpose == "current":
        result["run_id"] = _judged(services, job, snapshot.ref, {}, part(progress, 0.7, 1.0))
    return result


def _taken_in(services: Services, snapshot: Snapshot, actor: str, progress: Progress, *, on_bad: str) -> Result:
    """Take an accepted upload in as its purpose asks; what an earlier attempt did is found."""
    result: Result = {"snapshot_id": snapshot.snapshot_id}
    if snapshot.purpose in {"predictions", "labels"}:
        if snapshot.state != "ready":
            batch = deliver_alone(services, snapshot, on_bad=on_bad, actor=actor, progress=progress)
            result["delivery"] = summary(batch)
    elif snapshot.purpose == "baseline":
        taken = services.drift.take_in(snapshot.snapshot_id, actor=actor, progress=part(progress, 0.0, 0.7))
        result["baseline_id"] = taken.baseline_id
        with _of_no_use(result):
            made = baseline_performance(services, snapshot, actor=actor, progress=part(progress, 0.7, 1.0))
            result |= {"performance_baseline_id": made} if made else {}
    else:
        kind = kind_of(snapshot)
        with _of_no_use(result):
            if kind is not None and snapshot.state == "accepted":
                batch = deliver(services, snapshot, kind, actor=actor, progress=part(progress, 0.0, 0.4))
                result["delivery"] = summary(batch)
        services.drift.take_in(snapshot.snapshot_id, actor=actor, progress=part(progress, 0.4, 1.0))
    services.snapshots.tidy(snapshot.snapshot_id)
    return result


@contextmanager
def _of_no_use(result: Result) -> Iterator[None]:
    """Note why data say nothing about performance; they are still good for drift."""
    try:
        yield
    except (Refused, NotFound) as error:  # not found: an earlier attempt ended after the rows were dropped
        result["not_delivered"] = [error.message, *getattr(error, "reasons", ())][:20]


def drift_run(services: Services, job: Job, progress: Progress) -> Result:
    """Judge the drift of a model version as asked, and keep the reports with the run."""
    return {"run_id": _judged(services, job, _ref(job), job.params, progress)}


def baseline_from_range(services: Services, job: Job, progress: Progress) -> Result:
    """Make a baseline from a range of stored granules, unless an earlier attempt has made it."""
    ref, params = _ref(job), job.params
    for known in services.drift.baselines(ref):
        asked = {"first": params["first"], "last": params["last"]}
        if known.created_at >= job.created_at and known.kind == params["kind"] and known.origin == asked:
            return {"baseline_id": known.baseline_id}
    made = services.drift.baseline_from_range(
        ref, params["first"], params["last"], kind=params["kind"], actor=job.requested_by, progress=progress
    )
    return {"baseline_id": made.baseline_id}


def load_example(services: Services, job: Job, progress: Progress) -> Result:
    """Make the example model, take its files in one after the other and judge them."""
    progress(0.0, "making the example's data")
    ref, files = _example_model(services, job), example_files(job.created_at)
    for number, file in enumerate(files):
        step = part(progress, 0.05 + 0.6 * number / len(files), 0.05 + 0.6 * (number + 1) / len(files))
        snapshot = services.snapshots.get(_uploaded(services, file, job.requested_by))
        _taken_in(services, snapshot, job.requested_by, step, on_bad="keep")
    run_id = _judged(services, job, ref, {}, part(progress, 0.65, 1.0))
    return {"model_id": ref.model_id, "version": ref.version, "run_id": run_id}


def prune(services: Services, _job: Job, progress: Progress) -> Result:
    """Drop what is older than the settings keep."""
    progress(0.0, "dropping what is past its time")
    return dict(prune_all(services))


def _ref(job: Job) -> ModelRef:
    if job.ref is None:
        raise NotFound(f"job {job.job_id!r} names no model")
    return job.ref


def _judged(services: Services, job: Job, ref: ModelRef, params: Mapping[str, Any], progress: Progress) -> str:
    """Make a run under the job's id, or find the one that an earlier attempt made; keep its reports."""
    try:
        run = services.drift.run_summary(job.job_id)
    except NotFound:
        granules = params.get("granules")
        run = services.drift.run(
            ref,
            baseline_id=params.get("baseline_id"),
            granules=(granules[0], granules[1]) if granules else None,
            segment_column=params.get("segment_column") or "",
            overrides=params.get("overrides"),
            run_id=job.job_id,
            actor=job.requested_by,
            progress=part(progress, 0.0, 0.8),
        )
    save_reports(services, run, part(progress, 0.8, 1.0))
    return run.run_id


def _example_model(services: Services, job: Job) -> ModelRef:
    ref, before = (ModelRef(commands.EXAMPLE_MODEL, version) for version in (LIVE, PREVIOUS))
    start, actor = first_day(job.created_at), job.requested_by
    try:
        services.models.version(before)
    except NotFound:
        services.models.add(
            before.model_id,
            title=EXAMPLE_TITLE,
            version=before.version,
            kind="binary classifier, gradient boosting",
            owner="nobody",
            description="Made up by the project. Its data hold known changes: see the user guide.",
            is_example=True,
            actor=actor,
        )
        trained = (start - timedelta(days=120)).date().isoformat()
        services.models.update_version(before, training_date=trained, importance=IMPORTANCE, actor=actor)
    if ref not in {version.ref for version in services.models.versions(ref.model_id)}:
        trained = (start - timedelta(days=1)).date().isoformat()
        services.models.add_version(ref, training_date=trained, importance=IMPORTANCE, actor=actor)
    if not services.deployments.list(ref.model_id):
        taken_over = start + timedelta(days=BASELINE_DAYS)
        services.deployments.start(before, started_at=start, actor=actor)
        services.deployments.start(ref, started_at=taken_over, actor=actor)
        services.deployments.start(before, stage="shadow", started_at=taken_over, actor=actor)
    return ref


def _uploaded(services: Services, file: ExampleFile, actor: str) -> str:
    """Return the id of one accepted upload of the example, made now or by an earlier attempt."""
    ref = ModelRef(commands.EXAMPLE_MODEL, file.version)
    for known in services.snapshots.list(ref):
        if known.filename == file.filename and known.state in {"accepted", "ready"}:
            return known.snapshot_id
    content = io.BytesIO()
    pq.write_table(file.table, content, compression="zstd")
    content.seek(0)
    staged = services.snapshots.stage(content, filename=file.filename, ref=ref, purpose=file.purpose, actor=actor)
    with services.engine.begin() as connection:
        services.snapshots.accept(staged.snapshot_id, file.roles, keep_rows=False, actor=actor, connection=connection)
    return staged.snapshot_id


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "take_in": take_in,
        "drift_run": drift_run,
        "baseline_from_range": baseline_from_range,
        "load_example": load_example,
        "prune": prune,
    }
)
"""The work by kind of job."""
