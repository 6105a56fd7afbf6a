"""Read one line of a log, JSON or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from monitor_core.logs.ingest.plain_lines import read_plain
from monitor_core.logs.ingest.structured import read_json

if TYPE_CHECKING:
    from datetime import tzinfo

    from monitor_core.logs.query.rows import LogRow

__all__ = ["read_line"]

_FIRST = -62_000_000_000_000_000  # the year 5
_LAST = 250_000_000_000_000_000  # the year 9892


def read_line(raw: str, fallback: int, zone: tzinfo = UTC) -> LogRow:
    """Read a line; whatever stands in it, it is kept.

    Parameters
    ----------
    fallback
        Its time when it says none (or one that cannot be), in microseconds.
    zone
        Of times that name none, in lines that are not JSON.

    Examples
    --------
    >>> read_line("no shape at all", 7).message
    'no shape at all'
    """
    row = read_json(raw, fallback) or read_plain(raw, fallback, zone)
    return row if _FIRST <= row.ts <= _LAST else replace(row, ts=fallback)
