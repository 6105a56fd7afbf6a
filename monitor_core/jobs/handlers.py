"""The work behind each kind of job.

A handler may be begun again after its worker died at any point: each step either leaves nothing behind or a
complete result that the next attempt finds and keeps.
"""

from __future__ import annotations

import io
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from monitor_core.errors import NotFound, Refused
from monitor_core.jobs import commands
from monitor_core.jobs.deliveries import deliver, deliver_alone, kind_of, summary
from monitor_core.jobs.example import EXAMPLE_TITLE, IMPORTANCE, LIVE, example_files, first_day
from monitor_core.jobs.progress import part
from monitor_core.jobs.pruning import prune_all
from monitor_core.jobs.reporting import save_reports
from monitor_core.values import ModelRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor_core.jobs.example import ExampleFile
    from monitor_core.jobs.perform import Handler
    from monitor_core.jobs.progress import Progress
    from monitor_core.jobs.queue import Job
    from monitor_core.runtime import Services
    from monitor_core.snapshots.records import Snapshot

__all__ = ["HANDLERS"]

Result = dict[str, Any]


def take_in(services: Services, job: Job, progress: Progress) -> Result:
    """Check and count an accepted upload; judge the drift of the granules when it adds to them."""
    snapshot = services.snapshots.get(str(job.params["snapshot_id"]))
    result: Result = {"snapshot_id": snapshot.snapshot_id}
    if snapshot.purpose in {"predictions", "labels"}:
        on_bad = str(job.params.get("on_bad") or "keep")
        return result | _delivered(services, snapshot, job, progress, on_bad=on_bad)
    result |= _said_too(services, snapshot, job, part(progress, 0.0, 0.3))
    taken = services.drift.take_in(snapshot.snapshot_id, actor=job.requested_by, progress=part(progress, 0.3, 0.7))
    if taken.baseline_id is not None:
        return result | {"baseline_id": taken.baseline_id}
    return result | {"run_id": _judged(services, job, snapshot.ref, {}, part(progress, 0.7, 1.0))}


def _delivered(services: Services, snapshot: Snapshot, job: Job, progress: Progress, *, on_bad: str) -> Result:
    if snapshot.state == "ready":  # an earlier attempt came this far
        return {}
    batch = deliver_alone(services, snapshot, on_bad=on_bad, actor=job.requested_by, progress=progress)
    return {"delivery": summary(batch)}


def _said_too(services: Services, snapshot: Snapshot, job: Job, progress: Progress) -> Result:
    """Take in what new data say about performance; what says nothing of use there is still good for drift."""
    kind = kind_of(snapshot)
    if kind is None or snapshot.state != "accepted":
        return {}
    try:
        return {"delivery": summary(deliver(services, snapshot, kind, actor=job.requested_by, progress=progress))}
    except Refused as error:
        return {"not_delivered": [error.message, *error.reasons][:20]}


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
    ref, files = _example_model(services, job), [f for f in example_files(job.created_at) if f.version == LIVE][:4]
    for number, file in enumerate(files):
        step = part(progress, 0.05 + 0.15 * number, 0.20 + 0.15 * number)
        services.drift.take_in(_uploaded(services, ref, file, job.requested_by), actor=job.requested_by, progress=step)
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
    ref, actor = ModelRef(commands.EXAMPLE_MODEL, "1"), job.requested_by
    try:
        services.models.version(ref)
    except NotFound:
        services.models.add(
            ref.model_id,
            title=EXAMPLE_TITLE,
            version=ref.version,
            kind="binary classifier, gradient boosting",
            owner="nobody",
            description="Made up by the project. Its data hold known changes: see the user guide.",
            is_example=True,
            actor=actor,
        )
        trained = (first_day(job.created_at) - timedelta(days=1)).date().isoformat()
        services.models.update_version(ref, training_date=trained, importance=IMPORTANCE, actor=actor)
    return ref


def _uploaded(services: Services, ref: ModelRef, file: ExampleFile, actor: str) -> str:
    """Return the id of one accepted upload of the example, made now or by an earlier attempt."""
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
