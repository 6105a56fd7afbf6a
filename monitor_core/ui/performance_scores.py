"""Performance: what the scores tell, by another cut-off and as probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.figures import performance as figures
from monitor_core.reports.numbers import fixed
from monitor_core.ui.frame import card, is_dark
from monitor_core.ui.light import Numeric, markup_table
from monitor_core.ui.performance_words import METRICS, change, interval, signed

if TYPE_CHECKING:
    from monitor_core.performance.counts import Counts
    from monitor_core.performance.results import ThresholdCurve, WindowMetrics
    from monitor_core.ui.performance_reads import Reads

__all__ = ["cut_off_rows", "draw_calibration", "draw_cut_off", "matching_cut_off"]


@st.fragment
def draw_cut_off(reads: Reads) -> None:
    """Draw what another cut-off of the score would have given; moving the cut-off runs this part alone."""
    curve = reads.thresholds()
    with card("What another cut-off would have given", "same window, same labels", key="cut-off"):
        if not curve.thresholds:
            st.caption("No labelled prediction has a score.")
            return
        window = reads.window()
        start = matching_cut_off(curve, window.counts)
        cut = st.slider(
            "Score from which a prediction is positive", 0.0, 1.0, start, 0.01, key="cut", bind="query-params"
        )
        st.echarts_chart(
            figures.thresholds(curve, dark=is_dark(), chosen=cut),
            height=260,
            key="cut-off-chart",
            alt=f"F1, precision and recall by cut-off; chosen {cut:.2f}",
        )
        titles = ("", "As predicted", f"From {cut:.2f} on", "Change")
        st.html(str(markup_table(titles, cut_off_rows(curve, window, cut), alt="What the cut-off would have given")))
        best = max(range(len(curve.thresholds)), key=lambda i: curve.f1[i] or 0.0)
        st.caption(
            f"F1 is highest at {curve.thresholds[best]:.2f}. Chosen on these labels, it promises more than it will "
            "keep: judge a new cut-off on later ones."
        )


Row = tuple[str, Numeric, Numeric, Numeric]


def matching_cut_off(curve: ThresholdCurve, counts: Counts) -> float:
    """Return the cut-off that comes nearest to the share of positives that was predicted."""
    said = counts.true_positives + counts.false_positives

    def distance(i: int) -> int:
        return abs(curve.true_positives[i] + curve.false_positives[i] - said)

    return round(curve.thresholds[min(range(len(curve.thresholds)), key=distance)], 2)


def cut_off_rows(
    curve: ThresholdCurve, window: WindowMetrics, cut: float
) -> list[tuple[str, Numeric, Numeric, Numeric]]:
    """Return by metric and count what was predicted, what a cut-off would have given, and the difference."""
    to = min(range(len(curve.thresholds)), key=lambda place: abs(curve.thresholds[place] - cut))
    counts, f1 = window.counts, window.metric("f1")

    def share(title: str, name: str, given: float | None) -> Row:
        now = window.metric(name).estimate
        return title, Numeric(fixed(now)), Numeric(fixed(given)), Numeric(change(given, now))

    def count(title: str, now: int, given: int) -> Row:
        return title, Numeric(f"{now:,}"), Numeric(f"{given:,}"), Numeric(signed(given - now))

    bounds = Numeric(_bounds(f1.low, f1.high)), Numeric(_bounds(curve.f1_low[to], curve.f1_high[to]))
    return [
        share("F1", "f1", curve.f1[to]),
        ("F1, 95 % interval", *bounds, Numeric()),
        share("Precision", "precision", curve.precision[to]),
        share("Recall", "recall", curve.recall[to]),
        count("True positives", counts.true_positives, curve.true_positives[to]),
        count("False positives", counts.false_positives, curve.false_positives[to]),
        count("False negatives", counts.false_negatives, curve.false_negatives[to]),
    ]


def _bounds(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{fixed(low)} – {fixed(high)}"


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
