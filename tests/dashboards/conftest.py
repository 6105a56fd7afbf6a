"""A day of a service that has a bad hour, and a small server that answers for it as the app does."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import numpy as np
import pytest

from monitor_core.dashboards import generate_html_dashboard
from monitor_core.metrics.names import LATENCY_BUCKETS
from monitor_core.metrics.promql import Engine, MemoryReader, QueryFailed

ROOT = Path(__file__).resolve().parents[2]
STEP = 60
SERVICE = {"job": "api", "instance": "127.0.0.1:8000"}
APP = {"job": "bellwether", "instance": "127.0.0.1:8501", "model": "churn", "version": "2"}


def demo(end: int, *, days: float = 2) -> MemoryReader:  # noqa: C901, PLR0915 - a long list of series, nothing else
    """Samples a minute up to `end` (seconds): waves of traffic, a slow hour, errors, a feature that drifts."""
    reader = MemoryReader()
    stamps = np.arange(end - round(days * 86400), end + 1, STEP, dtype=np.int64)
    hours = (stamps - stamps[0]) / 3600
    load = 60 * (6 + 4 * np.sin(hours / 24 * 2 * np.pi))
    bad = ((stamps > end - 7200) & (stamps < end - 3600)).astype(float)

    def add(name, labels, values):
        reader.add({"__name__": name, **labels}, stamps * 1000, values)

    for endpoint, share, pace in (("/predict", 0.7, 0.07), ("/batch", 0.2, 0.3), ("/models/{name}", 0.1, 0.02)):
        labels = {**SERVICE, "endpoint": endpoint, "method": "POST"}
        total = np.cumsum(load * share)
        for status, part in (("200", 0.97 - 0.1 * bad), ("404", 0.02), ("500", 0.01 + 0.1 * bad)):
            counted = np.cumsum(load * share * part)
            add("api_requests_total", {**labels, "status_code": status}, counted)
            if status != "200":
                kind = {"error_type": f"{status[0]}xx", "status_code": status}
                add("api_errors_total", {**SERVICE, "endpoint": endpoint, **kind}, counted)
        mean = pace * (1 + 3 * bad)
        for bound in (*LATENCY_BUCKETS, np.inf):
            below = 1 - np.exp(-bound / mean) if np.isfinite(bound) else 1.0
            le = repr(bound) if np.isfinite(bound) else "+Inf"
            bucket = {**labels, "status_code": "200", "le": le}
            add("api_request_duration_seconds_bucket", bucket, np.cumsum(load * share * below))
        add("api_request_duration_seconds_count", {**labels, "status_code": "200"}, total)
    for version, share in (("1", 0.3), ("2", 0.7)):
        for label, part in (("0", 0.8), ("1", 0.2)):
            for confidence in ("high", "medium", "low"):
                labels = {**SERVICE, "predicted_label": label, "confidence": confidence, "model_version": version}
                add("model_predictions_total", labels, np.cumsum(load * share * part / 3))
        for le in ("0.01", "0.05", "+Inf"):
            bucket = {**SERVICE, "model_version": version, "le": le}
            add("model_prediction_duration_seconds_bucket", bucket, np.cumsum(load * share))
    add("process_cpu_percent", SERVICE, 35 + load / 20 + 40 * bad)
    add("process_memory_percent", SERVICE, 60 + hours / 4)
    add("process_resident_memory_bytes", SERVICE, 4e8 + hours * 1e6)
    add("system_disk_read_bytes_total", SERVICE, np.cumsum(load * 1000))
    add("system_disk_written_bytes_total", SERVICE, np.cumsum(load * 3000))
    add("api_requests_in_progress", SERVICE, np.round(load / 100))
    add("model_cache_hit_rate", SERVICE, 0.8 + 0.05 * np.sin(hours))
    add("daily_upper_circuit_candidates", SERVICE, np.round(hours % 24))
    failing = {**SERVICE, "bse_code": "500325", "feature_name": "rsi_14"}
    add("feature_extraction_failures_total", failing, np.cumsum(bad))
    for window, level in (("7d", 0.74), ("30d", 0.78), ("90d", 0.8)):
        add("model_f1_score", {**APP, "window": window}, level - hours / 1000)
        add("model_precision", {**APP, "window": window}, level + 0.03 - hours / 1000)
        add("model_recall", {**APP, "window": window}, level - 0.03 - hours / 1200)
        add("model_roc_auc", {**APP, "window": window}, level + 0.1 - hours / 1500)
    add("model_degradation_severity", APP, np.where(hours > 30, 1.0, 0.0))
    for place, feature in enumerate(("age", "income", "rooms", "state", "tenure", "region")):
        labels = {**APP, "feature": feature}
        add("feature_drift_psi", labels, 0.02 + 0.012 * place + (place == 1) * 0.4 * (hours > 24))
        add("feature_drift_ks", labels, 0.03 + 0.01 * place + 0 * hours)
        add("feature_missing_ratio", labels, 0.01 * place + 0 * hours)
    add("model_drift_severity", APP, np.where(hours > 24, 3.0, 0.0))
    add("model_drift_rows", APP, 5000 + 0 * hours)
    add("model_drift_run_timestamp_seconds", APP, stamps - stamps % 86400)
    for labels in (SERVICE, {name: APP[name] for name in ("job", "instance")}):
        add("up", labels, 1 + 0 * hours)
    for window in ("1h", "6h", "1d", "3d"):
        add(f"job:api_requests_slow:ratio_rate{window}", {"job": "api"}, 0.04 + 0.1 * bad)
    add("job:api_requests:rate1h", {"job": "api"}, load / 60)
    add("job:api_requests:rate1h_usual", {"job": "api"}, load / 55)
    firing = {"alertname": "FeatureDriftHigh", "severity": "high", "alertstate": "firing", "job": "bellwether"}
    add("ALERTS", firing, 1 + 0 * hours)
    return reader


@pytest.fixture(scope="session")
def shared_schema():
    """Grafana's JSON Schemas from the shared folder; skips, saying so, where it is absent."""
    folder = Path(os.environ.get("MONITOR_SHARED") or ROOT.parent / "shared") / "grafana-schema"
    if not folder.is_dir():
        pytest.skip(f"no schemas of Grafana at {folder} (set MONITOR_SHARED)")
    return lambda name: json.loads((folder / f"{name}.jsonschema.json").read_text())


