"""One command, several processes: web, worker and collector, started, watched and stopped together."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from typing import IO, TYPE_CHECKING

from monitor_core.errors import Conflict, Unavailable
from monitor_core.jobs.children import Child, command, environment
from monitor_core.jobs.lease import WORKER, Leases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from monitor_core.runtime import Services
    from monitor_core.settings import Settings

__all__ = ["address", "ensure_worker", "is_loopback", "mark_supervised", "running_at", "serve"]

_log = logging.getLogger(__name__)

_GIVE_UP_AFTER = 5
"""Starts in a row that the web process may fail before the supervisor ends, too."""


def address(settings: Settings) -> str:
    """Return where a browser on this machine finds the app.

    Examples
    --------
    >>> from monitor_core.settings import Settings
    >>> address(Settings(host="0.0.0.0", port=80))
    'http://127.0.0.1:80'
    """
    return settings.url


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to `host`.

    Examples
    --------
    >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("0.0.0.0"), is_loopback("db.example")
    (True, True, False, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def serve(settings: Settings, *, stop: threading.Event, say: Callable[[str], None]) -> None:
    """Run the web process, the worker and the collector until told to stop.

    Parameters
    ----------
    settings
        Where to listen and where the data lie.
    stop
        Set by a signal.
    say
        Told the address once the app answers.

    Raises
    ------
    Conflict
        The same data folder is being served already, or the port is taken.
    Unavailable
        The web process does not stay up.
    """
    settings = _with_port(settings)
    with _sole(settings.data_dir, address(settings)):
        _check_port(settings)
        environ = environment(settings)
        children = [Child(name, command(name), environ=environ) for name in ("web", "worker", "collector")]
        announcer = threading.Thread(target=_announce, args=(settings, stop, say), daemon=True)
        announcer.start()
        try:
            _watch(children, stop)
        finally:
            stop.set()
            for child in reversed(children):  # the collector first, so that it does not see the web process gone
                child.stop()
            announcer.join(timeout=5)


def _watch(children: Sequence[Child], stop: threading.Event) -> None:
    while not stop.is_set():
        for child in children:
            line = child.watch()
            if line is not None:
                _log.log(logging.WARNING if "ended" in line else logging.INFO, line)
            if child.name == "web" and child.failures >= _GIVE_UP_AFTER:
                raise Unavailable("the web process does not stay up", hint="its output above says why")
        stop.wait(0.2)


def _announce(settings: Settings, stop: threading.Event, say: Callable[[str], None]) -> None:
    """Wait until the app answers, then say where."""
    while not stop.wait(0.1):
        if _answers(address(settings)):
            say(f"Bellwether is running at {address(settings)} (stop with Ctrl+C)")
            return


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/health", timeout=2):  # noqa: S310 - our own http address
            return True
    except urllib.error.HTTPError:
        return True  # it answers, if only that the database or the worker is not there yet
    except OSError:
        return False


def _with_port(settings: Settings) -> Settings:
    """Let the system choose the port when it is 0, for all processes alike."""
    if settings.port:
        return settings
    with socket.create_server((settings.host, 0), family=_family(settings.host)) as probe:
        port = probe.getsockname()[1]
    return replace(settings, port=port, origins={**settings.origins, "port": "argument"})


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _check_port(settings: Settings, *, seconds: float = 5.0) -> None:
    """Refuse a port in use; wait a moment, for a predecessor that is just going."""
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_server((settings.host, settings.port), family=_family(settings.host)).close()
        except OSError as error:
            if time.monotonic() > end:
                raise Conflict(
                    f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}",
                    hint="another program uses it; choose one with --port",
                ) from None
            time.sleep(0.2)
        else:
            return


# -- one server a data folder --------------------------------------------------------------------


def _lock_path(data_dir: Path) -> Path:
    return data_dir / "serve.lock"


@contextmanager
def _sole(data_dir: Path, url: str) -> Iterator[None]:
    """Be the only server of a data folder; the lock goes with the process, however it ends."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        file = _lock_path(data_dir).open("a+", encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"the data folder {data_dir} cannot be written: {error.strerror}") from None
    with file:
        if not _lock(file):
            at = _read_address(file) or "an address not yet known"
            raise Conflict(f"already running at {at}", hint=f"it serves the data folder {data_dir.absolute()}")
        file.truncate(0)
        json.dump({"address": url, "pid": os.getpid()}, file)
        file.flush()
        yield
        file.truncate(0)


def running_at(data_dir: Path) -> str | None:
    """Return the address of the server of a data folder, or None when none runs."""
    try:
        with _lock_path(data_dir).open("r+", encoding="utf-8") as file:
            return None if _lock(file) else _read_address(file)
    except OSError:
        return None


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_address(file: IO[str]) -> str | None:
    file.seek(0)
    try:
        return str(json.loads(file.read())["address"])
    except (ValueError, KeyError):
        return None


# -- a worker for `streamlit run` ----------------------------------------------------------------

_LOOK_EVERY_SECONDS = 5.0


class _OwnWorker:
    """The worker that this process started, if any."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.child: Child | None = None
        self.next_look = 0.0
        self.is_supervised = False


_own = _OwnWorker()


def mark_supervised() -> None:
    """Note that a supervisor looks after the worker, so that `ensure_worker` need not."""
    _own.is_supervised = True


def ensure_worker(services: Services) -> None:
    """Start a worker in the background unless some worker lives; cheap enough for every page run.

    For ``streamlit run streamlit_app.py``, where no supervisor does it. The worker ends with this process.
    """
    if _own.is_supervised or time.monotonic() < _own.next_look:
        return
    with _own.lock:
        _own.next_look = time.monotonic() + _LOOK_EVERY_SECONDS
        child = _own.child
        if child is None:
            if Leases(services.engine, services.now).is_live(WORKER):
                return
            child = _own.child = Child("worker", command("worker"), environ=environment(services.settings))
        line = child.watch()
        if line is not None:
            _log.info(line)
