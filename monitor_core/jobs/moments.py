"""Moments as people and programs write them."""

from __future__ import annotations

from datetime import UTC, datetime, time

from monitor_core.errors import InvalidInput

__all__ = ["read_moment"]


def read_moment(text: str | None, now: datetime) -> datetime | None:
    """Read a date, which is its end (of today: now), or a moment, in UTC unless it says otherwise; None stays None.

    Examples
    --------
    >>> now = datetime(2026, 11, 23, 5, tzinfo=UTC)
    >>> str(read_moment("2026-11-22", now)), str(read_moment("2026-11-22T05:30:00+01:00", now))
    ('2026-11-22 23:59:59.999999+00:00', '2026-11-22 04:30:00+00:00')
    """
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        raise InvalidInput(f"{text[:60]!r} is no moment", hint="write it as 2026-11-22 or 2026-11-22T05:30") from None
    if len(text) <= len("2026-11-22"):
        end = datetime.combine(read.date(), time.max, tzinfo=UTC)
        return now if read.date() == now.date() else end
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
