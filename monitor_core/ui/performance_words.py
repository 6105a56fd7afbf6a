"""Performance: metrics, advice and states in words and colours. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.reports.numbers import fixed, percent
from monitor_core.ui.text import plain
from monitor_core.ui.words import counted

if TYPE_CHECKING:
    from monitor_core.performance.advice import Advice
    from monitor_core.performance.results import BaselinePerformance, DelayCurve, Metric, WindowMetrics
    from monitor_core.ui.words import Colour

__all__ = [
    "ACTION",
    "DECISIONS",
    "METRICS",
    "advice_badge",
    "baseline_words",
    "change",
    "days_until_half",
    "held_value",
    "interval",
    "levels",
    "metric_row",
    "origin_words",
    "signed",
    "window_badge",
]

METRICS: dict[str, str] = {
    "f1": "F1",
    "precision": "Precision",
    "recall": "Recall",
    "accuracy": "Accuracy",
    "roc_auc": "ROC AUC",
    "average_precision": "Average precision",
    "brier": "Brier score",
    "log_loss": "Log loss",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration intercept",
    "calibration_error": "Calibration error",
}
"""What each metric is called on screen."""

ACTION: dict[str, tuple[str, Colour, str]] = {
    "keep": ("Keep", "green", ":material/check_circle:"),
    "watch": ("Watch", "orange", ":material/visibility:"),
    "retrain": ("Retrain", "red", ":material/model_training:"),
    "roll_back": ("Roll back", "red", ":material/undo:"),
    "not_enough_evidence": ("Not enough evidence", "gray", ":material/help:"),
}
"""Word, colour and icon of each advised action."""

DECISIONS: dict[str, str] = {
    "keep": "Keep the version",
    "watch": "Watch it",
    "retrain": "Retrain",
    "roll_back": "Roll back",
    "acknowledge": "Acknowledge the alarm",
}
"""What can be decided, in the order of the dialog."""

_DROP = {"minor": "Slightly below the baseline", "moderate": "Below the baseline", "severe": "Far below the baseline"}


def advice_badge(advice: Advice) -> tuple[str, Colour, str]:
    """Return the one badge of the page: what is advised."""
    return ACTION[advice.action]


def window_badge(window: WindowMetrics) -> tuple[str, Colour, str] | None:
    """Return what a reader must know of a window before believing it; None when there is nothing."""
    if window.state == "partial":
        return f"Partial: {percent(window.coverage, 0)} of the labels", "orange", ":material/hourglass_top:"
    if window.state == "full":
        return None
    return "No verdict yet", "gray", ":material/hourglass_empty:"


def interval(metric: Metric) -> str:
    """Return ``0.610 (0.536 – 0.680)``, or why there is nothing."""
    if metric.estimate is None:
        return metric.badge or "n/a"
    if metric.low is None or metric.high is None:
        return fixed(metric.estimate)
    return f"{fixed(metric.estimate)} ({fixed(metric.low)} – {fixed(metric.high)})"


def metric_row(metric: Metric, held: float | None) -> tuple[str, str, str, str, str, str, str]:
    """Return a metric as a row: name, value, interval, what it is held against, change, cases, what to know."""
    name = METRICS.get(metric.name, metric.name)
    bounds = f"{fixed(metric.low)} – {fixed(metric.high)}" if metric.estimate is not None else "–"
    known = [metric.badge] if metric.badge else []
    if metric.error_bound >= 0.0005:
        known.append(f"within {metric.error_bound:.3f}: scores are kept in bins")
    return (
        name,
        fixed(metric.estimate),
        bounds,
        fixed(held) if held is not None else "–",
        change(metric.estimate, held),
        f"{metric.n:,}",
        "; ".join(known),
    )


def change(now: float | None, held: float | None) -> str:
    """Return the difference from what a metric is held against, with its sign.

    Examples
    --------
    >>> change(0.725, 0.61), change(0.7, 0.7), change(None, 0.7)
    ('+0.115', '±0.000', '–')
    """
    if now is None or held is None:
        return "–"
    by = round(now - held, 3)
    return f"{_sign(by)}{abs(by):.3f}"


def signed(by: int) -> str:
    """Return a difference of counts with its sign.

    Examples
    --------
    >>> signed(1_200), signed(0)
    ('+1,200', '±0')
    """
    return f"{_sign(by)}{abs(by):,}"


def _sign(by: float) -> str:
    return "±" if by == 0 else "+" if by > 0 else "\N{MINUS SIGN}"


def levels(baseline_f1: float | None, drops: tuple[float, float, float]) -> list[tuple[float, str, str]]:
    """Return the lines of the F1 chart: (value, words, colour) of the baseline and the levels below it."""
    if baseline_f1 is None:
        return []
    _minor, moderate, severe = drops
    return [
        (baseline_f1, f"baseline {baseline_f1:.2f}", "muted"),
        ((1 - moderate) * baseline_f1, f"\N{MINUS SIGN}{moderate:.0%} moderate", "orange"),
        ((1 - severe) * baseline_f1, f"\N{MINUS SIGN}{severe:.0%} severe", "red"),
    ]


def baseline_words(baseline: BaselinePerformance | None) -> str:
    """Return what a version is held against, in a few words."""
    if baseline is None:
        return "no baseline"
    if baseline.counts is None:
        return f"baseline {baseline.number}: bare values, uncertainty unknown"
    return f"baseline {baseline.number}: {counted(baseline.counts.relevant, 'relevant case')}"


def held_value(baseline: BaselinePerformance | None, metric: str) -> float | None:
    """Return what a metric is held against; None where the baseline does not tell."""
    if baseline is None:
        return None
    if baseline.counts is None:
        return baseline.given.get(metric)
    return next((one.estimate for one in baseline.metrics if one.name == metric), None)


def origin_words(baseline: BaselinePerformance) -> str:
    """Return where a baseline came from (Markdown)."""
    origin = baseline.origin
    if origin.get("first"):
        return f"{origin['first']} – {origin['last']}"
    if origin.get("given"):
        return "bare values, uncertainty unknown"
    return plain(origin.get("file") or "an upload", limit=60)


def days_until_half(delays: DelayCurve, word: str) -> str:
    """Return how long labels take: the delay by which half has arrived, in granules."""
    if not delays.n:
        return "how late labels come is not known yet"
    for delay, share in zip(delays.delays, delays.arrived, strict=True):
        if share >= 0.5:
            return f"half of the labels after {counted(delay, word)}"
    return "fewer than half of the labels so far"
