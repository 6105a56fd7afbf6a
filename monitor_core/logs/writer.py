"""The handlers: files that several processes write together, and standard output.

`concurrent-log-handler` gives the lock between processes and threads, the way through a fork and the look whether the
file was renamed meanwhile. What is ours: days that end at midnight of a zone and at a size, with names by date; one
`write` a line on an unbuffered file, undone when it was short (a full disk tears no line); compression outside of the
lock; retention by date; and failures that are said once and never reach the caller.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from datetime import UTC, date, tzinfo
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from concurrent_log_handler import ConcurrentRotatingFileHandler

from monitor_core.clock import now as real_now
from monitor_core.logs.compression import tidy_later
from monitor_core.logs.files import closed_name, day_end, day_of

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from threading import Thread

    from monitor_core.clock import Clock

__all__ = ["OUTCOME", "DailyFileHandler", "OutputHandler"]

OUTCOME = "_monitor_outcome"
"""A record's attribute, a list: what went wrong in writing it is added, for callers who must know."""

_MEGABYTE = 1024 * 1024
_DAY_SECONDS = 86_400
_RETRY_SECONDS = 60


class _Quiet:
    """Say on standard error, once, that lines are lost, and once that they are written again."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.lost = 0
        """Lines that could not be written since the last that could."""

    def failed(self, error: BaseException | None) -> None:
        self.lost += 1
        if self.lost == 1:
            self.say(f"cannot write {self._name}: {error}; the service goes on without these lines")

    def worked(self) -> None:
        if self.lost:
            self.say(f"{self._name} is written again, {self.lost} lines were lost")
            self.lost = 0

    @staticmethod
    def say(text: str) -> None:
        with suppress(Exception):  # standard error may be closed as well
            print(f"bellwether logs: {text}", file=sys.stderr, flush=True)  # noqa: T201 - there is no other way left


def _line_of(handler: logging.Handler, record: logging.LogRecord) -> str:
    """Return the formatted line; handlers with the same formatter make it once a record."""
    known = record.__dict__.get("_monitor_line")
    if known is not None and known[0] is handler.formatter:
        return known[1]  # type: ignore[no-any-return]
    line = logging.Handler.format(handler, record)
    record.__dict__["_monitor_line"] = (handler.formatter, line)
    return line


class OutputHandler(logging.StreamHandler[Any]):
    """Lines on standard output, as it is at the moment of writing; a closed one disturbs nobody."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self._quiet = _Quiet("standard output")

    @property
    def stream(self) -> Any:
        """Standard output as it is now: programs and tests replace it."""
        return sys.stdout

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return _line_of(self, record)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        stream = sys.stdout
        if stream is None:  # a program without a terminal
            return
        try:
            line = self.format(record)
            try:
                stream.write(f"{line}\n")
            except UnicodeEncodeError:  # a terminal that is not UTF-8
                stream.write(line.encode("ascii", "backslashreplace").decode("ascii") + "\n")
            stream.flush()
            self._quiet.worked()
        except Exception as error:  # noqa: BLE001 - a record never breaks the caller
            self._quiet.failed(error)


