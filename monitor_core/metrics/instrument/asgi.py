"""ASGI: a middleware that costs a few microseconds a request, and the application behind `/metrics`."""

from __future__ import annotations

from asyncio import CancelledError
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from monitor_core.metrics.instrument.endpoint import asgi_endpoint, asgi_key, asgi_objects
from monitor_core.metrics.instrument.exposition import render
from monitor_core.metrics.instrument.requests import METHODS, Tracked
from monitor_core.metrics.instrument.traceparent import exemplar_of
from monitor_core.metrics.names import OTHER_METHOD

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    from prometheus_client import CollectorRegistry

    from monitor_core.metrics.instrument.monitor import PerformanceMonitor

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Application = Callable[[Scope, Receive, Send], Awaitable[None]]

__all__ = ["TRACKED", "MetricsApp", "MetricsMiddleware"]

TRACKED = "monitor_core.tracked"
"""The scope's key under which the recorder stands that already counts the request."""

_BODY = frozenset({"http.response.body", "http.response.zerocopysend", "http.response.pathsend"})
_MOST_KEYS = 4_096


class MetricsMiddleware:
    """Count every HTTP request of an ASGI application: Starlette, FastAPI and whatever else speaks it.

    Counting happens when the application is done with the request, however that came about: an exception counts as
    500, a client that left as 499. The duration ends with the last byte of the answer, so background tasks do not
    lengthen it; streams also note the time to their first byte. Requests counted already, by an outer middleware or
    by `track_request`, are not counted twice.

    Parameters
    ----------
    app
        The application inside.
    monitor
        Where to count.
    exclude
        Paths and endpoints that are not counted.

    Notes
    -----
    That a client has left is known when the application reads or writes after it: where a server swallows what is
    written to a closed connection, an answer made for nobody counts with the status it would have had.
    """

    def __init__(
        self, app: Application, *, monitor: PerformanceMonitor, exclude: Iterable[str] = ("/metrics",)
    ) -> None:
        self.app = app
        self._recorder = monitor.recorder
        self._exclude = frozenset(exclude)
        self._known: dict[tuple[Any, ...], tuple[Tracked | None, object]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request through the application inside."""
        recorder = self._recorder
        if scope["type"] != "http" or scope["path"] in self._exclude or scope.get(TRACKED) is recorder:
            await self.app(scope, receive, send)
            return
        scope[TRACKED] = recorder
        exchange = _Exchange(receive, send)
        recorder.enter()
        started = perf_counter()
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except CancelledError:
            exchange.is_gone = exchange.is_gone or not exchange.finished
            raise
        except BaseException:
            if not exchange.finished:
                exchange.status = 0
            raise
        finally:
            self._count(scope, exchange, started)

    def _count(self, scope: Scope, exchange: _Exchange, started: float) -> None:
        self._recorder.leave()
        status = 499 if exchange.is_gone else exchange.status or 500
        tracked = self._find(scope, status)
        if tracked is None:
            return
        tracked.add((exchange.finished or perf_counter()) - started, exemplar_of(scope["headers"]))
        if exchange.first:
            self._recorder.stream(asgi_endpoint(scope), scope["method"], status, exchange.first - started)

    def _find(self, scope: Scope, status: int) -> Tracked | None:
        method = scope["method"]
        key = (asgi_key(scope), method if method in METHODS else OTHER_METHOD, status)
        found = self._known.get(key)
        return found[0] if found is not None else self._make(scope, key, status)

    def _make(self, scope: Scope, key: tuple[Any, ...], status: int) -> Tracked | None:
        if len(self._known) >= _MOST_KEYS:  # mounts with parameters: each value has a key of its own
            self._known.clear()
        endpoint = asgi_endpoint(scope)
        tracked = None if endpoint in self._exclude else self._recorder.find(endpoint, scope["method"], status)
        self._known[key] = (tracked, asgi_objects(scope))
        return tracked


class _Exchange:
    """What is seen of one request between server and application."""

    __slots__ = ("_receive", "_send", "finished", "first", "is_gone", "status")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.status = 0
        self.first = 0.0
        self.finished = 0.0
        self.is_gone = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self.finished:
            self.is_gone = True
        return message

    async def send(self, message: Message) -> None:
        try:
            await self._send(message)
        except OSError:
            self.is_gone = True
            raise
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
        elif kind in _BODY:
            if not message.get("more_body"):
                self.finished = perf_counter()
            elif not self.first and message.get("body", True):
                self.first = perf_counter()


class MetricsApp:
    """The ASGI application behind `/metrics`: text or OpenMetrics, as the request asks.

    Parameters
    ----------
    registry
        What to show.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one scrape."""
        if scope["type"] != "http":
            raise TypeError(f"metrics are served by HTTP, not {scope['type']!r}")
        await receive()
        if scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, 405, [("Allow", "GET, HEAD")], b"")
            return
        names = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("name[]", [])
        body, headers = render(
            self._registry,
            accept=_header(scope, b"accept"),
            accept_encoding=_header(scope, b"accept-encoding"),
            names=names,
        )
        await _answer(send, 200, headers, b"" if scope["method"] == "HEAD" else body)


def _header(scope: Scope, name: bytes) -> str:
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


async def _answer(send: Send, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    written = [(key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": written})
    await send({"type": "http.response.body", "body": body})
