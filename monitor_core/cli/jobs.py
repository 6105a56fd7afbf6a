"""`jobs`: long work, under way and done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor_core.cli.following import ended_well, wait_for
from monitor_core.cli.output import fields, show, table
from monitor_core.cli.session import AsJson, actor, model_ref, opened
from monitor_core.jobs import commands
from monitor_core.jobs.queue import Job, JobState

if TYPE_CHECKING:
    from datetime import datetime

app = typer.Typer(help="Long work: under way and done.", no_args_is_help=True, rich_markup_mode=None)

JobId = Annotated[str, typer.Argument(metavar="JOB")]


@app.command("list")
def list_jobs(
    *,
    model: Annotated[str | None, typer.Option(help="Of this MODEL[:VERSION] only.")] = None,
    state: Annotated[JobState | None, typer.Option(help="In this state only.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the latest jobs."""
    with opened() as services:
        ref = model_ref(services, model) if model else None
        found = commands.queue(services).list(ref, states=[state] if state else None, limit=limit)
        data = [job_data(job, services.now()) for job in found]
    head = ["job", "kind", "model", "state", "done", "asked", "by"]
    rows = [
        [row["job_id"], row["kind"], row["model"], row["state"], f"{row['progress']:.0%}", row["created_at"],
         row["requested_by"]]
        for row in data
    ]  # fmt: skip
    show(data, table(rows, head, empty="no jobs"), as_json=as_json)


@app.command("show")
def show_job(job_id: JobId, *, as_json: AsJson = False) -> None:
    """Show one job: how far it is, or how it ended."""
    with opened() as services:
        job = commands.queue(services).get(job_id)
        data = job_data(job, services.now())
    error = data.pop("error")
    shown = {name: value for name, value in data.items() if name not in {"params", "result"} and value is not None}
    shown |= {f"result {name}": value for name, value in (job.result or {}).items()}
    text = fields(shown)
    if error:
        lines = [f"  - {reason}" for reason in error["reasons"]]
        text = "\n".join([text, "", f"error: {error['message']}", *lines, f"hint: {error['hint']}"])
    show({**data, "error": error}, text, as_json=as_json)


@app.command()
def cancel(job_id: JobId, *, as_json: AsJson = False) -> None:
    """Cancel a job that waits or runs."""
    with opened() as services:
        job = commands.cancel_job(services, job_id, actor=actor())
        data = job_data(job, services.now())
    text = f"job {job_id} is cancelled" if job.state.is_final else f"job {job_id} was asked to stop"
    show(data, text, as_json=as_json)


@app.command()
def retry(
    job_id: JobId,
    *,
    wait: Annotated[bool, typer.Option(help="Wait until it has ended.")] = True,
    as_json: AsJson = False,
) -> None:
    """Let a failed or cancelled job run again."""
    with opened() as services:
        job = commands.retry_job(services, job_id, actor=actor())
        if wait:
            job = ended_well(wait_for(services, job_id))
        data = job_data(job, services.now())
    show(data, f"job {job_id} is {job.state.value}", as_json=as_json)


@app.command("wait")
def wait_job(job_id: JobId, *, as_json: AsJson = False) -> None:
    """Wait until a job has ended; do it here when no worker runs."""
    with opened() as services:
        job = wait_for(services, job_id)
        data = job_data(job, services.now())
    if as_json:
        show(data, "", as_json=True)
    ended_well(job)
    if not as_json:
        show(data, f"job {job_id} is {job.state.value}", as_json=False)


def job_data(job: Job, now: datetime) -> dict[str, Any]:
    """Return a job as JSON shows it."""
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "model": str(job.ref) if job.ref else None,
        "state": job.state.value,
        "progress": job.progress,
        "seconds_left": job.seconds_left(now),
        "note": job.note,
        "attempt": job.attempt,
        "requested_by": job.requested_by,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "params": job.params,
        "result": job.result,
        "error": job.error.to_json() if job.error else None,
    }
