"""`/api/v1/query` and its kin: the HTTP API of Prometheus, for Grafana, `prometheus-api-client` and our own pages."""

from __future__ import annotations

import json
import time
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.routing import Route

from monitor_core.asgi.access import Denied
from monitor_core.asgi.context import told
from monitor_core.errors import InvalidInput, MonitorError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request

    from monitor_core.asgi.context import Context
    from monitor_core.metrics.promql.results import Labels
    from monitor_core.metrics.sources import MetricsSource, TargetState

__all__ = ["prometheus_routes"]

_LARGEST_FORM = 1 << 20
_STATUS = {"bad_data": 400, "execution": 422, "timeout": 503, "unavailable": 503, "not_found": 404}
_LONG_AGO, _FAR_AHEAD = -9.0e12, 9.0e12
_SEMANTICS = "3.5.0"
"""The Prometheus whose language and API are answered; clients choose by it what they may ask."""


def prometheus_routes(context: Callable[[], Context]) -> list[Route]:
    """Return the routes; see `monitor_core.asgi.routes.routes`."""

    def route(path: str, work: Callable[[MetricsSource, QueryParams], bytes], *methods: str) -> Route:
        return Route(f"/api/v1/{path}", _endpoint(context, work), methods=["GET", *methods])

    def values(path: str) -> Route:
        async def endpoint(request: Request) -> Response:
            name = request.path_params["name"]
            return await _endpoint(context, partial(_label_values, name=name))(request)

        return Route(path, endpoint, methods=["GET"])

    return [
        route("query", _query, "POST"),
        route("query_range", _query_range, "POST"),
        route("query_exemplars", _exemplars, "POST"),
        route("series", _series, "POST"),
        route("labels", _label_names, "POST"),
        values("/api/v1/label/{name}/values"),
        route("metadata", _metadata),
        route("targets", _targets),
        route("status/buildinfo", _build),
    ]


