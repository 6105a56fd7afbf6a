"""The only source of "now"."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["Clock", "now"]

Clock = Callable[[], datetime]
"""A function that returns the present moment, timezone-aware, in UTC."""


def now() -> datetime:
    """Return the present moment in UTC.

    Examples
    --------
    >>> now().tzinfo
    datetime.timezone.utc
    """
    return datetime.now(UTC)
