"""From when to when rows that answer a query can lie: what need not be opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.logs.query.moments import span
from monitor_core.logs.query.tree import And, Compare, Is, Node, Or

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["ALWAYS", "bounds"]

ALWAYS = (-(2**62), 2**62)


def bounds(node: Node, now: datetime) -> tuple[int, int]:
    """Return [first, last) in microseconds: no row outside answers; rows inside may.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from monitor_core.logs.query.parser import parse
    >>> bounds(parse("x ts:1970-01-01").where, datetime.now(UTC))
    (0, 86400000000)
    """
    match node:
        case And(parts):
            inner = [bounds(part, now) for part in parts]
            return max(low for low, _ in inner), min(high for _, high in inner)
        case Or(parts):
            inner = [bounds(part, now) for part in parts]
            return min(low for low, _ in inner), max(high for _, high in inner)
        case Is("ts", value):
            return span(value, now) or ALWAYS
        case Compare("ts", operator, value):
            start, end = span(value, now) or ALWAYS
            low, high = ALWAYS
            limits = {"<": (low, start), "<=": (low, end), ">": (end, high), ">=": (start, high)}
            return limits[operator]
    return ALWAYS
