"""WSGI: the middleware for Flask and other synchronous applications, with `/metrics` beside them."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from monitor_core.metrics.instrument.endpoint import wsgi_endpoint
from monitor_core.metrics.instrument.exposition import render
from monitor_core.metrics.instrument.traceparent import trace_id
from monitor_core.metrics.names import UNMATCHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from prometheus_client import CollectorRegistry

    from monitor_core.metrics.instrument.monitor import PerformanceMonitor
    from monitor_core.metrics.instrument.requests import RequestRecorder

__all__ = ["WsgiMetricsApp", "WsgiMetricsMiddleware"]


class WsgiMetricsMiddleware:
    """Count every request of a WSGI application.

    An exception counts as 500; an answer whose iteration ends before its last part, because the client left, as 499.

    Parameters
    ----------
    app
        The application inside.
    monitor
        Where to count.
    exclude
        Paths and endpoints that are not counted.
    metrics_path
        Where `/metrics` is answered without asking the application; nowhere when None.
    endpoint
        Gives the route's template from the environment, when the application starts its answer. Without it Flask's
        rule is taken, and requests of other frameworks read `__unmatched__`. Never return a raw path: clients choose
        it.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        monitor: PerformanceMonitor,
        exclude: Iterable[str] = ("/metrics",),
        metrics_path: str | None = None,
        endpoint: Callable[[WSGIEnvironment], str | None] | None = None,
    ) -> None:
        self.app = app
        self._recorder = monitor.recorder
        self._exclude = frozenset(exclude)
        self._metrics_path = metrics_path
        self._metrics = WsgiMetricsApp(monitor.registry)
        self._endpoint = endpoint

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ.get("PATH_INFO", "")
        if self._metrics_path is not None and path == self._metrics_path:
            return self._metrics(environ, start_response)
        if path in self._exclude:
            return self.app(environ, start_response)
        return self._watch(environ, start_response)

    def _watch(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        exchange = _Exchange(self._recorder, environ, self._resolve)

        def watched_start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            exchange.start(int(status[:3]))
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        try:
            exchange.parts = self.app(environ, watched_start)
        except BaseException:
            exchange.done(500)
            raise
        return exchange

    def _resolve(self, environ: WSGIEnvironment, script_name: str) -> str | None:
        if self._endpoint is not None:
            endpoint = self._endpoint(environ) or UNMATCHED
        else:
            endpoint = wsgi_endpoint(environ, script_name)
        return None if endpoint in self._exclude else endpoint


class _Exchange:
    """One answer on its way out; counted at its end, or when the server closes it before."""

    def __init__(
        self,
        recorder: RequestRecorder,
        environ: WSGIEnvironment,
        resolve: Callable[[WSGIEnvironment, str], str | None],
    ) -> None:
        self.status = 0
        self.parts: Iterable[bytes] = ()
        self._recorder = recorder
        self._environ = environ
        self._resolve = resolve
        self._script_name = str(environ.get("SCRIPT_NAME", ""))
        self._endpoint: str | None = None
        self._first = self._finished = 0.0
        self._n_parts = 0
        self._is_done = False
        recorder.enter()
        self._started = perf_counter()

    def start(self, status: int) -> None:
        """Note the status, and who answers: Flask forgets the request before it returns."""
        self.status = status
        self._endpoint = self._resolve(self._environ, self._script_name)

    def __iter__(self) -> Iterator[bytes]:
        try:
            for part in self.parts:
                if not self._n_parts:
                    self._first = perf_counter()
                self._n_parts += 1
                yield part
            self._finished = perf_counter()
            self.done(self.status or 500)
        except GeneratorExit:  # closed early: `close` says what that means
            raise
        except BaseException:
            self.done(500)
            raise

    def close(self) -> None:
        """Count the request; the server calls this whatever happened."""
        try:
            close = getattr(self.parts, "close", None)
            if close is not None:
                close()
        except BaseException:
            self.done(500)
            raise
        is_partial = self._n_parts and not self._is_complete()
        self.done(499 if is_partial else self.status or 500)

    def done(self, status: int) -> None:
        """Count once."""
        if self._is_done:
            return
        self._is_done = True
        self._recorder.leave()
        endpoint = self._endpoint if self.status else self._resolve(self._environ, self._script_name)
        if endpoint is None:
            return
        method = self._environ.get("REQUEST_METHOD", "")
        header = self._environ.get("HTTP_TRACEPARENT")
        found = trace_id(header.encode("latin-1", "replace")) if header else None
        seconds = (self._finished or perf_counter()) - self._started
        self._recorder.find(endpoint, method, status).add(seconds, {"trace_id": found} if found else None)
        if self._n_parts > 1:
            self._recorder.stream(endpoint, method, status, self._first - self._started)

    def _is_complete(self) -> bool:
        """Tell whether nothing is left: servers need not ask again after a single part of known length."""
        try:
            return self._n_parts >= len(self.parts)  # type: ignore[arg-type]
        except TypeError:
            return False


class WsgiMetricsApp:
    """The WSGI application behind `/metrics`.

    Parameters
    ----------
    registry
        What to show.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one scrape."""
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            start_response("405 Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Length", "0")])
            return [b""]
        body, headers = render(
            self._registry,
            accept=environ.get("HTTP_ACCEPT", ""),
            accept_encoding=environ.get("HTTP_ACCEPT_ENCODING", ""),
            names=parse_qs(environ.get("QUERY_STRING", "")).get("name[]", []),
        )
        start_response("200 OK", [*headers, ("Content-Length", str(len(body)))])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
