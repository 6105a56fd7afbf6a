"""Real applications: FastAPI as it is now, Starlette, Flask."""

import importlib.util
from pathlib import Path

import flask
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from monitor_core.metrics.instrument import WsgiMetricsMiddleware

PROBE = Path(__file__).resolve().parents[2] / "benchmarks" / "peers" / "fastapi_routes.py"


@pytest.fixture(scope="module")
def probe():
    spec = importlib.util.spec_from_file_location("fastapi_routes", PROBE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestFastAPI:
    @pytest.mark.parametrize("root", ["", "/proxy"])
    def test_every_way_of_nesting(self, probe, root):
        """Routers in routers, mounts, mounts with parameters, files, documents: 23 addresses."""
        assert probe.problems(root) == []

    def test_two_lines(self, ask, monitor, value):
        """The service of the documentation: measured and scraped."""
        app = FastAPI()
        monitor.instrument(app)

        @app.get("/predict/{customer}")
        async def predict(customer: int) -> dict[str, int]:
            return {"customer": customer}

        assert ask(app, "/predict/17").body == b'{"customer":17}'
        assert ask(app, "/predict/x").status == 422
        text = ask(app, "/metrics").body.decode()
        assert 'api_requests_total{endpoint="/predict/{customer}",method="GET",status_code="200"} 1.0' in text
        assert value("api_errors_total", endpoint="/predict/{customer}", error_type="4xx", status_code=422) == 1
        assert "/metrics" not in text

    def test_old_lines_still_work(self, ask, monitor, labels_of):
        """`@app.middleware("http")` with `track_request`, as in the original's document: templates, not paths."""
        app = FastAPI()

        @app.middleware("http")
        async def track(request: Request, call_next):
            return await monitor.track_request(request, call_next)

        @app.get("/predict/{customer}")
        async def predict(customer: int) -> int:
            return customer

        for number in range(5):
            assert ask(app, f"/predict/{number}").status == 200
        ask(app, "/nothing/here")
        assert labels_of("api_requests_total") == [
            ("/predict/{customer}", "GET", "200"),
            ("__unmatched__", "GET", "404"),
        ]


class TestStarlette:
    def test_application(self, ask, monitor, labels_of):
        """Routes, mounts and a background task."""

        async def hello(request):
            return JSONResponse(request.path_params, background=BackgroundTask(print, "done"))

        app = Starlette(routes=[Route("/a/{x}", hello), Mount("/m/{k}", routes=[Route("/b/{y:int}", hello)])])
        monitor.instrument(app, path="/internal/metrics")
        for path in ("/a/1", "/a/2", "/m/z/b/7", "/m/y/b/8", "/internal/metrics"):
            assert ask(app, path).status == 200
        assert labels_of("api_requests_total") == [("/a/{x}", "GET", "200"), ("/m/{k}/b/{y:int}", "GET", "200")]

    def test_stream(self, ask, monitor, value):
        """First byte and whole duration."""

        async def parts():
            for number in range(3):
                yield f"{number}\n"

        async def stream(_request):
            return StreamingResponse(parts())

        app = Starlette(routes=[Route("/stream", stream)])
        monitor.instrument(app)
        assert ask(app, "/stream").body == b"0\n1\n2\n"
        labels = {"endpoint": "/stream", "method": "GET", "status_code": "200"}
        assert value("api_response_first_byte_seconds_count", **labels) == 1

    def test_many_routes_share_no_state(self, ask, monitor, labels_of):
        """Two hundred routes, each under its own name."""

        async def hello(_request):
            return PlainTextResponse("")

        app = Starlette(routes=[Route(f"/r{number}/{{x}}", hello) for number in range(200)])
        monitor.instrument(app)
        for number in range(200):
            ask(app, f"/r{number}/1")
        assert labels_of("api_requests_total") == sorted((f"/r{n}/{{x}}", "GET", "200") for n in range(200))


@pytest.fixture
def flask_app():
    app = flask.Flask("service")

    @app.get("/predict/<int:customer>")
    def predict(customer):
        return {"customer": customer}

    @app.get("/boom")
    def boom():
        raise LookupError

    @app.get("/stream")
    def stream():
        return flask.Response(iter([b"a", b"b", b"c"]))

    return app


class TestFlask:
    def test_application(self, monitor, flask_app, labels_of, value):
        """Rules, not paths; what Flask answers for an exception; nothing for unknown paths."""
        monitor.instrument(flask_app)
        client = flask_app.test_client()
        for path in ("/predict/1", "/predict/2", "/wp-login.php", "/boom"):
            client.get(path, buffered=True)
        assert labels_of("api_requests_total") == [
            ("/boom", "GET", "500"),
            ("/predict/<int:customer>", "GET", "200"),
            ("__unmatched__", "GET", "404"),
        ]
        assert value("api_errors_total", endpoint="/boom", error_type="5xx", status_code=500) == 1
        assert value("api_requests_in_progress") == 0

    def test_metrics(self, monitor, flask_app):
        """Answered beside the application, in the format asked for."""
        monitor.instrument(flask_app)
        client = flask_app.test_client()
        client.get("/predict/1", buffered=True)
        answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
        assert answer.content_type.startswith("application/openmetrics-text")
        assert b'endpoint="/predict/<int:customer>"' in answer.data
        assert client.post("/metrics").status_code == 405

    def test_stream(self, monitor, flask_app, value):
        """More than one part."""
        monitor.instrument(flask_app)
        assert flask_app.test_client().get("/stream", buffered=True).data == b"abc"
        labels = {"endpoint": "/stream", "method": "GET", "status_code": "200"}
        assert value("api_response_first_byte_seconds_count", **labels) == 1

    def test_mounted(self, monitor, flask_app, labels_of):
        """A dispatcher's prefix is in front."""
        app = DispatcherMiddleware(flask.Flask("outer"), {"/v2": flask_app})
        client = Client(WsgiMetricsMiddleware(app, monitor=monitor))
        client.get("/v2/predict/3", buffered=True)
        assert labels_of("api_requests_total") == [("/v2/predict/<int:customer>", "GET", "200")]
