"""Writing what was scraped; one process does it, in any number of threads."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql.reader import is_stale
from monitor_core.metrics.store.chunks import ABSENT, is_absent
from monitor_core.metrics.store.compaction import compact, drop, due_pages
from monitor_core.metrics.store.database import PAGE, connect_writing, writing
from monitor_core.metrics.store.labels import labels_from_text, text_of_labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from monitor_core.metrics.promql.results import Labels
    from monitor_core.metrics.sources import Metadata, TargetState

__all__ = ["LEFT_OUT", "Batch", "StoreWriter"]

LEFT_OUT = -1
"""The number of a series that was left out because the limit is reached."""

_PAGES_AT_ONCE = 16
_HELD_FACTOR = 10
"""How many times `max_series` may be held in all, with those that have ended."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one scrape adds; it is written whole or not at all.

    Attributes
    ----------
    at_ms
        Its moment.
    series, values
        Numbers of series (from `StoreWriter.numbers`) and their values.
    lone
        Samples with moments of their own: number, milliseconds, value.
    exemplars
        The latest by number of series: labels, value, milliseconds.
    metadata
        What is new about metrics, by name.
    state
        How the scrape went.
    """

    at_ms: int
    series: NDArray[np.int64]
    values: NDArray[np.float64]
    lone: Sequence[tuple[int, int, float]] = ()
    exemplars: Mapping[int, tuple[Labels, float, int]] = field(default_factory=dict)
    metadata: Mapping[str, Metadata] = field(default_factory=dict)
    state: TargetState | None = None


class StoreWriter:
    """The writing side of the store.

    Parameters
    ----------
    path
        The file; made when it is not there.
    max_series
        Series that may be followed at a time (`followed`), over all owners.
    """

    def __init__(self, path: Path, *, max_series: int) -> None:
        self._connection = connect_writing(path)
        self._lock = threading.Lock()
        self._max_series = max_series
        self._followed: dict[str, int] = {}

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def known(self, owner: str) -> dict[Labels, int]:
        """Give the series of an owner with their numbers."""
        query = "SELECT series.labels, series.id FROM series JOIN page ON page.id = series.id / ? WHERE page.owner = ?"
        with self._lock:
            rows = self._connection.execute(query, (PAGE, owner)).fetchall()
        return {labels_from_text(text): number for text, number in rows}

    def live(self, owner: str) -> NDArray[np.int64]:
        """Give the series that had a value when their owner was last scraped: they end if they do not come again."""
        with self._lock:
            pages = self._pages(owner)
            last = [
                (page, self._connection.execute("SELECT max(at_ms) FROM head WHERE page = ?", (page,)).fetchone()[0])
                for page in pages
            ]
            newest = max((at for _, at in last if at is not None), default=None)
            blocks = [
                (page, self._connection.execute("SELECT block FROM head WHERE (page, at_ms) = (?, ?)", (page, at)))
                for page, at in last
                if at is not None and at == newest
            ]
            found = [_live(page, np.frombuffer(cursor.fetchone()[0])) for page, cursor in blocks]
        return np.concatenate([np.empty(0, dtype=np.int64), *found])

    def owners(self) -> tuple[str, ...]:
        """Give everyone who has series here."""
        with self._lock:
            return tuple(row[0] for row in self._connection.execute("SELECT DISTINCT owner FROM page ORDER BY owner"))

    def follow(self, owner: str, count: int) -> None:
        """Note how many series an owner has now; for the limit."""
        with self._lock:
            self._followed[owner] = count

    def room(self) -> int:
        """How many more series may be followed."""
        with self._lock:
            return max(0, self._max_series - sum(self._followed.values()))

    def numbers(
        self, owner: str, wanted: Sequence[Labels], known: Mapping[Labels, int], *, always: bool = False
    ) -> dict[Labels, int]:
        """Give numbers to labels that the owner has not had so far; `LEFT_OUT` where the limit is reached.

        Parameters
        ----------
        wanted
            Labels, each once; those that are `known` keep their number but need room like new ones.
        known
            See the method `known`.
        always
            Whatever the limit says: for the few series about the scrape itself.
        """
        found = dict.fromkeys(wanted, LEFT_OUT)
        with self._lock:
            room = self._max_series - sum(self._followed.values())
            accepted = list(found) if always else list(found)[: max(0, room)]
            fresh = [labels for labels in accepted if labels not in known]
            found.update({labels: known[labels] for labels in accepted if labels in known})
            if fresh:
                with writing(self._connection):
                    found.update(self._add(owner, fresh))
            taken = sum(number != LEFT_OUT for number in found.values())
            self._followed[owner] = self._followed.get(owner, 0) + taken
        return found

    def write(self, owner: str, batch: Batch) -> None:
        """Write one scrape in one transaction."""
        rows = _rows(batch)
        with self._lock, writing(self._connection):
            run = self._connection
            run.executemany("INSERT OR IGNORE INTO head VALUES (?, ?, ?)", rows)
            if batch.lone:
                lone = [(series, at, np.float64(value).tobytes()) for series, at, value in batch.lone]
                run.executemany("INSERT OR IGNORE INTO lone VALUES (?, ?, ?)", lone)
            if batch.exemplars:
                examples = [
                    (s, text_of_labels(labels), value, at) for s, (labels, value, at) in batch.exemplars.items()
                ]
                run.executemany("INSERT OR REPLACE INTO exemplar VALUES (?, ?, ?, ?)", examples)
            if batch.metadata:
                told = [(name, told.kind, told.help, told.unit) for name, told in batch.metadata.items()]
                run.executemany("INSERT OR REPLACE INTO metadata VALUES (?, ?, ?, ?)", told)
            if batch.state is not None:
                state = json.dumps(asdict(batch.state), ensure_ascii=False)
                run.execute("INSERT OR REPLACE INTO target VALUES (?, ?)", (owner, state))

    def tidy(self, now_ms: int, keep_ms: int) -> None:
        """Deflate whole hours and drop what is too old, a few pages at a time so that scrapes are not held up."""
        with self._lock:
            pages = due_pages(self._connection, now_ms)
        for at in range(0, len(pages), _PAGES_AT_ONCE):
            with self._lock, writing(self._connection):
                for page in pages[at : at + _PAGES_AT_ONCE]:
                    compact(self._connection, page, now_ms)
        with self._lock, writing(self._connection):
            drop(self._connection, now_ms - keep_ms)
        with self._lock:
            self._connection.execute("PRAGMA incremental_vacuum(1000)").fetchall()

    def forget_targets(self, besides: Sequence[str]) -> None:
        """Drop the states of targets that are no longer configured; their samples stay."""
        with self._lock, writing(self._connection):
            gone = {row[0] for row in self._connection.execute("SELECT owner FROM target")} - set(besides)
            self._connection.executemany("DELETE FROM target WHERE owner = ?", [(owner,) for owner in gone])

    def _pages(self, owner: str) -> list[int]:
        rows = self._connection.execute("SELECT id FROM page WHERE owner = ? ORDER BY id", (owner,))
        return [row[0] for row in rows]

    def _add(self, owner: str, labels: Sequence[Labels]) -> dict[Labels, int]:
        """Give places on the owner's last page, then on new ones."""
        run = self._connection
        held = run.execute("SELECT count(*) FROM series").fetchone()[0]
        fresh = labels[: max(0, self._max_series * _HELD_FACTOR - held)]
        found: dict[Labels, int] = {}
        at = self._next_place(owner)
        for item in fresh:
            if at % PAGE == 0:
                at = self._new_page(owner) * PAGE
            found[item] = at
            at += 1
        rows = [(number, text_of_labels(item)) for item, number in found.items()]
        run.executemany("INSERT INTO series (id, labels) VALUES (?, ?)", rows)
        return found

    def _next_place(self, owner: str) -> int:
        """Return the place after the last one taken; a multiple of `PAGE` asks for a new page."""
        query = "SELECT max(series.id) FROM series JOIN page ON page.id = series.id / ? WHERE page.owner = ?"
        last = self._connection.execute(query, (PAGE, owner)).fetchone()[0]
        return 0 if last is None else int(last) + 1

    def _new_page(self, owner: str) -> int:
        made = self._connection.execute(
            "INSERT INTO page (owner, made_ms) VALUES (?, ?)", (owner, round(time.time() * 1000))
        )
        return int(made.lastrowid or 0)


def _live(page: int, values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(page * PAGE + np.flatnonzero(~is_absent(values) & ~is_stale(values)), dtype=np.int64)


def _rows(batch: Batch) -> list[tuple[int, int, bytes]]:
    """Return one row a page that has a sample."""
    if not len(batch.series):
        return []
    page, place = np.divmod(batch.series, PAGE)
    pages, row = np.unique(page, return_inverse=True)
    table = np.full((len(pages), PAGE), ABSENT)
    table[row[::-1], place[::-1]] = batch.values[::-1]  # of two samples for one series the first counts
    return [(number, batch.at_ms, block.tobytes()) for number, block in zip(pages.tolist(), table, strict=True)]
