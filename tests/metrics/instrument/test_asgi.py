"""The ASGI middleware: what is counted however a request ends."""

import asyncio
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from monitor_core.metrics.instrument import MetricsMiddleware, PerformanceMonitor

START = {"type": "http.response.start", "status": 200, "headers": []}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ROUTE = SimpleNamespace(path="/predict/{model}")
LABELS = {"endpoint": "/predict/{model}", "method": "GET"}


def part(body, *, more=False):
    return {"type": "http.response.body", "body": body, "more_body": more}


def routed(handler):
    """Give an application of one route, as Starlette would leave the scope."""

    async def app(scope, receive, send):
        scope["route"] = ROUTE
        await handler(receive, send)

    return app


async def well(_receive, send):
    await send(START)
    await send(part(b"ok"))


@pytest.fixture
def wrap(monitor):
    return lambda handler: MetricsMiddleware(routed(handler), monitor=monitor)


class TestOutcome:
    def test_answer(self, ask, wrap, value):
        """Counted once under the route's template, with its duration."""
        answer = ask(wrap(well), "/predict/churn")
        assert (answer.status, answer.body) == (200, b"ok")
        assert value("api_requests_total", **LABELS, status_code=200) == 1
        assert value("api_request_duration_seconds_count", **LABELS, status_code=200) == 1

    def test_exception_is_500_and_goes_on(self, ask, wrap, value):
        """The server gets the exception, the counter a 500."""

        async def broken(_receive, _send):
            raise ZeroDivisionError

        assert isinstance(ask(wrap(broken), "/predict/churn").error, ZeroDivisionError)
        assert value("api_requests_total", **LABELS, status_code=500) == 1
        assert value("api_errors_total", endpoint="/predict/{model}", error_type="5xx", status_code=500) == 1

    def test_exception_within_a_stream_is_500(self, ask, wrap, value):
        """The client saw a 200 and half an answer: that is a failure."""

        async def broken(_receive, send):
            await send(START)
            await send(part(b"half", more=True))
            raise ZeroDivisionError

        ask(wrap(broken), "/predict/churn")
        assert value("api_requests_total", **LABELS, status_code=500) == 1

    def test_exception_after_the_answer_keeps_its_status(self, ask, wrap, value):
        """A background task that fails does not change what the client got."""

        async def broken(_receive, send):
            await well(_receive, send)
            raise ZeroDivisionError

        ask(wrap(broken), "/predict/churn")
        assert value("api_requests_total", **LABELS, status_code=200) == 1

    def test_application_that_says_nothing_is_500(self, ask, wrap, value):
        """Servers answer so in its place."""

        async def silent(_receive, _send):
            pass

        ask(wrap(silent), "/predict/churn")
        assert value("api_requests_total", **LABELS, status_code=500) == 1

    def test_cancelled_is_499(self, wrap, value):
        """Some servers cancel the task of a client that left."""

        async def slow(_receive, _send):
            await asyncio.sleep(60)

        async def run():
            scope = {"type": "http", "method": "GET", "path": "/predict/churn", "headers": []}
            task = asyncio.ensure_future(wrap(slow)(scope, None, None))
            await asyncio.sleep(0)
            assert value("api_requests_in_progress") == 1
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(run())
        assert value("api_requests_total", **LABELS, status_code=499) == 1
        assert value("api_requests_in_progress") == 0

    def test_client_that_left_is_499(self, monitor, value):
        """The application reads that the client has gone, and stops."""

        async def stream(receive, send):
            await send(START)
            assert (await receive())["type"] == "http.disconnect"

        async def gone():
            return {"type": "http.disconnect"}

        async def send(_message):
            pass

        app = MetricsMiddleware(routed(stream), monitor=monitor)
        asyncio.run(app({"type": "http", "method": "GET", "path": "/predict/churn", "headers": []}, gone, send))
        assert value("api_requests_total", **LABELS, status_code=499) == 1
        assert value("api_errors_total", endpoint="/predict/{model}", error_type="4xx", status_code=499) == 1

    def test_write_to_a_closed_connection_is_499(self, monitor, value):
        """Servers of ASGI 2.4 raise OSError (specification, "Disconnected client")."""

        async def closed(_message):
            raise BrokenPipeError

        app = MetricsMiddleware(routed(well), monitor=monitor)
        scope = {"type": "http", "method": "GET", "path": "/predict/churn", "headers": []}
        with pytest.raises(BrokenPipeError):
            asyncio.run(app(scope, None, closed))
        assert value("api_requests_total", **LABELS, status_code=499) == 1

    def test_disconnect_after_the_answer_is_no_error(self, monitor, value):
        """Every connection ends some time."""

        async def listening(receive, send):
            await well(receive, send)
            await receive()

        async def gone():
            return {"type": "http.disconnect"}

        async def send(_message):
            pass

        app = MetricsMiddleware(routed(listening), monitor=monitor)
        asyncio.run(app({"type": "http", "method": "GET", "path": "/x", "headers": []}, gone, send))
        assert value("api_requests_total", **LABELS, status_code=200) == 1


