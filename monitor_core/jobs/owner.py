"""The name of a process, such that another one can tell whether it still lives."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil

__all__ = ["is_dead", "this_process"]


def this_process() -> str:
    """Return ``machine/pid/start`` of this process; unique even when the pid is used again."""
    pid = os.getpid()
    return f"{_machine()}/{pid}/{_started(pid)}"


def is_dead(owner: str) -> bool:
    """Whether the process of that name is known to have ended.

    False also means "cannot be told from here": a process of another machine or container.

    Examples
    --------
    >>> is_dead(this_process()), is_dead("elsewhere/1/0")
    (False, False)
    """
    machine, _, rest = owner.rpartition("/")[0].rpartition("/")
    started = owner.rpartition("/")[2]
    if machine != _machine() or not rest.isdigit():
        return False
    return _started(int(rest)) != started


def _started(pid: int) -> str:
    """Return when a process was started, or an empty text when it is gone or only waits to be reaped."""
    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return ""


def _machine() -> str:
    """Name what shares our process ids: host, this boot, and on Linux the pid namespace (containers)."""
    return "+".join([platform.node(), *filter(None, map(_read, _MARKS))]).replace("/", "_")


_MARKS = (Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid"))


def _read(path: Path) -> str:
    try:
        return (
            path.readlink().name.strip("pid:[]") if path.is_symlink() else path.read_text(encoding="ascii").strip()[:8]
        )
    except OSError:
        return ""
