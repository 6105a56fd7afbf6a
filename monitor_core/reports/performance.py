"""The performance report of a model version in any format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.reports import (
    performance_csv,
    performance_html,
    performance_json,
    performance_markdown,
    performance_text,
)
from monitor_core.reports.formats import FORMATS, MEDIA_TYPES, SUFFIXES, check, encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor_core.reports.performance_document import PerformanceDocument

__all__ = ["FORMATS", "MEDIA_TYPES", "SUFFIXES", "check", "filename", "render"]

_RENDERERS: Mapping[str, Callable[[PerformanceDocument], str]] = {
    "text": performance_text.render,
    "html": performance_html.render,
    "markdown": performance_markdown.render,
    "csv": performance_csv.render,
    "json": performance_json.render,
}


def render(document: PerformanceDocument, *, format: str) -> bytes:  # noqa: A002 - the word people expect
    """Write the report; the same document gives the same bytes.

    Raises
    ------
    InvalidInput
        When the format is not one of `FORMATS`.
    """
    check(format)
    return encoded(_RENDERERS[format](document))


def filename(document: PerformanceDocument, format: str) -> str:  # noqa: A002 - the word people expect
    """Return a name for the downloaded file, of letters that every file system takes."""
    check(format)
    shown = document.found.window.span
    name = "none" if shown is None else shown.first if shown.first == shown.last else f"{shown.first}_{shown.last}"
    ref = document.ref
    return f"performance_{ref.model_id}_{ref.version}_{name.replace('#', '')}.{SUFFIXES[format]}"
