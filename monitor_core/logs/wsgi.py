"""WSGI: the same as for ASGI, for Flask and whatever else speaks it."""

from __future__ import annotations

import logging
from contextvars import copy_context
from time import perf_counter
from typing import TYPE_CHECKING, Any

from monitor_core.logs.asgi import TRACE_HEADER, error_body
from monitor_core.logs.context import enter
from monitor_core.logs.traces import continue_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextvars import Context

    from monitor_core.logs.traces import Trace

    Environ = dict[str, Any]
    StartResponse = Callable[..., Any]
    WsgiApplication = Callable[[Environ, StartResponse], Iterable[bytes]]

__all__ = ["WsgiLoggingMiddleware"]

_LOG = logging.getLogger("monitor_core.requests")


class WsgiLoggingMiddleware:
    """Give each request of a WSGI application its trace; see `monitor_core.logs.asgi.LoggingMiddleware`.

    Parameters
    ----------
    app
        The application inside.
    log_requests
        Whether each request is logged when it is done: method, path, status, milliseconds.
    """

    def __init__(self, app: WsgiApplication, *, log_requests: bool = False) -> None:
        self.app = app
        self._log_requests = log_requests

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request through the application inside."""
        trace = continue_trace(environ.get("HTTP_TRACEPARENT"), environ.get("HTTP_TRACESTATE"))
        answer = _Answer(environ, start_response, trace, logs=self._log_requests)
        answer.context.run(enter, trace)
        return answer.begin(self.app)


class _Answer:
    """One answer: every step of the application runs in the request's own context."""

    def __init__(self, environ: Environ, start_response: StartResponse, trace: Trace, *, logs: bool) -> None:
        self.context: Context = copy_context()
        self._environ = environ
        self._start_response = start_response
        self._trace = trace
        self._logs = logs
        self._status = 0
        self._started = perf_counter()
        self._body: Iterable[bytes] = ()

    def begin(self, app: WsgiApplication) -> Iterable[bytes]:
        try:
            self._body = self.context.run(app, self._environ, self._start)
        except Exception:  # noqa: BLE001 - answered, and raised on where it cannot be
            return self._failed()
        return self

    def __iter__(self) -> Iterator[bytes]:
        items = self.context.run(iter, self._body)
        while True:
            try:
                item = self.context.run(next, items)
            except StopIteration:
                return
            except Exception:  # noqa: BLE001 - the same
                yield from self._failed()
                return
            yield item

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        try:
            if close is not None:
                self.context.run(close)
        finally:
            if self._logs:
                took = {"status": self._status, "duration_ms": round((perf_counter() - self._started) * 1000, 3)}
                self.context.run(_LOG.info, "request", extra={"context": {**self._said(), **took}})

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self._status = int(status[:3]) if status[:3].isdecimal() else 0
        kept = [pair for pair in headers if pair[0].lower() != TRACE_HEADER]
        return self._start_response(
            status, [*kept, (TRACE_HEADER, self._trace.trace_id)], *([exc_info] if exc_info else [])
        )

    def _failed(self) -> list[bytes]:
        """Log the exception; answer where nothing was answered yet, else let the server cut the connection."""
        self.context.run(_LOG.exception, "request failed", extra={"context": self._said()})
        if self._status:
            raise  # noqa: PLE0704 - called within the failure's except
        body = error_body(self._trace)
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        self._start("500 Internal Server Error", headers)
        return [body]

    def _said(self) -> dict[str, Any]:
        return {"method": self._environ.get("REQUEST_METHOD", ""), "path": self._environ.get("PATH_INFO", "")}
