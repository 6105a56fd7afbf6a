"""A FastAPI application with every way of nesting, and the endpoint each of its addresses must be counted under.

``python fastapi_routes.py`` prints what is wrong in the FastAPI that is installed, and fails if anything is: the tests
run it with the current one, the benchmark with older ones in environments of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

import fastapi
from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse, StreamingResponse
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from monitor_core.metrics.instrument import PerformanceMonitor

EXPECTED = {
    ("GET", "/plain/3"): ("/plain/{a}", 200),
    ("GET", "/plain/4"): ("/plain/{a}", 200),
    ("POST", "/plain/3"): ("/plain/{a}", 405),
    ("BREW", "/plain/3"): ("/plain/{a}", 405),
    ("GET", "/boom/3"): ("/boom/{a}", 500),
    ("GET", "/stream/3"): ("/stream/{a}", 200),
    ("GET", "/api/v1/x/3"): ("/api/v1/x/{i}", 200),
    ("POST", "/api/v1/x/3"): ("/api/v1/x/{i}", 405),
    ("GET", "/api/v1/in/x/3"): ("/api/v1/in/x/{i}", 200),
    ("GET", "/again/v1/x/3"): ("/again/v1/x/{i}", 200),
    ("GET", "/sub/y/3"): ("/sub/y/{i}", 200),
    ("GET", "/sub/v1/in/x/4"): ("/sub/v1/in/x/{i}", 200),
    ("GET", "/sub/nope"): ("/sub", 404),
    ("GET", "/tenants/acme/y/3"): ("/tenants/{tenant}/y/{i}", 200),
    ("GET", "/tenants/other/y/3"): ("/tenants/{tenant}/y/{i}", 200),
    ("GET", "/starlette/z/3"): ("/starlette/z/{a}", 200),
    ("GET", "/starlette/deep/9/w/7"): ("/starlette/deep/{k}/w/{b}", 200),
    ("GET", "/raw/5"): ("/raw/{q}", 200),
    ("GET", "/files/a/b.css"): ("/files", 200),
    ("GET", "/docs"): ("/docs", 200),
    ("GET", "/nope/17"): ("__unmatched__", 404),
    ("GET", "/api/v1/nope"): ("__unmatched__", 404),
    ("GET", "/plain/3/"): ("__unmatched__", 307),
}


def make_app() -> FastAPI:
    """Return the application."""
    inner = APIRouter(prefix="/in")
    router = APIRouter(prefix="/v1")
    app, sub = FastAPI(), FastAPI()

    @inner.get("/x/{i}")
    @router.get("/x/{i}")
    async def x(i: int) -> int:
        return i

    @sub.get("/y/{i}")
    async def y(i: int) -> int:
        return i

    @app.get("/plain/{a}")
    async def plain(a: str) -> str:
        return a

    @app.get("/boom/{a}")
    async def boom(a: str) -> str:
        raise LookupError(a)

    @app.get("/stream/{a}")
    async def stream(a: str) -> StreamingResponse:
        async def parts():
            for part in (a, a):
                yield part.encode()

        return StreamingResponse(parts())

    async def handler(_request):
        return PlainTextResponse("")

    router.include_router(inner)
    sub.include_router(router)
    app.include_router(router, prefix="/api")
    app.include_router(router, prefix="/again")
    app.add_route("/raw/{q}", handler)
    app.mount("/sub", sub)
    app.mount("/tenants/{tenant}", sub)
    app.mount("/files", PlainTextResponse("body"))
    app.mount(
        "/starlette",
        Starlette(routes=[Route("/z/{a}", handler), Mount("/deep/{k}", routes=[Route("/w/{b}", handler)])]),
    )
    return app


async def call(app: FastAPI, method: str, path: str, root: str) -> None:
    """Ask for one address, as a server would behind a proxy that cuts `root` off."""

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message):
        pass

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": root + path,
        "raw_path": (root + path).encode(),
        "root_path": root,
        "query_string": b"",
        "headers": [],
        "server": ("service", 80),
        "client": ("client", 1),
    }
    with contextlib.suppress(LookupError):
        await app(scope, receive, send)


def problems(root: str = "") -> list[str]:
    """Return what is counted elsewhere than expected."""
    found = []
    for (method, path), (endpoint, status) in EXPECTED.items():
        registry = CollectorRegistry()
        app = make_app()
        PerformanceMonitor(registry).instrument(app)
        asyncio.run(call(app, method, path, root))
        counted = [
            (sample.labels["endpoint"], int(sample.labels["status_code"]))
            for family in registry.collect()
            for sample in family.samples
            if sample.name == "api_requests_total"
        ]
        if counted != [(endpoint, status)]:
            found.append(f"{method} {root}{path}: counted as {counted}, not {(endpoint, status)}")
    return found


if __name__ == "__main__":
    wrong = [*problems(), *problems("/proxy")]
    print(f"FastAPI {fastapi.__version__}: {2 * len(EXPECTED)} addresses, {len(wrong)} wrong", *wrong, sep="\n  ")
    sys.exit(bool(wrong))