class TestTime:
    def test_stream_has_first_byte_and_whole_duration(self, ask, wrap, value):
        """The first part comes at once, the last .15 s later."""

        async def stream(_receive, send):
            await send(START)
            await send(part(b"a", more=True))
            await asyncio.sleep(0.15)
            await send(part(b"b"))

        ask(wrap(stream), "/predict/churn")
        assert value("api_response_first_byte_seconds_sum", **LABELS, status_code=200) < 0.1
        assert value("api_request_duration_seconds_sum", **LABELS, status_code=200) >= 0.15

    def test_ordinary_answers_have_no_first_byte(self, ask, wrap, labels_of):
        """It would be the duration again."""
        ask(wrap(well), "/predict/churn")
        assert labels_of("api_response_first_byte_seconds_count") == []

    def test_background_work_does_not_lengthen_the_request(self, ask, wrap, value):
        """The client has its answer before."""

        async def afterwards(receive, send):
            await well(receive, send)
            await asyncio.sleep(0.15)

        ask(wrap(afterwards), "/predict/churn")
        assert value("api_request_duration_seconds_sum", **LABELS, status_code=200) < 0.1


class TestLabels:
    def test_raw_paths_never_show(self, ask, monitor, labels_of):
        """A scanner's thousand addresses are one series."""

        async def nowhere(_scope, _receive, send):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send(part(b""))

        app = MetricsMiddleware(nowhere, monitor=monitor)
        for number in range(200):
            ask(app, f"/wp-{number}.php")
        assert labels_of("api_requests_total") == [("__unmatched__", "GET", "404")]

    def test_unknown_methods_are_one(self, ask, wrap, labels_of):
        """A client may invent methods."""
        app = wrap(well)
        for number in range(50):
            ask(app, "/predict/churn", f"METHOD{number}")
        assert labels_of("api_requests_total") == [("/predict/{model}", "OTHER", "200")]

    def test_odd_status_is_other(self, ask, wrap, labels_of):
        """Three digits that mean something, or nothing."""

        async def odd(_receive, send):
            await send({"type": "http.response.start", "status": 999, "headers": []})
            await send(part(b""))

        ask(wrap(odd), "/predict/churn")
        assert labels_of("api_requests_total") == [("/predict/{model}", "GET", "other")]

    def test_mounts_with_parameters_stay_bounded(self, ask, monitor, labels_of):
        """Tens of thousands of tenants: one label, and no growing cache."""

        async def app(scope, receive, send):
            scope.update(route=ROUTE, app_root_path="", root_path=f"/{scope['path'].split('/')[1]}")
            scope["path_params"] = {"tenant": scope["root_path"][1:], "model": "m"}
            await well(receive, send)

        middleware = MetricsMiddleware(app, monitor=monitor)
        for number in range(5_000):
            ask(middleware, f"/t{number}/predict/m")
        assert labels_of("api_requests_total") == [("/{tenant}/predict/{model}", "GET", "200")]
        assert len(middleware._known) <= 4_096

    def test_excluded_paths_are_not_counted(self, ask, monitor, labels_of):
        """Scrapes, and whatever else is named: by path or by template."""
        app = MetricsMiddleware(routed(well), monitor=monitor, exclude=("/metrics", "/predict/{model}"))
        for path in ("/metrics", "/predict/churn"):
            assert ask(app, path).status == 200
        assert labels_of("api_requests_total") == []

    def test_other_kinds_of_connection_pass(self, monitor, labels_of):
        """Start-up and websockets are none of its business."""
        seen = []

        async def app(scope, _receive, _send):
            seen.append(scope["type"])

        for kind in ("lifespan", "websocket"):
            asyncio.run(MetricsMiddleware(app, monitor=monitor)({"type": kind}, None, None))
        assert seen == ["lifespan", "websocket"]
        assert labels_of("api_requests_total") == []


