"""The handler of ``audit.log``: every record is chained to the one before it, whichever process wrote that.

The chain is the file's, not a process's: the lock that keeps lines whole also keeps their order, and so a process's
records cannot be removed altogether without the next ones telling.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from monitor_core.audit.chain import canonical_json
from monitor_core.audit.lines import chained, read_link
from monitor_core.errors import MonitorError, Unavailable
from monitor_core.logs.formatter import LONGEST_LINE, JSONFormatter
from monitor_core.logs.seals import audit_files, lines_of, seal_days
from monitor_core.logs.writer import DailyFileHandler

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["AuditFileHandler", "AuditFormatter"]

_WINDOWS = (4_096, 2 * LONGEST_LINE)


class AuditFormatter(JSONFormatter):
    """Native lines in canonical JSON, as the chain wants them; nothing is hidden."""

    longest = LONGEST_LINE - 256  # what the chain adds

    def __init__(self, *, service: Mapping[str, str] | None = None) -> None:
        super().__init__(service=service, redaction=False)

    def jsonify_log_record(self, log_data: Mapping[str, Any]) -> str:
        """Return canonical JSON."""
        return canonical_json(log_data).decode("ascii")


class AuditFileHandler(DailyFileHandler):
    """Write chained records to ``audit.log``, with an `AuditFormatter`, and seal each day that is over.

    Parameters are those of `DailyFileHandler`, and the key that seals are signed with. A record that cannot be written
    leaves no gap in the chain; `lost` counts it, and standard error says it.
    """

    def __init__(self, path: Path, *, seal_key: bytes | None = None, **options: Any) -> None:
        super().__init__(path, **options)
        self._seal_key = seal_key
        self._last: tuple[int, str] | None = None
        self._known = (-1, -1)

    def before_tidying(self, today: str) -> None:
        """Seal the days that are over: only then may retention remove them."""
        try:
            seal_days(self._path.parent, today=today, key=self._seal_key)
        except MonitorError as error:
            self._quiet.say(str(error))

    def do_write(self, msg: str) -> None:
        """Write one record after the last, under the lock."""
        if self.stream is None:
            self._open_file()
        line, sequence, digest = chained(msg.encode("ascii"), self._end())
        super().do_write(line.decode("ascii"))
        self._last, self._known = (sequence, digest), (self._inode, self._size)

    def _end_torn_line(self) -> None:
        """Take back what a machine without power left half written: it is no record, and would break the chain."""
        whole = self._size
        while whole and os.pread(self.stream.fileno(), 1, whole - 1) != b"\n":
            whole = _line_start(self.stream.fileno(), whole)
        if whole < self._size:
            os.ftruncate(self.stream.fileno(), whole)
            self._size = whole

    def _end(self) -> tuple[int, str] | None:
        """Return the chain's end: as remembered while nobody else wrote, else from the file, else from the closed."""
        if self._known != (self._inode, self._size):
            self._last = _end_of_file(self.stream.fileno(), self._size)
            for path in reversed(audit_files(self._path.parent)[:-1]) if self._last is None else ():
                self._last = _end_of_closed(path)
                if self._last is not None:
                    break
        return self._last


def _line_start(descriptor: int, end: int) -> int:
    """Return where the line that stands before `end` begins."""
    start = end
    while start:
        window = min(start, 65_536)
        found = os.pread(descriptor, window, start - window).rfind(b"\n")
        if found >= 0:
            return start - window + found + 1
        start -= window
    return 0


def _end_of_file(descriptor: int, size: int) -> tuple[int, str] | None:
    for window in _WINDOWS:
        lines = os.pread(descriptor, window, max(0, size - window)).split(b"\n")
        for line in reversed(lines if window >= size else lines[1:]):
            link = read_link(line)
            if link is not None:
                return link.sequence, link.hash
        if window >= size:
            break
    return None


def _end_of_closed(path: Path) -> tuple[int, str] | None:
    last = None
    with suppress(Unavailable):  # a damaged file: the check names it, the service goes on
        for line in lines_of(path):
            last = line if line.endswith(b'"}\n') else last
    link = read_link(last) if last else None
    return (link.sequence, link.hash) if link else None
