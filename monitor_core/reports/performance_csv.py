"""A performance report as CSV: one line a figure, in one table that a machine can filter."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from monitor_core.reports.csv import guard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from monitor_core.performance.results import Metric, WindowMetrics
    from monitor_core.reports.performance_document import PerformanceDocument

__all__ = ["COLUMNS", "render"]

COLUMNS = (
    "section",
    "version",
    "segment",
    "first",
    "last",
    "name",
    "estimate",
    "low",
    "high",
    "n",
    "coverage",
    "state",
    "note",
)
"""Names of the values of a line, in order; stable: new ones are added at the end."""


def render(document: PerformanceDocument) -> str:
    """Write the figures with one header line; text is guarded against being run as a formula.

    Sections: ``window``, ``window of 7 days`` and the like, ``segment`` and ``previous`` (every metric), ``baseline``,
    ``probability`` (of a fall by more than the share in `name`), ``advice``, ``rolling``, ``estimated``, ``truth``,
    ``evidence``, ``decision``.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    version = document.ref.version
    for line in _lines(document):
        writer.writerow({name: guard(value) for name, value in ({"version": version} | line).items()})
    return out.getvalue()


def _lines(document: PerformanceDocument) -> Iterator[dict[str, Any]]:
    found = document.found
    yield from _window("window", found.window)
    for name, window in found.windows:
        if window is not None:
            yield from _window(f"window of {name}", window)
    for window in found.segments:
        yield from _window("segment", window)
    if found.baseline is not None:
        yield from ({"section": "baseline", **_metric(metric)} for metric in found.baseline.metrics)
    for drop, share in found.window.probabilities.items():
        yield {"section": "probability", "name": f"{drop:g}", "estimate": share}
    yield {"section": "advice", "name": found.advice.action, "note": document.sentence}
    if found.comparison is not None:
        yield from _window("previous", found.comparison.other)
    yield from _over_time(document)
    for item in found.decisions:
        yield {
            "section": "decision",
            "first": item.decided_at.isoformat(),
            "name": item.action,
            "state": item.advised,
            "note": f"{item.decided_by}: {item.reason}",
        }


def _window(section: str, window: WindowMetrics) -> Iterable[dict[str, Any]]:
    shared = {
        "section": section,
        "version": window.ref.version,
        "segment": window.segment,
        "first": window.span.first if window.span else "",
        "last": window.span.last if window.span else "",
        "coverage": window.coverage,
        "state": window.state,
    }
    return [shared | _metric(metric) for metric in window.metrics]


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "estimate": metric.estimate,
        "low": metric.low,
        "high": metric.high,
        "n": metric.n,
        "note": metric.badge,
    }


def _over_time(document: PerformanceDocument) -> Iterator[dict[str, Any]]:
    rolling, estimated, evidence = document.found.rolling, document.found.estimated, document.found.sequential
    for place, granule in enumerate(rolling.granules):
        yield {
            "section": "rolling",
            "last": granule,
            "name": rolling.metric,
            "estimate": rolling.estimate[place],
            "low": rolling.low[place],
            "high": rolling.high[place],
            "n": rolling.n[place],
            "coverage": rolling.coverage[place],
            "state": "matured" if rolling.matured[place] else "labels still to come",
        }
    for place, granule in enumerate(estimated.granules):
        line = {"last": granule, "name": estimated.metric}
        bounds = {"low": estimated.low[place], "high": estimated.high[place]}
        yield {"section": "estimated", **line, "estimate": estimated.estimate[place], **bounds}
        if estimated.truth[place] is not None:
            yield {"section": "truth", **line, "estimate": estimated.truth[place]}
    for granule, value in zip(evidence.granules, evidence.e_values, strict=True):
        yield {"section": "evidence", "last": granule, "name": "e_value", "estimate": value}
