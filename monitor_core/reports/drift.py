"""The drift report of a saved run in any format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.reports import csv, html, json, markdown, text
from monitor_core.reports.document import build, telling_granules
from monitor_core.reports.formats import FORMATS, MEDIA_TYPES, SUFFIXES, check, encoded

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
    return encoded(_RENDERERS[format](build(run, model, granules, details)))


def filename(run: RunSummary, format: str) -> str:  # noqa: A002 - the word people expect
    """Return a name for the downloaded file, of letters that every file system takes."""
    check(format)
    span = run.first_granule if run.first_granule == run.last_granule else f"{run.first_granule}_{run.last_granule}"
    return f"drift_{run.ref.model_id}_{run.ref.version}_{span.replace('#', '')}.{SUFFIXES[format]}"
