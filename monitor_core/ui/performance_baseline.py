"""Performance: what a version is held against, and how to say so: a past period, or bare values."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.errors import MonitorError
from monitor_core.reports.numbers import fixed
from monitor_core.ui.frame import attempt, card, failure, zone
from monitor_core.ui.jobs import actor
from monitor_core.ui.performance_words import METRICS, origin_words
from monitor_core.ui.words import counted, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor_core.performance.results import BaselinePerformance
    from monitor_core.runtime import Services
    from monitor_core.ui.performance_reads import Reads

__all__ = ["baseline_menu", "offer_baseline"]

_ASKED = ("f1", "precision", "recall", "roc_auc")
"""Bare values that the form asks for; the command line takes the others, too."""


def offer_baseline(app: Services, reads: Reads, word: str) -> None:
    """Draw the two ways to give a version something to be held against."""
    with card("Nothing to hold it against yet", "a labelled test set can be uploaded as a baseline", key="no-baseline"):
        st.caption("A fall is a fall below something. Levels, probabilities and advice need a baseline.")
        left, right = st.columns(2)
        with left:
            _from_span(app, reads, word)
        with right:
            _from_values(app, reads)


def baseline_menu(app: Services, reads: Reads, word: str) -> None:
    """Draw the menu of the baselines of a version: which one counts, and how to make another."""
    menu = st.popover("Baseline", icon=":material/flag:", key="performance-baseline", on_change="rerun")
    if not menu.open:  # the forms cost more than anybody wants to pay who does not look at them
        return
    with menu:
        for one in reads.baselines():
            _line(app, one)
        with st.expander("A past period", icon=":material/history:"):
            _from_span(app, reads, word)
        with st.expander("Bare values", icon=":material/edit:"):
            _from_values(app, reads)


def _line(app: Services, one: BaselinePerformance) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"performance-baseline-{one.number}"):
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**Baseline {one.number}**{' :green-badge[active]' if one.is_active else ''}")
            made = moment(one.created_at, zone())
            st.caption(f"F1 {_f1(one)} · {origin_words(one)} · {made}")
        if not one.is_active:
            _button(
                f"Activate {one.number}", partial(app.performance.activate_baseline, one.baseline_id, actor=actor())
            )
            _button(f"Delete {one.number}", partial(app.performance.delete_baseline, one.baseline_id, actor=actor()))


def _f1(one: BaselinePerformance) -> str:
    if one.counts is None:
        return fixed(one.given.get("f1"))
    return fixed(next((metric.estimate for metric in one.metrics if metric.name == "f1"), None))


def _button(label: str, action: Callable[[], object]) -> None:
    st.button(label, key=f"performance-{label}", on_click=attempt, args=(action,))


def _from_span(app: Services, reads: Reads, word: str) -> None:
    granules = _labelled(reads)
    if not granules:
        st.caption("No labelled prediction has matured yet: a past period can be taken once labels are there.")
        return
    with st.form("baseline-span", border=False):
        if len(granules) > 1:
            first, last = st.select_slider(
                f"The period from and to, both included ({word}s)",
                granules,
                value=(granules[0], granules[-1]),
                help="A period that was good. It should not be the one to be judged: nothing falls below itself.",
            )
        else:
            first = last = granules[0]
            st.caption(f"One {word} of labelled predictions: {first}")
        if st.form_submit_button("Make it the baseline", icon=":material/flag:"):
            _made(partial(app.performance.baseline_from_span, reads.ref, first, last, actor=actor()))


def _labelled(reads: Reads) -> Sequence[str]:
    shown = reads.rolling("f1")
    return [granule for granule, value in zip(shown.granules, shown.estimate, strict=True) if value is not None]


def _from_values(app: Services, reads: Reads) -> None:
    with st.form("baseline-values", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            given = {
                name: st.number_input(
                    METRICS[name], 0.0, 1.0, None, 0.001, format="%.3f", key=f"given-{name}", width=110, placeholder="–"
                )
                for name in _ASKED
            }
        st.caption("As a report or a paper says. Their uncertainty is unknown, and is said to be.")
        if st.form_submit_button("Use these values", icon=":material/edit:"):
            known = {name: float(value) for name, value in given.items() if value is not None}
            _made(partial(app.performance.baseline_from_values, reads.ref, known, actor=actor()))


def _made(action: Callable[[], BaselinePerformance]) -> None:
    try:
        made = action()
    except MonitorError as error:
        failure(error, tried="Making the baseline", key="make-baseline")
        return
    rests = f", {counted(made.counts.relevant, 'relevant case')}" if made.counts else ""
    st.toast(f"Baseline {made.number}{rests}", icon=":material/flag:")
    st.rerun()
