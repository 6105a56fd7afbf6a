"""In which forms a report can be had, and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMATS", "MEDIA_TYPES", "SUFFIXES", "check", "encoded"]

FORMATS = ("text", "html", "markdown", "csv", "json")
"""What every report can be written as."""

MEDIA_TYPES: Mapping[str, str] = {
    "text": "text/plain; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}

SUFFIXES: Mapping[str, str] = {"text": "txt", "html": "html", "markdown": "md", "csv": "csv", "json": "json"}


def check(format: str) -> None:  # noqa: A002 - the word people expect
    """Refuse a format that is not known."""
    if format not in FORMATS:
        raise InvalidInput(f"report format {format!r} is not known", hint=f"one of {', '.join(FORMATS)}")


def encoded(text: str) -> bytes:
    """Return UTF-8; half a surrogate pair, which UTF-8 does not have, is written as an escape."""
    return text.encode("utf-8", errors="backslashreplace")
