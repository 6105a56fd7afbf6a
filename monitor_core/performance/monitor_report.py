"""The text report of `ModelMonitor`: from its result dictionaries, which callers may have made themselves. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["rollback_sentence", "write_report"]

_RULE = "=" * 40
_NAMES = {"f1": "F1 Score", "precision": "Precision", "recall": "Recall", "roc_auc": "ROC-AUC"}
_BASIS = {
    "f1": ("relevant case", ("true_positives", "false_positives", "false_negatives")),
    "precision": ("predicted positive", ("true_positives", "false_positives")),
    "recall": ("actual positive", ("true_positives", "false_negatives")),
    "roc_auc": ("prediction with a probability", ("scored",)),
}
_ADVICE = {
    "keep": "KEEP",
    "watch": "WATCH",
    "retrain": "RETRAIN",
    "roll_back": "ROLL BACK",
    "not_enough_evidence": "NOT ENOUGH EVIDENCE",
}
_STEPS = {
    "roll_back": (
        "Rollback to the previous version: the evidence below carries it",
        "Retrain on recent data before the next deployment",
        "Review the drift report for feature changes",
    ),
    "retrain": (
        "Retrain on recent data (the last 90 days)",
        "Review the drift report for feature changes",
        "No rollback: the reasons below say why",
    ),
    "watch": (
        "Watch: look again when more labels have arrived; neither retraining nor rollback is carried by the evidence",
        "Review the drift report for feature changes",
    ),
    "keep": ("Continue monitoring",),
    "not_enough_evidence": ("Wait for more labels: no verdict can be given yet",),
}
_STEPS_BY_SIZE = {
    "severe": (
        "Consider rollback to the previous stable version, if it is known to be better",
        "Retrain on recent data (the last 90 days)",
        "Review the drift report for feature changes",
    ),
    "moderate": (
        "Consider retraining on recent data (the last 90 days)",
        "Review the drift report for feature changes",
        "Monitor performance closely in the next 7 days",
    ),
    "minor": ("Monitor performance closely", "Review recent data"),
    "none": ("Continue monitoring",),
}
_UNSURE = "By size alone: whether it is more than noise cannot be told without counts"


def write_report(
    metrics: Mapping[str, Any],
    date: str,
    *,
    baseline: Mapping[str, float],
    baseline_counts: tuple[float, float] | None,
    version: str,
    level: str,
) -> str:
    """Write the report of one window.

    Parameters
    ----------
    metrics
        As `ModelMonitor.calculate_production_metrics` returns them; only `f1` is needed.
    date, version
        For the head.
    baseline, baseline_counts
        Bare values, and the (TP, errors) behind them.
    level
        none | minor | moderate | severe
    """
    parts = [
        [_RULE, "MODEL PERFORMANCE REPORT", _RULE, f"Date: {_plain(date)}", f"Model Version: {_plain(version)}"],
        _baseline(baseline, baseline_counts),
        _production(metrics, baseline),
        [f"STATUS: {_status(metrics, level)}"],
        _evidence(metrics),
        _recommendations(metrics, level),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + f"\n{_RULE}\n"


def rollback_sentence(version: str, previous: str | None) -> str:
    """Say that a fall of this size calls for a look at rolling back, and what must hold first."""
    where = f"the previous version, {previous}" if previous else "the previous stable version"
    return (
        f"Recommended: rollback from {version} to {where}, since F1 is more than 10 % below the baseline. A size is no"
        " evidence: go by the advice of calculate_production_metrics, which says how sure the fall is and whether the"
        " previous version is better."
    )


def _baseline(baseline: Mapping[str, float], counts: tuple[float, float] | None) -> list[str]:
    lines = ["BASELINE PERFORMANCE (Test Set):"]
    lines += [f"- {name}: {baseline[key]:.2f}" for key, name in _NAMES.items() if key in baseline]
    if counts is None:
        return [*lines, "- Counts: not given, baseline uncertainty unknown"]
    return [*lines, f"- Counts: {counts[0]:,g} true positives, {counts[1]:,g} errors"]


def _production(metrics: Mapping[str, Any], baseline: Mapping[str, float]) -> list[str]:
    lines = [f"PRODUCTION PERFORMANCE{_window(metrics)}:"]
    if metrics.get("insufficient_data"):
        needed = f", {metrics['needed']:,} are needed" if "needed" in metrics else ""
        return [*lines, f"- Not enough data: {metrics.get('count', 0):,} labelled predictions{needed}"]
    lines += [f"- {name}: {_figure(metrics, key, baseline)}" for key, name in _NAMES.items() if key in metrics]
    if "predictions" in metrics:
        lines.append(f"- Predictions: {metrics['predictions']:,}")
    counts = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    if all(name in metrics for name in counts):
        lines.append("- Counts: " + ", ".join(f"{metrics[name]:,} {name.replace('_', ' ')}" for name in counts))
    if metrics.get("design_effect", 1.0) >= 1.05:
        lines.append(
            f"- Rows are not independent: design effect {metrics['design_effect']:.1f}, intervals allow for it"
        )
    return lines


def _window(metrics: Mapping[str, Any]) -> str:
    if "window_days" in metrics:
        return f" (Last {metrics['window_days']} Days)"
    return f" ({metrics['start_date']} to {metrics['end_date']})" if "start_date" in metrics else ""


def _figure(metrics: Mapping[str, Any], key: str, baseline: Mapping[str, float]) -> str:
    value = metrics[key]
    if value is None or math.isnan(value):
        return "undefined (no case that it rests on)"
    said = [f"{value:.2f}{_change(value, baseline.get(key))}"]
    if interval := metrics.get(f"{key}_interval"):
        said.append(f"95 % interval {interval[0]:.2f} to {interval[1]:.2f}")
    noun, names = _BASIS[key]
    if all(name in metrics for name in names):
        total = sum(metrics[name] for name in names)
        head, _, rest = noun.partition(" with")
        plural = "" if total == 1 else "s"
        said.append(f"{total:,} {head}{plural}{f' with{rest}' if rest else ''}")
    return ", ".join(said)


def _change(value: float, reference: float | None) -> str:
    if not reference:
        return ""
    change = round(100.0 * (value - reference) / reference)
    return f" ({'↓' if change < 0 else '↑' if change > 0 else '='} {abs(change)}%)" if change else " (unchanged)"


def _status(metrics: Mapping[str, Any], level: str) -> str:
    if metrics.get("insufficient_data"):
        return "INSUFFICIENT DATA"
    return "NONE" if level == "none" else f"{level.upper()} DEGRADATION"


def _evidence(metrics: Mapping[str, Any]) -> list[str]:
    advice = metrics.get("advice")
    if not advice:
        return []
    action = str(advice.get("action", ""))
    lines = [f"ADVICE: {_ADVICE.get(action, action.upper())}"]
    lines += [f"- {reason}" for reason in advice.get("reasons", ())]
    return lines + [f"- Missing: {item}" for item in advice.get("missing", ())]


def _recommendations(metrics: Mapping[str, Any], level: str) -> list[str]:
    advice = metrics.get("advice") or {}
    steps: Sequence[str]
    if metrics.get("insufficient_data"):
        steps = _STEPS["not_enough_evidence"]
    elif advice.get("action") in _STEPS:
        steps = _STEPS[advice["action"]]
    else:
        steps = _STEPS_BY_SIZE[level] if level == "none" else (*_STEPS_BY_SIZE[level], _UNSURE)
    return ["RECOMMENDATIONS:", *(f"{place}. {step}" for place, step in enumerate(steps, start=1))]


def _plain(text: str) -> str:
    """Return `text` on one line: names come from callers."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )
