"""Requests and their traces: ASGI, WSGI, FastAPI, Starlette, Flask."""

import json
import logging
import warnings

import flask
import pytest
from fastapi import FastAPI, HTTPException
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from werkzeug.test import Client

from monitor_core.logs import LoggingMiddleware, WsgiLoggingMiddleware, setup_logging, trace_id

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it prefers a newer httpx
    from starlette.testclient import TestClient

ID, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADERS = {"traceparent": f"00-{ID}-{SPAN}-01"}
LOG = logging.getLogger("service")


@pytest.fixture(autouse=True)
def logs(folder):
    setup_logging(log_dir=folder, stdout=False)


@pytest.fixture
def fastapi():
    app = FastAPI()
    app.add_middleware(LoggingMiddleware, log_requests=True)

    @app.get("/fine")
    def fine():  # in a thread of the pool
        LOG.info("within")
        return {"trace": trace_id()}

    @app.get("/refused")
    async def refused():
        raise HTTPException(404)

    @app.get("/broken")
    async def broken():
        raise ValueError("no model")

    return TestClient(app, raise_server_exceptions=False)


class TestAsgi:
    def test_the_callers_trace(self, fastapi, folder, lines_of):
        """In every line, also from a thread, and in the answer's header."""
        answer = fastapi.get("/fine", headers=HEADERS)
        assert answer.json() == {"trace": ID}
        assert answer.headers["x-trace-id"] == ID
        within, request = (line for line in lines_of(folder) if line["logger"] in {"service", "monitor_core.requests"})
        assert (within["message"], within["trace_id"]) == ("within", ID)
        assert within["span_id"] != SPAN
        assert request["trace_id"] == ID
        assert request["context"].items() >= {"method": "GET", "path": "/fine", "status": 200}.items()

    @pytest.mark.parametrize("header", ["", "hello", f"00-{'0' * 32}-{SPAN}-01"])
    def test_a_new_trace(self, fastapi, header):
        """Without a sound header each request has a trace of its own."""
        found = [fastapi.get("/fine", headers={"traceparent": header}).headers["x-trace-id"] for _ in range(2)]
        assert len(set(found)) == 2
        assert ID not in found

    def test_errors_bear_the_trace(self, fastapi, folder, lines_of):
        """A refusal in its header; a failure in header, body and log, with its traceback."""
        assert fastapi.get("/refused", headers=HEADERS).headers["x-trace-id"] == ID
        answer = fastapi.get("/broken", headers=HEADERS)
        assert answer.status_code == 500
        assert answer.json() == {"error": "internal error", "trace_id": ID}
        assert answer.headers["x-trace-id"] == ID
        [error] = lines_of(folder, "errors.log")
        assert error["trace_id"] == ID
        assert error["exception"].endswith("ValueError: no model")
        assert error["context"] == {"method": "GET", "path": "/broken"}

    def test_a_failure_is_raised_on(self, fastapi):
        """Outer layers and servers see it as before."""
        with pytest.raises(ValueError, match="no model"):
            TestClient(fastapi.app).get("/broken")

    def test_a_broken_stream(self, folder, lines_of):
        """A failure after the answer began is logged; no second answer is sent."""

        async def stream(_request):
            async def parts():
                yield b"one"
                raise ValueError("no more")

            return StreamingResponse(parts())

        app = LoggingMiddleware(Starlette(routes=[Route("/", stream)]))
        with pytest.raises(ValueError, match="no more"):
            TestClient(app).get("/", headers=HEADERS)
        assert [line["trace_id"] for line in lines_of(folder, "errors.log")] == [ID]

    def test_websockets(self):
        """A socket's lines have its trace, too."""

        async def socket(websocket):
            await websocket.accept()
            await websocket.send_text(trace_id())
            await websocket.close()

        app = LoggingMiddleware(Starlette(routes=[WebSocketRoute("/", socket)]))
        with TestClient(app).websocket_connect("/", headers=HEADERS) as connection:
            assert connection.receive_text() == ID

    def test_lifespan_passes(self):
        """What is no request goes through."""
        app = LoggingMiddleware(Starlette(routes=[Route("/", lambda _request: PlainTextResponse("x"))]))
        with TestClient(app) as client:
            assert client.get("/").text == "x"


@pytest.fixture
def flasks():
    app = flask.Flask("service")

    @app.get("/fine")
    def fine():
        LOG.info("within")
        return {"trace": trace_id()}

    @app.get("/stream")
    def stream():
        def parts():
            yield trace_id()
            LOG.info("within")
            if "fail" in flask.request.args:
                raise ValueError("no more")
            yield trace_id()

        return flask.Response(flask.stream_with_context(parts()))

    return Client(WsgiLoggingMiddleware(app.wsgi_app, log_requests=True))


class TestWsgi:
    def test_the_callers_trace(self, flasks, folder, lines_of):
        """In every line and in the answer's header; afterwards nothing stays."""
        answer = flasks.get("/fine", headers=HEADERS)
        assert answer.json == {"trace": ID}
        assert answer.headers["x-trace-id"] == ID
        answer.close()
        assert [line["trace_id"] for line in lines_of(folder)] == [ID, ID]
        assert trace_id() is None

    def test_a_stream_keeps_its_trace(self, flasks, folder, lines_of):
        """Also while the body is being read, after the call returned."""
        answer = flasks.get("/stream", headers=HEADERS)
        assert answer.text == ID + ID
        assert lines_of(folder)[0]["trace_id"] == ID

    def test_a_broken_stream(self, flasks, folder, lines_of):
        """A failure after the answer began is logged and reaches the server."""
        with pytest.raises(ValueError, match="no more"):
            _ = flasks.get("/stream?fail", headers=HEADERS).text
        assert [line["trace_id"] for line in lines_of(folder, "errors.log")] == [ID]

    @pytest.mark.parametrize("is_late", [False, True])
    def test_a_failing_application(self, folder, lines_of, is_late):
        """Answered with 500 and the trace id, when called and when read."""

        def app(_environ, _start_response):
            if is_late:
                return iter(_fail, None)
            raise ValueError("no model")

        answer = Client(WsgiLoggingMiddleware(app)).get("/x", headers=HEADERS)
        assert answer.status_code == 500
        assert json.loads(answer.data) == {"error": "internal error", "trace_id": ID}
        [error] = lines_of(folder, "errors.log")
        assert (error["trace_id"], error["context"]) == (ID, {"method": "GET", "path": "/x"})


def _fail():
    raise ValueError("no model")
