"""Whether a row answers a query, in plain Python: what every engine's answers must equal."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import re2

from monitor_core.logs.query.fields import CONTEXT, TEXTS, level_number
from monitor_core.logs.query.moments import span
from monitor_core.logs.query.tree import And, Compare, Everything, Has, Is, Like, Node, Not, Or, Words
from monitor_core.logs.query.words import contains, is_glob, matcher, words

if TYPE_CHECKING:
    from datetime import datetime

    from monitor_core.logs.query.rows import LogRow, Scalar

__all__ = ["compiled", "matches", "number"]


def matches(node: Node, row: LogRow, *, now: datetime) -> bool:  # noqa: PLR0911 - one a kind of node
    """Say whether a row answers a query.

    Parameters
    ----------
    now
        What ``now-2h`` counts from.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from monitor_core.logs.query import LogRow, parse
    >>> row = LogRow(0, level=40, message="connection refused", context=(("latency_ms", 700),))
    >>> query = parse('"connection refused" level>=WARNING context.latency_ms>500')
    >>> matches(query.where, row, now=datetime.now(UTC))
    True
    """
    match node:
        case Everything():
            return True
        case And(parts):
            return all(matches(part, row, now=now) for part in parts)
        case Or(parts):
            return any(matches(part, row, now=now) for part in parts)
        case Not(part):
            return not matches(part, row, now=now)
        case Words():
            return _anywhere(node, row)
        case Has(field):
            return any(value != "" for value in row.values(field))
        case Like(field, pattern):
            found = compiled(pattern)
            return any(found.search(value) is not None for value in row.values(field) if isinstance(value, str))
        case Is():
            return _is(node, row, now)
        case Compare():
            return _compare(node, row, now)


@lru_cache(maxsize=64)
def compiled(pattern: str) -> Any:
    """Compile a regular expression, quietly and within 1 MB.

    Raises
    ------
    re2.error
        It is none, or too large.
    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    options.never_capture = True
    options.dot_nl = True
    return re2.compile(pattern, options)


def number(text: str) -> int | float | None:
    """Read a number; None when it is none (or not finite).

    Examples
    --------
    >>> number("-5"), number("2.50"), number("1e3"), number("five"), number("nan")
    (-5, 2.5, 1000.0, None, None)
    """
    plain = text.removeprefix("-")
    if not plain[:1].isdigit() or not plain.isascii() or "_" in plain:
        return None
    try:
        value = float(plain) if set(plain) & set(".eE") else int(plain)
    except (ValueError, OverflowError):
        return None
    if value > 1.7e308:
        return None
    return -value if text.startswith("-") else value


def _anywhere(node: Words, row: LogRow) -> bool:
    texts = [row.message, row.exception, row.logger, *(value for _, value in row.context if isinstance(value, str))]
    if not node.is_quoted and is_glob(node.text):
        found = matcher(_small(node.text))
        return any(found.fullmatch(word) for text in texts for word in words(text))
    if row.trace_id and row.trace_id == node.text.lower():
        return True
    wanted = words(node.text)
    return any(contains(text, wanted) for text in texts)


def _is(node: Is, row: LogRow, now: datetime) -> bool:
    values = row.values(node.field)
    if node.field == "ts":
        start, end = _span(node.value, now)
        return start <= row.ts < end
    if node.field == "level":
        return row.level == level_number(node.value)
    glob = None if node.is_quoted or not is_glob(node.value) else node.value
    if node.field in TEXTS:
        if glob is not None:
            found = matcher(_small(glob))
            return any(found.fullmatch(word) for value in values for word in words(str(value)))
        return any(contains(str(value), words(node.value)) for value in values)
    if glob is not None:
        return any(matcher(glob).fullmatch(value) for value in values if isinstance(value, str))
    wanted = node.value.lower() if node.field == "trace_id" else node.value
    return any(_equal(value, wanted, is_text=node.is_quoted or not node.field.startswith(CONTEXT)) for value in values)


def _equal(value: Scalar, wanted: str, *, is_text: bool) -> bool:
    if isinstance(value, str):
        return value == wanted
    if is_text:
        return False
    if isinstance(value, bool):
        return wanted.lower() == str(value).lower()
    return value == number(wanted)


def _compare(node: Compare, row: LogRow, now: datetime) -> bool:
    if node.field == "ts":
        start, end = _span(node.value, now)
        return {"<": row.ts < start, "<=": row.ts < end, ">": row.ts >= end, ">=": row.ts >= start}[node.operator]
    wanted = level_number(node.value) if node.field == "level" else number(node.value)
    if wanted is None:
        return False
    values = (row.level,) if node.field == "level" else row.values(node.field)
    return any(
        {"<": value < wanted, "<=": value <= wanted, ">": value > wanted, ">=": value >= wanted}[node.operator]
        for value in values
        if isinstance(value, int | float) and not isinstance(value, bool)
    )


def _span(text: str, now: datetime) -> tuple[int, int]:
    found = span(text, now)
    if found is None:
        raise AssertionError(f"the parser let {text!r} pass as a time")
    return found


def _small(text: str) -> str:
    return "".join(map(str.lower, text))
