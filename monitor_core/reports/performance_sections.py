"""The parts of a performance report in reading order: facts, tables and notes, the same in text, Markdown and HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.reports import performance_course as course
from monitor_core.reports import performance_history as history
from monitor_core.reports import performance_places as places
from monitor_core.reports.numbers import fixed
from monitor_core.reports.performance_document import counted
from monitor_core.reports.performance_section import Section, sentence
from monitor_core.reports.performance_words import (
    change,
    coverage,
    interval,
    moment,
    span,
    undefined,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from monitor_core.performance.results import WindowMetrics
    from monitor_core.reports.performance_document import PerformanceDocument

__all__ = ["head", "metric_table", "sections"]


def head(document: PerformanceDocument) -> Mapping[str, str]:
    """Say what the report is about, and as of when; names among the values are as the user wrote them."""
    found, window = document.found, document.found.window
    facts = {
        "Date": f"{document.as_of:%Y-%m-%d}",
        "Model": f"{found.model.title or document.ref.model_id} ({document.ref.model_id})",
        "Model Version": document.ref.version,
        "Window": span(window.span, document.word),
        "Label coverage": coverage(window),
        "Not due yet": counted(window.immature, "prediction"),
        "As of": moment(document.as_of),
    }
    if window.segment:
        facts["Segment"] = window.segment
    if found.model.owner:
        facts["Owner"] = found.model.owner
    if found.model.is_example:
        facts["Note"] = "this model is the example that comes with Bellwether; its data are made up"
    return facts


def sections(document: PerformanceDocument) -> tuple[Section, ...]:
    """Return every part but the head, the metrics of the window and the advice, which each form writes in its way."""
    parts = (
        course.probabilities,
        course.windows,
        course.over_time,
        course.evidence,
        course.estimate,
        course.labels,
        places.previous,
        places.goes_with,
        places.slices,
        places.segments,
        history.corrections,
        history.deployments,
        history.decisions,
        history.settings,
    )
    return tuple(section for part in parts for section in part(document))


def metric_table(document: PerformanceDocument) -> Section:
    """Return the metrics of the window beside the baseline's as a table."""
    rows = tuple(
        (
            line.title,
            undefined(line.metric),
            change(line),
            interval(line.metric),
            fixed(line.baseline),
            f"{line.metric.n:,}",
            line.metric.badge if line.metric.estimate is not None else "",
        )
        for line in document.lines
    )
    columns = ("Metric", "#Value", "#Change", "#95 % interval", "#Baseline", "#Cases", "Note")
    window = document.found.window
    return Section(
        "metrics",
        "Metrics",
        columns=columns,
        rows=rows,
        notes=(*map(sentence, window.reasons), *_bounds(window), *_clustered(window)),
    )


def _bounds(window: WindowMetrics) -> Iterator[str]:
    if window.f1_bounds is not None:
        worst, best = window.f1_bounds
        yield f"If every label still missing were wrong, F1 would be {worst:.3f}; if right, {best:.3f}."


def _clustered(window: WindowMetrics) -> Iterator[str]:
    if window.design_effect >= 1.05:
        source = {"granules": "granules", "blocks": "blocks of 7 granules", "entities": "entities"}
        kind = source.get(window.design_effect_from, window.design_effect_from)
        yield (
            f"Rows are not independent: design effect {window.design_effect:.1f} (by {kind}); every interval allows for"
            " it."
        )