def openmetrics(reader: MemoryReader) -> str:
    """Everything a reader holds, as ``promtool tsdb create-blocks-from openmetrics`` takes it."""
    lines = []
    for labels, stamps, values in reader.select([], 0, 10**15):
        given = dict(labels)
        name = given.pop("__name__")
        inside = ",".join(f"{key}={json.dumps(value)}" for key, value in given.items())
        pairs = zip(stamps.tolist(), values.tolist(), strict=True)
        lines += [f"{name}{{{inside}}} {value!r} {stamp / 1000}" for stamp, value in pairs]
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="session")
def real_server(tmp_path_factory):
    """Give the address of a Prometheus that holds three hours of the example; for the marker 'prometheus'."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 1h}\n")
    (folder / "samples").write_text(openmetrics(demo(1_767_225_600, days=0.125)))
    promtool = [shutil.which("promtool"), "tsdb", "create-blocks-from", "openmetrics", "samples", "data"]
    subprocess.run(promtool, cwd=folder, check=True, capture_output=True, timeout=120)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [shutil.which("prometheus"), f"--config.file={folder}/prometheus.yml", "--log.level=error"]
    command += [f"--storage.tsdb.path={folder}/data", "--storage.tsdb.retention.time=100y"]
    process = subprocess.Popen(
        [*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield _ready(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(timeout=30)


def _ready(address: str) -> str:
    for _ in range(300):
        try:
            urlopen(f"{address}/-/ready", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return address
    raise TimeoutError(f"{address} is not ready")


@pytest.fixture(scope="session")
def demo_engine():
    end = 1_767_225_600
    reader = demo(end, days=0.125)
    return SimpleNamespace(engine=Engine(reader), reader=reader, end=end)


def reply(value):
    return {"status": "success", "data": value}


class Answers:
    """What the app's `/api/v1` answers, from an engine; `alerts` may be changed, `down` makes it fail."""

    def __init__(self, engine):
        self.engine = engine
        self.alerts = []
        self.down = False
        self.metrics_only = False
        self.look = 0
        self.asked = []
        self.prefix = ""

    def query_range(self, given):
        grid = self.engine.query_range(given["query"], *(float(given[name]) for name in ("start", "end", "step"))).value
        rows = []
        for labels, stamps, values in grid.series():
            pairs = zip(stamps.tolist(), values.tolist(), strict=True)
            rows.append({"metric": dict(labels), "values": [[stamp / 1000, repr(value)] for stamp, value in pairs]})
        return {"resultType": "matrix", "result": rows}

    def answer(self, path, given):
        match path:
            case "/api/v1/query":
                return reply({"resultType": "vector", "result": []})
            case "/api/v1/query_range":
                return reply(self.query_range(given))
            case "/api/v1/alerts":
                return reply({"alerts": self.alerts})
            case "/api/v1/label/job/values":
                return reply(["api", "bellwether", '"><img src=x onerror=alert(1)>'])
        return None

    def exposition(self):
        self.look += 1
        return (
            "# HELP api_requests_total x\n"
            f'api_requests_total{{endpoint="/a \\"b\\"",method="GET",status_code="200"}} {self.look * 300}\n'
            f"process_cpu_percent 42.5\nprocess_memory_percent 91\n"
            f'api_request_duration_seconds_bucket{{endpoint="/a",le="0.1"}} {self.look * 150}\n'
            f'api_request_duration_seconds_bucket{{endpoint="/a",le="0.15"}} {self.look * 150}\n'
            f'api_request_duration_seconds_bucket{{endpoint="/a",le="+Inf"}} {self.look * 300}\n'
            f'api_request_duration_seconds_count{{endpoint="/a"}} {self.look * 300}\n'
            'model_f1_score{model="churn",version="2",window="30d"} 0.61\n'
        )


