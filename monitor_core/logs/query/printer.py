"""Write a query's tree, so that reading it gives the same tree again."""

from __future__ import annotations

from monitor_core.logs.query.moments import duration
from monitor_core.logs.query.reading import is_plain_value
from monitor_core.logs.query.tree import (
    And,
    Compare,
    Everything,
    Has,
    Is,
    Like,
    Node,
    Not,
    Or,
    Query,
    Timeline,
    Top,
    Words,
)

__all__ = ["write"]


def write(query: Query | Node) -> str:
    """Write a query, or a part of one.

    Examples
    --------
    >>> from monitor_core.logs.query.parser import parse
    >>> write(parse('timeout -level:DEBUG context.ticker:(AAPL or "5") | top 10 logger'))
    'timeout and not level:DEBUG and (context.ticker:AAPL or context.ticker:"5") | top 10 logger'
    """
    if not isinstance(query, Query):
        return _node(query)
    where = "" if isinstance(query.where, Everything) and query.stage else _node(query.where)
    match query.stage:
        case Top(count, field):
            return f"{where} | top {count} {field}".strip()
        case Timeline(seconds, by):
            return f"{where} | timeline {_duration(seconds)}{f' by {by}' if by else ''}".strip()
    return where


def _node(node: Node) -> str:  # noqa: PLR0911 - one a kind of node
    match node:
        case Everything():
            return "*"
        case And(parts):
            return " and ".join(_grouped(part, Or) for part in parts)
        case Or(parts):
            return " or ".join(map(_node, parts))
        case Not(part):
            return f"not {_grouped(part, And, Or)}"
        case Words(text, is_quoted):
            return quote(text) if is_quoted else text
        case Is(field, value, is_quoted):
            return f"{field}:{quote(value) if is_quoted else value}"
        case Has(field):
            return f"{field}:*"
        case Like(field, pattern):
            return f"{field}:~{quote(pattern)}"
        case Compare(field, operator, value):
            return f"{field}{operator}{value if is_plain_value(value) else quote(value)}"


def quote(text: str) -> str:
    r"""Put text in quotes.

    Examples
    --------
    >>> print(quote(r'a "b" \d'))
    "a \"b\" \\d"
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _grouped(node: Node, *kinds: type) -> str:
    return f"({_node(node)})" if isinstance(node, kinds) else _node(node)


def _duration(seconds: int) -> str:
    for unit, size in (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0 and duration(f"{seconds // size}{unit}"):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
