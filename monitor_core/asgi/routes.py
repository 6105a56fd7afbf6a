"""Which address leads where. Reads run in threads; nothing blocks the event loop that serves the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import to_thread
from prometheus_client.exposition import choose_encoder
from starlette.responses import Response
from starlette.routing import Route

from monitor_core.asgi import deliveries, ingest, reading
from monitor_core.asgi.context import answer
from monitor_core.asgi.exposition import registry
from monitor_core.asgi.health import health

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
        Route(f"{_VERSION}/runs", _run(context), methods=["POST"]),
        Route(f"{_VERSION}/snapshots", _upload(context), methods=["PUT"]),
        Route(f"{_VERSION}/predictions", _take(context, "predictions"), methods=["POST"]),
        Route(f"{_VERSION}/labels", _take(context, "labels"), methods=["POST"]),
        Route("/api/v1/runs/{run_id}", _read(context, reading.get_run), methods=["GET"]),
        Route("/api/v1/runs/{run_id}/report", _read(context, reading.download_report), methods=["GET"]),
        Route("/api/v1/jobs/{job_id}", _read(context, reading.get_job), methods=["GET"]),
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
    return Response(encode(registry(context.services)), headers={"content-type": content_type})


def _upload(context: Callable[[], Context]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await ingest.upload(context(), request)

    return endpoint


def _run(context: Callable[[], Context]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        found = context()
        found.access.check_write(request)
        body = await reading.read_json(request)
        return await to_thread.run_sync(reading.request_run, found, request, body)

    return endpoint


def _take(context: Callable[[], Context], kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        found = context()
        found.access.check_write(request)
        body = await reading.read_json(request, largest=deliveries.LARGEST_BODY)
        return await to_thread.run_sync(deliveries.take_rows, found, request, body, kind, limiter=found.uploads)

    return endpoint
