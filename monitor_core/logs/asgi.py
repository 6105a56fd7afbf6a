"""ASGI: each request has its trace, in every line, in the answer's headers, and in the answer to an error."""

from __future__ import annotations

import json
import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any

from monitor_core.logs.context import enter
from monitor_core.logs.traces import continue_trace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    from monitor_core.logs.traces import Trace

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Application = Callable[[Scope, Receive, Send], Awaitable[None]]

__all__ = ["TRACE_HEADER", "LoggingMiddleware", "error_body"]

TRACE_HEADER = "x-trace-id"
"""Header of every answer: what a user quotes when something went wrong."""

_LOG = logging.getLogger("monitor_core.requests")


def error_body(trace: Trace) -> bytes:
    """Return what is answered when an application failed before it answered.

    Examples
    --------
    >>> from monitor_core.logs.traces import Trace
    >>> error_body(Trace("4bf9"))
    b'{"error": "internal error", "trace_id": "4bf9"}'
    """
    return json.dumps({"error": "internal error", "trace_id": trace.trace_id}).encode("ascii")


class LoggingMiddleware:
    """Give each request of an ASGI application its trace: Starlette, FastAPI and whatever else speaks it.

    The trace is the caller's where the request has a sound ``traceparent``, else a new one. An exception is logged
    with method and path, answered with 500 and the trace id where no answer had begun, and raised on, so that outer
    layers see it as before.

    Parameters
    ----------
    app
        The application inside.
    log_requests
        Whether each request is logged when it is done: method, path, status, milliseconds.
    """

    def __init__(self, app: Application, *, log_requests: bool = False) -> None:
        self.app = app
        self._log_requests = log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request through the application inside."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        trace = continue_trace(_header(scope, b"traceparent"), _header(scope, b"tracestate"))
        enter(trace)  # for the rest of the request's task: what the server says about it bears the trace, too
        exchange = _Exchange(send, trace)
        started = perf_counter()
        try:
            await self.app(scope, receive, exchange.send)
        except Exception:
            _LOG.exception("request failed", extra={"context": _said(scope)})
            if not exchange.status and scope["type"] == "http":
                await exchange.fail()
            raise
        finally:
            if self._log_requests and scope["type"] == "http":
                took = {"status": exchange.status, "duration_ms": round((perf_counter() - started) * 1000, 3)}
                _LOG.info("request", extra={"context": {**_said(scope), **took}})


class _Exchange:
    __slots__ = ("_send", "_trace", "status")

    def __init__(self, send: Send, trace: Trace) -> None:
        self._send = send
        self._trace = trace
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            name = TRACE_HEADER.encode("ascii")
            headers = [pair for pair in message.get("headers", ()) if pair[0].lower() != name]
            message = {**message, "headers": [*headers, (name, self._trace.trace_id.encode("ascii"))]}
        await self._send(message)

    async def fail(self) -> None:
        body = error_body(self._trace)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode("ascii"))]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _said(scope: Mapping[str, Any]) -> dict[str, Any]:
    return {"method": scope.get("method", scope["type"]), "path": scope["path"]}


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None
