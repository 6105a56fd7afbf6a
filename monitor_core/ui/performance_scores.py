"""Performance: what the scores tell, by another cut-off and as probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.figures import performance as figures
from monitor_core.reports.numbers import fixed
from monitor_core.ui.frame import card, is_dark
from monitor_core.ui.light import Numeric, markup_table
from monitor_core.ui.performance_words import METRICS, change, interval

if TYPE_CHECKING:
    from monitor_core.performance.results import ThresholdCurve
    from monitor_core.runtime import Services
    from monitor_core.ui.performance_reads import Reads

__all__ = ["cut_off_rows", "draw_calibration", "draw_cut_off"]


@st.fragment
def draw_cut_off(app: Services, reads: Reads) -> None:
    """Draw what another cut-off of the score would have given; moving the cut-off runs this part alone."""
    curve = reads.thresholds()
    with card("What another cut-off would have given", "same window, same labels", key="cut-off"):
        if not curve.thresholds:
            st.caption("No labelled prediction has a score.")
            return
        start = app.performance.settings_of(reads.ref).threshold
        cut = st.slider(
            "Score from which a prediction is positive", 0.0, 1.0, start, 0.01, key="cut", bind="query-params"
        )
        st.echarts_chart(
            figures.thresholds(curve, dark=is_dark(), chosen=cut),
            height=260,
            key="cut-off-chart",
            alt=f"F1, precision and recall by cut-off; chosen {cut:.2f}",
        )
        titles = ("", f"At {start:.2f}, as set", f"At {cut:.2f}", "Change")
        st.html(str(markup_table(titles, cut_off_rows(curve, start, cut), alt="What the cut-off would have given")))
        best = max(range(len(curve.thresholds)), key=lambda i: curve.f1[i] or 0.0)
        st.caption(
            f"F1 is highest at {curve.thresholds[best]:.2f}. Chosen on these labels, it promises more than it will "
            "keep: judge a new cut-off on later ones."
        )


def cut_off_rows(curve: ThresholdCurve, start: float, cut: float) -> list[tuple[str, Numeric, Numeric, Numeric]]:
    """Return by metric and count what two cut-offs would have given, and the difference."""
    at, to = _nearest(curve, start), _nearest(curve, cut)

    def row(name: str, *cells: str) -> tuple[str, Numeric, Numeric, Numeric]:
        before, after, by = map(Numeric, cells)
        return name, before, after, by

    shares = (("F1", curve.f1), ("Precision", curve.precision), ("Recall", curve.recall))
    counts = (
        ("True positives", curve.true_positives),
        ("False positives", curve.false_positives),
        ("False negatives", curve.false_negatives),
    )
    return [
        *(row(name, fixed(one[at]), fixed(one[to]), change(one[to], one[at])) for name, one in shares),
        row("F1, 95 % interval", _bounds(curve, at), _bounds(curve, to), ""),
        *(row(name, f"{one[at]:,}", f"{one[to]:,}", f"{one[to] - one[at]:+,}") for name, one in counts),
    ]


def _nearest(curve: ThresholdCurve, cut: float) -> int:
    return min(range(len(curve.thresholds)), key=lambda place: abs(curve.thresholds[place] - cut))


def _bounds(curve: ThresholdCurve, i: int) -> str:
    return f"{fixed(curve.f1_low[i])} – {fixed(curve.f1_high[i])}" if curve.f1[i] is not None else "–"


def draw_calibration(reads: Reads) -> None:
    """Draw how often like scores turned out positive."""
    shown = reads.reliability()
    with card("Do the scores mean what they say?", "share that turned out positive, by score", key="calibration"):
        if not shown.score:
            st.caption("No labelled prediction has a score.")
            return
        left, right = st.columns([3, 2])
        with left:
            st.echarts_chart(
                figures.reliability(shown, dark=is_dark()),
                height=280,
                key="calibration-chart",
                alt="Observed share of positives by mean score, with the line on which both are equal",
            )
        with right:
            st.table(
                {METRICS.get(metric.name, metric.name): interval(metric) for metric in shown.metrics},
                border="horizontal",
                alt="Calibration in figures",
            )
            st.caption(
                "Slope 1 and intercept 0: the scores are probabilities. A slope below 1: too sure of themselves."
            )
