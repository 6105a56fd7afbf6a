"""Read a line that is not JSON: common shapes are recognised, any other is kept as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from monitor_core.logs.query.fields import level_number
from monitor_core.logs.query.moments import micros
from monitor_core.logs.query.rows import LogRow, Scalar

if TYPE_CHECKING:
    from datetime import tzinfo

__all__ = ["read_plain"]

_MAX_HEAD = 2_048
"""Shapes are looked for in the beginning of a line, so that a huge one costs no more."""

_LEVEL = r"(?P<level>[A-Za-z]{3,11})"
_ISO = r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)"
# Our own patterns, anchored and without nested repeats: Python's engine walks each once.
_DATED = re.compile(
    rf"\[?{_ISO}\]?(?:\s+-\s+(?P<name>[\w.]{{1,200}})\s+-)?\s+(?:\[(?P<thread>[^\]]{{1,100}})\]\s+)?\[?{_LEVEL}\]?"
    r"(?:\s+(?P<logger>[\w.$/]{1,200})(?=\s+-\s|:\s|\s:\s))?(?:\s+-|:|\s:)?\s+(?P<message>.*)",
    re.DOTALL,
)
_PYTHON = re.compile(
    r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL):(?P<logger>[\w.]{1,200}):(?P<message>.*)", re.DOTALL
)
_APACHE = re.compile(
    r"(?P<host>\S{1,255}) \S{1,255} (?P<user>\S{1,255}) \[(?P<time>[^\]]{20,40})\] "
    r'"(?P<method>[A-Z]{1,16}) (?P<path>\S{1,1900}) ?[^"]{0,20}" (?P<status>\d{3}) (?P<bytes>\d+|-)'
)
_SYSLOG_NEW = re.compile(
    rf"<(?P<priority>\d{{1,3}})>1 {_ISO} (?P<host>\S{{1,255}}) (?P<logger>\S{{1,255}}) \S{{1,255}} \S{{1,255}} "
    r"(?:-|\[[^\]]{0,500}\]) ?(?P<message>.*)",
    re.DOTALL,
)
_SYSLOG_OLD = re.compile(
    r"(?:<(?P<priority>\d{1,3})>)?(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?P<host>\S{1,255}) "
    r"(?P<logger>[^\s:\[]{1,200})(?:\[\d{1,9}\])?: (?P<message>.*)",
    re.DOTALL,
)
_PRIORITIES = (50, 50, 50, 40, 30, 25, 20, 10)


def read_plain(raw: str, fallback: int, zone: tzinfo = UTC) -> LogRow:
    """Read a line that is not JSON.

    Parameters
    ----------
    fallback
        Its time when it says none, in microseconds.
    zone
        Of times that name none.

    Examples
    --------
    >>> read_plain("WARNING:db.pool:no connection left", 5).logger
    'db.pool'
    >>> row = read_plain("2026-11-21 10:00:00,250 - api - ERROR - boom", 0)
    >>> row.logger, row.level, row.message, row.ts % 1_000_000
    ('api', 40, 'boom', 250000)
    >>> row = read_plain('10.0.0.5 - eva [21/Nov/2026:10:00:00 +0100] "GET /p HTTP/1.1" 503 12', 0)
    >>> row.level, dict(row.context)["status"], row.ts
    (40, 503, 1795251600000000)
    """
    head = raw[:_MAX_HEAD]
    for pattern, read in (
        (_DATED, _dated),
        (_PYTHON, _dated),
        (_APACHE, _apache),
        (_SYSLOG_NEW, _syslog),
        (_SYSLOG_OLD, _syslog),
    ):
        found = pattern.match(head)
        row = found and read(found, raw, fallback, zone)
        if row:
            return row
    return LogRow(fallback, message=raw, raw=raw)


def _dated(found: re.Match[str], raw: str, fallback: int, zone: tzinfo) -> LogRow | None:
    parts = found.groupdict()
    level = level_number(parts["level"])
    ts = _iso(parts["time"], zone) if "time" in parts else fallback
    if level is None or ts is None:
        return None
    context = (("thread", parts["thread"]),) if parts.get("thread") else ()
    logger = parts.get("name") or parts.get("logger") or ""
    return LogRow(ts, level, logger, raw[found.start("message") :], context=context, raw=raw)


def _apache(found: re.Match[str], raw: str, _fallback: int, _zone: tzinfo) -> LogRow | None:
    parts = found.groupdict()
    try:
        ts = micros(datetime.strptime(parts["time"], "%d/%b/%Y:%H:%M:%S %z"))
    except ValueError:
        return None
    status = int(parts["status"])
    level = 40 if status >= 500 else 30 if status >= 400 else 20
    context: list[tuple[str, Scalar]] = [
        (key, parts[key]) for key in ("host", "user", "method", "path") if parts[key] != "-"
    ]
    context.append(("status", status))
    if parts["bytes"] != "-":
        context.append(("bytes", int(parts["bytes"][:18])))
    return LogRow(ts, level, "access", raw, context=tuple(context), raw=raw)


def _syslog(found: re.Match[str], raw: str, fallback: int, zone: tzinfo) -> LogRow | None:
    parts = found.groupdict()
    ts = _iso(parts["time"], zone) if parts["time"][0].isdigit() else _yearless(parts["time"], fallback, zone)
    if ts is None:
        return None
    level = _PRIORITIES[int(parts["priority"]) % 8] if parts["priority"] else 0
    context = (("host", parts["host"]),) if parts["host"] != "-" else ()
    return LogRow(ts, level, parts["logger"], raw[found.start("message") :], context=context, raw=raw)


def _iso(text: str, zone: tzinfo) -> int | None:
    try:
        at = datetime.fromisoformat(text.replace(",", "."))
        return micros(at if at.tzinfo else at.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        return None


def _yearless(text: str, fallback: int, zone: tzinfo) -> int | None:
    """Take the year in which the time lies nearest before the fallback: old syslog writes none."""
    latest = fallback + 2 * 86_400_000_000
    year = datetime.fromtimestamp(latest / 1e6, UTC).year
    for candidate in (year, year - 1):
        try:
            at = micros(datetime.strptime(f"{candidate} {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=zone))
        except ValueError:
            continue
        if at <= latest:
            return at
    return None
