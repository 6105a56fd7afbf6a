"""Performance: the line under the title, and the states in which there is little or nothing to judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.reports.numbers import percent
from monitor_core.ui.frame import empty
from monitor_core.ui.performance_words import baseline_words, days_until_half, window_badge
from monitor_core.ui.places import DATA, OVERVIEW
from monitor_core.ui.text import plain
from monitor_core.ui.words import counted

if TYPE_CHECKING:
    from monitor_core.performance.results import BaselinePerformance, DelayCurve, WindowMetrics
    from monitor_core.storage.models import Model
    from monitor_core.values import ModelRef

__all__ = ["about", "no_model", "no_predictions", "warnings"]


def about(window: WindowMetrics, delays: DelayCurve, baseline: BaselinePerformance | None, word: str) -> str:
    """Return what is shown: the span, how many labels, how late they come, what it is held against."""
    if window.span is None:
        return f"Nothing has matured yet · {baseline_words(baseline)}"
    span = window.span.first if window.span.granules == 1 else f"{window.span.first} – {window.span.last}"
    return (
        f"{span} · {counted(window.counts.labelled, 'label')} of {window.due:,} due · "
        f"{days_until_half(delays, word)} · {baseline_words(baseline)}"
    )


def warnings(window: WindowMetrics, word: str) -> None:
    """Draw what a reader must know before believing the page: partial, no verdict, still to come."""
    badge = window_badge(window)
    with st.container(horizontal=True, gap="small"):
        if badge is not None:
            words, colour, icon = badge
            st.badge(
                words, color=colour, icon=icon, help=" ".join(plain(reason, limit=300) for reason in window.reasons)
            )
        if window.immature:
            st.badge(
                f"{counted(window.immature, 'prediction')} not due yet",
                color="gray",
                icon=":material/schedule:",
                help=f"Made too recently to be judged: most of their labels come in later {word}s.",
            )
        if window.counts.corrections:
            st.badge(
                f"{counted(window.counts.corrections, 'correction')}",
                color="gray",
                icon=":material/edit_note:",
                help="Labels or predictions that were replaced; listed under Labels.",
            )
    if window.state == "partial" and window.f1_bounds is not None:
        low, high = window.f1_bounds
        st.caption(
            f"Only {percent(window.coverage, 0)} of the labels that are due have arrived. Whatever the others say, F1 "
            f"lies between {low:.3f} and {high:.3f}."
        )


def no_model() -> None:
    """Draw the state without any model."""
    with empty("There is no model yet", "Upload predictions and labels for one, or load the example on the overview."):
        if st.button("Upload", type="primary", icon=":material/upload:", key="go-upload"):
            st.switch_page(DATA)
        st.page_link(OVERVIEW, label="Overview")


def no_predictions(ref: ModelRef, model: Model) -> None:
    """Draw the state of a version that has no predictions."""
    with empty(
        "No predictions yet",
        f"To say how well {plain(model.title)} {plain(ref.version)} does, it takes what the model said (an entity id, "
        "a date, a prediction or score) and what came true (the same id and a label), in any order.",
        icon=":material/fact_check:",
    ):
        if st.button("Upload", type="primary", icon=":material/upload:", key="go-upload"):
            st.switch_page(DATA, query_params={"model": str(ref), "purpose": "Predictions"})
    with st.expander("From the command line", icon=":material/terminal:"):
        name = f"{ref.model_id}:{ref.version}"
        st.code(
            f"bellwether predictions upload {name} predictions.parquet\nbellwether labels upload {name} labels.csv",
            language="bash",
            wrap_lines=True,
        )
