"""A performance report as one HTML file: nothing is loaded from anywhere, nothing runs in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.reports.numbers import fixed, percent
from monitor_core.reports.page import style, templates
from monitor_core.reports.performance_charts import charts
from monitor_core.reports.performance_sections import head, metric_table, sections
from monitor_core.reports.performance_words import ACTIONS, change, interval, origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor_core.reports.performance_document import PerformanceDocument

__all__ = ["render"]

_TONES = {"keep": "none", "watch": "moderate", "retrain": "high", "roll_back": "critical"}


def render(document: PerformanceDocument) -> str:
    """Write the report as a page for screen (light and dark), phone and paper.

    Whatever comes from the data is escaped; a content policy in the file forbids scripts and requests on top.
    """
    advice, baseline = document.found.advice, document.found.baseline
    return (
        templates()
        .get_template("performance.html.j2")
        .render(
            document=document,
            advice=advice,
            action=ACTIONS.get(advice.action, advice.action),
            tone=_TONES.get(advice.action, "undecided"),
            head=head(document),
            tiles=_tiles(document),
            metrics=metric_table(document),
            sections=sections(document),
            charts=charts(document),
            origin="none: there is nothing to hold F1 against" if baseline is None else origin(baseline),
            style=style("performance.css"),
        )
    )


def _tiles(document: PerformanceDocument) -> Mapping[str, tuple[str, str]]:
    """Give the figures at the top with what stands below each."""
    found = {line.metric.name: line for line in document.lines}
    tiles = {}
    for name in ("f1", "precision", "recall", "roc_auc"):
        line = found[name]
        moved = change(line)
        below = f"{interval(line.metric)}{f', {moved}' if moved else ''}"
        tiles[line.title] = (fixed(line.metric.estimate), below)
    window = document.found.window
    tiles["Labels"] = (percent(window.coverage, 0), f"{window.counts.labelled:,} of {window.due:,} due")
    return tiles
