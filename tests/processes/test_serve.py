"""The whole of it: one command, real processes, killed and stopped; the web process killed during an upload."""

import io
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time

import httpx
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor_core.jobs.lease import WORKER, Leases

pytestmark = pytest.mark.calibration  # real servers take seconds to start

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the database plays no part
SNAPSHOTS = "/api/v1/models/churn/versions/1/snapshots"


def table():
    rng = np.random.default_rng(1)
    moments = np.datetime64("2026-01-01", "s") + np.arange(4_000).astype("timedelta64[m]")
    file = io.BytesIO()
    pq.write_table(pa.table({"when": moments, **{f"x{n}": rng.normal(size=4_000) for n in range(8)}}), file)
    return file.getvalue()


@pytest.fixture
def command(database_url, tmp_path):
    """Start a command of ours; everything that was started is killed at the end."""
    given = {"MONITOR_DATABASE_URL": database_url, "MONITOR_DATA_DIR": str(tmp_path / "data")}
    started = []

    def start(*words):
        output = (tmp_path / f"output-{len(started)}").open("w+")
        process = subprocess.Popen(
            [sys.executable, "-m", "monitor_core", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **given},
            cwd=tmp_path,
        )
        process.printed = (tmp_path / output.name).read_text
        started.append((process, output))
        return process

    yield start
    for process, output in started:
        for child in [*family(process.pid), process]:
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue
        process.wait()
        output.close()


def family(pid):
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def named(pid, word):
    """Return the living child that runs a command."""
    for child in family(pid):
        try:
            if word in child.cmdline():
                return child
        except psutil.Error:  # it ended meanwhile
            continue
    return None


def gone(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def address(process, until):
    return until(lambda: re.search(r"running at (http://\S+)", process.printed()), seconds=120)[1]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@ON_SQLITE
def test_one_command_serves_survives_and_stops(command, services, until):
    """Pages, health and token; one app a folder; crashed processes come back; nothing is left at the end."""
    first = command("serve", "--port", "0")
    base = address(first, until)
    assert httpx.get(f"{base}/").status_code == 200
    until(lambda: httpx.get(f"{base}/api/health", timeout=30).json()["worker"]["up"])
    token = services.settings.data_dir / "token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert token.read_text().strip() not in first.printed()

    second = command("serve", "--port", "0")
    assert second.wait(timeout=60) == 2
    assert f"already running at {base}" in second.printed()

    for word in ("worker", "web"):
        victim = named(first.pid, word)
        victim.kill()
        until(lambda word=word, victim=victim: (again := named(first.pid, word)) is not None and again != victim)
    until(lambda: _is_up(base), seconds=120, every=0.2)

    children = family(first.pid)
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=60) == 0
    assert all(gone(child) for child in children)
    assert Leases(services.engine, services.now).holder(WORKER) is None


def _answers(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/health", timeout=5)
    except httpx.HTTPError:
        return None


def _is_up(base):
    try:
        return httpx.get(f"{base}/api/health", timeout=5).json()["worker"]["up"]
    except httpx.HTTPError:
        return False


@ON_SQLITE
def test_nothing_outlives_a_killed_supervisor(command, until):
    """The children notice, and the folder is free for the next start."""
    first = command("serve", "--port", free_port())
    base = address(first, until)
    children = family(first.pid)
    assert len(children) >= 2
    first.kill()
    first.wait()
    until(lambda: all(gone(child) for child in children), seconds=60)
    again = command("serve", "--port", base.rpartition(":")[2])
    assert address(again, until) == base


def test_an_upload_to_a_killed_web_process_leaves_nothing_half(command, services, until, monkeypatch):
    """No row and, once pruned, no file; sent again it is taken in whole."""
    services.models.add("churn", version="1", actor="ann")
    content, port = table(), free_port()
    monkeypatch.setenv("MONITOR_PORT", str(port))
    for share in (0.0, 0.3, 0.9, 1.0):
        web = command("--data-dir", services.settings.data_dir, "web")
        until(lambda: _answers(port), seconds=120, every=0.1)
        token = (services.settings.data_dir / "token").read_text().strip()
        with socket.create_connection(("127.0.0.1", port)) as raw:
            head = f"PUT {SNAPSHOTS}?filename=a.parquet&purpose=baseline HTTP/1.1\r\nHost: localhost\r\n"
            head += f"Authorization: Bearer {token}\r\nContent-Length: {len(content) + 1}\r\n\r\n"
            raw.sendall(head.encode() + content[: int(len(content) * share)])
            time.sleep(0.1)
            web.kill()
        web.wait()
        assert services.snapshots.list() == ()
    web = command("serve", "--port", port)
    base = address(web, until)
    headers = {"authorization": f"Bearer {token}"}
    answer = httpx.put(
        f"{base}{SNAPSHOTS}?filename=a.parquet&purpose=baseline", content=content, headers=headers, timeout=60
    )
    assert answer.status_code == 202, answer.text
    job = until(lambda: _ended(base, answer.json()["job_id"]), seconds=120, every=0.2)
    assert job["state"] == "done", json.dumps(job)
    (snapshot,) = services.snapshots.list()
    assert (snapshot.state, snapshot.n_rows) == ("ready", 4_000)


def _ended(base, job_id):
    job = httpx.get(f"{base}/api/v1/jobs/{job_id}", timeout=30).json()["job"]
    return job if job["state"] in {"done", "failed"} else None
