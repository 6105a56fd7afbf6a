"""Which address leads where. Reads run in threads; nothing blocks the event loop that serves the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread
from prometheus_client.exposition import choose_encoder
from starlette.responses import Response
from starlette.routing import Route

from monitor_core.asgi import alerts, deliveries, ingest, performance, reading
from monitor_core.asgi.context import answer
from monitor_core.asgi.exposition import registry
from monitor_core.asgi.health import health
from monitor_core.asgi.prometheus_api import prometheus_routes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from monitor_core.asgi.context import Context

__all__ = ["routes"]

_VERSION = "/api/v1/models/{model_id}/versions/{version}"


def routes(context: Callable[[], Context]) -> list[Route]:
    """Return the routes.

    Parameters
    ----------
    context
        Gives what they need; called at each request, because the services are opened when the server starts.
    """
    return [
        Route("/api/health", _health(context), methods=["GET"]),
        Route("/metrics", _read(context, _metrics), methods=["GET"]),
        Route("/api/v1/models", _read(context, reading.list_models), methods=["GET"]),
        Route(f"{_VERSION}/runs", _read(context, reading.list_runs), methods=["GET"]),
        Route(f"{_VERSION}/runs", _write(context, reading.request_run), methods=["POST"]),
        Route(f"{_VERSION}/snapshots", _upload(context), methods=["PUT"]),
        Route(f"{_VERSION}/predictions", _take(context, "predictions"), methods=["POST"]),
        Route(f"{_VERSION}/labels", _take(context, "labels"), methods=["POST"]),
        Route(f"{_VERSION}/performance", _read(context, performance.get_performance), methods=["GET"]),
        Route(f"{_VERSION}/performance/report", _read(context, performance.download_report), methods=["GET"]),
        Route(f"{_VERSION}/advice", _read(context, performance.get_advice), methods=["GET"]),
        Route(f"{_VERSION}/decisions", _read(context, performance.list_decisions), methods=["GET"]),
        Route(f"{_VERSION}/decisions", _write(context, performance.record_decision), methods=["POST"]),
        Route("/api/v1/rules", _read(context, alerts.list_rules), methods=["GET"]),
        Route("/api/v1/alerts", _read(context, alerts.list_alerts), methods=["GET"]),
        Route("/api/v1/runs/{run_id}", _read(context, reading.get_run), methods=["GET"]),
        Route("/api/v1/runs/{run_id}/report", _read(context, reading.download_report), methods=["GET"]),
        Route("/api/v1/jobs/{job_id}", _read(context, reading.get_job), methods=["GET"]),
        *prometheus_routes(context),
    ]


def _read(
    context: Callable[[], Context], work: Callable[[Context, Request], Response]
) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        found = context()
        found.access.check_read(request)
        return work(found, request)

    return endpoint


def _health(context: Callable[[], Context]) -> Callable[[Request], Response]:
    def endpoint(_request: Request) -> Response:
        is_well, parts = health(context().services)
        return answer(parts, status=200 if is_well else 503)

    return endpoint


def _metrics(context: Context, request: Request) -> Response:
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry(context.services, context.figures)), headers={"content-type": content_type})


def _upload(context: Callable[[], Context]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await ingest.upload(context(), request)

    return endpoint


def _write(
    context: Callable[[], Context], work: Callable[[Context, Request, dict[str, Any]], Response]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        found = context()
        found.access.check_write(request)
        body = await reading.read_json(request)
        return await to_thread.run_sync(work, found, request, body)

    return endpoint


def _take(context: Callable[[], Context], kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        found = context()
        found.access.check_write(request)
        body = await reading.read_json(request, largest=deliveries.LARGEST_BODY)
        return await to_thread.run_sync(deliveries.take_rows, found, request, body, kind, limiter=found.uploads)

    return endpoint
