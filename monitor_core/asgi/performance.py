"""How well a version does, over HTTP: its figures, its report, what is advised and what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from monitor_core.asgi.context import answer
from monitor_core.asgi.reading import REPORT_POLICY, limit_of, sender, version_of
from monitor_core.errors import InvalidInput
from monitor_core.insight.advice import hash_of
from monitor_core.jobs.moments import read_moment
from monitor_core.jobs.performance_reporting import decisions_until, gather, moment_of, usual_window
from monitor_core.performance.decisions import action_of
from monitor_core.reports import performance as reports
from monitor_core.reports.json_values import json_values

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

    from monitor_core.asgi.context import Context
    from monitor_core.values import ModelRef

__all__ = ["download_report", "get_advice", "get_performance", "list_decisions", "record_decision"]

_MOST_GRANULES = 100_000
_KEYS: dict[str, type] = {"action": str, "reason": str, "actor": str, "seen": str, "window": int}


def get_performance(context: Context, request: Request) -> Response:
    """Return every metric of the latest window whose labels are due."""
    ref, at, granules = _asked(context, request)
    segment = request.query_params.get("segment", "").replace("\0", "")  # PostgreSQL knows no such character
    found = context.services.performance.window(ref, granules=granules, segment=segment, as_of=at)
    return answer({"performance": json_values(found)})


def download_report(context: Context, request: Request) -> Response:
    """Return the report in the format asked for; for the same moment it is the same to the byte."""
    ref, at, granules = _asked(context, request)
    form = request.query_params.get("format", "html")
    reports.check(form)
    document = gather(context.services, ref, as_of=at, window=granules)
    headers = {
        "content-disposition": f'attachment; filename="{reports.filename(document, form)}"',
        "content-security-policy": REPORT_POLICY,
        "cache-control": "no-store",
    }
    return Response(reports.render(document, format=form), media_type=reports.MEDIA_TYPES[form], headers=headers)


def get_advice(context: Context, request: Request) -> Response:
    """Return what to do about a version, why, and the hash of the evidence that a decision may name."""
    ref, at, granules = _asked(context, request)
    evidence, advice = context.services.advice.advice(ref, as_of=at, window=granules)
    return answer({"advice": json_values(advice), "as_of": at.isoformat(), "evidence_sha256": hash_of(evidence)})


def list_decisions(context: Context, request: Request) -> Response:
    """Return what was decided on a version, the latest first."""
    ref, at, _ = _asked(context, request)
    found = decisions_until(context.services, ref, at)[: limit_of(request.query_params)]
    return answer({"decisions": json_values(found)})


def record_decision(context: Context, request: Request, body: dict[str, Any]) -> Response:
    """Write a decision down with the evidence of this moment; 201."""
    services, ref = context.services, version_of(context, request)
    for key, value in body.items():
        if key not in _KEYS:
            raise InvalidInput(f"{key!r} is not known", hint=f"known are {', '.join(_KEYS)}")
        if value is not None and (not isinstance(value, _KEYS[key]) or isinstance(value, bool)):
            raise InvalidInput(f"{key!r} is {value!r}, expected {_KEYS[key].__name__}")
    window = body.get("window")
    made = services.advice.decide(
        ref,
        action=action_of(body.get("action")),
        reason=body.get("reason") or "",
        actor=sender(body.get("actor")),
        window=usual_window(services, ref) if window is None else _granules(window),
        seen=body.get("seen"),
    )
    return answer({"decision": json_values(made)}, status=201)


def _asked(context: Context, request: Request) -> tuple[ModelRef, datetime, int]:
    """Return the version, the moment and the granules of a request."""
    services, ref, query = context.services, version_of(context, request), request.query_params
    # In an address, a plus sign is a space.
    text = query.get("as_of")
    at = moment_of(services, read_moment(text.replace(" ", "+") if text and "T" in text else text, services.now()))
    window = query.get("window")
    if window is None:
        return ref, at, usual_window(services, ref)
    if not (window.isascii() and window.isdigit()):
        raise InvalidInput(f"window {window[:20]!r}", hint=f"granules, from 1 to {_MOST_GRANULES:,}")
    return ref, at, _granules(int(window))


def _granules(window: int) -> int:
    if not 1 <= window <= _MOST_GRANULES:
        raise InvalidInput(f"window {window}", hint=f"granules, from 1 to {_MOST_GRANULES:,}")
    return window
