"""Find rows in one index: ordered, counted, looked at where the index alone does not answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import tantivy

from monitor_core.logs.index.answers import Key, key_of
from monitor_core.logs.index.translate import Target, is_exact, translate
from monitor_core.logs.ingest.lines import read_line
from monitor_core.logs.query.evaluate import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from monitor_core.logs.index.days import DayIndex
    from monitor_core.logs.query.rows import LogRow
    from monitor_core.logs.query.tree import Node

__all__ = ["Ask", "Part", "find", "narrowed", "rows_at"]

_MAX_TIES = 20_000
_FIRST_CHUNK = 256
_MAX_CHUNK = 8_192


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of each index.

    Attributes
    ----------
    first, last
        Times, [first, last) in microseconds.
    after
        Only rows behind this one in the order asked for.
    since
        Only rows of later commits than this one.
    is_over
        Whether the budget is used up; asked with the number of rows that were looked at.
    """

    node: Node
    now: datetime
    first: int
    last: int
    limit: int
    is_newest_first: bool
    names: Mapping[int, str]
    is_over: Callable[[int], bool]
    after: Key | None = None
    is_counted: bool = True
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What one index answers."""

    rows: tuple[LogRow, ...]
    count: int
    is_whole: bool


def narrowed(index: DayIndex, ask: Ask) -> tantivy.Query:
    """Return the query within its times."""
    target = Target(index.index, index.place.kind, ask.now)
    found = translate(ask.node, target)
    if ask.since is not None:
        found = _within(index, found, ask.since + 1, None, field="batch")
    bounds = index.bounds
    low = ask.first if ask.first > bounds.first else None
    high = ask.last - 1 if ask.last < bounds.last else None
    return found if low is None and high is None else _within(index, found, low, high)


def find(index: DayIndex, ask: Ask) -> Part:
    """Return the first rows of an index in order, and how many there are."""
    query = narrowed(index, ask)
    return _found(index, ask, query) if is_exact(ask.node) else _looked_at(index, ask, query)


def _found(index: DayIndex, ask: Ask, query: tantivy.Query) -> Part:
    count = index.n_found(query) if ask.is_counted else 0
    if ask.limit == 0:
        return Part((), count, is_whole=True)
    paged, n_same = _behind(index, ask, query)
    hits = _hits(index, paged, ask, ask.limit + n_same, 0)
    addresses = [address for _, address in hits]
    if len(hits) == ask.limit + n_same:
        addresses = _with_ties(index, paged, hits)
    rows = sorted(rows_at(index, addresses, ask.names), key=key_of, reverse=ask.is_newest_first)
    rows = [row for row in rows if _is_behind(row, ask)]
    return Part(tuple(rows[: ask.limit]), count or len(rows), is_whole=ask.is_counted)


def _hits(
    index: DayIndex, query: tantivy.Query, ask: Ask, limit: int, offset: int
) -> list[tuple[int, tantivy.DocAddress]]:
    order = tantivy.Order.Desc if ask.is_newest_first else tantivy.Order.Asc
    return index.searcher.search(query, limit, count=False, order_by_field="ts", order=order, offset=offset).hits


def _with_ties(
    index: DayIndex, query: tantivy.Query, hits: list[tuple[int, tantivy.DocAddress]]
) -> list[tantivy.DocAddress]:
    """Add all rows of the last one's time: which of them come first, file and line decide."""
    edge = hits[-1][0]
    ties = index.searcher.search(_within(index, query, edge, edge), _MAX_TIES, count=False).hits
    return [*(address for ts, address in hits if ts != edge), *(address for _, address in ties)]


def _within(
    index: DayIndex, query: tantivy.Query, low: int | None, high: int | None, *, field: str = "ts"
) -> tantivy.Query:
    times = tantivy.Query.range_query(
        index.index.schema, field, tantivy.FieldType.Integer, lower_bound=low, upper_bound=high
    )
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, times)])


def _behind(index: DayIndex, ask: Ask, query: tantivy.Query) -> tuple[tantivy.Query, int]:
    """Return what finds the rows behind a place, and how many of its own time it finds besides."""
    if ask.after is None:
        return query, 0
    ts = ask.after[0]
    same = index.n_found(_within(index, query, ts, ts))
    return _within(index, query, *((None, ts) if ask.is_newest_first else (ts, None))), same


def _is_behind(row: LogRow, ask: Ask) -> bool:
    if ask.after is None:
        return True
    return key_of(row) < ask.after if ask.is_newest_first else key_of(row) > ask.after


def _looked_at(index: DayIndex, ask: Ask, query: tantivy.Query) -> Part:
    """Look at the rows that the index narrows the query to, in order, until all are seen or the budget ends."""
    rows: list[LogRow] = []
    count = offset = 0
    size = _FIRST_CHUNK
    while True:
        hits = _hits(index, query, ask, size, offset)
        for row in rows_at(index, [address for _, address in hits], ask.names):
            if matches(ask.node, row, now=ask.now):
                count += 1
                if _is_behind(row, ask):
                    rows.append(row)
        offset += len(hits)
        is_all = len(hits) < size
        is_enough = len(rows) > ask.limit and not ask.is_counted
        if is_all or is_enough or ask.is_over(len(hits)):
            break
        size = min(size * 2, _MAX_CHUNK)
        if len(rows) > 2 * ask.limit + _MAX_TIES:
            rows = sorted(rows, key=key_of, reverse=ask.is_newest_first)[: ask.limit]
    rows.sort(key=key_of, reverse=ask.is_newest_first)
    return Part(tuple(rows[: ask.limit]), count, is_whole=is_all)


def rows_at(index: DayIndex, addresses: list[tantivy.DocAddress], names: Mapping[int, str]) -> list[LogRow]:
    """Read rows from their stored lines."""
    if not addresses:
        return []
    fast = [index.searcher.fast_field_values(name, addresses) for name in ("ts", "file_id", "end")]
    made = []
    for address, ts, file_id, end in zip(addresses, *fast, strict=True):
        text = bytes(index.searcher.doc(address).get_first("raw") or b"").decode("utf-8", "replace")
        at, number = int(ts or 0), int(file_id or 0)
        row = read_line(text, at)
        name = names.get(number, "")
        made.append(replace(row, ts=at, file_id=number, end=int(end or 0), file=name, kind=index.place.kind))
    return made
