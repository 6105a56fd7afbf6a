"""What one way of counting requests costs: ``python middleware.py NAME ROUTES REQUESTS ASKED`` prints JSON.

The application is called as a server would call it, without a server: CPU a request of the application alone and with
the middleware, in turns, and the series that came out. ``scope-only`` is our middleware around an application that does
nothing but name a route: where routing itself costs little, a difference between 20 and 200 routes can be seen.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI
from prometheus_client import REGISTRY, generate_latest
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotation

ROUNDS = 15
HEADERS = [
    (b"host", b"service.example"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64)"),
    (b"accept", b"application/json"),
    (b"accept-encoding", b"gzip, deflate"),
    (b"connection", b"keep-alive"),
    (b"content-type", b"application/json"),
    (b"x-request-id", b"8c2fd1e0"),
    (b"authorization", b"Bearer abcdef"),
]
TRACED = [*HEADERS, (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]


def ours(app: FastAPI) -> None:
    from monitor_core import PerformanceMonitor

    PerformanceMonitor().instrument(app)


def track_request(app: FastAPI) -> None:
    from monitor_core import PerformanceMonitor

    monitor = PerformanceMonitor()

    @app.middleware("http")
    async def track(request: Request, call_next: Any) -> Any:
        return await monitor.track_request(request, call_next)


def http_decorator(app: FastAPI) -> None:
    @app.middleware("http")
    async def nothing(request: Request, call_next: Any) -> Any:
        return await call_next(request)


def instrumentator(app: FastAPI) -> None:
    from prometheus_fastapi_instrumentator import Instrumentator

    Instrumentator().instrument(app).expose(app)


def starlette_exporter(app: FastAPI) -> None:
    from starlette_exporter import PrometheusMiddleware, handle_metrics

    app.add_middleware(PrometheusMiddleware, group_paths=True)
    app.add_route("/metrics", handle_metrics)


WAYS = {
    "ours": ours,
    "ours-traced": ours,
    "ours-multiprocess": ours,
    "track-request": track_request,
    "http-decorator": http_decorator,
    "instrumentator": instrumentator,
    "starlette-exporter": starlette_exporter,
}


def make_app(routes: int) -> FastAPI:
    app = FastAPI()
    for number in range(routes):

        @app.get(f"/r{number}/{{item}}")
        async def answer(item: int) -> dict[str, int]:
            return {"item": item}

    return app


class ScopeOnly:
    """Names one of many routes, and answers."""

    def __init__(self, routes: int) -> None:
        self.routes = [SimpleNamespace(path=f"/r{number}/{{item}}") for number in range(routes)]
        self.turn = 0

    async def __call__(self, scope: dict[str, Any], _receive: Any, send: Any) -> None:
        self.turn = (self.turn + 1) % len(self.routes)
        scope["route"] = self.routes[self.turn]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


def make_both(name: str, routes: int) -> tuple[Any, Any]:
    """Return the application alone, and measured."""
    if name == "scope-only":
        from monitor_core.metrics.instrument import MetricsMiddleware, PerformanceMonitor

        return ScopeOnly(routes), MetricsMiddleware(ScopeOnly(routes), monitor=PerformanceMonitor())
    alone, measured = make_app(routes), make_app(routes)
    WAYS[name](measured)
    return alone, measured


async def receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(_message: dict[str, Any]) -> None:
    pass


async def cpu_of(app: Any, requests: int, routes: int, headers: list[tuple[bytes, bytes]]) -> float:
    """Return microseconds of CPU a request, spread over the first routes."""
    started = time.process_time()
    for number in range(requests):
        path = f"/r{number % routes}/17"
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": headers,
            "server": ("service", 80),
            "client": ("client", 1),
            "state": {},
        }
        await app(scope, receive, send)
    return (time.process_time() - started) / requests * 1e6


async def main(name: str, routes: int, requests: int, asked: int) -> dict[str, Any]:
    alone, measured = make_both(name, routes)
    headers = TRACED if name == "ours-traced" else HEADERS
    bare, extra = [], []
    for turn in range(ROUNDS + 1):
        first = await cpu_of(alone, requests, asked, headers)
        with_it = await cpu_of(measured, requests, asked, headers)
        second = await cpu_of(alone, requests, asked, headers)
        if turn:  # the first one warms up
            bare.append((first + second) / 2)
            extra.append(with_it - bare[-1])
    return {"bare": statistics.median(bare), "extra": statistics.median(extra), "series": series(), "scrape": scrape()}


def scrape() -> float:
    """Return microseconds of CPU of one scrape."""
    started = time.process_time()
    for _ in range(20):
        generate_latest(REGISTRY)
    return (time.process_time() - started) / 20 * 1e6


def series() -> int:
    return sum(1 for family in REGISTRY.collect() for _ in family.samples)


if __name__ == "__main__":
    way, *numbers = sys.argv[1:5]
    print(json.dumps(asyncio.run(main(way, *map(int, numbers)))))
