"""Times and durations as a query writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = ["MICROSECONDS", "duration", "micros", "span"]

MICROSECONDS = 1_000_000
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?)?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII
)


def micros(moment: datetime) -> int:
    """Return microseconds since 1970, UTC.

    Examples
    --------
    >>> micros(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def duration(text: str) -> int | None:
    """Return the seconds of ``30s``, ``5m``, ``2h``, ``1d``, ``1w``; None when it is none of them.

    Examples
    --------
    >>> duration("5m"), duration("5 minutes")
    (300, None)
    """
    found = _DURATION.fullmatch(text)
    return int(found[1]) * _UNITS[found[2]] if found and int(found[1]) else None


def span(text: str, now: datetime) -> tuple[int, int] | None:
    """Return what a time covers, as [start, end) in microseconds: a day, an hour, a minute, a second or an instant.

    ``now``, ``now-2h``, ``today``, ``yesterday``, ``2026-11-21``, ``2026-11-21T10:30``; UTC unless an offset stands
    there. None when it is no time.

    Examples
    --------
    >>> start, end = span("1970-01-02", datetime(2026, 1, 1, tzinfo=UTC))
    >>> start, end - start
    (86400000000, 86400000000)
    """
    lower = text.lower()
    midnight = micros(now) // (86_400 * MICROSECONDS) * 86_400 * MICROSECONDS
    day = 86_400 * MICROSECONDS
    if lower == "today":
        return midnight, midnight + day
    if lower == "yesterday":
        return midnight - day, midnight
    if lower == "now":
        return micros(now), micros(now) + 1
    if lower[:4] in {"now-", "now+"}:
        seconds = duration(lower[4:])
        if seconds is None:
            return None
        at = micros(now) + (-seconds if lower[3] == "-" else seconds) * MICROSECONDS
        return at, at + 1
    return _written(text)


def _written(text: str) -> tuple[int, int] | None:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    digits = (fraction or "")[:6]
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59), tzinfo=UTC
        )
    except ValueError:
        return None
    start = micros(moment) + int(digits.ljust(6, "0")) - _offset(zone)
    if fraction:
        return start, start + 10 ** (6 - len(digits))
    step = 1 if second else 60 if minute else 3_600 if hour else 86_400
    return start, start + step * MICROSECONDS


def _offset(zone: str | None) -> int:
    if zone is None or zone in "Zz":
        return 0
    seconds = int(zone[1:3]) * 3_600 + int(zone[-2:]) * 60
    return (seconds if zone[0] == "+" else -seconds) * MICROSECONDS
