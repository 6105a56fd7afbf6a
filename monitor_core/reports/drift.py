"""The drift report of a saved run in any format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.errors import InvalidInput
from monitor_core.reports import csv, html, json, markdown, text
from monitor_core.reports.document import build, telling_granules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from monitor_core.drift.results import CellDetail, GranuleDrift, RunSummary
    from monitor_core.reports.document import Document
    from monitor_core.storage.models import Model

__all__ = ["FORMATS", "MEDIA_TYPES", "SUFFIXES", "check", "filename", "render", "telling_granules"]

_RENDERERS: Mapping[str, Callable[[Document], str]] = {
    "text": text.render,
    "html": html.render,
    "markdown": markdown.render,
    "csv": csv.render,
    "json": json.render,
}

FORMATS = tuple(_RENDERERS)
"""What `render` can write."""

MEDIA_TYPES: Mapping[str, str] = {
    "text": "text/plain; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}

SUFFIXES: Mapping[str, str] = {"text": "txt", "html": "html", "markdown": "md", "csv": "csv", "json": "json"}


def render(
    run: RunSummary,
    model: Model,
    granules: Sequence[GranuleDrift],
    details: Mapping[str, CellDetail],
    *,
    format: str,  # noqa: A002 - the word people expect
) -> bytes:
    """Write the report of a saved run.

    The same run gives the same bytes: the only time in it is when the run was made.

    Parameters
    ----------
    run, model
        The saved run and its model.
    granules
        Every result of the run, those of segments included.
    details
        Distributions and trend by feature, for the charts of the HTML form; may be empty. `telling_granules` says
        which granule's detail to load for each feature.
    format
        One of `FORMATS`.

    Returns
    -------
    bytes
        UTF-8.

    Raises
    ------
    InvalidInput
        When the format is not known.
    """
    check(format)
    return _RENDERERS[format](build(run, model, granules, details)).encode("utf-8", errors="backslashreplace")


def filename(run: RunSummary, format: str) -> str:  # noqa: A002 - the word people expect
    """Return a name for the downloaded file, of letters that every file system takes."""
    check(format)
    span = run.first_granule if run.first_granule == run.last_granule else f"{run.first_granule}_{run.last_granule}"
    return f"drift_{run.ref.model_id}_{run.ref.version}_{span.replace('#', '')}.{SUFFIXES[format]}"


def check(format: str) -> None:  # noqa: A002 - the word people expect
    """Refuse a format that is not known."""
    if format not in _RENDERERS:
        raise InvalidInput(f"report format {format!r} is not known", hint=f"one of {', '.join(FORMATS)}")
