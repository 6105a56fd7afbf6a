"""A row as a document of the index."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import tantivy

from monitor_core.logs.index.schema import DATE_GUARD

if TYPE_CHECKING:
    from monitor_core.logs.query.rows import LogRow, Scalar

__all__ = ["document", "guarded"]

_LOOKS_LIKE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def document(row: LogRow, raw: bytes, batch: int) -> tantivy.Document:
    """Return what the index holds of a row; `batch` rises with every commit."""
    made = tantivy.Document()
    made.add_integer("ts", row.ts)
    made.add_integer("level", row.level)
    made.add_integer("file_id", row.file_id)
    made.add_integer("end", row.end)
    made.add_integer("batch", batch)
    made.add_bytes("raw", raw)
    if row.file:
        made.add_text("file", row.file)
    _add(made, "message", row.message)
    _add(made, "exception", row.exception)
    if row.logger:
        made.add_text("logger", row.logger)
        made.add_text("words", row.logger)
        made.add_text("has", "logger")
    if row.trace_id:
        made.add_text("trace_id", row.trace_id)
        made.add_text("has", "trace_id")
    if row.context:
        made.add_json("context", _grouped(row.context, made))
    return made


def _add(made: tantivy.Document, field: str, text: str) -> None:
    if text:
        made.add_text(field, text)
        made.add_text("has", field)


def _grouped(context: tuple[tuple[str, Scalar], ...], made: tantivy.Document) -> dict[str, Scalar | list[Scalar]]:
    """Return the context as JSON; its texts are also searched by word."""
    grouped: dict[str, Scalar | list[Scalar]] = {}
    for name, value in context:
        if isinstance(value, str):
            made.add_text("words", value)
            value = guarded(value)  # noqa: PLW2901 - what follows stores it
        there = grouped.get(name)
        if there is None:
            grouped[name] = value
        elif isinstance(there, list):
            there.append(value)
        else:
            grouped[name] = [there, value]
    return grouped


def guarded(text: str) -> str:
    r"""Return a context text as the index holds it.

    Examples
    --------
    >>> guarded("AAPL"), guarded("2026-11-21T10:00:00Z")
    ('AAPL', '2026-11-21T10:00:00Z\x1f')
    """
    return text + DATE_GUARD if _LOOKS_LIKE_TIME.match(text) else text
