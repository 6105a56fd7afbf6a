"""The files of a log folder: what they are called, to which day they belong, which may go (pure).

``app.log`` is written; ``app.log.2026-11-23`` is a day that was closed, ``app.log.2026-11-23.1`` a further part of
it (a day that grew beyond the size limit), and ``.gz`` the same, compressed. The day is that of the zone in which
midnight is counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

__all__ = ["Closed", "closed_name", "day_end", "day_of", "outdated", "parse_name"]

_NAME = re.compile(r"(.+\.log)\.(\d{4}-\d{2}-\d{2})(?:\.(\d{1,6}))?(\.gz)?")


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed file, by its name."""

    name: str
    log: str
    """Name of the file that was written: ``app.log``."""
    day: date
    part: int
    """0, 1, 2 ... in the order of writing."""
    is_compressed: bool


def parse_name(name: str) -> Closed | None:
    """Return what the name of a closed file says; None for every other file.

    Examples
    --------
    >>> parse_name("app.log.2026-11-23.2.gz").part
    2
    >>> parse_name("app.log"), parse_name("app.log.2026-13-01")
    (None, None)
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        day = date.fromisoformat(found[2])
    except ValueError:
        return None
    return Closed(name, found[1], day, int(found[3] or 0), found[4] is not None)


def closed_name(log: str, day: str, taken: Container[str]) -> str:
    """Return the name of the next file closed on a day; `taken` are the names in the folder.

    Examples
    --------
    >>> closed_name("app.log", "2026-11-23", {"app.log.2026-11-23.gz"})
    'app.log.2026-11-23.1'
    """
    part = 0
    while True:
        name = f"{log}.{day}" + (f".{part}" if part else "")
        if name not in taken and f"{name}.gz" not in taken:
            return name
        part += 1


def day_of(moment: float, zone: tzinfo = UTC) -> str:
    """Return the day of a moment in seconds since 1970, as ISO text.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> day_of(1763251200), day_of(1763251199), day_of(1763251199, ZoneInfo("Asia/Kolkata"))
    ('2025-11-16', '2025-11-15', '2025-11-16')
    """
    return datetime.fromtimestamp(moment, zone).date().isoformat()


def day_end(day: str, zone: tzinfo = UTC) -> float:
    """Return the moment at which a day ends: midnight of the zone, also where the day has 23 or 25 hours.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> [(day_end(day, berlin) - day_end(before, berlin)) / 3600 for before, day in
    ...  [("2026-03-28", "2026-03-29"), ("2026-10-24", "2026-10-25")]]
    [23.0, 25.0]
    """
    following = date.fromisoformat(day) + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=zone).timestamp()


def outdated(names: Iterable[str], log: str, *, today: str, keep_days: int) -> tuple[str, ...]:
    """Return the closed files of one log that are older than `keep_days` days, by the date in their names.

    Examples
    --------
    >>> outdated(["app.log.2026-10-20.gz", "app.log.2026-11-01.gz", "app.log"], "app.log",
    ...          today="2026-11-23", keep_days=30)
    ('app.log.2026-10-20.gz',)
    """
    oldest = date.fromisoformat(today) - timedelta(days=keep_days)
    found = (closed for closed in map(parse_name, names) if closed is not None)
    return tuple(sorted(closed.name for closed in found if closed.log == log and closed.day < oldest))
