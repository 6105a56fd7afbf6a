"""A `logging.LogRecord` -> one entry, bounded and redacted; pure, and never an exception."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from time import gmtime, strftime
from typing import TYPE_CHECKING, Any

from monitor_core.logs.context import Bound
from monitor_core.logs.plain import Converter, Limits, cut, cut_middle, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from logging import LogRecord
    from types import TracebackType

    from monitor_core.logs.redaction import Redaction

__all__ = ["AUDIT_FIELDS", "LIMITS", "Entry", "Failure", "entry_of", "timestamp"]

AUDIT_FIELDS = "monitor_core_fields"
"""The record's attribute that holds what stands at the top of its line, beside the usual keys."""

LIMITS = Limits()
_LONGEST_NAME = 256
_NOT_CONTEXT = frozenset({
    "args", "asctime", "color_message", "context", "created", "exc_info", "exc_text", "filename", "funcName",
    "levelname", "levelno", "lineno", "message", "module", "msecs", "msg", "name", "pathname", "process",
    "processName", "relativeCreated", "stack_info", "taskName", "thread", "threadName", "trace_id", AUDIT_FIELDS,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception, in the parts that formats ask for."""

    kind: str
    message: str
    traceback: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line, before a format gives it its shape."""

    timestamp: str
    """ISO 8601 in UTC, with milliseconds and Z."""
    created: float
    level: str
    severity: int
    """Python's number of the level: 10 DEBUG ... 50 CRITICAL."""
    logger: str
    message: str
    context: Mapping[str, Any] = field(default_factory=dict)
    trace_id: str = ""
    span_id: str = ""
    failure: Failure | None = None
    stack: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    process: int = 0
    thread: str = ""


def entry_of(
    record: LogRecord,
    bound: Bound | None = None,
    *,
    redaction: Redaction | None = None,
    scrub: bool = True,
    limits: Limits = LIMITS,
) -> Entry:
    """Return what a record says.

    Parameters
    ----------
    record
        Its attributes `trace_id` and `context` (from ``extra``) come before what is bound; every other attribute
        that ``extra`` added is part of the context.
    bound
        Trace and context of the running task.
    redaction
        What is hidden; None hides nothing.
    scrub
        Whether texts are searched for what must be hidden; key names always are.
    limits
        What does not fit is cut, with a mark.

    Examples
    --------
    >>> import logging
    >>> record = logging.LogRecord("api", logging.INFO, "api.py", 1, "scored %d rows", (3,), None)
    >>> record.model = "churn"
    >>> entry = entry_of(record, Bound({"ticker": "AAPL"}))
    >>> entry.level, entry.message, entry.context
    ('INFO', 'scored 3 rows', {'ticker': 'AAPL', 'model': 'churn'})
    """
    bound = Bound() if bound is None else bound
    secret = redaction.secret if redaction is not None else None
    redaction = redaction if scrub else None
    converter = Converter(limits, secret=secret, scrub=redaction.scrub if redaction is not None else None)
    attributes = record.__dict__
    fields = attributes.get(AUDIT_FIELDS)
    trace_id, span_id = _trace(attributes.get("trace_id"), bound, limits)
    context = _context(attributes, bound)
    failure = _failure(record, limits, redaction)
    stack = record.stack_info
    return Entry(
        timestamp=timestamp(record.created),
        created=record.created,
        level=_short(record.levelname),
        severity=record.levelno,
        logger=_short(record.name),
        message=_message(record, limits, redaction),
        context=converter.mapping(context) if context else {},
        trace_id=trace_id,
        span_id=span_id,
        failure=failure,
        stack=_trimmed(stack, limits, redaction) if stack else "",
        fields=Converter(limits).mapping(fields) if fields else {},
        process=record.process or 0,
        thread=_short(record.threadName or ""),
    )


_second: tuple[int, str] = (0, "1970-01-01T00:00:00")


def timestamp(created: float) -> str:
    """Return seconds since 1970 as ISO 8601 in UTC, with milliseconds (cut, not rounded: no line is in the future).

    Examples
    --------
    >>> timestamp(1763116200.1239), timestamp(float("nan"))
    ('2025-11-14T10:30:00.123Z', '1970-01-01T00:00:00.000Z')
    """
    global _second  # noqa: PLW0603 - the text of the running second; a race only makes it anew
    try:
        whole, milliseconds = divmod(int(created * 1000), 1000)
        known = _second
        if known[0] != whole:
            known = _second = (whole, strftime("%Y-%m-%dT%H:%M:%S", gmtime(whole)))
        return f"{known[1]}.{milliseconds:03d}Z"
    except (ValueError, OverflowError, OSError, TypeError):
        return "1970-01-01T00:00:00.000Z"


def _short(name: object) -> str:
    return name if type(name) is str and len(name) <= _LONGEST_NAME else cut(str(name), _LONGEST_NAME)


def _context(attributes: Mapping[str, Any], bound: Bound) -> dict[Any, Any]:
    context: dict[Any, Any] = dict(bound.context)
    given = attributes.get("context")
    if given is not None:
        _merge(context, given, "context")
    # Extras stand last in a record's dictionary; names with an underscore are other handlers' own.
    for name in attributes:
        if name not in _NOT_CONTEXT and not (type(name) is str and name.startswith("_")):
            context[name] = attributes[name]
    message = attributes.get("msg")
    if type(message) is dict and not attributes.get("args"):
        _merge(context, {key: value for key, value in message.items() if key != "message"}, "message")
    return context


def _merge(context: dict[Any, Any], given: object, name: str) -> None:
    try:
        context.update(given)  # type: ignore[call-overload]
    except Exception:  # noqa: BLE001 - no mapping, or one that fails
        context[name] = given


def _trace(given: object, bound: Bound, limits: Limits) -> tuple[str, str]:
    trace = bound.trace
    if given is None or given == "":
        return (trace.trace_id, trace.span_id) if trace else ("", "")
    text = given if type(given) is str else str(Converter(limits).value(given))
    return cut(text, _LONGEST_NAME), trace.span_id if trace and trace.trace_id == text else ""


def _message(record: LogRecord, limits: Limits, redaction: Redaction | None) -> str:
    message = record.msg
    try:
        if type(message) is dict and not record.args:
            text = str(message.get("message", ""))
        elif record.args or type(message) is not str:
            text = record.getMessage()
        else:
            text = message
        text = text if type(text) is str else str.__str__(text)
    except Exception as error:  # noqa: BLE001 - wrong placeholders, or a foreign __str__
        shown = message if type(message) is str else text_of(message, limits.message_bytes)
        text = f"{shown} [{type(error).__name__}; args {text_of(record.args, 1_024)}]"
    if redaction is not None:
        text = redaction.scrub(text[: limits.message_bytes + 1024])
    return cut(text, limits.message_bytes)


def _failure(record: LogRecord, limits: Limits, redaction: Redaction | None) -> Failure | None:
    info = record.exc_info
    if not info:
        text = record.exc_text
        return Failure("", "", _trimmed(text, limits, redaction)) if text else None
    if not isinstance(info, tuple) or len(info) != 3 or info[1] is None:
        return None
    kind, error, trail = info
    try:
        name = f"{kind.__module__}.{kind.__qualname__}" if kind.__module__ != "builtins" else kind.__qualname__
    except Exception:  # noqa: BLE001 - a metaclass may do anything
        name = "Exception"
    return Failure(
        _short(name),
        _trimmed(_said(error), Limits(exception_bytes=1_024), redaction),
        _trimmed(_written(kind, error, trail), limits, redaction),
    )


def _said(error: BaseException) -> str:
    try:
        return str.__str__(str(error))
    except Exception as failed:  # noqa: BLE001 - a foreign __str__
        return f"<str failed with {type(failed).__name__}>"


def _written(kind: type[BaseException], error: BaseException, trail: TracebackType | None) -> str:
    try:
        return "".join(traceback.format_exception(kind, error, trail)).rstrip("\n")
    except Exception as failed:  # noqa: BLE001 - a traceback that cannot be shown must not hide the line
        return f"{_said(error)} <traceback failed with {type(failed).__name__}>"


def _trimmed(text: object, limits: Limits, redaction: Redaction | None) -> str:
    known = text if type(text) is str else text_of(text, limits.exception_bytes)
    known = cut_middle(known, limits.exception_bytes)
    return known if redaction is None else redaction.scrub(known)
