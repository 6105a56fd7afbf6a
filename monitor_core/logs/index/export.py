"""Rows to take home: one JSON object a line, or CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from monitor_core.logs.query.fields import level_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from monitor_core.logs.query.rows import LogRow

__all__ = ["csv_lines", "guard", "json_lines", "moment_text", "record"]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets read full-width ones too
_COLUMNS = ("time", "level", "logger", "message", "trace_id", "exception", "file", "kind")


def moment_text(ts: int) -> str:
    """Return a row's time as ISO text in UTC.

    Examples
    --------
    >>> moment_text(1_500_000)
    '1970-01-01T00:00:01.500Z'
    """
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ts)
    digits = "microseconds" if ts % 1_000 else "milliseconds"
    return at.isoformat(timespec=digits).replace("+00:00", "Z")


def record(row: LogRow) -> dict[str, Any]:
    """Return what a row says, by name; context flat, several values as a list; what is empty is left out."""
    context: dict[str, Any] = {}
    for name, value in row.context:
        if name not in context:
            context[name] = value
        elif isinstance(context[name], list):
            context[name].append(value)
        else:
            context[name] = [context[name], value]
    found = {
        "time": moment_text(row.ts),
        "level": level_name(row.level),
        "logger": row.logger,
        "message": row.message,
        "trace_id": row.trace_id,
        "exception": row.exception,
        "context": context,
        "file": row.file,
        "kind": row.kind,
    }
    return {name: value for name, value in found.items() if value}


def json_lines(rows: Iterable[LogRow]) -> Iterator[str]:
    """Yield a row a line as JSON."""
    for row in rows:
        yield json.dumps(record(row), ensure_ascii=False) + "\n"


def csv_lines(rows: Sequence[LogRow]) -> Iterator[str]:
    """Yield rows as CSV, context in columns of its own; text is guarded against being run as a formula."""
    names = sorted({name for row in rows for name, _ in row.context})
    yield _line([*_COLUMNS, *(f"context.{name}" for name in names)])
    for row in rows:
        found = record(row)
        context = found.get("context", {})
        yield _line([*(found.get(name, "") for name in _COLUMNS), *(context.get(name, "") for name in names)])


def guard(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would run as a formula; numbers stay as they are.

    Examples
    --------
    >>> guard("=HYPERLINK(1)"), guard("timeout"), guard(-0.5)
    ("'=HYPERLINK(1)", 'timeout', -0.5)
    """
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def _line(cells: Iterable[Any]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([guard(cell) for cell in cells])
    return out.getvalue()
