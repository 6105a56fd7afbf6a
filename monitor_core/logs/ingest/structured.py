"""Read a line that is a JSON object, whoever wrote it."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from monitor_core.logs.ingest.shapes import plain_names
from monitor_core.logs.query.fields import level_number
from monitor_core.logs.query.moments import micros
from monitor_core.logs.query.rows import LogRow, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_VALUES", "moment", "read_json"]

MAX_VALUES = 200
"""The most context values of a line that are searched by name; the line itself is kept whole."""

_MAX_TEXT = 4_096
_MAX_DEPTH = 8
_TIMES = ("timestamp", "time", "ts", "@timestamp", "asctime", "Timestamp")
_LEVELS = ("level", "severity", "levelname", "log.level", "lvl", "status", "SeverityText", "severity_text")
_LOGGERS = ("logger", "logger_name", "log.logger", "name")
_MESSAGES = ("message", "msg", "Body", "body", "event")
_TRACES = ("trace_id", "traceId", "trace.id", "dd.trace_id", "TraceId")
_SPANS = ("span_id", "spanId", "span.id", "dd.span_id", "SpanId")
_EXCEPTIONS = ("exception", "exc_info", "error.stack_trace", "stack_trace", "traceback")
_CONTEXT = ("context", "Attributes", "attributes")


def read_json(raw: str, fallback: int) -> LogRow | None:
    """Read a line that is a JSON object; None when it is not one.

    Parameters
    ----------
    fallback
        Its time when it says none, in microseconds.

    Examples
    --------
    >>> row = read_json('{"ts": 1, "level": "warn", "msg": "slow", "ms": {"db": 7}}', 0)
    >>> row.ts, row.level, row.message, row.context
    (1000000, 30, 'slow', (('ms.db', 7),))
    """
    if not raw.startswith("{"):
        return None
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    data = plain_names(data)
    ts = moment(_first(data, _TIMES))
    level = _first(data, _LEVELS)
    message, exception = _text(_first(data, _MESSAGES)), _text(_first(data, _EXCEPTIONS))
    _first(data, _SPANS)  # unique to each line: an eighth of the index, and traces are what is asked for
    logger, trace = _text(_first(data, _LOGGERS)), _text(_first(data, _TRACES)).lower()
    return LogRow(
        fallback if ts is None else ts, _level(level), logger, message, exception, trace, tuple(_context(data)), raw=raw
    )


def moment(value: Any) -> int | None:
    """Return microseconds since 1970 of an ISO time or a number of seconds, milli-, micro- or nanoseconds.

    Examples
    --------
    >>> moment("1970-01-01T00:00:01.5Z"), moment(1_700_000_000_000), moment("soon"), moment(True)
    (1500000, 1700000000000000, None, None)
    """
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value.replace(",", "."))
        except ValueError:
            return None
        try:
            return micros(at if at.tzinfo else at.replace(tzinfo=UTC))
        except OverflowError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    for limit, factor in ((1e11, 1e6), (1e14, 1e3), (1e17, 1), (1e20, 1e-3)):
        if abs(value) < limit:
            return int(value * factor)
    return None


def _first(data: dict[str, Any], names: tuple[str, ...]) -> Any:
    """Take the first of some names out of the line; what stays is context."""
    for name in names:
        if name in data and not isinstance(data[name], dict):
            return data.pop(name)
    return None


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _level(value: Any) -> int:
    if isinstance(value, bool) or value is None:
        return 0
    if isinstance(value, int):
        return min(max(value, 0), 999)
    return (level_number(value) or 0) if isinstance(value, str) else 0


def _context(data: dict[str, Any]) -> Iterator[tuple[str, Scalar]]:
    found: list[tuple[str, Scalar]] = []
    for name in _CONTEXT:
        inner = data.get(name)
        if isinstance(inner, dict):
            del data[name]
            _flatten("", inner, found, 0)
    _flatten("", data, found, 0)
    return iter(found[:MAX_VALUES])


def _flatten(prefix: str, value: Any, found: list[tuple[str, Scalar]], depth: int) -> None:
    if len(found) >= MAX_VALUES:
        return
    if isinstance(value, dict):
        if depth >= _MAX_DEPTH:
            found.append((prefix, _text(value)[:_MAX_TEXT]))
            return
        for key, item in value.items():
            name = _name(key)
            _flatten(f"{prefix}.{name}" if prefix else name, item, found, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _flatten(prefix, item, found, depth + 1)
    elif value is not None and value != "":
        found.append((prefix, _scalar(value)))


def _name(key: str) -> str:
    """Return a name that can be searched by: other signs become _, dots at the ends or in a row go."""
    if key.isidentifier():
        return key
    clean = "".join(sign if sign.isalnum() or sign in "_-@/." else "_" for sign in key[:200])
    return ".".join(part for part in clean.split(".") if part) or "_"


def _scalar(value: Any) -> Scalar:
    if isinstance(value, str):
        return value[:_MAX_TEXT]
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if -(2**63) <= value < 2**63 else float(value) if abs(value) < 10**308 else str(value)[:_MAX_TEXT]
