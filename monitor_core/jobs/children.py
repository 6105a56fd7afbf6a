"""Processes that belong together: a child started, watched and started again; and how a child dies with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from monitor_core.settings import known_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor_core.settings import Settings

__all__ = ["Child", "command", "environment", "stop_with_parent"]

_LONGEST_PAUSE = 30.0
_HEALTHY_SECONDS = 60.0
_ROOT = Path(__file__).resolve().parents[2]


def command(*words: str) -> list[str]:
    """Return the command line of one of our own commands, run as a child."""
    return [sys.executable, "-m", "monitor_core", *words, "--with-parent"]


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment for a child: ours, plus what was set by arguments here, plus where the package lies."""
    known = known_settings()
    set_here = [key for key, origin in settings.origins.items() if origin == "argument"]
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, **{known[key].variable: _text(settings, key) for key in set_here}}


def _text(settings: Settings, key: str) -> str:
    value: object = settings
    for name in key.split("."):
        value = getattr(value, name)
    return str(value)


class Child:
    """A child process that is started again when it ends by itself.

    After a crash the pause before the next start doubles, from half a second up to half a minute; a minute
    of health forgives what was before. The child's standard input is a pipe that closes when this process
    dies, however it dies (`stop_with_parent` on the other side).

    Parameters
    ----------
    name
        For messages.
    arguments
        The command line.
    environ
        Its environment.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        environ: dict[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.failures = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._arguments = list(arguments)
        self._environ = environ
        self._clock = clock
        self._started_at = 0.0
        self._not_before = 0.0

    @property
    def is_alive(self) -> bool:
        """Whether it runs now."""
        return self.process is not None and self.process.poll() is None

    def watch(self) -> str | None:
        """Start it when it is due; return a line for the log when something happened."""
        if self.is_alive:
            return None
        if self.process is not None:
            return self._ended(self.process.wait())
        if self._clock() < self._not_before:
            return None
        self._started_at = self._clock()
        self.process = subprocess.Popen(self._arguments, stdin=subprocess.PIPE, env=self._environ)  # noqa: S603 - our own command line
        return f"{self.name} started (process {self.process.pid})"

    def stop(self, *, seconds: float = 15.0) -> None:
        """End it: politely, and by force after some seconds."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._close()

    def _ended(self, code: int) -> str:
        healthy = self._clock() - self._started_at >= _HEALTHY_SECONDS
        self.failures = 1 if healthy else self.failures + 1
        pause = min(0.25 * 2.0**self.failures, _LONGEST_PAUSE)
        self._not_before = self._clock() + pause
        self._close()
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
        return f"{self.name} ended {how}; it starts again in {pause:g} s"

    def _close(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None


def stop_with_parent(stop: Callable[[], None]) -> None:
    """Call `stop` once the parent is gone: standard input, a pipe that it holds, has come to its end."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        stop()

    threading.Thread(target=wait, name="parent", daemon=True).start()
