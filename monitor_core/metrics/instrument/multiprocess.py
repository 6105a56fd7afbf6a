"""Several worker processes behind one address: their metrics added up, and a warning where they are not.

prometheus-client keeps each process's figures in files when `PROMETHEUS_MULTIPROC_DIR` names a folder before Python
starts. Without it every scrape reaches one worker by chance, and counters seem to jump back and forth.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead

from monitor_core.errors import InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "VARIABLE",
    "check_workers",
    "forget_dead_workers",
    "is_active",
    "live_workers",
    "prepare",
    "several_workers",
    "warn",
]

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_FILE = re.compile(r"\w+_(\d+)\.db")
_SERVERS = re.compile(r"(gunicorn|uvicorn|hypercorn|granian|fastapi|uwsgi|waitress)")
_OPTIONS = re.compile(r"(?:--workers|--processes|-w|-p)(?:=(\d+))?")
_warned: set[str] = set()


def is_active() -> bool:
    """Tell whether prometheus-client writes to files; it decides that when it is first imported."""
    return bool(getattr(values.ValueClass, "_multiprocess", False))


def prepare(environ: Mapping[str, str] = os.environ) -> None:
    """Make the folder if it is missing, and warn when the variable came too late to be heard.

    Raises
    ------
    InvalidSetting
        When the variable names something that cannot be a folder.
    """
    folder = environ.get(VARIABLE)
    if not folder:
        return
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidSetting(f"{VARIABLE}={folder!r} cannot be a folder: {error}") from error
    if not is_active():
        warn(f"{VARIABLE} was set after prometheus_client was imported and has no effect: set it before Python starts.")


def live_workers() -> frozenset[int]:
    """Return the processes that wrote to the folder and still run; empty outside of this mode."""
    return frozenset(pid for pid in _pids() if psutil.pid_exists(pid))


def forget_dead_workers() -> None:
    """Drop what dead processes said about the present (requests in progress); what they counted stays."""
    for pid in _pids():
        if not psutil.pid_exists(pid):
            mark_process_dead(pid)  # type: ignore[no-untyped-call]


def several_workers(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Return how many workers the command line or the environment asks a web server for, 1 if it cannot be told.

    Examples
    --------
    >>> several_workers(["/usr/bin/uvicorn", "shop:app", "--workers", "4"], {})
    4
    >>> several_workers(["gunicorn", "-w=3", "shop:app"], {})
    3
    >>> several_workers(["uvicorn", "shop:app"], {"WEB_CONCURRENCY": "2"})
    2
    >>> several_workers(["train.py", "-w", "8"], {"WEB_CONCURRENCY": "2"})
    1
    """
    if not argv or not any(_SERVERS.search(part) for part in argv[:3]):
        return 1
    for here, after in zip(argv, [*argv[1:], ""], strict=True):
        option = _OPTIONS.fullmatch(here)
        number = (option[1] or after) if option else ""
        if number.isdecimal():
            return int(number)
    asked = environ.get("WEB_CONCURRENCY", "")
    return int(asked) if asked.isdecimal() else 1


def check_workers(*, look_around: bool = False) -> None:
    """Warn, once, when several workers run and none sees the others' figures.

    Parameters
    ----------
    look_around
        Also count the processes beside this one: servers may take their workers from a file.
    """
    if is_active():
        return
    count = several_workers(sys.argv, os.environ)
    if count < 2 and look_around:
        count = _siblings()
    if count > 1:
        warn(
            f"{count} worker processes serve requests, but each keeps its metrics to itself: every scrape shows one of"
            f" them by chance, and counters jump. Set {VARIABLE} to an empty folder before the server starts."
        )


def warn(message: str) -> None:
    """Say it once, where people look: the log, which goes to the console when nobody set it up."""
    if message not in _warned:
        _warned.add(message)
        logging.getLogger("monitor_core.metrics").warning(message)


def _siblings() -> int:
    """Return how many workers like this one its parent has; 1 when this process is not a server's worker."""
    try:
        me = psutil.Process()
        parent = me.parent()
        if parent is None or not any(_SERVERS.search(part) for part in parent.cmdline()[:4]):
            return 1
        return max(1, sum(_is_worker(child, me) for child in parent.children()))
    except psutil.Error:
        return 1


def _is_worker(child: psutil.Process, me: psutil.Process) -> bool:
    try:
        spawned = "--multiprocessing-fork"
        line = child.cmdline()
        return line == me.cmdline() or (spawned in line and spawned in me.cmdline())
    except psutil.Error:
        return False


def _pids() -> set[int]:
    folder = os.environ.get(VARIABLE)
    if not folder or not is_active():
        return set()
    found = (_FILE.fullmatch(path.name) for path in Path(folder).glob("*.db"))
    return {int(match[1]) for match in found if match}
