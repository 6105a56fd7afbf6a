"""Performance: every metric of the window with its interval and what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.reports.numbers import fixed
from monitor_core.ui.frame import card
from monitor_core.ui.light import Numeric, markup_table
from monitor_core.ui.performance_words import METRICS, held_value, metric_row
from monitor_core.ui.tables import csv_button

if TYPE_CHECKING:
    from monitor_core.performance.results import BaselinePerformance, Metric, WindowMetrics
    from monitor_core.ui.performance_choice import Choice

__all__ = ["draw_metrics"]


def draw_metrics(window: WindowMetrics, baseline: BaselinePerformance | None, choice: Choice) -> None:
    """Draw the table of metrics, and the counts behind it."""
    with card(f"Metrics, {choice.words}", _effect(window), key="metrics"):
        if window.span is None:
            st.caption("Nothing has matured yet.")
            return
        rows = [metric_row(metric, held_value(baseline, metric.name)) for metric in window.metrics]
        titles = ("Metric", "Value", "95 % interval", "Baseline", "Change", "Cases", "To know")
        st.html(
            str(
                markup_table(
                    titles,
                    [(row[0], *(Numeric(cell) for cell in row[1:6]), row[6]) for row in rows],
                    alt=f"Metrics of the window of {choice.words}",
                )
            )
        )
        counts = window.counts
        st.caption(
            f"From {counts.true_positives:,} true positives, {counts.false_positives:,} false positives, "
            f"{counts.false_negatives:,} false negatives and {counts.true_negatives:,} true negatives."
        )
        csv_button(_columns(window), name=f"metrics_{window.ref.model_id}_{window.ref.version}")


def _effect(window: WindowMetrics) -> str:
    if window.design_effect <= 1.05:
        return "rows count as independent"
    return f"design effect {fixed(window.design_effect, 1)}, by {window.design_effect_from}"


def _columns(window: WindowMetrics) -> dict[str, list[object]]:
    def every(get: str) -> list[object]:
        return [getattr(metric, get) for metric in window.metrics]

    named: list[Metric] = list(window.metrics)
    return {
        "metric": [METRICS.get(metric.name, metric.name) for metric in named],
        "estimate": every("estimate"),
        "low": every("low"),
        "high": every("high"),
        "cases": every("n"),
        "method": every("method"),
        "to know": every("badge"),
        "bin error": every("error_bound"),
    }
