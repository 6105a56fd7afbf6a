"""The fields of a row, their other names, and the order of levels."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CONTEXT",
    "FIELDS",
    "KEYWORDS",
    "LEVELS",
    "ORDERED",
    "TEXTS",
    "canonical",
    "level_name",
    "level_number",
    "nearest",
]

CONTEXT = "context."
"""How the names of the service's own fields begin."""

TEXTS = ("message", "exception")
"""Fields that are searched by words."""

KEYWORDS = ("logger", "trace_id", "file", "kind")
"""Fields that are compared whole."""

ORDERED = ("ts", "level")
"""Fields with an order."""

FIELDS = (*ORDERED, *KEYWORDS, *TEXTS)

_OTHER_NAMES = {
    "timestamp": "ts", "time": "ts", "@timestamp": "ts", "severity": "level", "msg": "message", "trace": "trace_id",
    "traceid": "trace_id", "name": "logger", "error": "exception", "exc_info": "exception",
}  # fmt: skip

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
_OTHER_LEVELS = {
    "TRACE": 5, "VERBOSE": 5, "FINE": 10, "NOTICE": 25, "INFORMATION": 20, "WARN": 30, "ERR": 40, "SEVERE": 40,
    "FATAL": 50, "CRIT": 50, "ALERT": 50, "EMERG": 50, "PANIC": 50,
}  # fmt: skip
_NAMES = {number: name for name, number in LEVELS.items()}


def canonical(name: str) -> str | None:
    """Return a field's own name, whatever its case; None when there is no such field.

    Examples
    --------
    >>> canonical("Timestamp"), canonical("context.Ticker"), canonical("ticker")
    ('ts', 'context.Ticker', None)
    """
    lower = name.lower()
    if lower in FIELDS:
        return lower
    if lower.startswith(CONTEXT) and len(name) > len(CONTEXT):
        return CONTEXT + name[len(CONTEXT) :]
    return _OTHER_NAMES.get(lower)


def nearest(name: str, context: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names that come closest to one that is unknown, the likeliest first.

    Parameters
    ----------
    context
        The names in `context`, without it, that rows are known to have.

    Examples
    --------
    >>> nearest("levle"), nearest("ticker", ["ticker", "latency_ms"])
    (('level',), ('context.ticker',))
    """
    known = {**{field: field for field in FIELDS}, **{item: CONTEXT + item for item in context}}
    if name in known:
        return (known[name],)
    found = get_close_matches(name.lower().removeprefix(CONTEXT), known, n=3, cutoff=0.6)
    return tuple(known[item] for item in found)


def level_number(text: str) -> int | None:
    """Return the number of a level, by name or number; None when it is neither.

    Examples
    --------
    >>> level_number("warn"), level_number("35"), level_number("loud")
    (30, 35, None)
    """
    upper = text.upper()
    if upper in LEVELS:
        return LEVELS[upper]
    if upper in _OTHER_LEVELS:
        return _OTHER_LEVELS[upper]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


def level_name(number: int) -> str:
    """Return the name of a level's number: "" for 0 (none given), the number itself between the names.

    Examples
    --------
    >>> level_name(40), level_name(0), level_name(35)
    ('ERROR', '', '35')
    """
    return _NAMES.get(number, str(number) if number else "")
