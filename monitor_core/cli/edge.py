"""The outer edge of the command line: what a command raises becomes a line on stderr and an exit code."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from monitor_core.errors import Cancelled, MissingExtra, MonitorError, Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BAD_USAGE", "FINDING", "FINE", "SOURCE_DOWN", "UNEXPECTED", "exit_code", "run"]

FINE, FINDING, BAD_USAGE, SOURCE_DOWN = 0, 1, 2, 3
UNEXPECTED = 70
"""A fault of the program itself (EX_SOFTWARE of sysexits.h)."""
INTERRUPTED = 130

_log = logging.getLogger(__name__)


def run(command: Callable[[], object]) -> int:
    """Run a command; return its exit code, with every error told on stderr, never as a traceback."""
    try:
        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except MonitorError as error:
        _tell(error)
        return exit_code(error)
    except Exception as error:  # noqa: BLE001 - the outer edge: report and carry on
        return _unexpected(error)
    return FINE


def exit_code(error: MonitorError) -> int:
    """Return 3 for a source that is down, 130 for cancelled work, 2 for what the caller can mend."""
    if isinstance(error, Unavailable | MissingExtra):
        return SOURCE_DOWN
    return INTERRUPTED if isinstance(error, Cancelled) else BAD_USAGE


def _tell(error: MonitorError) -> None:
    _say(f"error: {error.message}")
    for reason in error.reasons if isinstance(error, Refused) else ():
        _say(f"  - {reason}")
    if error.hint:
        _say(f"hint: {error.hint}")


def _unexpected(error: Exception) -> int:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - heavy, and only needed when something went wrong

    _log.debug("the error in full", exc_info=error)
    if isinstance(error, SQLAlchemyError):
        _say(f"error: the database did not answer as it should ({type(error).__name__})")
        _say("hint: `doctor` shows which database is configured and whether it can be reached")
        return SOURCE_DOWN
    _say(f"error: unexpected {type(error).__name__}: {error}")
    _say("hint: this is a fault of the program; set MONITOR_LOG_LEVEL=DEBUG for the details and report it")
    return UNEXPECTED


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
