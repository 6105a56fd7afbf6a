"""What a performance report says, worked out once: text, tables and charts of every format read this one object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor_core.values import Severity

if TYPE_CHECKING:
    from datetime import datetime

    from monitor_core.insight.breakdown import GoesWith, WorstSlices
    from monitor_core.performance.advice import Advice
    from monitor_core.performance.results import (
        BaselinePerformance,
        Comparison,
        Correction,
        Decision,
        DelayCurve,
        Estimated,
        Metric,
        Rolling,
        Sequential,
        WindowMetrics,
    )
    from monitor_core.settings import PerformanceSettings
    from monitor_core.storage.deployments import Deployment
    from monitor_core.storage.models import Model
    from monitor_core.values import ModelRef

__all__ = ["LESS_IS_BETTER", "TITLES", "Findings", "MetricLine", "PerformanceDocument", "build", "counted"]

TITLES = {
    "f1": "F1 Score",
    "precision": "Precision",
    "recall": "Recall",
    "roc_auc": "ROC-AUC",
    "average_precision": "Average precision",
    "brier": "Brier score",
    "log_loss": "Log loss",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration intercept",
    "calibration_error": "Calibration error",
}
"""What people call each metric."""

LESS_IS_BETTER = frozenset({"brier", "log_loss", "calibration_error"})
"""Metrics that get worse by rising."""

_RELATIVE = frozenset({"f1", "precision", "recall", "roc_auc", "average_precision", "brier", "log_loss"})
"""Metrics whose change in percent means something."""

_BASIS = {"f1": "relevant case", "precision": "predicted positive", "recall": "actual positive"}
_SCORED = "prediction with a probability"

_STATUS = {
    "none": "NO DEGRADATION",
    "minor": "MINOR DEGRADATION",
    "moderate": "MODERATE DEGRADATION",
    "severe": "SEVERE DEGRADATION",
}

_STEPS = {
    "roll_back": (
        "Roll back to the previous version: the evidence carries it",
        "Retrain on recent data before the next deployment",
        "Review the drift report for feature changes",
    ),
    "retrain": (
        "Retrain on recent data",
        "Review the drift report for feature changes",
        "No rollback: the reasons say why",
    ),
    "watch": (
        "Watch: look again when more labels have arrived; neither retraining nor rollback is carried by the evidence",
        "Review the drift report for feature changes",
    ),
    "keep": ("Continue monitoring",),
    "fault": (
        "Fix the feed first: until the inputs are right, the model cannot be blamed",
        "Look again when the inputs are right and labels have arrived",
    ),
    "not_enough_evidence": ("Wait for more labels: no verdict can be given yet",),
}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Findings:
    """Everything that a report is made of, all as known at the moment of the window.

    Attributes
    ----------
    windows
        The usual windows and what they are called; None: not available at this granularity.
    rolling
        F1 of the window that ends at each granule.
    comparison
        With the version that served before.
    deployments
        Of the model, as known then, the latest first.
    evidence_sha256
        Of the evidence behind the advice, as a decision keeps it.
    """

    model: Model
    settings: PerformanceSettings
    window: WindowMetrics
    windows: tuple[tuple[str, WindowMetrics | None], ...]
    segments: tuple[WindowMetrics, ...]
    baseline: BaselinePerformance | None
    advice: Advice
    evidence_sha256: str
    rolling: Rolling
    sequential: Sequential
    estimated: Estimated
    delays: DelayCurve
    comparison: Comparison | None
    goes_with: GoesWith
    slices: WorstSlices
    corrections: tuple[Correction, ...]
    decisions: tuple[Decision, ...]
    deployments: tuple[Deployment, ...]


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One metric of the window beside the baseline's.

    Attributes
    ----------
    title
        What people call it.
    basis
        What it rests on, counted: ``167 relevant cases``.
    baseline
        The baseline's value; None where it has none.
    change
        (value - baseline) / baseline; None without either, and for metrics whose ratio means nothing.
    is_worse
        Whether the change is for the worse.
    """

    metric: Metric
    title: str
    basis: str
    baseline: float | None
    change: float | None
    is_worse: bool


@dataclass(frozen=True, slots=True, eq=False)
class PerformanceDocument:
    """A performance report, independent of its format.

    Attributes
    ----------
    found
        What it is made of.
    status
        The size of the fall in capitals: by size alone, which is no evidence.
    sentence
        The advice's first reason: what decided.
    lines
        The metrics of the window.
    steps
        What to do next.
    """

    found: Findings
    status: str
    sentence: str
    lines: tuple[MetricLine, ...]
    steps: tuple[str, ...]

    @property
    def ref(self) -> ModelRef:
        """The model version."""
        return self.found.window.ref

    @property
    def as_of(self) -> datetime:
        """The moment as of which everything was known."""
        return self.found.window.as_of

    @property
    def word(self) -> str:
        """What a granule is called."""
        return self.found.model.granularity.word


def build(found: Findings) -> PerformanceDocument:
    """Work out what the report says; the same findings give the same document."""
    advice = found.advice
    has_verdict = found.window.state in {"full", "partial"}
    return PerformanceDocument(
        found=found,
        status=_status(found) if has_verdict else "NOT ENOUGH DATA",
        sentence=advice.reasons[0] if advice.reasons else "",
        lines=tuple(_line(metric, found.baseline) for metric in found.window.metrics),
        steps=_STEPS.get("fault" if _is_fault(advice) else advice.action, ()),
    )


def _status(found: Findings) -> str:
    return "NO BASELINE" if found.advice.baseline_f1 is None else _STATUS[found.advice.level]


def _is_fault(advice: Advice) -> bool:
    return advice.action == "watch" and bool(advice.evidence.data_fault) and advice.severity is Severity.MODERATE


def _line(metric: Metric, baseline: BaselinePerformance | None) -> MetricLine:
    held = baseline.metrics if baseline is not None else ()
    before = next((item.estimate for item in held if item.name == metric.name), None)
    change = None
    if before and metric.estimate is not None and metric.name in _RELATIVE:
        change = (metric.estimate - before) / before
    is_worse = change is not None and (change > 0 if metric.name in LESS_IS_BETTER else change < 0)
    noun = _BASIS.get(metric.name, _SCORED)
    return MetricLine(metric, TITLES[metric.name], counted(metric.n, noun), before, change, is_worse)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, the first word of which takes the plural.

    Examples
    --------
    >>> counted(1, "relevant case"), counted(1250, "prediction with a probability")
    ('1 relevant case', '1,250 predictions with a probability')
    """
    head, found, rest = noun.partition(" with ")
    return f"{number:,} {head}{'' if number == 1 else 's'}{found}{rest}"
