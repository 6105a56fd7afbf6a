"""The WSGI middleware, on applications of a few lines."""

from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from monitor_core.metrics.instrument import WsgiMetricsMiddleware

LABELS = {"endpoint": "/predict", "method": "GET"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def environ_for(path="/predict", **more):
    environ = {"PATH_INFO": path, "REQUEST_METHOD": "GET", **more}
    environ["SCRIPT_NAME"] = ""
    setup_testing_defaults(environ)
    return environ


@pytest.fixture
def wrap(monitor):
    return lambda app, **options: WsgiMetricsMiddleware(
        app, monitor=monitor, endpoint=lambda _environ: "/predict", **options
    )


def start(_status, _headers, _exc_info=None):
    return lambda _data: None


def well(_environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]


def read(app, environ):
    answer = app(environ, start)
    try:
        return b"".join(answer)
    finally:
        answer.close()


def test_answer(wrap, value):
    """Counted once, at its end."""
    assert read(wrap(well), environ_for()) == b"ok"
    assert value("api_requests_total", **LABELS, status_code=200) == 1
    assert value("api_requests_in_progress") == 0


def test_standard_is_kept(wrap):
    """The validator of the standard library finds nothing to say."""
    app = validator(wrap(validator(well)))
    answer = app(environ_for(QUERY_STRING=""), start)
    assert list(answer) == [b"ok"]
    answer.close()


def test_exception_is_500(wrap, value):
    """It goes on to the server."""

    def broken(_environ, _start_response):
        raise LookupError

    with pytest.raises(LookupError):
        wrap(broken)(environ_for(), start)
    assert value("api_requests_total", **LABELS, status_code=500) == 1
    assert value("api_requests_in_progress") == 0


def test_exception_within_a_stream_is_500(wrap, value):
    """Counted once, though the server closes afterwards."""

    def broken(_environ, start_response):
        start_response("200 OK", [])
        yield b"half"
        raise LookupError

    with pytest.raises(LookupError):
        read(wrap(broken), environ_for())
    assert value("api_requests_total", **LABELS, status_code=500) == 1
    assert value("api_requests_total", **LABELS, status_code=200) is None


def test_exception_at_the_end_is_500_only_before_it(wrap, value):
    """An answer that was complete keeps its status when closing fails."""

    class Parts:
        def __iter__(self):
            return iter([b"a"])

        def close(self):
            raise BrokenPipeError

    def app(_environ, start_response):
        start_response("200 OK", [])
        return Parts()

    with pytest.raises(BrokenPipeError):
        read(wrap(app), environ_for())
    assert value("api_requests_total", **LABELS, status_code=200) == 1


def test_client_that_left_is_499(wrap, value):
    """The server stops asking for parts, and closes."""

    def stream(_environ, start_response):
        start_response("200 OK", [])
        yield b"a"
        yield b"b"

    answer = wrap(stream)(environ_for(), start)
    next(iter(answer))
    answer.close()
    assert value("api_requests_total", **LABELS, status_code=499) == 1


def test_single_part_need_not_be_asked_for_more(wrap, value):
    """A server that knows the length stops after it."""
    answer = wrap(well)(environ_for(), start)
    next(iter(answer))
    answer.close()
    assert value("api_requests_total", **LABELS, status_code=200) == 1


def test_answer_that_is_never_read(wrap, value):
    """HEAD: headers alone."""
    answer = wrap(well)(environ_for(REQUEST_METHOD="HEAD"), start)
    answer.close()
    assert value("api_requests_total", endpoint="/predict", method="HEAD", status_code=200) == 1


def test_last_status_counts(wrap, value):
    """An application may think again before the first byte."""

    def app(_environ, start_response):
        start_response("200 OK", [])
        start_response("503 Service Unavailable", [], (LookupError, LookupError("no model"), None))
        return [b"later"]

    read(wrap(app), environ_for())
    assert value("api_requests_total", **LABELS, status_code=503) == 1


def test_exemplar(wrap, monitor, registry):
    """The trace id of the request."""
    read(wrap(well), environ_for(HTTP_TRACEPARENT=f"00-{TRACE}-00f067aa0ba902b7-01"))
    environ = environ_for("/metrics", HTTP_ACCEPT="application/openmetrics-text;version=1.0.0")
    assert f'trace_id="{TRACE}"'.encode() in b"".join(monitor.wsgi_app(environ, start))


def test_excluded(wrap, labels_of):
    """By path and by template."""
    read(wrap(well, exclude=("/predict",)), environ_for("/x"))
    assert wrap(well, exclude=("/health",))(environ_for("/health"), start) == [b"ok"]
    assert labels_of("api_requests_total") == []


def test_without_a_template(monitor, labels_of):
    """A framework that leaves none: no raw path gets out."""
    for number in range(20):
        read(WsgiMetricsMiddleware(well, monitor=monitor), environ_for(f"/users/{number}"))
    assert labels_of("api_requests_total") == [("__unmatched__", "GET", "200")]
