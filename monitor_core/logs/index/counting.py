"""Count rows by steps of time and by values of a field."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from monitor_core.logs.index.counts import MINUTE, Counts
from monitor_core.logs.index.finding import narrowed, rows_at
from monitor_core.logs.index.schema import DATE_GUARD
from monitor_core.logs.index.translate import is_exact
from monitor_core.logs.query.evaluate import matches
from monitor_core.logs.query.fields import level_number
from monitor_core.logs.query.tree import And, Compare, Everything, Is, Node, Not, Or
from monitor_core.logs.query.words import is_glob

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from monitor_core.logs.index.days import DayIndex
    from monitor_core.logs.index.finding import Ask
    from monitor_core.logs.query.rows import LogRow, Scalar

__all__ = ["MAX_VALUES", "Cells", "by_steps", "by_values", "from_counts"]

MAX_VALUES = 50
"""The most values that a timeline tells apart; the rest is counted together as ``(other)``."""

_SIZE = 1_000
_CHUNK = 4_096

Cells = Counter[tuple["Scalar", int]]
"""(value, number of the step) -> rows."""


def by_steps(index: DayIndex, ask: Ask, *, start: int, step: int, field: str) -> tuple[Cells, bool]:
    """Count rows by value and step; also say whether all were counted."""
    if not is_exact(ask.node) or field == "kind":
        cells: Cells = Counter()
        whole = True
        for rows, is_whole in _looked_at(index, ask):
            whole = is_whole
            for row in rows:
                cells.update((value, (row.ts - start) // step) for value in set(row.values(field)) or {_none(field)})
        return cells, whole
    return _aggregated(index, ask, start, step, field), True


def _none(field: str) -> Scalar:
    return 0 if field == "level" else ""


def _aggregated(index: DayIndex, ask: Ask, start: int, step: int, field: str) -> Cells:
    missing = {} if field == "level" else {"missing": ""}
    values = {"terms": {"field": field, "size": MAX_VALUES, **missing}}
    steps = {"histogram": {"field": "ts", "interval": step, "offset": start % step, "min_doc_count": 1}}
    found: Any = index.searcher.aggregate(narrowed(index, ask), {"steps": {**steps, "aggs": {"values": values}}})
    cells: Cells = Counter()
    for bucket in found["steps"]["buckets"]:
        # Exact: keys are multiples of the step plus the offset, below 2 ** 53.
        number = (round(bucket["key"]) - start) // step
        for value in bucket["values"]["buckets"]:
            cells[_value(value), number] += value["doc_count"]
        other = bucket["values"]["sum_other_doc_count"]
        if other:
            cells["(other)", number] += other
    return cells


def _value(bucket: dict[str, Any]) -> Scalar:
    if "key_as_string" in bucket and bucket["key_as_string"] in {"true", "false"}:
        return bool(bucket["key_as_string"] == "true")
    key: Scalar = bucket["key"]
    return key.removesuffix(DATE_GUARD) if isinstance(key, str) else key


def by_values(index: DayIndex, ask: Ask, field: str) -> tuple[Counter[Scalar], int, bool]:
    """Count rows by value of a field; also return the rows of values left out, and whether all were counted."""
    if field == "kind" and is_exact(ask.node):
        count = index.n_found(narrowed(index, ask))
        return Counter({index.place.kind: count} if count else {}), 0, True
    if not is_exact(ask.node):
        found: Counter[Scalar] = Counter()
        whole = True
        for rows, is_whole in _looked_at(index, ask):
            whole = is_whole
            for row in rows:
                found.update(set(row.values(field)))
        return found, 0, whole
    answer: Any = index.searcher.aggregate(
        narrowed(index, ask), {"values": {"terms": {"field": field, "size": _SIZE, "segment_size": _SIZE}}}
    )
    counted = Counter({_value(bucket): int(bucket["doc_count"]) for bucket in answer["values"]["buckets"]})
    if field == "level":
        counted.pop(0, None)
    return counted, int(answer["values"]["sum_other_doc_count"]), True


def _looked_at(index: DayIndex, ask: Ask) -> Iterator[tuple[list[LogRow], bool]]:
    """Yield rows that answer, and whether they are the last ones (else the budget may end)."""
    query, offset = narrowed(index, ask), 0
    while True:
        hits = index.searcher.search(query, _CHUNK, count=False, order_by_field="ts", offset=offset).hits
        rows = rows_at(index, [address for _, address in hits], ask.names)
        is_last = len(hits) < _CHUNK
        yield [row for row in rows if matches(ask.node, row, now=ask.now)], is_last
        if is_last or ask.is_over(len(hits)):
            return
        offset += len(hits)


def from_counts(counts: Counts, node: Node, *, start: int, step: int) -> Cells | None:
    """Count rows by level and step from what was counted when the day was sealed; None when that does not tell.

    It does when steps are whole minutes and the query asks for levels and loggers only.
    """
    if start % MINUTE or step % MINUTE:
        return None
    columns = counts.cells
    chosen: NDArray[np.bool_] | None
    if _asks_logger(node):
        columns = counts.by_logger
        if int(columns[:, 2].sum()) != counts.n_rows:  # some rows have no logger
            return None
        chosen = _chosen(node, columns, counts.loggers)
    else:
        chosen = _chosen(node, columns, ())
    if chosen is None:
        return None
    columns = columns[chosen]
    numbers = (columns[:, 0] * MINUTE - start) // step
    cells: Cells = Counter()
    for level in np.unique(columns[:, 1]):
        mine = columns[:, 1] == level
        low = int(numbers[mine].min())
        sums = np.bincount(numbers[mine] - low, weights=columns[mine, 2])
        cells.update({(int(level), low + int(i)): int(sums[i]) for i in np.flatnonzero(sums)})
    return cells


def _asks_logger(node: Node) -> bool:
    match node:
        case And(parts) | Or(parts):
            return any(map(_asks_logger, parts))
        case Not(part):
            return _asks_logger(part)
        case Is("logger"):
            return True
    return False


def _chosen(node: Node, columns: NDArray[np.int64], loggers: tuple[str, ...]) -> NDArray[np.bool_] | None:  # noqa: PLR0911 - one a kind of node
    """Return which lines of the counts answer; None when the counts do not tell."""
    match node:
        case Everything():
            return np.ones(len(columns), bool)
        case And(parts) | Or(parts):
            inner = [_chosen(part, columns, loggers) for part in parts]
            found = [item for item in inner if item is not None]
            if len(found) < len(inner):
                return None
            together = np.logical_and if isinstance(node, And) else np.logical_or
            return np.asarray(together.reduce(found), bool)
        case Not(part):
            inside = _chosen(part, columns, loggers)
            return None if inside is None else ~inside
        case Is("level", value):
            return np.equal(columns[:, 1], level_number(value) or 0)
        case Compare("level", operator, value):
            level = level_number(value) or 0
            compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}[operator]
            return np.asarray(compare(columns[:, 1], level))
        case Is("logger", value, is_quoted):
            if is_glob(value) and not is_quoted:
                return None
            position = loggers.index(value) if value in loggers else -2
            return np.equal(columns[:, 3], position)
    return None