def _endpoint(
    context: Callable[[], Context], work: Callable[[MetricsSource, QueryParams], bytes]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        found = context()
        try:
            found.access.check_read(request)
            parameters = await _parameters(request)
            body = await to_thread.run_sync(work, found.services.metrics, parameters)
        except Denied as denied:
            return told(request, denied)
        except MonitorError as error:
            return _failed(error)
        return Response(body, media_type="application/json", headers={"cache-control": "no-store"})

    return endpoint


async def _parameters(request: Request) -> QueryParams:
    """Return what the address and a form say together, as Prometheus does."""
    pairs = request.query_params.multi_items()
    if request.method == "POST":
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST_FORM:
                raise InvalidInput(f"a form of more than {_LARGEST_FORM:,} bytes")
        kind = request.headers.get("content-type", "application/x-www-form-urlencoded")
        if body and not kind.startswith("application/x-www-form-urlencoded"):
            raise InvalidInput(f"content type {kind[:60]!r}", hint="send a form, application/x-www-form-urlencoded")
        pairs = [*QueryParams(body.decode("utf-8", "replace")).multi_items(), *pairs]
    return QueryParams(pairs)


def _failed(error: MonitorError) -> Response:
    """Answer an error in Prometheus's form."""
    kind = getattr(error, "error_type", "") or _kind(error)
    body = json.dumps({"status": "error", "errorType": kind, "error": str(error)}, ensure_ascii=False)
    return Response(body, _STATUS.get(kind, 500), media_type="application/json", headers={"cache-control": "no-store"})


def _kind(error: MonitorError) -> str:
    if isinstance(error, Unavailable):
        return "unavailable"
    return "bad_data" if isinstance(error, InvalidInput) else "internal"


def _query(source: MetricsSource, given: QueryParams) -> bytes:
    from monitor_core.asgi.prometheus_json import answer_json  # noqa: PLC0415 - loads numpy, at the first question

    return answer_json(source.query(_text(given), _moment(given, "time", time.time())))


def _query_range(source: MetricsSource, given: QueryParams) -> bytes:
    from monitor_core.asgi.prometheus_json import answer_json  # noqa: PLC0415 - as above

    start, end = _moment(given, "start"), _moment(given, "end")
    return answer_json(source.query_range(_text(given), start, end, _seconds(given, "step")))


def _exemplars(source: MetricsSource, given: QueryParams) -> bytes:
    from monitor_core.asgi.prometheus_json import number_text  # noqa: PLC0415 - as above

    found: dict[Labels, list[dict[str, Any]]] = {}
    for one in source.exemplars(_text(given), *_span(given)):
        said = {"labels": dict(one.labels), "value": number_text(one.value), "timestamp": one.timestamp / 1000}
        found.setdefault(one.series, []).append(said)
    return _success([{"seriesLabels": dict(labels), "exemplars": said} for labels, said in found.items()])


def _series(source: MetricsSource, given: QueryParams) -> bytes:
    chosen = given.getlist("match[]")
    if not chosen:
        raise InvalidInput("no match[] parameter provided")
    found = source.series(chosen, *_span(given))
    return _success(*_cut(given, [dict(labels) for labels in found]))


def _label_names(source: MetricsSource, given: QueryParams) -> bytes:
    return _success(*_cut(given, source.label_names(given.getlist("match[]"), *_span(given))))


def _label_values(source: MetricsSource, given: QueryParams, *, name: str) -> bytes:
    return _success(*_cut(given, source.label_values(name, given.getlist("match[]"), *_span(given))))


def _metadata(source: MetricsSource, given: QueryParams) -> bytes:
    found = source.metadata(given.get("metric", ""))
    most = _limit(given)
    names = list(found)[: most or None]
    told_of = {name: [{"type": one.kind, "help": one.help, "unit": one.unit} for one in found[name]] for name in names}
    return _success(told_of)


def _targets(source: MetricsSource, given: QueryParams) -> bytes:
    active = [_target(state) for state in source.targets()] if given.get("state", "active") != "dropped" else []
    return _success({"activeTargets": active, "droppedTargets": [], "droppedTargetCounts": {}})


def _target(state: TargetState) -> dict[str, Any]:
    labels = {"instance": state.instance, "job": state.job}
    scraped = datetime.fromtimestamp(state.scraped_at).astimezone().isoformat() if state.scraped_at else _NEVER
    return {
        "discoveredLabels": {
            "__address__": state.instance,
            "__scheme__": state.url.partition(":")[0],
            "job": state.job,
        },
        "labels": labels,
        "scrapePool": state.job,
        "scrapeUrl": state.url,
        "globalUrl": state.url,
        "lastError": state.error,
        "lastScrape": scraped,
        "lastScrapeDuration": state.seconds,
        "health": state.health.value,
        "scrapeInterval": f"{state.interval:g}s",
        "scrapeTimeout": f"{state.timeout:g}s",
    }


_NEVER = "0001-01-01T00:00:00Z"


def _build(source: MetricsSource, _given: QueryParams) -> bytes:
    return _success(
        {
            "version": _SEMANTICS,
            "revision": "",
            "branch": source.name,
            "buildUser": "bellwether",
            "buildDate": "",
            "goVersion": "",
        }
    )


def _success(data: Any, warnings: Sequence[str] = ()) -> bytes:
    body = {"status": "success", "data": data} | ({"warnings": list(warnings)} if warnings else {})
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _text(given: QueryParams) -> str:
    text = given.get("query", "")
    if not text:
        raise InvalidInput('invalid parameter "query": unknown position: parse error: no expression found in input')
    return text


def _span(given: QueryParams) -> tuple[float, float]:
    return _moment(given, "start", _LONG_AGO), _moment(given, "end", _FAR_AHEAD)


def _moment(given: QueryParams, name: str, default: float | None = None) -> float:
    text = given.get(name, "")
    if not text and default is not None:
        return default
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.timestamp()
    except ValueError:
        pass
    raise InvalidInput(f'invalid parameter "{name}": cannot parse {text[:60]!r} to a valid timestamp')


def _seconds(given: QueryParams, name: str) -> float:
    from monitor_core.metrics.promql.lexer import Token, TokenKind, duration_ms  # noqa: PLC0415 - at the first question

    text = given.get(name, "")
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return duration_ms("", Token(TokenKind.DURATION, text, 0)) / 1000
    except MonitorError:
        raise InvalidInput(f'invalid parameter "{name}": cannot parse {text[:60]!r} to a valid duration') from None


def _limit(given: QueryParams) -> int:
    text = given.get("limit", "0")
    if not text.removeprefix("-").isdecimal():
        raise InvalidInput(f'invalid parameter "limit": {text[:60]!r} is not a number')
    if int(text) < 0:
        raise InvalidInput('invalid parameter "limit": limit must be non-negative')
    return int(text)


def _cut(given: QueryParams, found: Sequence[Any]) -> tuple[list[Any], list[str]]:
    most = _limit(given)
    is_cut = bool(most) and len(found) > most
    return list(found[: most or None]), ["results truncated due to limit"] if is_cut else []
