"""Performance: what can be looked at more closely, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.figures import performance as figures
from monitor_core.performance.bands import ESTIMATED_METRICS
from monitor_core.reports.numbers import fixed, p_value, percent
from monitor_core.ui.frame import card, is_dark, zone
from monitor_core.ui.light import Numeric, markup_table
from monitor_core.ui.performance_advice import acknowledge
from monitor_core.ui.performance_words import METRICS, interval
from monitor_core.ui.places import DRIFT
from monitor_core.ui.tables import csv_button
from monitor_core.ui.text import plain
from monitor_core.ui.words import counted, moment

if TYPE_CHECKING:
    from monitor_core.insight.slices import Slice
    from monitor_core.performance.results import Sequential
    from monitor_core.ui.performance_choice import Choice
    from monitor_core.ui.performance_reads import Reads

__all__ = ["draw_evidence", "draw_versions", "draw_where", "draw_without"]


def draw_evidence(reads: Reads, word: str) -> None:
    """Draw the evidence gathered granule by granule, when it alarmed, and what can be found at all."""
    shown = reads.sequential()
    with card("Evidence of a fall, gathered every " + word, "e-value, logarithmic", key="evidence"):
        if not shown.granules:
            st.caption(plain(shown.reason or "Nothing is gathered yet.", limit=300).capitalize() + ".")
            return
        st.echarts_chart(
            figures.evidence(shown, dark=is_dark()), height=240, key="evidence-chart", alt=_evidence_alt(shown)
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_alarm_words(shown, word), width="stretch")
            if shown.alarm is not None:
                acknowledge(reads)
        if shown.acknowledged_at is not None:
            when = moment(shown.acknowledged_at, zone())
            st.caption(f"An alarm was acknowledged on {when}; since then the evidence is gathered anew.")
        _delays_table(shown, word)


def _evidence_alt(shown: Sequential) -> str:
    alarm = f"alarm on {shown.alarm}" if shown.alarm else "no alarm"
    return f"Evidence that F1 has fallen, {shown.e_values[-1]:.3g} on {shown.granules[-1]}, {alarm}"


def _alarm_words(shown: Sequential, word: str) -> str:
    sure = (
        f"Looking every {word} costs nothing: at most one year in twenty raises a false alarm."
        if shown.guarantee == "guaranteed"
        else f"{word.capitalize()}s vary more than chance does (design effect {shown.design_effect:.1f}): calibrated, "
        "not guaranteed."
    )
    if shown.alarm is None:
        return f"No alarm. It goes off at {shown.threshold:g}. {sure}"
    return f"**Alarm since {shown.alarm}**: the evidence reached {shown.threshold:g}. {sure}"


def _delays_table(shown: Sequential, word: str) -> None:
    drops = sorted(shown.expected_delay)
    if not drops:
        return
    rows = [
        (
            f"{drop:.0%}",
            Numeric(_granules(shown.expected_delay.get(drop), word)),
            Numeric(_granules(shown.expected_delay_large_baseline.get(drop), word)),
        )
        for drop in drops
    ]
    titles = ("A fall of F1 by", "is found after about", "with a very large test set")
    st.html(str(markup_table(titles, rows, alt="Expected delay of the alarm")))
    smallest = "not even the largest" if shown.smallest_drop is None else f"{shown.smallest_drop:.0%}"
    st.caption(
        f"With {shown.relevant_per_granule:,.0f} relevant cases a {word}, the smallest fall found within one {word} is "
        f"{smallest} (one-sided 1 %, power 80 %)."
    )


def _granules(delay: float | None, word: str) -> str:
    return "cannot be found" if delay is None else counted(max(round(delay), 1), word)


def draw_without(reads: Reads, metric: str) -> None:
    """Draw what the scores alone promise, and what came true."""
    known = metric if metric in ESTIMATED_METRICS else "f1"
    shown, name = reads.estimated(known), METRICS[known]
    with card(f"{name} without labels", "estimated, if the concept is unchanged", key="without"):
        if not any(value is not None for value in shown.estimate):
            st.caption(plain(shown.calibrator or "No estimate: it takes scores and a baseline.", limit=300))
            return
        st.echarts_chart(
            figures.estimated(shown, dark=is_dark(), name=name),
            height=260,
            key="without-chart",
            alt=f"{name} estimated from scores, with what the labels said",
        )
        if shown.suspected_from:
            st.warning(
                f"From {shown.suspected_from} on, the truth lay outside the band three times running: the concept has "
                "probably changed. The estimate cannot see that.",
                icon=":material/troubleshoot:",
            )
        graded = ""
        if shown.mean_error is not None and shown.covered is not None:
            graded = (
                f" So far off by {fixed(shown.mean_error)} on average, within its band "
                f"{percent(shown.covered, 0)} of the time."
            )
        st.caption(
            f"Calibration of the scores: {plain(shown.calibrator, limit=200)}.{graded} It never drives a rollback."
        )


def draw_where(reads: Reads) -> None:
    """Draw which features' mix a fall goes with, and where the model does worst."""
    mix, slices = reads.goes_with(), reads.slices()
    with card("Goes with", "not because of", key="goes-with"):
        if not mix.links:
            st.caption(plain(mix.reason, limit=300).capitalize() + ".")
        for place, link in enumerate(mix.links[:6]):
            with st.container(horizontal=True, vertical_alignment="center", key=f"link-{place}"):
                with st.container(width="stretch"):
                    st.markdown(f"**{plain(link.feature, limit=60)}**  \n:small[{plain(link.sentence(), limit=400)}]")
                st.page_link(
                    DRIFT,
                    label="Drift",
                    icon=":material/chevron_right:",
                    icon_position="right",
                    query_params={"model": str(reads.ref), "feature": link.feature},
                )
    with card("Worst slices", "F1 lower than elsewhere, corrected for how many were looked at", key="slices"):
        if not slices.slices:
            said = slices.reason or f"none stands out among {counted(slices.rows, 'labelled row')}"
            st.caption(plain(said, limit=300).capitalize() + ".")
            return
        rows = [_slice_row(one) for one in slices.slices[:12]]
        titles = ("Slice", "F1", "95 % interval", "Elsewhere", "Relevant cases", "Adjusted p")
        st.html(str(markup_table(titles, rows, alt="Slices in which the model does worst")))
        csv_button(
            {
                "slice": [one.name for one in slices.slices],
                "f1": [one.f1 for one in slices.slices],
                "low": [one.low for one in slices.slices],
                "high": [one.high for one in slices.slices],
                "elsewhere": [one.f1_elsewhere for one in slices.slices],
                "relevant cases": [one.relevant for one in slices.slices],
                "adjusted p": [one.p_adjusted for one in slices.slices],
            },
            name=f"slices_{reads.ref.model_id}_{reads.ref.version}",
        )


