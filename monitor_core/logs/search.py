"""Search logs: rows, histograms, facets, context, traces, following; each answer within a budget, saying its reach."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import tantivy

from monitor_core.logs.index.answers import Facet, Histogram, Key, LogAnswer, Reach, key_of
from monitor_core.logs.index.counting import Cells, by_steps, by_values, from_counts
from monitor_core.logs.index.counts import Counts, read_counts
from monitor_core.logs.index.days import DayIndex, Place, list_places
from monitor_core.logs.index.finding import Ask, find, rows_at
from monitor_core.logs.ingest.registry import Registry
from monitor_core.logs.query.bounds import ALWAYS, bounds
from monitor_core.logs.query.fields import CONTEXT, nearest
from monitor_core.logs.query.parser import parse
from monitor_core.logs.query.tree import And, Everything, Is, Node, Not, Or, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from monitor_core.clock import Clock
    from monitor_core.logs.query.rows import LogRow, Scalar
    from monitor_core.settings import LogSettings

__all__ = ["LogService", "Times"]

MAX_STEPS = 5_000
"""The most steps of a histogram."""


@dataclass(frozen=True, slots=True)
class Times:
    """Times to look at, [first, last) in microseconds since 1970."""

    first: int = ALWAYS[0]
    last: int = ALWAYS[1]


class _Budget:
    """How long a search may take and how many rows it may look at, one by one."""

    def __init__(self, settings: LogSettings) -> None:
        self._start = time.monotonic()
        self._seconds = settings.search_seconds
        self._rows = settings.search_rows
        self.was_over = False

    def is_over(self, n_rows: int = 0) -> bool:
        self._rows -= n_rows
        self.was_over = self.was_over or self._rows < 0 or time.monotonic() - self._start > self._seconds
        return self.was_over

    def reach(self, *notes: str) -> Reach:
        return Reach(self.was_over, time.monotonic() - self._start, notes)


class LogService:
    """Searches the index below a folder, while another process writes it.

    Parameters
    ----------
    root
        Folder of the index.
    now
        The clock: what ``now-2h`` counts from.
    """

    def __init__(self, root: Path, settings: LogSettings, now: Clock) -> None:
        self._root, self._settings, self._now = root, settings, now
        self._open: dict[Place, DayIndex] = {}
        self._counts: dict[Place, Counts | None] = {}
        self._file_names: dict[int, str] = {}
        self._names_stamp = 0

    def parse(self, text: str) -> Query:
        """Read a query; for an unknown field the names of context that occur are offered, too."""
        return parse(text, context=self.names())

    def names(self) -> tuple[str, ...]:
        """Return the names of context fields that occur, in order."""
        return tuple(sorted({name for index in self._indexes() for name in index.names()}))

    def search(
        self,
        query: str | Query,
        *,
        times: Times = Times(),
        limit: int = 100,
        is_newest_first: bool = True,
        after: Key | None = None,
        is_counted: bool = True,
    ) -> LogAnswer:
        """Find rows.

        Parameters
        ----------
        limit
            The most rows of the answer.
        after
            Only rows behind this one in the order asked for: the next page.
        is_counted
            Also count all of them; else reading ends with the last row wanted.

        Raises
        ------
        QueryError
            The query cannot be read.
        """
        parsed = self.parse(query) if isinstance(query, str) else query
        budget = _Budget(self._settings)
        ask = self._ask(parsed.where, times, budget)
        ask = replace(ask, limit=limit, is_newest_first=is_newest_first, after=after, is_counted=is_counted)
        rows: list[LogRow] = []
        count, is_whole = 0, True
        for index in self._reached(ask):
            if budget.is_over():
                is_whole = False
                break
            needs_rows = len(rows) < limit or self._may_precede(index, rows[limit - 1], ask)
            if not needs_rows and not is_counted:
                is_whole = False
                break
            part = find(index, ask if needs_rows else replace(ask, limit=0))
            rows = list(heapq.merge(rows, part.rows, key=key_of, reverse=is_newest_first))[:limit]
            count += part.count
            is_whole = is_whole and part.is_whole
        return LogAnswer(tuple(rows), count, is_whole, budget.reach(*self._notes(parsed.where)))

    def histogram(
        self,
        query: str | Query,
        *,
        times: Times = Times(),
        step_seconds: int | None = None,
        by: str = "level",
    ) -> Histogram:
        """Count rows per step of time and level (or another field).

        Parameters
        ----------
        step_seconds
            Chosen so that there are at most 120 steps when it is None; made longer when there would be too many.
        """
        parsed = self.parse(query) if isinstance(query, str) else query
        budget = _Budget(self._settings)
        ask = self._ask(parsed.where, times, budget)
        indexes = list(self._reached(ask))
        first = max(ask.first, min((index.bounds.first for index in indexes), default=0))
        last = min(ask.last, max((index.bounds.last for index in indexes), default=0))
        step = _step(last - first, step_seconds)
        start = first // step * step
        cells: Cells = Counter()
        for index in indexes:
            if budget.is_over():
                break
            found = self._sealed(index, ask, start, step) if by == "level" else None
            if found is None:
                found, _ = by_steps(index, ask, start=start, step=step, field=by)
            cells.update(found)
        return _histogram(cells, start, step, last, budget.reach(*self._notes(parsed.where)))

    def facet(
        self,
        query: str | Query,
        field: str,
        *,
        times: Times = Times(),
        top: int = 10,
    ) -> Facet:
        """Return the most frequent values of a field among rows that answer."""
        parsed = self.parse(query) if isinstance(query, str) else query
        budget = _Budget(self._settings)
        ask = self._ask(parsed.where, times, budget)
        counted: Counter[Scalar] = Counter()
        n_left_out, is_exact = 0, True
        for index in self._reached(ask):
            if budget.is_over():
                is_exact = False
                break
            found, n_other, is_whole = by_values(index, ask, field)
            counted.update(found)
            n_left_out += n_other
            is_exact = is_exact and is_whole and n_other == 0
        ranked = sorted(counted.items(), key=lambda item: (-item[1], str(item[0])))
        rest = sum(count for _, count in ranked[top:]) + n_left_out
        return Facet(field, tuple(ranked[:top]), rest, is_exact, budget.reach(*self._notes(parsed.where)))

    def facets(
        self,
        query: str | Query,
        fields: tuple[str, ...] | None = None,
        *,
        times: Times = Times(),
        top: int = 10,
    ) -> tuple[Facet, ...]:
        """Return the top values of several fields; of level, logger, kind and the first context names when None."""
        parsed = self.parse(query) if isinstance(query, str) else query
        wanted = fields or ("level", "logger", "kind", *(CONTEXT + name for name in self.names()[:10]))
        return tuple(self.facet(parsed, field, times=times, top=top) for field in wanted)

    def around(self, row: LogRow, *, before: int = 10, after: int = 10) -> tuple[LogRow, ...]:
        """Return the lines that stand before and after one in its file, with it between them."""
        near: list[LogRow] = []
        for is_before, limit in ((True, before + 1), (False, after)):
            found: list[LogRow] = []
            for index in self._indexes():
                found += _neighbours(index, row, limit, self._names(), is_before=is_before)
            near += sorted(found, key=lambda item: item.end, reverse=is_before)[:limit]
        return tuple(sorted(near, key=lambda item: item.end))

    def trace(self, trace_id: str, *, limit: int = 1_000) -> LogAnswer:
        """Return the lines of one trace, from all files, the earliest first."""
        query = Query(Is("trace_id", trace_id.lower(), is_quoted=True))
        return self.search(query, limit=limit, is_newest_first=False)

    def follow(self, query: str | Query, *, is_over: Callable[[], bool]) -> Iterator[tuple[LogRow, ...]]:
        """Yield rows as they come to be found, from now on; () when a look finds none, so that the caller may stop.

        Rows come in the order in which they were taken in: a late line is shown when it comes.
        """
        parsed = self.parse(query) if isinstance(query, str) else query
        seen = {index.place: index.latest_batch() for index in self._indexes()}
        while not is_over():
            time.sleep(self._settings.poll_seconds)
            rows: list[LogRow] = []
            for index in self._indexes():
                latest = index.latest_batch()
                since = seen.get(index.place, 0)
                if latest > since:
                    rows += self._taken_since(index, parsed.where, since)
                    seen[index.place] = latest
            yield tuple(sorted(rows, key=key_of))

    def reset(self) -> None:
        """Close all indexes; the next search opens what is there then."""
        self._open.clear()
        self._counts.clear()

    def _taken_since(self, index: DayIndex, node: Node, since: int) -> list[LogRow]:
        ask = replace(
            self._ask(node, Times(), _Budget(self._settings)), limit=self._settings.search_rows, is_counted=False
        )
        return list(find(index, replace(ask, since=since)).rows)

    def _ask(self, node: Node, times: Times, budget: _Budget) -> Ask:
        now = self._now()
        low, high = bounds(node, now)
        first, last = max(low, times.first), min(high, times.last)
        return Ask(node, now, first, last, 0, is_newest_first=True, names=self._names(), is_over=budget.is_over)

    def _indexes(self) -> list[DayIndex]:
        """Return what is there now, each as it is now, the latest day first."""
        places = list_places(self._root)
        for gone in set(self._open) - set(places):
            del self._open[gone]
            self._counts.pop(gone, None)
        found = []
        for place in reversed(places):
            index = self._open.get(place)
            try:
                if index is None:
                    index = self._open[place] = DayIndex(place)
                index.refresh()
            except (ValueError, OSError):  # dropped in the meantime
                self._open.pop(place, None)
                continue
            found.append(index)
        return found

    def _reached(self, ask: Ask) -> Iterator[DayIndex]:
        """Yield the indexes that can hold an answer, those with the latest (or earliest) rows first."""
        kinds = _kinds(ask.node)
        found = [
            index
            for index in self._indexes()
            if index.bounds.n_rows
            and index.bounds.first < ask.last
            and index.bounds.last > ask.first
            and (kinds is None or index.place.kind in kinds)
        ]
        if ask.is_newest_first:
            return iter(sorted(found, key=lambda index: -index.bounds.last))
        return iter(sorted(found, key=lambda index: index.bounds.first))

    @staticmethod
    def _may_precede(index: DayIndex, row: LogRow, ask: Ask) -> bool:
        return index.bounds.last > row.ts if ask.is_newest_first else index.bounds.first <= row.ts

    def _sealed(self, index: DayIndex, ask: Ask, start: int, step: int) -> Cells | None:
        """Return the counts of a sealed day, when all of it lies within the times asked for."""
        whole = ask.first <= index.bounds.first and index.bounds.last <= ask.last
        if not whole or not index.place.counts.exists():
            return None
        counts = self._counts.get(index.place)
        if counts is None:
            counts = self._counts[index.place] = read_counts(index.place.counts)
        if counts is None or counts.n_rows != index.bounds.n_rows:
            self._counts.pop(index.place, None)
            return None
        return from_counts(counts, _without_times(ask.node), start=start, step=step)

    def _names(self) -> dict[int, str]:
        path = self._root / "files.json"
        stamp = path.stat().st_mtime_ns if path.exists() else 0
        if stamp != self._names_stamp:
            self._file_names = {item.file_id: item.name for item in Registry(path).all()}
            self._names_stamp = stamp
        return self._file_names

    def _notes(self, node: Node) -> tuple[str, ...]:
        """Say which names of context no row has, and what comes near."""
        used = {field for field in _fields(node) if field.startswith(CONTEXT)}
        if not used:
            return ()
        known = self.names()
        notes = []
        for field in sorted(used):
            name = field.removeprefix(CONTEXT)
            if name not in known and not any(item.startswith(name + ".") for item in known):
                near = nearest(name, known)
                notes.append(f"no line has {field}" + (f"; nearest: {', '.join(near)}" if near else ""))
        return tuple(notes)


def _neighbours(index: DayIndex, row: LogRow, limit: int, names: dict[int, str], *, is_before: bool) -> list[LogRow]:
    if limit <= 0:
        return []
    schema, integer = index.index.schema, tantivy.FieldType.Integer
    low, high = (None, row.end) if is_before else (row.end + 1, None)
    query = tantivy.Query.boolean_query(
        [
            (tantivy.Occur.Must, tantivy.Query.range_query(schema, "file_id", integer, row.file_id, row.file_id)),
            (tantivy.Occur.Must, tantivy.Query.range_query(schema, "end", integer, lower_bound=low, upper_bound=high)),
        ]
    )
    order = tantivy.Order.Desc if is_before else tantivy.Order.Asc
    hits = index.searcher.search(query, limit, count=False, order_by_field="end", order=order).hits
    return rows_at(index, [address for _, address in hits], names)


def _step(length: int, wanted: int | None) -> int:
    """Return a step in microseconds: the wanted one, or a round one; never more than `MAX_STEPS` of them."""
    seconds = max(length // 1_000_000, 1)
    for choice in (wanted or 1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 604_800):
        if choice >= (wanted or 0) and seconds / choice <= (MAX_STEPS if wanted else 120):
            return choice * 1_000_000
    return (seconds // 120 // 604_800 + 1) * 604_800 * 1_000_000


def _histogram(cells: Cells, start: int, step: int, last: int, reach: Reach) -> Histogram:
    n_steps = max(-(-(last - start) // step), 1) if cells else 0
    values = sorted({value for value, _ in cells}, key=lambda value: (isinstance(value, str), value))
    counts = np.zeros((len(values), n_steps), np.int64)
    places = {value: i for i, value in enumerate(values)}
    for (value, number), count in cells.items():
        counts[places[value], number] += count
    return Histogram(start, step, tuple(values), counts, reach)


def _fields(node: Node) -> Iterator[str]:
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _fields(part)
        case Not(part):
            yield from _fields(part)
        case _:
            field = getattr(node, "field", "")
            if field:
                yield field


def _kinds(node: Node) -> set[str] | None:
    """Return the kinds of files that can answer; None: all."""
    match node:
        case Is("kind", value, is_quoted) if is_quoted or "*" not in value:
            return {value}
        case And(parts):
            found = [kinds for kinds in map(_kinds, parts) if kinds is not None]
            return set.intersection(*found) if found else None
        case Or(parts):
            inner = [_kinds(part) for part in parts]
            known = [kinds for kinds in inner if kinds is not None]
            return set.union(*known) if len(known) == len(inner) else None
    return None


def _without_times(node: Node) -> Node:
    """Return the tree without conditions on time at its top, which the caller has seen to."""
    match node:
        case And(parts):
            left = tuple(part for part in parts if getattr(part, "field", "") != "ts")
            return Everything() if not left else left[0] if len(left) == 1 else And(left)
        case _ if getattr(node, "field", "") == "ts":
            return Everything()
    return node
