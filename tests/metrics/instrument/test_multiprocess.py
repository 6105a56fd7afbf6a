"""Several workers: added up where they share a folder, said loudly where they do not."""

import json
import os
import re
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from pathlib import Path

import pytest

from monitor_core.errors import InvalidSetting
from monitor_core.metrics.instrument import multiprocess

SERVICE = """
import os
from fastapi import FastAPI
from monitor_core import PerformanceMonitor

app = FastAPI()
monitor = PerformanceMonitor()
monitor.instrument(app)

@app.get("/predict/{customer}")
async def predict(customer: int) -> int:
    monitor.track_prediction(customer % 2, 0.9, "1")
    monitor.update_daily_candidates(customer)
    return os.getpid()
"""


def run(code, **environ):
    """Run in a Python of its own: prometheus-client looks at the environment when it is imported."""
    environ = {**{key: text for key, text in os.environ.items() if key != multiprocess.VARIABLE}, **environ}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout, done.stderr


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def fetch(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.read().decode()


class Workers:
    """uvicorn with three workers."""

    def __init__(self, folder, **environ):
        (folder / "shop.py").write_text(SERVICE, encoding="utf-8")
        self.port = free_port()
        self.log = folder / "log"
        command = [sys.executable, "-m", "uvicorn", "shop:app", "--workers", "3", "--port", str(self.port)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(Path.cwd()), **environ},
            )

    def wait(self):
        deadline = time.monotonic() + 40
        while True:
            try:
                return fetch(self.port, "/docs")
            except OSError:
                if time.monotonic() > deadline:
                    raise AssertionError(self.log.read_text()) from None
                time.sleep(0.1)

    def scrape_when(self, name, total):
        """Return the first scrape in which a name adds up to this: workers count after the client has its answer."""
        deadline = time.monotonic() + 10
        while sum(samples(text := fetch(self.port, "/metrics"), name).values()) != total:
            assert time.monotonic() < deadline, text
        return text

    def __enter__(self):
        self.wait()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


def samples(text, name):
    return {key: float(number) for key, number in re.findall(rf"^{name}(\{{.*\}})? (\S+)$", text, re.MULTILINE)}


def test_workers_add_up(tmp_path):
    """Sixty requests over three processes are sixty in every scrape, whoever answers it."""
    folder = tmp_path / "metrics"
    with Workers(tmp_path, **{multiprocess.VARIABLE: str(folder)}) as service:
        pids = {fetch(service.port, f"/predict/{number}") for number in range(60)}
        text = service.scrape_when("api_requests_total", 61)  # one asked whether the service was up
        assert sum(samples(text, "model_predictions_total").values()) == 60
        assert samples(text, "daily_upper_circuit_candidates") == {"": 59}
        assert samples(text, "api_requests_in_progress") == {"": 0}
        assert len(samples(text, "process_cpu_percent")) == len(samples(text, "process_memory_percent")) == 1
        assert samples(text, "process_resident_memory_bytes")[""] > 25e6 * len(pids)
        assert len(samples(text, "system_disk_read_bytes_total")) <= 1
        assert text.count("# TYPE process_cpu_percent ") == 1
    assert "keeps its metrics to itself" not in service.log.read_text()


def test_workers_that_do_not_share_are_told(tmp_path):
    """In the log of each, at the start."""
    with Workers(tmp_path) as service:
        time.sleep(0.5)
    assert "3 worker processes serve requests, but each keeps its metrics to itself" in service.log.read_text()


def test_dead_workers_count_but_are_not_busy(tmp_path):
    """What they counted stays; requests they had in progress are gone with them."""
    code = """
    import os
    from monitor_core import PerformanceMonitor
    monitor = PerformanceMonitor()
    monitor.in_progress.inc()
    monitor.track_prediction(1, .9, "1")
    """
    show = """
    from monitor_core import PerformanceMonitor, get_metrics_text
    PerformanceMonitor()
    print(get_metrics_text().decode())
    """
    folder = {multiprocess.VARIABLE: str(tmp_path)}
    run(code, **folder)
    text, _ = run(show, **folder)
    assert sum(samples(text, "model_predictions_total").values()) == 1
    assert samples(text, "api_requests_in_progress") == {"": 0}


def test_folder_is_made(tmp_path):
    """A missing folder is no reason to fail."""
    run(
        "from monitor_core import PerformanceMonitor; PerformanceMonitor()",
        **{multiprocess.VARIABLE: str(tmp_path / "a" / "b")},
    )
    assert list((tmp_path / "a" / "b").glob("*.db"))


def test_name_filter_works_over_all_workers(tmp_path):
    """As in a single process."""
    code = """
    from monitor_core import PerformanceMonitor
    from monitor_core.metrics.instrument.exposition import render
    monitor = PerformanceMonitor()
    monitor.track_prediction(1, .9, "1")
    print(render(monitor.registry, names=["model_predictions_total"])[0].decode())
    """
    text, _ = run(code, **{multiprocess.VARIABLE: str(tmp_path)})
    assert len(samples(text, "model_predictions_total")) == 1
    assert "api_requests_in_progress" not in text


def test_variable_that_came_too_late_is_told(tmp_path):
    """prometheus-client has decided by then."""
    code = f"""
    import json, os, prometheus_client
    os.environ[{multiprocess.VARIABLE!r}] = {str(tmp_path)!r}
    from monitor_core import PerformanceMonitor
    PerformanceMonitor(); PerformanceMonitor()
    print(json.dumps(True))
    """
    out, errors = run(code)
    assert json.loads(out)
    assert errors.count("set it before Python starts") == 1


def test_folder_that_cannot_be(tmp_path):
    """Named, with its value."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidSetting, match=r"PROMETHEUS_MULTIPROC_DIR='.*file' cannot be a folder"):
        multiprocess.prepare({multiprocess.VARIABLE: str(tmp_path / "file")})


@pytest.mark.parametrize(
    ("line", "environ", "expected"),
    [
        ("gunicorn -w 4 shop:app", {}, 4),
        ("/usr/bin/python -m uvicorn shop:app --workers=2", {}, 2),
        ("hypercorn shop:app -w 1", {"WEB_CONCURRENCY": "8"}, 1),
        ("uvicorn shop:app", {"WEB_CONCURRENCY": "8"}, 8),
        ("uvicorn shop:app", {"WEB_CONCURRENCY": "many"}, 1),
        ("uvicorn shop:app --workers", {}, 1),
        ("pytest -n 4", {"WEB_CONCURRENCY": "8"}, 1),
        ("", {}, 1),
    ],
)
def test_workers_asked_for(line, environ, expected):
    """From the command line, then from the environment, and only of web servers."""
    assert multiprocess.several_workers(line.split(), environ) == expected


def test_single_process_has_no_workers():
    """Nothing is read from a folder then."""
    assert multiprocess.live_workers() == frozenset()
    assert not multiprocess.is_active()