def _slice_row(one: Slice) -> tuple[str, ...]:
    figures_of = (f"{one.f1:.3f}", f"{one.low:.3f} – {one.high:.3f}", f"{one.f1_elsewhere:.3f}", f"{one.relevant:,}")
    return (one.name, *map(Numeric, figures_of), Numeric(p_value(one.p_adjusted)))


def draw_versions(reads: Reads, choice: Choice) -> None:
    """Draw two versions side by side."""
    shown = reads.compare(choice.other)
    with card(f"Version {plain(reads.ref.version)} and version {plain(choice.other)}", choice.words, key="versions"):
        paired = shown.method == "paired"
        if shown.probabilities:
            worse = shown.probabilities.get(0.05, shown.probabilities[0.0])
            mine, their = plain(reads.ref.version), plain(choice.other)
            st.markdown(f"P(version {mine} is worse than version {their} by more than 5 %): **{percent(worse)}**")
        theirs = {metric.name: metric for metric in shown.other.metrics}
        rows = [
            (
                METRICS.get(one.name, one.name),
                Numeric(interval(one)),
                Numeric(interval(theirs[one.name])),
                Numeric(f"{one.n:,}"),
            )
            for one in shown.current.metrics
            if one.name in theirs
        ]
        titles = ("Metric", f"Version {reads.ref.version}", f"Version {choice.other}", "Cases")
        st.html(str(markup_table(titles, rows, alt="Metrics of two versions")))
        st.caption(
            f"Both predicted the same {counted(sum(shown.cells), 'labelled row')}: the comparison is paired."
            if paired
            else "They did not predict the same rows: whatever else changed in between counts, too."
        )
