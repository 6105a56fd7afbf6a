"""Figures and moments of a performance report as a reader sees them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.performance.advice_phrases import percent as probability
from monitor_core.reports.numbers import MISSING, fixed, percent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor_core.performance.results import BaselinePerformance, Metric, Span, WindowMetrics
    from monitor_core.reports.performance_document import MetricLine
    from monitor_core.values import Severity

__all__ = [
    "ACTIONS",
    "LEVELS",
    "STATES",
    "change",
    "coverage",
    "drops",
    "interval",
    "level",
    "moment",
    "origin",
    "span",
    "undefined",
]

ACTIONS = {
    "keep": "KEEP",
    "watch": "WATCH",
    "retrain": "RETRAIN",
    "roll_back": "ROLL BACK",
    "not_enough_evidence": "NOT ENOUGH EVIDENCE",
    "acknowledge": "ACKNOWLEDGE",
}
"""What is advised or was decided, as a reader sees it."""

STATES = {"full": "full", "partial": "partial", "not_enough": "not enough", "none": "nothing matured"}
"""What a window can carry."""

LEVELS: Mapping[str, str] = {"none": "none", "low": "minor", "moderate": "moderate", "high": "severe"}
"""The document's word for each severity of a fall."""


def moment(at: datetime) -> str:
    """Write a moment to the microsecond where it has any: it is what reproduces the report.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> moment(datetime(2026, 11, 23, 5, 30, tzinfo=UTC))
    '2026-11-23 05:30:00 UTC'
    """
    return f"{at.replace(tzinfo=None).isoformat(' ')} UTC"


def span(shown: Span | None, word: str) -> str:
    """Write a span: ``2026-10-11 to 2026-11-09 (30 days)``."""
    if shown is None:
        return "none: no prediction has matured"
    label = shown.first if shown.first == shown.last else f"{shown.first} to {shown.last}"
    return f"{label} ({shown.granules:,} {word}{'' if shown.granules == 1 else 's'})"


def interval(metric: Metric, digits: int = 3) -> str:
    """Write a 95 % interval; ``n/a`` without one."""
    if metric.low is None or metric.high is None:
        return MISSING
    return f"{fixed(metric.low, digits)} to {fixed(metric.high, digits)}"


def undefined(metric: Metric) -> str:
    """Write a metric's value, or why it has none."""
    return fixed(metric.estimate) if metric.estimate is not None else metric.badge or "undefined"


def change(line: MetricLine) -> str:
    """Write the change against the baseline: ``↓ 7%``; empty where there is nothing to compare with."""
    if line.change is None:
        return ""
    whole = round(100.0 * line.change)
    return f"{'↓' if whole < 0 else '↑'} {abs(whole)}%" if whole else "unchanged"


def drops(probabilities: Mapping[float, float]) -> Mapping[str, str]:
    """Write how sure each size of a fall is: ``more than 5 %`` to ``65.6 %``."""
    return {
        "at all" if level == 0 else f"by more than {100 * level:g} %": probability(value)
        for level, value in probabilities.items()
    }


def origin(baseline: BaselinePerformance) -> str:
    """Say where a baseline comes from."""
    held = baseline.origin
    made = f"no. {baseline.number}, {baseline.created_at:%Y-%m-%d}"
    if baseline.counts is None:
        return f"{made}, values as given: baseline uncertainty unknown"
    rows = f"{baseline.counts.labelled:,} labelled rows"
    if "first" in held:
        return f"{made}, {rows}, {held['first']} to {held['last']}"
    return f"{made}, {rows}, file {held['file']}" if held.get("file") else f"{made}, {rows}"


def coverage(window: WindowMetrics) -> str:
    """Write how many of the due labels have arrived."""
    if window.coverage is None:
        return "nothing is due"
    return f"{percent(window.coverage)} ({window.counts.labelled:,} of {window.due:,} due)"


def level(severity: Severity) -> str:
    """Write the size of a fall in the document's words."""
    return LEVELS.get(severity.value, severity.value)
