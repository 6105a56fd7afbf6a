"""Evidence for an advice, put together from what performance, drift and deployments know. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from monitor_core.performance.advice import Evidence
from monitor_core.values import GranularityKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor_core.insight.drift_state import DriftState
    from monitor_core.performance.counts import Counts
    from monitor_core.performance.results import BaselinePerformance, Comparison, Sequential, Span, WindowMetrics
    from monitor_core.settings import PerformanceSettings
    from monitor_core.storage.deployments import Deployment
    from monitor_core.values import Granularity, ModelRef

__all__ = ["Previous", "as_json", "assemble", "previous_live"]

_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Previous:
    """The version that served before, and for how many whole days it has not: evidence is the same all day."""

    ref: ModelRef
    age_days: int


def previous_live(deployments: Sequence[Deployment], ref: ModelRef, *, as_of: datetime) -> Previous | None:
    """Return the version that was live before `ref` was, as known at a moment.

    Parameters
    ----------
    deployments
        Of the model, in any order.
    ref
        A version that never was live has none before it.
    as_of
        What started later is not seen.
    """
    live = [item for item in deployments if item.stage == "live" and item.started_at <= as_of]
    live.sort(key=lambda item: item.started_at, reverse=True)
    own = next((place for place, item in enumerate(live) if item.ref == ref), None)
    if own is None:
        return None
    before = next((item for item in live[own + 1 :] if item.ref != ref), None)
    if before is None:
        return None
    ended = as_of if before.ended_at is None else min(before.ended_at, as_of)
    return Previous(before.ref, (as_of - ended).days)


def assemble(
    window: WindowMetrics,
    *,
    granularity: Granularity,
    settings: PerformanceSettings,
    sequential: Sequential,
    baseline: BaselinePerformance | None = None,
    baseline_design_effect: float = 1.0,
    comparison: Comparison | None = None,
    previous: Previous | None = None,
    drift: DriftState | None = None,
) -> Evidence:
    """Put evidence together.

    Parameters
    ----------
    window
        Matured granules of the version in question.
    granularity, settings
        The model's.
    sequential
        Its first alarm counts, acknowledged or not: acknowledging silences, it does not unsay.
    baseline, baseline_design_effect
        What it is held against.
    comparison, previous
        With the version that served before. Rows that both predicted are used when they hold enough relevant cases,
        else each version's own.
    drift
        Of the latest run; None when there is none.
    """
    counts = window.counts
    days = _days(window.span, granularity)
    held = baseline.counts if baseline is not None else None
    return Evidence(
        current=(counts.true_positives, counts.errors),
        baseline=_pair(held) if held is not None else None,
        baseline_design_effect=baseline_design_effect,
        baseline_f1=baseline.given.get("f1") if baseline is not None and held is None else None,
        predictions=window.due,
        labelled=counts.labelled,
        design_effect=window.design_effect,
        design_effect_dof=window.clusters - 1 if window.clusters > 1 else None,
        drift_share=drift.share if drift else None,
        worst_psi=drift.worst_psi if drift else None,
        data_fault=drift.fault if drift else False,
        sustained=sequential.first_alarm is not None,
        switching_cost=settings.switching_cost,
        false_positives=counts.false_positives,
        false_negatives=counts.false_negatives,
        **_costs(settings),
        predictions_per_day=window.due / days if days else None,
        labels_per_day=counts.labelled / days if days else None,
        model=window.ref.model_id,
        version=window.ref.version,
        **_previous(comparison, previous, settings),
    )


def as_json(evidence: Evidence) -> dict[str, Any]:
    """Return evidence as JSON values, all fields, for the record and its hash."""
    values = {field.name: getattr(evidence, field.name) for field in fields(evidence)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _previous(
    comparison: Comparison | None, previous: Previous | None, settings: PerformanceSettings
) -> dict[str, Any]:
    if comparison is None or previous is None:
        return {}
    found: dict[str, Any] = {
        "previous_version": previous.ref.version,
        "previous_age_days": previous.age_days,
        "previous_design_effect": comparison.other.design_effect,
    }
    deff = max(comparison.current.design_effect, comparison.other.design_effect)
    if sum(comparison.cells[1:]) / deff >= settings.min_relevant:
        found["paired"] = tuple(comparison.cells)
    if comparison.other.counts.relevant:
        found["previous"] = _pair(comparison.other.counts)
    return found


def _pair(counts: Counts) -> tuple[int, int]:
    return counts.true_positives, counts.errors


def _costs(settings: PerformanceSettings) -> dict[str, Any]:
    """Return both costs when errors cost anything; losses are in F1 otherwise."""
    if not settings.cost_false_positive and not settings.cost_false_negative:
        return {}
    return {
        "cost_false_positive": settings.cost_false_positive,
        "cost_false_negative": settings.cost_false_negative,
    }


def _days(span: Span | None, granularity: Granularity) -> float | None:
    """Return how many days a span lasts; None for blocks of rows, which have no calendar."""
    if span is None or granularity.kind is GranularityKind.ROWS:
        return None
    first, last = granularity.window(span.first), granularity.window(span.last)
    return (last.end - first.start).total_seconds() / _DAY_SECONDS