class TestTwice:
    def test_two_middlewares_of_one_registry_count_once(self, ask, registry, value):
        """An application mounted in another, each with a monitor."""
        inner = MetricsMiddleware(routed(well), monitor=PerformanceMonitor(registry))
        ask(MetricsMiddleware(inner, monitor=PerformanceMonitor(registry)), "/predict/churn")
        assert value("api_requests_total", **LABELS, status_code=200) == 1

    def test_track_request_inside_counts_nothing(self, ask, monitor, value):
        """Whoever adds the middleware may leave the old lines."""

        async def app(scope, receive, send):
            scope["route"] = ROUTE
            request = SimpleNamespace(scope=scope, url=SimpleNamespace(path=scope["path"]), method="GET")

            async def call_next(_request):
                await well(receive, send)
                return SimpleNamespace(status_code=200)

            await monitor.track_request(request, call_next)

        ask(MetricsMiddleware(app, monitor=monitor), "/predict/churn")
        assert value("api_requests_total", **LABELS, status_code=200) == 1

    def test_two_registries_both_count(self, ask, monitor, value):
        """They are two services to whoever scrapes them."""
        other = CollectorRegistry()
        inner = MetricsMiddleware(routed(well), monitor=PerformanceMonitor(other))
        ask(MetricsMiddleware(inner, monitor=monitor), "/predict/churn")
        assert value("api_requests_total", **LABELS, status_code=200) == 1
        assert other.get_sample_value("api_requests_total", {**LABELS, "status_code": "200"}) == 1


class TestMetricsApp:
    def test_classic_text_by_default(self, ask, monitor):
        """What a browser or curl gets."""
        answer = ask(monitor.asgi_app, "/metrics")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert b"# TYPE api_requests_total counter" in answer.body

    def test_openmetrics_has_the_exemplar(self, ask, monitor, wrap):
        """The trace of a request survives to whoever asks for OpenMetrics."""
        ask(wrap(well), "/predict/churn", headers=[("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01")])
        answer = ask(
            monitor.asgi_app, "/metrics", headers=[("accept", "application/openmetrics-text;version=1.0.0;q=0.6")]
        )
        assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
        assert f'# {{trace_id="{TRACE}"}}'.encode() in answer.body
        assert answer.body.endswith(b"# EOF\n")

    def test_classic_text_has_none(self, ask, monitor, wrap):
        """The format has no place for exemplars."""
        ask(wrap(well), "/predict/churn", headers=[("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01")])
        assert TRACE.encode() not in ask(monitor.asgi_app, "/metrics").body

    def test_some_names_only(self, ask, monitor, wrap):
        """As Prometheus's federation spells it."""
        ask(wrap(well), "/predict/churn")
        body = ask(monitor.asgi_app, "/metrics", query=b"name[]=api_requests_total").body
        assert b"api_requests_total{" in body
        assert b"api_request_duration" not in body

    def test_head_has_headers_alone(self, ask, monitor):
        """A health check may use it."""
        answer = ask(monitor.asgi_app, "/metrics", "HEAD")
        assert (answer.status, answer.body) == (200, b"")

    def test_other_methods_are_refused(self, ask, monitor):
        """Metrics are read."""
        answer = ask(monitor.asgi_app, "/metrics", "POST")
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
