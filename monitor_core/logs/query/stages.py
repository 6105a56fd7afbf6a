"""Read what follows the bar: ``top 10 context.ticker``, ``timeline 5m by level``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.logs.query.fields import TEXTS
from monitor_core.logs.query.moments import duration
from monitor_core.logs.query.tree import Timeline, Top

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor_core.logs.query.reading import Reader

__all__ = ["MAX_TOP", "read_stage"]

MAX_TOP = 1_000
"""The most values that ``top`` lists."""

_EXAMPLES = "top 10 context.ticker, timeline 5m by level"


def read_stage(read: Reader, field_name: Callable[[], str]) -> Top | Timeline:
    """Read one stage; `field_name` reads the name of a field."""
    read.skip()
    start = read.position
    verb = read.word().lower()
    if verb == "top":
        return _top(read, field_name)
    if verb == "timeline":
        return _timeline(read, field_name)
    raise read.error(f"{verb!r} is no step" if verb else "a step is expected after |", _EXAMPLES, at=start)


def _top(read: Reader, field_name: Callable[[], str]) -> Top:
    read.skip()
    start = read.position
    text = read.word()
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MAX_TOP and len(text) < 6):
        raise read.error(f"{text!r} is no number from 1 to {MAX_TOP:,}", _EXAMPLES, at=start)
    return Top(int(text), _counted(read, field_name))


def _timeline(read: Reader, field_name: Callable[[], str]) -> Timeline:
    read.skip()
    start = read.position
    text = read.word()
    step = duration(text)
    if step is None:
        raise read.error(f"{text!r} is no step of time", "30s, 5m, 1h, 1d", at=start)
    return Timeline(step, _counted(read, field_name) if read.keyword("by") else None)


def _counted(read: Reader, field_name: Callable[[], str]) -> str:
    read.skip()
    start = read.position
    field = field_name()
    if field in TEXTS or field == "ts":
        raise read.error(f"values of {field} are not counted", "level, logger, kind, file or context.name", at=start)
    return field
