"""What the environment says about logs, for services that write them: raw text, nothing else read, never an error."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["log_words"]


def log_words(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what was asked for, by the variable that says it: level under ``level``, shape under ``format``.

    A service that only writes logs must start whatever else its environment holds, so nothing is checked here; the
    writer warns about a word it does not know.

    Examples
    --------
    >>> log_words({"LOG_LEVEL": "debug", "MONITOR_LOG_FORMAT": "ecs", "MONITOR_PORT": "x"})
    {'level': 'debug', 'format': 'ecs'}
    """
    environ = os.environ if environ is None else environ
    found = {}
    for word in ("level", "format"):
        value = environ.get(f"MONITOR_LOG_{word.upper()}") or environ.get(f"LOG_{word.upper()}")
        if value:
            found[word] = value
    return found