class DailyFileHandler(ConcurrentRotatingFileHandler):
    """Append lines to a file that any number of processes and threads write, a new one each day and each 100 MB.

    Parameters
    ----------
    path
        The file; its folder is made when it is missing.
    keep_days
        Days that closed files are kept, by the date in their names.
    max_bytes
        Size from which a file is closed before its day ends; 0: none.
    zone
        Where midnight is counted.
    now
        The source of time.

    Notes
    -----
    To which day the running file belongs stands in the lock file beside it (``.__app.lock``): each process asks there
    once a file, not once a line. A clock that goes back closes nothing: the lines stay in the later day's file.
    """

    stream: Any
    """The file, unbuffered; None while it is not open."""

    def __init__(
        self,
        path: Path,
        *,
        keep_days: int = 30,
        max_bytes: int = 100 * _MEGABYTE,
        zone: tzinfo = UTC,
        now: Clock = real_now,
    ) -> None:
        super().__init__(str(path), maxBytes=max_bytes, encoding="utf-8")
        self.keep_days = keep_days
        self.zone = zone
        self._now = now
        self._path = Path(self.baseFilename)
        self._quiet = _Quiet(self.baseFilename)
        self._until = 0.0
        self._size = 0
        self._inode = 0
        self._retry_at = 0.0
        self._tidying: list[Thread] = []
        self._one_tidies = Lock()

    @property
    def lost(self) -> int:
        """Lines that could not be written since the last that could."""
        return self._quiet.lost

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return _line_of(self, record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Say once that lines are lost; called within the failure's ``except``."""
        error = sys.exc_info()[1]
        self._quiet.failed(error)
        outcome = record.__dict__.get(OUTCOME)
        if outcome is not None:
            outcome.append(error)

    def tidy(self) -> Thread:
        """Compress what is closed and remove what is older than it is kept, in a thread of its own."""
        today = self._today()
        thread = tidy_later(
            self._path.parent,
            self._path.name,
            today=today,
            alone=self._one_tidies,
            first=lambda: self.before_tidying(today),
            keep_days=self.keep_days,
            failed=lambda error: self._quiet.say(f"closed files of {self._path} stay as they are: {error}"),
        )
        self._tidying = [*(other for other in self._tidying if other.is_alive()), thread]
        return thread

    def begin(self) -> None:
        """Make the file, and go on with what an earlier process left; what fails is said, never raised."""
        try:
            self._do_lock()
            try:
                self._check_stream()
                if self._is_due():
                    self.doRollover()
            finally:
                self._do_unlock()
            self.tidy()
        except Exception as error:  # noqa: BLE001 - a service starts, whatever its log folder is like
            self._quiet.failed(error)

    def _at_fork_reinit(self) -> None:
        super()._at_fork_reinit()
        self._tidying, self._one_tidies = [], Lock()  # threads do not come along

    def before_tidying(self, today: str) -> None:
        """Do what must be done with closed files before old ones are removed: here nothing."""

    def wait(self, seconds: float = 60) -> None:
        """Wait until compressing is done: for the end of a program, and for tests."""
        for thread in self._tidying:
            thread.join(seconds)

    # The hooks of ConcurrentRotatingFileHandler.emit, in the order in which it calls them, all but the first under
    # the lock: _do_lock, _check_stream, shouldRollover, doRollover, do_write.

    def _do_lock(self) -> None:
        super()._do_lock()
        held = self.stream_lock
        if held is not None and self.is_locked and os.fstat(held.fileno()).st_nlink == 0:
            # The folder was emptied: others lock a file that has the same name and is not the same.
            self._do_unlock()
            held.close()
            self.stream_lock = None
            super()._do_lock()

    def _lock_stream_lock(self, stream_lock: Any) -> None:
        if sys.platform == "win32":
            super()._lock_stream_lock(stream_lock)
        else:  # what portalocker does there, at a third of its time
            fcntl.flock(stream_lock, fcntl.LOCK_EX)

    def _open_lockfile(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        super()._open_lockfile()

    def _check_stream(self) -> None:
        """Close what is no longer the file of this name, and open the one that is."""
        if self.stream is not None:
            try:
                named, held = self._path.stat(), os.fstat(self.stream.fileno())
                if (named.st_ino, named.st_dev) == (held.st_ino, held.st_dev):
                    self._size = held.st_size
                    return
            except (OSError, ValueError):
                pass
            self._close()
        self._open_file()

    def _open_file(self) -> None:
        try:
            self.stream = self.do_open()
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self.stream = self.do_open()
        held = os.fstat(self.stream.fileno())
        self._inode, self._size = held.st_ino, held.st_size
        self._until = day_end(self._running_day(), self.zone)
        self._end_torn_line()

    def do_open(self, mode: str | None = None) -> Any:
        """Open the file unbuffered: what `write` returns is what the disk took."""
        return FileIO(self.baseFilename, mode or "a+")

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: ARG002, N802 - the standard library's name
        """Return whether the file's day ended or it is full."""
        return self._is_due()

    def _is_due(self) -> bool:
        moment = self._seconds()
        is_over = moment >= self._until
        if is_over:  # asked again: another process may have begun the day in an empty file
            self._until = day_end(self._running_day(), self.zone)
            is_over = moment >= self._until
        return (is_over or 0 < self.maxBytes <= self._size) and moment >= self._retry_at

    def doRollover(self) -> None:  # noqa: N802 - the standard library's name
        """Close the file under a name with its day, and begin a new one."""
        day = self._running_day()
        self._close()
        try:
            taken = {entry.name for entry in os.scandir(self._path.parent)}
            self._path.rename(self._path.with_name(closed_name(self._path.name, day, taken)))
        except OSError as error:
            if not self._retry_at:
                self._quiet.say(f"cannot close {self._path}: {error}; it grows until that is possible")
            self._retry_at = self._seconds() + _RETRY_SECONDS
            return
        self._retry_at = 0.0
        self.num_rollovers += 1
        self._open_file()
        self.tidy()

    def do_write(self, msg: str) -> None:
        """Write one line with one call, whole or not at all."""
        if self.stream is None:
            self._open_file()
        line = f"{msg}\n".encode("utf-8", "backslashreplace")
        try:
            written = self.stream.write(line)
        except OSError:
            self._undo()
            raise
        if written != len(line):
            self._undo()
            raise OSError(f"only {written} of {len(line)} bytes were taken: no space left?")
        self._size += len(line)
        if self._quiet.lost:
            self._quiet.worked()

    def _undo(self) -> None:
        with suppress(OSError):
            os.ftruncate(self.stream.fileno(), self._size)

    def _end_torn_line(self) -> None:
        """End a line that a killed process (or a machine without power) left half written."""
        if self._size:
            self.stream.seek(self._size - 1)
            if self.stream.read(1) != b"\n":
                self.stream.write(b"\n")
                self._size += 1

    def _seconds(self) -> float:
        return self._now().timestamp()

    def _today(self) -> str:
        return day_of(self._seconds(), self.zone)

    def _running_day(self) -> str:
        """Return the day of the running file: as stored; else that of its last line, or of an empty file today."""
        stored, today = self._stored_day(), self._today()
        if stored and stored > day_of(self._seconds() + _DAY_SECONDS, self.zone):
            stored = None  # by a clock that was wrong
        if not self._size:
            day = max(stored or today, today)  # days never go back, though a clock may
        else:
            day = stored or min(day_of(self._path.stat().st_mtime, self.zone), today)
        if day != stored:
            self._store_day(day)
        return day

    def _stored_day(self) -> str | None:
        held = self.stream_lock
        if held is None:
            return None
        held.seek(0)
        text = held.read(32).strip()
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            return None

    def _store_day(self, day: str) -> None:
        held = self.stream_lock
        if held is None:
            return
        with suppress(OSError):  # without it, the file's time says the day
            held.seek(0)
            held.write(f"{day}\n")
            held.truncate()
            held.flush()
