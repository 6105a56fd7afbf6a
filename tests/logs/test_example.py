"""The example of the documents, as it is, under a real server with two workers."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
REQUESTS = 60


@pytest.fixture
def service(folder):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["fastapi_logging:app", "--app-dir", EXAMPLES, "--port", str(port), "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", *arguments],
        env=os.environ | {"LOG_DIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/predict/"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}first", timeout=5).close()
            break
        except OSError:
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait(30)


def ask(address):
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.headers["x-trace-id"], json.loads(answer.read())


def test_every_request_stands_in_the_logs(service, folder, lines_of):
    """Each with its own trace: a line, the request's line, and the audit's."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, [f"{service}c{number}" for number in range(REQUESTS)]))
    for _ in range(100):  # a request's own line is written after its answer
        if sum(line["message"] == "request" for line in lines_of(folder)) > REQUESTS:
            break
        time.sleep(0.1)
    audit = {line["trace_id"]: line for line in lines_of(folder, "audit.log")}
    lines = [line for line in lines_of(folder) if line.get("context", {}).get("customer") != "first"]
    for number, (trace, answer) in enumerate(answers):
        assert re.fullmatch("[0-9a-f]{32}", trace)
        assert audit[trace]["probability"] == answer["score"]
        mine = [line for line in lines if line.get("trace_id") == trace]
        assert [line["message"] for line in mine] == ["scored", "request"]
        assert mine[0]["context"]["customer"] == f"c{number}"