@contextmanager
def serving(answers):  # noqa: C901 - a branch a route
    page = generate_html_dashboard("2.1.0", "gradient boosting", "2026-10-01").encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):  # noqa: PLR0911 - one line an answer
            split = urlsplit(self.path)
            answers.asked.append(split.path)
            if split.path == "/below/page.html":
                return self.send(200, "text/html; charset=utf-8", page)
            split = split._replace(path=split.path.removeprefix(answers.prefix))
            given = {name: values[0] for name, values in parse_qs(split.query).items()}
            if split.path == "/":
                return self.send(200, "text/html; charset=utf-8", page)
            if answers.down or not urlsplit(self.path).path.startswith(answers.prefix):
                return self.send(502, "text/html", b"<html>Bad Gateway</html>")
            if split.path == "/metrics":
                return self.send(200, "text/plain", answers.exposition().encode())
            if answers.metrics_only:
                return self.send(404, "text/html", b"not here")
            try:
                body = answers.answer(split.path, given)
            except QueryFailed as error:
                failed = {"status": "error", "errorType": error.error_type, "error": error.message}
                return self.send(400, "application/json", json.dumps(failed).encode())
            if body is None:
                return self.send(404, "text/plain", b"not found")
            return self.send(200, "application/json", json.dumps(body).encode())

        def send(self, status, kind, body):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def play():
    """Serve answers; give the address."""
    return serving


@pytest.fixture(scope="session")
def live_engine():
    """The same day, ending now."""
    return Engine(demo(int(time.time()) // STEP * STEP))


@pytest.fixture
def answers(live_engine):
    return Answers(live_engine)
