"""Reading the store: what PromQL asks for, any process, any thread."""

from __future__ import annotations

import threading
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from monitor_core.metrics.store.chunks import decode_stamps, decode_table, is_absent
from monitor_core.metrics.store.database import PAGE, connect_reading, reading
from monitor_core.metrics.store.labels import LabelIndex, labels_from_text
from monitor_core.metrics.store.recent import RecentChunks

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import TypeVar

    from numpy.typing import NDArray

    from monitor_core.metrics.promql.reader import Matcher, Samples
    from monitor_core.metrics.promql.results import Labels

    Stamps = NDArray[np.int64]
    Table = NDArray[np.float64]
    T = TypeVar("T")

__all__ = ["StoreReader"]

_RECENT_BYTES = 1 << 26


class StoreReader:
    """The reading side of the store; a `SeriesReader` for the engine.

    Parameters
    ----------
    path
        The file; while it is not there, nothing is found.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._recent = RecentChunks(_RECENT_BYTES)
        self._index = LabelIndex()
        self._seen = (-1, -1)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Samples]:
        """Give the series that fulfil all conditions (see `SeriesReader.select`)."""
        return self._read(lambda run: self._selected(run, matchers, start_ms, end_ms)) or []

    def series(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Labels]:
        """Give the labels of series that have a sample in a time, sorted."""
        return [labels for labels, _, _ in self.select(matchers, start_ms, end_ms)]

    def pages(self, start_ms: int, end_ms: int) -> Iterator[list[Samples]]:
        """Give everything of a time, one page after the other; memory holds one at a time."""
        by_page = groupby(sorted(self.index().labels), key=lambda number: number // PAGE)
        for page, numbers in [(page, list(group)) for page, group in by_page]:

            def read(run: sqlite3.Connection, page: int = page, numbers: list[int] = numbers) -> list[Samples]:
                found = dict(_page(run, RecentChunks(0), page, numbers, (start_ms, end_ms)))
                _add_lone(run, found, numbers, start_ms, end_ms)
                return [(self._index.labels[number], *samples) for number, samples in sorted(found.items())]

            yield self._read(read) or []

    def index(self) -> LabelIndex:
        """Give the labels of all series that are held."""
        return self._read(self._fresh_index) or LabelIndex()

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Give what a query of our own finds; nothing while the file is not there."""
        return self._read(lambda run: run.execute(query, parameters).fetchall()) or []

    def is_there(self) -> bool:
        """Whether something has been written at all."""
        return self._connection() is not None

    def close(self) -> None:
        """Close the file in all threads."""
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
            self._local = threading.local()

    def _connection(self) -> sqlite3.Connection | None:
        held: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if held is None:
            held = connect_reading(self._path)
            if held is not None:
                self._local.connection = held
                with self._lock:
                    self._opened.append(held)
        return held

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        connection = self._connection()
        if connection is None:
            return None
        with reading(connection):
            return work(connection)

    def _fresh_index(self, run: sqlite3.Connection) -> LabelIndex:
        """Add what is new since the last look; begin anew when something was dropped."""
        generation = run.execute("SELECT generation FROM dropped").fetchone()[0]
        with self._lock:
            if generation != self._seen[0]:
                self._index, self._seen = LabelIndex(), (generation, -1)
            rows = run.execute(
                "SELECT sequence, id, labels FROM series WHERE sequence > ? ORDER BY sequence", (self._seen[1],)
            )
            for sequence, number, text in rows:
                self._index.add(number, labels_from_text(text))
                self._seen = (generation, sequence)
            return self._index

    def _selected(
        self, run: sqlite3.Connection, matchers: Sequence[Matcher], start_ms: int, end_ms: int
    ) -> list[Samples]:
        index = self._fresh_index(run)
        with self._lock:
            wanted = index.find(matchers)
        found: dict[int, tuple[Stamps, Table]] = {}
        for page, numbers in groupby(sorted(wanted), key=lambda number: number // PAGE):
            found.update(_page(run, self._recent, page, list(numbers), (start_ms, end_ms)))
        _add_lone(run, found, wanted, start_ms, end_ms)
        return [(index.labels[number], *found[number]) for number in wanted if number in found]


def _page(
    run: sqlite3.Connection, recent: RecentChunks, page: int, numbers: list[int], span: tuple[int, int]
) -> Iterator[tuple[int, tuple[Stamps, Table]]]:
    """Read some series of one page; those with a sample at every moment share one array of moments."""
    places = [number % PAGE for number in numbers]
    parts = [*_chunks(run, recent, page, *span), *_head(run, page, *span)]
    if not parts:
        return
    stamps = np.concatenate([part for part, _ in parts])
    by_series = np.concatenate([part.T[places] for _, part in parts], axis=1)
    if not (np.diff(stamps) > 0).all():  # the clock went back
        stamps, first = np.unique(stamps, return_index=True)
        by_series = by_series[:, first]
    inside = slice(*np.searchsorted(stamps, [span[0], span[1] + 1]).tolist())
    stamps, by_series = stamps[inside], by_series[:, inside]
    there = ~is_absent(by_series)
    for number, values, present in zip(numbers, by_series, there, strict=True):
        if present.all():
            if len(stamps):
                yield number, (stamps, values)
        elif present.any():
            yield number, (stamps[present], values[present])


def _chunks(
    run: sqlite3.Connection, recent: RecentChunks, page: int, start_ms: int, end_ms: int
) -> Iterator[tuple[Stamps, Table]]:
    rows = run.execute(
        "SELECT id FROM chunk WHERE page = ? AND start_ms <= ? AND end_ms >= ? ORDER BY start_ms",
        (page, end_ms, start_ms),
    ).fetchall()
    for (number,) in rows:
        chunk = recent.get(number)
        if chunk is None:
            stamps, block = run.execute("SELECT stamps, block FROM chunk WHERE id = ?", (number,)).fetchone()
            chunk = decode_stamps(stamps), decode_table(block)
            recent.put(number, chunk)
        yield chunk


def _head(run: sqlite3.Connection, page: int, start_ms: int, end_ms: int) -> Iterator[tuple[Stamps, Table]]:
    rows = run.execute(
        "SELECT at_ms, block FROM head WHERE page = ? AND at_ms BETWEEN ? AND ? ORDER BY at_ms",
        (page, start_ms, end_ms),
    ).fetchall()
    if rows:
        table = np.frombuffer(b"".join(block for _, block in rows)).reshape(-1, PAGE)
        yield np.array([at for at, _ in rows], dtype=np.int64), table


def _add_lone(
    run: sqlite3.Connection, found: dict[int, tuple[Stamps, Table]], wanted: list[int], start_ms: int, end_ms: int
) -> None:
    """Merge the samples that have moments of their own."""
    if run.execute("SELECT 1 FROM lone LIMIT 1").fetchone() is None:
        return
    query = "SELECT at_ms, value FROM lone WHERE series = ? AND at_ms BETWEEN ? AND ? ORDER BY at_ms"
    for number in wanted:
        rows = run.execute(query, (number, start_ms, end_ms)).fetchall()
        if rows:
            lone = np.array([at for at, _ in rows], dtype=np.int64), np.frombuffer(b"".join(value for _, value in rows))
            found[number] = _merged(found[number], lone) if number in found else lone


def _merged(usual: tuple[Stamps, Table], lone: tuple[Stamps, Table]) -> tuple[Stamps, Table]:
    stamps = np.concatenate([usual[0], lone[0]])
    kept, first = np.unique(stamps, return_index=True)
    return kept, np.concatenate([usual[1], lone[1]])[first]
