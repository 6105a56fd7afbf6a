"""Follow log files and keep the index up to date: one process does it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from monitor_core.errors import MonitorError, Unavailable
from monitor_core.logs.index.days import Place, kind_of
from monitor_core.logs.index.writing import DayWriter
from monitor_core.logs.ingest.contents import BROKEN, Content, Line
from monitor_core.logs.ingest.identity import recognise
from monitor_core.logs.ingest.lines import read_line
from monitor_core.logs.ingest.positions import Position, Positions
from monitor_core.logs.ingest.registry import KnownFile, Registry
from monitor_core.logs.ingest.scan import Seen, list_files
from monitor_core.logs.ingest.sealing import drop_older, seal
from monitor_core.logs.query.moments import MICROSECONDS, micros

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from monitor_core.clock import Clock
    from monitor_core.logs.query.rows import LogRow
    from monitor_core.settings import LogSettings

__all__ = ["Ingester", "Round"]

_TURN = 20_000
"""Lines read of a file before the next one has its turn."""

_DROP_SECONDS = 3_600
_MAX_PENDING = 100_000
_MAX_WRITERS = 3
_LIVE_NS = 10_000_000_000


@dataclass(slots=True)
class Round:
    """What one look at the folders brought.

    Attributes
    ----------
    n_lines
        Lines handed to the index.
    is_behind
        More is waiting already.
    problems
        What cannot be read, and why, by the file's (or folder's) name.
    """

    n_lines: int = 0
    is_behind: bool = False
    problems: dict[str, str] = field(default_factory=dict)


class Ingester:
    """Follows the log files of some folders.

    Progress is what the last commits hold: each row carries its file's number and where its line ends, so that a
    process that is killed at any moment goes on exactly behind the last line that is found. Rows of a file that are
    not committed yet are in one index only: before its lines go to another day's, everything is committed.

    Parameters
    ----------
    root
        Folder of the index.
    zone
        Of times that name none.
    """

    def __init__(
        self, root: Path, folders: Sequence[Path], settings: LogSettings, now: Clock, *, zone: tzinfo = UTC
    ) -> None:
        self._root, self._folders, self._settings, self._now, self._zone = root, tuple(folders), settings, now, zone
        self._include = _patterns(settings.include)
        self._exclude = _patterns(settings.exclude)
        self._registry = Registry(root / "files.json")
        self._positions = Positions(root)
        self._writers: dict[tuple[str, str], DayWriter] = {}
        self._done: dict[tuple[int, int], tuple[int, int, int, int]] = {}
        self._damaged: dict[tuple[int, int], tuple[tuple[int, int, int, int], str]] = {}
        self._batch = self._positions.latest_batch
        self._pending = 0
        self._is_in_bulk = False
        self._dropped_at: float | None = None
        self._committed_at = time.monotonic()
        self._next_batch()

    def look(self) -> Round:
        """Look once: read what is new, a turn of each file, and commit what is due."""
        found = Round()
        seen = self._list(found)
        present = {item.identity: item for item in seen}
        waiting = [item for item in seen if self._done.get(item.identity) != item.state]
        newest = max((item.changed_ns for item in seen), default=0)
        backlog = [item for item in waiting if item.changed_ns < newest - _LIVE_NS]
        live = waiting[len(backlog) :]
        for item in (*live, *backlog[:1]):
            self._take(item, present, found)
        found.is_behind = found.is_behind or len(backlog) > 1
        if self._pending and (not found.is_behind or self._is_due()):
            self.commit()
        return found

    def run(
        self,
        *,
        stop: Callable[[], bool],
        may_work: Callable[[], bool] = lambda: True,
        report: Callable[[Round], None] | None = None,
    ) -> None:
        """Follow until told to stop; `may_work` says whether this process still is the one (its lease)."""
        while not stop() and may_work():
            found = self.look()
            if report is not None:
                report(found)
            if not found.n_lines and not found.is_behind:
                self._seal()
                self._drop_old()
                time.sleep(self._settings.poll_seconds)
        self.close()

    def catch_up(self, report: Callable[[Round], None] | None = None) -> Round:
        """Read everything that is there now, commit and seal; return all problems."""
        total = Round()
        self._is_in_bulk = True  # nobody waits for the first lines: larger segments, fewer merges
        while True:
            found = self.look()
            total.n_lines += found.n_lines
            total.problems = found.problems
            if report is not None:
                report(replace(found, n_lines=total.n_lines))
            if not found.n_lines and not found.is_behind:
                break
        self._is_in_bulk = False
        self.commit()
        self._close_writers(keep=0)
        self._seal()
        return total

    def commit(self) -> None:
        """Make what was read durable and visible."""
        try:
            for writer in self._writers.values():
                if writer.pending:
                    writer.commit()
        except (ValueError, OSError) as error:
            self._forget()
            raise Unavailable(f"the index cannot be written: {error}", hint="is the disk full?") from error
        self._positions.committed()
        self._pending = 0
        self._committed_at = time.monotonic()
        self._next_batch()

    def close(self) -> None:
        """Commit and give the index back."""
        self.commit()
        self._close_writers(keep=0)

    def _list(self, found: Round) -> list[Seen]:
        seen: list[Seen] = []
        for folder in self._folders:
            try:
                seen += list_files([folder], include=self._include, exclude=self._exclude)
            except OSError as error:
                found.problems[str(folder)] = f"the folder cannot be read: {error.strerror}"
        return sorted(seen, key=lambda item: item.changed_ns)

    def _take(self, seen: Seen, present: dict[tuple[int, int], Seen], found: Round) -> None:
        damaged = self._damaged.get(seen.identity)
        if damaged and damaged[0] == seen.state:
            found.problems[seen.path.name] = damaged[1]
            return
        try:
            with Content(seen.path, max_expanded=self._settings.max_expanded_bytes) as content:
                if (content.device, content.inode) == seen.identity:
                    self._read(seen, content, present, found)
        except FileNotFoundError:
            return
        except Unavailable:
            raise
        except (OSError, MonitorError, *BROKEN) as error:
            words = error.message if isinstance(error, MonitorError) else str(error)
            self._damaged[seen.identity] = (seen.state, words)
            found.problems[seen.path.name] = words

    def _read(self, seen: Seen, content: Content, present: dict[tuple[int, int], Seen], found: Round) -> None:
        known = recognise(
            seen, content, present, self._registry, self._positions, max_expanded=self._settings.max_expanded_bytes
        )
        if known is None or (content.is_packed and known.packed_size == seen.size):
            if known is not None or content.is_packed:
                self._done[seen.identity] = seen.state
            return
        position = self._positions.of(known)
        n_lines = 0
        for line in content.lines(position.end, limit=self._settings.max_line_bytes):
            self._add(known, position, line, seen)
            n_lines += 1
            if n_lines >= _TURN:
                break
        found.n_lines += n_lines
        if n_lines >= _TURN:
            found.is_behind = True
        else:
            self._finished(seen, content, known)
        if self._pending >= _MAX_PENDING or self._is_due():
            self.commit()

    def _finished(self, seen: Seen, content: Content, known: KnownFile) -> None:
        self._done[seen.identity] = seen.state
        if content.is_packed:
            self.commit()
            self._registry.keep(replace(known, packed_size=seen.size))

    def _add(self, known: KnownFile, position: Position, line: Line, seen: Seen) -> None:
        text = line.data.decode("utf-8", "replace")
        if line.n_cut:
            text += f" [{line.n_cut:,} bytes cut]"
        fallback = seen.changed_ns // 1_000 if position.ts is None else position.ts
        row = read_line(text, fallback, self._zone)
        day = self._day(row, position)
        if day != position.day and position.is_pending:
            self.commit()
        kind = kind_of(known.name)
        row = replace(row, file=known.name, kind=kind, file_id=known.file_id, end=line.end)
        self._writer(kind, day).add(row, text.encode("utf-8") if line.n_cut else line.data, self._batch)
        position.end, position.day, position.ts, position.is_pending = line.end, day, row.ts, True
        position.last = None if line.n_cut else line.data
        self._pending += 1

    def _day(self, row: LogRow, position: Position) -> str:
        """Return the index a line goes to: its day, but never back, and never to a day that has not come."""
        latest = micros(self._now()) + 86_400 * MICROSECONDS
        day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=min(row.ts, latest))).strftime("%Y-%m-%d")
        return max(day.rjust(10, "0"), position.day)

    def _writer(self, kind: str, day: str) -> DayWriter:
        writer = self._writers.pop((kind, day), None)
        if writer is None:
            if len(self._writers) >= _MAX_WRITERS:
                self.commit()
                self._close_writers(keep=_MAX_WRITERS - 1)
            writer = DayWriter(Place(day, kind, self._root / kind / day))
        self._writers[kind, day] = writer
        return writer

    def _close_writers(self, *, keep: int) -> None:
        while len(self._writers) > keep:
            self._writers.pop(next(iter(self._writers))).close()

    def _forget(self) -> None:
        """Start again from what is committed, as a new process would."""
        for writer in self._writers.values():
            with suppress(ValueError, OSError):
                writer.close()
        self._writers.clear()
        self._done.clear()
        self._positions = Positions(self._root)
        self._pending = 0

    def _is_due(self) -> bool:
        return not self._is_in_bulk and time.monotonic() - self._committed_at >= self._settings.commit_seconds

    def _next_batch(self) -> None:
        self._batch = max(self._batch + 1, micros(self._now()))

    def _drop_old(self) -> None:
        """Drop days that are too old, now and then; only while following: who reads an archive wants to search it."""
        if self._dropped_at is not None and time.monotonic() - self._dropped_at < _DROP_SECONDS:
            return
        self._dropped_at = time.monotonic()
        drop_older(self._root, self._registry, now=self._now(), keep=timedelta(days=self._settings.keep_days))

    def _seal(self) -> None:
        today = self._now().strftime("%Y-%m-%d")
        for key in [key for key in self._writers if key[1] < today]:
            self._writers.pop(key).close()
        seal(self._root, before=today, now=self._now())


def _patterns(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
