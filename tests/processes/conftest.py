"""Real processes, killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from monitor_core.runtime import open_services
from monitor_core.settings import load

HERE = Path(__file__).resolve().parent


def wait_until(condition, seconds=60.0, every=0.01):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(every)
    return found


@pytest.fixture(scope="session")
def until():
    return wait_until


@pytest.fixture
def fork(database_url, tmp_path):
    """Start a command as a process of its own, in a few milliseconds; all are killed at the end."""
    environ = {**os.environ, "MONITOR_DATABASE_URL": database_url, "MONITOR_DATA_DIR": str(tmp_path / "data")}
    with (tmp_path / "output").open("w") as output:
        zygote = subprocess.Popen(
            [sys.executable, str(HERE / "zygote.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            env=environ,
            cwd=tmp_path,
        )
        assert zygote.stdout.readline() == "ready\n"
        started = []

        def start(*words):
            zygote.stdin.write(json.dumps(words) + "\n")
            zygote.stdin.flush()
            started.append(int(zygote.stdout.readline()))
            return started[-1]

        yield start
        for pid in started:
            kill(pid)
        zygote.kill()
        zygote.wait()
        zygote.stdin.close()
        zygote.stdout.close()


def kill(pid):
    """Kill for good; return once the process is gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    wait_until(lambda: is_gone(pid))


def is_gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture(scope="session")
def slay():
    return kill


@pytest.fixture
def undisturbed_url(_migrated_sqlite, tmp_path):
    """Give the address of another empty database, where nothing is killed."""
    shutil.copyfile(_migrated_sqlite, tmp_path / "undisturbed.db")
    return f"sqlite:///{tmp_path / 'undisturbed.db'}"


@pytest.fixture
def services(database_url, tmp_path):
    """Give services on the same database and folder as the processes."""
    settings = load(environ={}, arguments={"database_url": database_url, "data_dir": tmp_path / "data"})
    with open_services(settings) as opened:
        yield opened
