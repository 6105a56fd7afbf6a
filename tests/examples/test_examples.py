"""The example services run as their first lines say."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"


def fetch(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.read().decode()


@contextmanager
def running(*command, folder, **environ):
    """Give the port of a server, up and answering."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    log = folder / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [part.format(port=port) for part in (sys.executable, *command)],
            cwd=EXAMPLES,
            stdout=output,
            stderr=output,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **environ},
        )
    try:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            try:
                fetch(port, "/metrics")
                break
            except OSError:
                assert server.poll() is None, log.read_text()
                time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def value(text, name, **labels):
    families = text_string_to_metric_families(text)
    found = [
        s.value for family in families for s in family.samples if s.name == name and labels.items() <= s.labels.items()
    ]
    return sum(found) if found else None


def test_fastapi(tmp_path):
    """Two lines: requests, predictions, the model's own time."""
    with running("-m", "uvicorn", "fastapi_service:app", "--port", "{port}", folder=tmp_path) as port:
        for number in range(20):
            fetch(port, f"/predict/{number}")
        text = fetch(port, "/metrics")
    assert value(text, "api_requests_total", endpoint="/predict/{customer_id}", status_code="200") == 20
    assert value(text, "model_predictions_total", model_version="1.4.0") == 20
    assert value(text, "model_prediction_duration_seconds_sum", model_version="1.4.0") >= 0.2
    assert 20 * 0.01 <= value(text, "api_request_duration_seconds_sum", endpoint="/predict/{customer_id}") < 20


def test_flask(tmp_path):
    """A server of the standard library's kind, single process."""
    command = ("-m", "flask", "--app", "flask_service", "run", "--port", "{port}")
    with running(*command, folder=tmp_path) as port:
        for income in (0, 20_000, 50_000):
            fetch(port, f"/score/{income}")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetch(port, "/score/many")
        text = fetch(port, "/metrics")
    assert value(text, "api_requests_total", endpoint="/score/<int:income>") == 3
    assert value(text, "api_errors_total", endpoint="__unmatched__", status_code="404") == 1
    assert value(text, "applications_total") == 3
    assert value(text, "bureau_failures_total", bureau="first") == 1
    assert value(text, "model_predictions_total", predicted_label="approved") == 1
    assert "daily_upper_circuit" not in text


def test_batch(tmp_path):
    """The job ends, its figures stay in a file."""
    target = tmp_path / "predictions.prom"
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, EXAMPLES / "batch_job.py", target], check=True, timeout=60, env=environ)
    text = target.read_text(encoding="utf-8")
    assert value(text, "model_predictions_total", model_version="2026-11") == 10_000
    assert value(text, "batch_rows_total") == 10_000
    assert abs(value(text, "batch_last_success_timestamp_seconds") - time.time()) < 120


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_examples_are_documented(path):
    """Named where a reader looks for them, and short."""
    guides = ("instrumentation.md", "logging.md")
    text = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in guides)
    assert re.search(rf"\(examples/{re.escape(path.name)}\)", text)
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60
