"""Child processes, real ones."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from monitor_core.jobs.children import Child, environment
from monitor_core.settings import load

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def wait_until(condition, seconds=15.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


class Seconds:
    value = 100.0

    def __call__(self):
        return self.value


class TestChild:
    """Started, watched, started again."""

    def test_watching_starts_it(self):
        """And stopping ends it."""
        child = Child("sleeper", SLEEP)
        assert "sleeper started" in child.watch()
        assert child.is_alive
        assert child.watch() is None
        child.stop()
        assert not child.is_alive

    def test_a_killed_child_starts_again_after_a_pause(self):
        """The pause doubles with each failure; a minute of health forgives."""
        seconds = Seconds()
        child = Child("sleeper", SLEEP, clock=seconds)
        for failures, pause in ((1, 0.5), (2, 1.0)):
            child.watch()
            os.kill(child.process.pid, signal.SIGKILL)
            wait_until(lambda: not child.is_alive)
            assert f"by signal SIGKILL; it starts again in {pause:g} s" in child.watch()
            assert child.failures == failures
            assert child.watch() is None
            seconds.value += pause
        child.watch()
        seconds.value += 61
        os.kill(child.process.pid, signal.SIGKILL)
        wait_until(lambda: not child.is_alive)
        assert "in 0.5 s" in child.watch()

    def test_a_child_that_does_not_listen_is_ended_by_force(self):
        """After the time it was given."""
        deaf = (
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(60)"
        )
        child = Child("deaf", [sys.executable, "-c", deaf])
        child.watch()
        time.sleep(0.5)
        began = time.monotonic()
        child.stop(seconds=0.2)
        assert time.monotonic() - began < 5
        assert not child.is_alive


def test_a_child_ends_when_its_parent_is_killed(tmp_path):
    """Even by SIGKILL, which nobody can catch."""
    note = tmp_path / "pid"
    child = (
        "import os, threading; from pathlib import Path; from monitor_core.jobs.children import stop_with_parent;"
        "gone = threading.Event(); stop_with_parent(gone.set);"
        f"Path({str(note)!r}).write_text(str(os.getpid())); gone.wait(60)"
    )
    parent = (
        "import sys, time; from monitor_core.jobs.children import Child;"
        f"Child('child', [sys.executable, '-c', {child!r}]).watch(); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", parent])
    wait_until(lambda: note.exists() and note.read_text())
    process.kill()
    process.wait()
    pid = int(note.read_text())
    wait_until(lambda: not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes())


def test_a_child_gets_what_was_set_by_arguments(tmp_path):
    """The rest it reads for itself, as its parent did."""
    settings = load(arguments={"data_dir": tmp_path, "port": 9000}, environ={"MONITOR_LOG_LEVEL": "DEBUG"})
    environ = environment(settings)
    assert (environ["MONITOR_DATA_DIR"], environ["MONITOR_PORT"]) == (str(tmp_path), "9000")
    assert "MONITOR_LOG_LEVEL" not in environ
