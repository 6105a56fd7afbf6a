"""The JSON line: our formatter on top of python-json-logger's, for any handler."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pythonjsonlogger.core import BaseJsonFormatter

from monitor_core.logs.context import current
from monitor_core.logs.formats import FORMATS
from monitor_core.logs.record import LIMITS, Entry, entry_of, timestamp
from monitor_core.logs.redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Mapping
    from logging import LogRecord

    from monitor_core.logs.plain import Limits

__all__ = ["LONGEST_LINE", "JSONFormatter"]

LONGEST_LINE = 256 * 1024
"""Bytes of UTF-8 that a line has at most."""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(", ", ": ")).encode

# What steers a terminal or hides text: C1 controls, zero-width and bidi characters, separators, soft hyphen, tags,
# lone surrogates, noncharacters. JSON itself escapes C0 only; these stand as \u.... and are the same text once read.
_HIDING = re.compile(
    "[\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_NARROWER = (1, 8, 64, 512)


class JSONFormatter(BaseJsonFormatter):
    """Write each record as one line of JSON, at most 256 KB; never an exception.

    Parameters
    ----------
    log_format
        ``native``, ``ecs``, ``otel``, ``datadog`` or ``splunk``; an unknown one means native.
    service
        What the lines say about the service: ``name``, ``version``, ``environment``, ``host``.
    redaction
        What is hidden: True (key names and patterns, as documented), False, or a `Redaction` of one's own.

    Examples
    --------
    >>> import logging
    >>> record = logging.LogRecord("api", logging.INFO, "api.py", 1, "scored", None, None)
    >>> record.created, record.context = 1763116200.123, {"ticker": "AAPL"}
    >>> JSONFormatter().format(record)
    '{"timestamp": "2025-11-14T10:30:00.123Z", "level": "INFO", "logger": "api", "message": "scored", "context": {"ticker": "AAPL"}}'
    """  # noqa: E501 - one line of a log

    longest = LONGEST_LINE

    def __init__(
        self,
        log_format: str = "native",
        *,
        service: Mapping[str, str] | None = None,
        redaction: Redaction | bool = True,
    ) -> None:
        super().__init__()
        self.log_format = log_format if log_format in FORMATS else "native"
        self._shape = FORMATS[self.log_format]
        self._service = dict(service or {})
        self._redaction = (Redaction() if redaction else None) if isinstance(redaction, bool) else redaction

    def format(self, record: LogRecord) -> str:
        """Return the line, without its end."""
        try:
            for narrower in _NARROWER:
                line = self._within(record, LIMITS if narrower == 1 else LIMITS.divided(narrower))
                if len(line) * 4 <= self.longest or len(line.encode("utf-8")) <= self.longest:
                    return line
        except Exception as error:  # noqa: BLE001 - a line that says so is better than none, and than an exception
            return self._least(record, f"this record could not be written: {type(error).__name__}")
        return self._least(record, "this record was too long")

    def jsonify_log_record(self, log_data: Mapping[str, Any]) -> str:
        """Return the data as JSON on one line, with characters that hide or steer text written as escapes."""
        text = _encode(log_data)
        return text if text.isascii() else _HIDING.sub(_escaped, text)

    def _within(self, record: LogRecord, limits: Limits) -> str:
        redaction = self._redaction
        line = self._line(entry_of(record, current(), redaction=redaction, scrub=False, limits=limits))
        if redaction is None or not redaction.suspects(line):
            return line
        return self._line(entry_of(record, current(), redaction=redaction, limits=limits))

    def _line(self, entry: Entry) -> str:
        return self.jsonify_log_record(self._shape(entry, self._service))

    def _least(self, record: LogRecord, reason: str) -> str:
        """Return a line of which nothing comes from outside but the logger's level."""
        level = record.levelno if type(record.levelno) is int else 0
        name = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}.get(level, "INFO")
        created = record.created if type(record.created) is float else 0.0
        return self._line(Entry(timestamp(created), created, name, level, "monitor_core.logs", reason))


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
