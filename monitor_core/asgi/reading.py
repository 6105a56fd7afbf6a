"""What can be read over HTTP, and the one request that asks for work without a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from monitor_core.asgi.context import answer
from monitor_core.errors import InvalidInput
from monitor_core.jobs import commands
from monitor_core.jobs.reporting import report
from monitor_core.reports.drift import MEDIA_TYPES, filename
from monitor_core.values import ModelRef

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.datastructures import QueryParams
    from starlette.requests import Request

    from monitor_core.asgi.context import Context
    from monitor_core.drift.results import RunSummary
    from monitor_core.jobs.queue import Job

__all__ = [
    "REPORT_POLICY",
    "download_report",
    "get_job",
    "get_run",
    "limit_of",
    "list_models",
    "list_runs",
    "read_json",
    "request_run",
    "sender",
    "version_of",
]

_LARGEST_BODY = 1 << 20
REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:;"
    " font-src data:"
)
"""What a browser may do with a report that it shows: draw it, and nothing else."""


def list_models(context: Context, _request: Request) -> Response:
    """Return the models in use with their versions and the state of each."""
    services = context.services
    data = []
    for model in services.models.list():
        versions = [
            {
                "version": version.ref.version,
                "training_date": version.training_date or None,
                "latest_run": _run(services.drift.latest(version.ref)),
            }
            for version in services.models.versions(model.model_id)
        ]
        names = ("model_id", "title", "kind", "owner", "is_example")
        data.append(
            {
                **{name: getattr(model, name) for name in names},
                "granularity": str(model.granularity),
                "versions": versions,
            }
        )
    return answer({"models": data})


def list_runs(context: Context, request: Request) -> Response:
    """Return the latest runs of a model version, newest first."""
    ref = version_of(context, request)
    return answer(
        {"runs": [_run(run) for run in context.services.drift.runs(ref, limit=limit_of(request.query_params))]}
    )


def get_run(context: Context, request: Request) -> Response:
    """Return one run in figures; its results are the report in the format ``json``."""
    run = context.services.drift.run_summary(request.path_params["run_id"])
    return answer({"run": _run(run), "report": f"/api/v1/runs/{run.run_id}/report?format=json"})


def download_report(context: Context, request: Request) -> Response:
    """Return the report of a run in the format asked for."""
    run_id, form = request.path_params["run_id"], request.query_params.get("format", "html")
    content = report(context.services, run_id, form)
    name = filename(context.services.drift.run_summary(run_id), form)
    headers = {"content-disposition": f'attachment; filename="{name}"', "content-security-policy": REPORT_POLICY}
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers)


def get_job(context: Context, request: Request) -> Response:
    """Return one job: state, progress, time left, result or the reasons of its failure."""
    job = commands.queue(context.services).get(request.path_params["job_id"])
    return answer({"job": _job(job, context.services.now())})


async def read_json(request: Request, *, largest: int = _LARGEST_BODY) -> dict[str, Any]:
    """Return the body as an object; empty without a body."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise InvalidInput(f"a body of more than {largest:,} bytes", hint="send larger ones as a file")
    try:
        read = json.loads(bytes(body) or b"{}", parse_constant=_no_number)
        if b"\\ud" in body.lower():  # half a pair is no character: it can be neither written nor answered
            json.dumps(read, ensure_ascii=False).encode()
    except RecursionError:
        raise InvalidInput("the body is nested too deeply") from None
    except ValueError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None
    if not isinstance(read, dict):
        raise InvalidInput("the body is not a JSON object")
    return read


def _no_number(name: str) -> None:
    raise ValueError(f"{name}; send null where there is none")


_RUN_KEYS = {"baseline_id": str, "first": str, "last": str, "segment_column": str, "overrides": dict, "actor": str}


def request_run(context: Context, request: Request, body: dict[str, Any]) -> Response:
    """Queue a drift run; 202 with the job."""
    for key, value in body.items():
        if key not in _RUN_KEYS:
            raise InvalidInput(f"{key!r} is not known", hint=f"known are {', '.join(_RUN_KEYS)}")
        if value is not None and not isinstance(value, _RUN_KEYS[key]):
            raise InvalidInput(f"{key!r} is {value!r}, expected {_RUN_KEYS[key].__name__}")
    first, last = body.get("first"), body.get("last")
    if (first is None) != (last is None):
        raise InvalidInput("'first' and 'last' belong together")
    job_id = commands.request_run(
        context.services,
        version_of(context, request),
        baseline_id=body.get("baseline_id"),
        granules=(first, last) if first is not None and last is not None else None,
        segment_column=body.get("segment_column") or "",
        overrides=body.get("overrides"),
        actor=sender(body.get("actor")),
    )
    return answer({"job_id": job_id}, status=202, headers={"location": f"/api/v1/jobs/{job_id}"})


def sender(name: Any) -> str:
    """Return who asks, as the sender says: the token tells only that it may."""
    said = "".join(letter for letter in str(name or "") if letter.isprintable()).strip()
    return f"http: {said[:100]}" if said else "http"


def version_of(context: Context, request: Request) -> ModelRef:
    """Return the model version that the address names; raises `NotFound`."""
    ref = ModelRef(request.path_params["model_id"], request.path_params["version"])
    context.services.models.version(ref)
    return ref


def limit_of(query: QueryParams) -> int:
    """Return how many items were asked for: 1 to 1,000, 50 unless it is said."""
    text = query.get("limit", "50")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1_000:
        raise InvalidInput(f"limit {text!r}", hint="a whole number from 1 to 1,000")
    return int(text)


def _run(run: RunSummary | None) -> dict[str, Any] | None:
    if run is None:
        return None
    names = (
        *("run_id", "baseline_id", "baseline_number", "segment_column", "first_granule", "last_granule"),
        *("n_granules", "n_features", "n_rows", "n_drifted", "n_unconfirmed", "n_undecided", "created_by"),
    )
    return {
        "model_id": run.ref.model_id,
        "version": run.ref.version,
        **{name: getattr(run, name) for name in names},
        "severity": run.severity.value,
        "verdict": run.verdict.value,
        "created_at": run.created_at.isoformat(),
    }


def _job(job: Job, now: datetime) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "model_id": job.ref.model_id if job.ref else None,
        "version": job.ref.version if job.ref else None,
        "state": job.state.value,
        "progress": job.progress,
        "seconds_left": job.seconds_left(now),
        "note": job.note,
        "attempt": job.attempt,
        "created_at": job.created_at.isoformat(),
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
        "result": job.result,
        "error": job.error.to_json() if job.error else None,
    }
