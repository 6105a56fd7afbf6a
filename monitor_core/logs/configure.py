"""`setup_logging`: one call at a service's start, and everything it logs stands in three files and on stdout."""

from __future__ import annotations

import logging
import warnings
from contextlib import suppress
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor_core.clock import now as real_now
from monitor_core.logs.audit_writer import AuditFileHandler, AuditFormatter
from monitor_core.logs.formats import FORMATS
from monitor_core.logs.formatter import JSONFormatter
from monitor_core.logs.writer import DailyFileHandler, OutputHandler
from monitor_core.settings.logs import log_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from monitor_core.clock import Clock
    from monitor_core.logs.redaction import Redaction

__all__ = ["AUDIT_LOGGER", "read_level", "setup_logging"]

AUDIT_LOGGER = "audit"
"""Name of the logger whose lines stand in ``audit.log``, and nowhere else."""

_LEVELS = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "FATAL": logging.CRITICAL,
    "CRITICAL": logging.CRITICAL,
}
_LOG = logging.getLogger("monitor_core.logs")


class _Unsaid(str):
    """A default, to be told from the same word given by a caller."""

    __slots__ = ()


_INFO = _Unsaid("INFO")


def setup_logging(
    log_level: str | int = _INFO,
    log_dir: str | PathLike[str] = "logs",
    *,
    log_format: str | None = None,
    stdout: bool = True,
    service: Mapping[str, str] | None = None,
    redaction: Redaction | bool = True,
    zone: str | tzinfo = UTC,
    max_bytes: int = 100 * 1024 * 1024,
    keep_days: int = 30,
    keep_audit_days: int = 90,
    audit_key: bytes | None = None,
    now: Clock = real_now,
) -> logging.Logger:
    """Write everything that is logged as JSON lines, and return the root logger.

    ``app.log`` holds all lines, ``errors.log`` those from ERROR on, ``audit.log`` the predictions
    (`log_prediction_audit`). Several processes may write the same folder. Called again, everything moves to the new
    folder and takes the new options; handlers that others added stay as they are.

    Parameters
    ----------
    log_level
        Least level that is written: a name in any case, or a number. Not given: ``LOG_LEVEL`` of the environment,
        else INFO. A word that is no level warns and means INFO.
    log_dir
        Folder of the files; made when it is missing. Where it cannot be written, that is said once on standard
        error and the service goes on.
    log_format
        ``native``, ``ecs``, ``otel``, ``datadog`` or ``splunk``; None: ``LOG_FORMAT``, else native. The audit log is
        native always.
    stdout
        Whether the lines also go to standard output.
    service
        ``name``, ``version``, ``environment``, ``host``: stands in every line.
    redaction
        What is hidden: True (as documented), False, or a `Redaction`. The audit log hides nothing.
    zone
        Where midnight is counted, such as "Asia/Kolkata"; an unknown name warns and means UTC. Timestamps are UTC.
    max_bytes
        Size from which a file is closed before midnight.
    keep_days, keep_audit_days
        Days that closed files are kept, by the date in their names.
    audit_key
        What the audit's daily seals are signed with (HMAC-SHA256); keep it where the logs are not.
    now
        The source of time.
    """
    asked, said = log_words(), []
    wished = asked.get("level", log_level) if log_level is _INFO else log_level
    level = read_level(wished)
    if level is None:
        said.append(f"{wished!r} is not a log level (allowed are DEBUG, INFO, WARNING, ERROR, CRITICAL); INFO is used")
    shape = log_format if log_format is not None else asked.get("format", "native")
    if shape not in FORMATS:
        said.append(f"{shape!r} is not a log format (allowed are {', '.join(FORMATS)}); native is used")
    place = _zone(zone)
    if place is None:
        said.append(f"{zone!r} is not a time zone; midnight is counted in UTC")

    folder = Path(log_dir)
    options: dict[str, Any] = {"max_bytes": max_bytes, "zone": place or UTC, "now": now}
    formatter = JSONFormatter(shape, service=service, redaction=redaction)
    handlers: list[logging.Handler] = [
        DailyFileHandler(folder / name, keep_days=keep_days, **options) for name in ("app.log", "errors.log")
    ]
    handlers[1].setLevel(logging.ERROR)
    if stdout:
        handlers.append(OutputHandler())
    for handler in handlers:
        handler.setFormatter(formatter)
    trail = AuditFileHandler(folder / "audit.log", keep_days=keep_audit_days, seal_key=audit_key, **options)
    trail.setFormatter(AuditFormatter(service=service))

    root, audit = logging.getLogger(), logging.getLogger(AUDIT_LOGGER)
    _replace(root, handlers)
    _replace(audit, [trail])
    root.setLevel(logging.INFO if level is None else level)
    audit.setLevel(logging.INFO)  # what was predicted is written whatever the level of the rest
    audit.propagate = False
    _begin([*handlers, trail])
    for sentence in said:
        _warn(sentence)
    return root


def read_level(level: str | int) -> int | None:
    """Return a level's number; None for what is no level.

    Examples
    --------
    >>> read_level("warning"), read_level("15"), read_level("LOUD")
    (30, 15, None)
    """
    if isinstance(level, int):
        return int(level) if level >= 0 else None
    word = str(level).strip().upper()
    if word.isdecimal() and len(word) <= 3:
        return int(word)
    return _LEVELS.get(word)


def _zone(zone: str | tzinfo) -> tzinfo | None:
    if isinstance(zone, tzinfo):
        return zone
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - brings sysconfig along; most services count midnight in UTC

    try:
        return ZoneInfo(zone)
    except (OSError, ValueError, LookupError):  # unknown, no name at all, no time zones on this machine
        return None


def _replace(logger: logging.Logger, handlers: list[logging.Handler]) -> None:
    """Exchange our handlers: the new ones first, so that no line falls between."""
    ours = [handler for handler in logger.handlers if isinstance(handler, (DailyFileHandler, OutputHandler))]
    for handler in handlers:
        logger.addHandler(handler)
    for handler in ours:
        logger.removeHandler(handler)
        handler.close()


def _begin(handlers: list[logging.Handler]) -> None:
    """Make folder and files, and go on with what an earlier process left: compressing, sealing, retention."""
    for handler in handlers:
        if isinstance(handler, DailyFileHandler):
            handler.begin()


def _warn(sentence: str) -> None:
    with suppress(Warning):  # where warnings are errors, the line in the log has to do
        warnings.warn(sentence, RuntimeWarning, stacklevel=3)
    _LOG.warning("%s", sentence)
