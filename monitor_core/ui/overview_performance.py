"""The performance part of Overview: F1 with its interval and history, what is advised, what asks to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from monitor_core.figures.thin import thin
from monitor_core.reports.numbers import fixed
from monitor_core.ui.frame import is_dark
from monitor_core.ui.light import figure, spark_markdown
from monitor_core.ui.performance_choice import usual_window
from monitor_core.ui.performance_reads import Asked, Reads
from monitor_core.ui.performance_words import ACTION, held_value, interval
from monitor_core.ui.places import PERFORMANCE
from monitor_core.ui.text import plain
from monitor_core.ui.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor_core.performance.results import Metric
    from monitor_core.runtime import Services
    from monitor_core.storage.models import Model
    from monitor_core.values import ModelRef

__all__ = [
    "URGENT",
    "Brief",
    "brief",
    "draw_advice_badge",
    "draw_attention",
    "draw_f1",
    "draw_history",
    "has_predictions",
    "way_to_performance",
]

URGENT = ("roll_back", "retrain", "watch")
"""Advice that asks to be looked at, most urgent first."""
_SPARK_POINTS = 60
_LEAST_GROUND = 0.03


@dataclass(frozen=True, slots=True)
class Brief:
    """How a version does, in short."""

    model: Model
    ref: ModelRef
    asked: Asked
    words: str
    """The window: ``30 days``."""
    f1: Metric
    held: float | None
    """F1 of the baseline."""
    action: str
    """What is advised; empty for a version that another one has replaced."""
    alarm: str | None
    """Granule since which the evidence of a fall has reached its threshold."""
    history: tuple[float, ...]
    """F1 of the window that ends at each granule, NaN where undefined."""
    granules: int


def has_predictions(app: Services, refs: Sequence[ModelRef]) -> frozenset[ModelRef]:
    """Return those versions about whose performance something is known."""
    models = dict.fromkeys(ref.model_id for ref in refs)
    known = {model_id: app.performance.store.versions(model_id) for model_id in models}
    return frozenset(ref for ref in refs if ref.version in known[ref.model_id])


def brief(app: Services, model: Model, ref: ModelRef) -> Brief:
    """Return how a version does in its usual window; kept until something new is known."""
    window, words = usual_window(model)
    reads = Reads.of(app, ref, window=window, segment="")
    live = app.deployments.live(ref.model_id)
    is_judged = live is None or live.ref == ref
    return _brief(reads, model, words, is_judged=is_judged)


def _brief(reads: Reads, model: Model, words: str, *, is_judged: bool) -> Brief:
    shown = reads.rolling("f1")
    values = np.array([np.nan if value is None else value for value in shown.estimate], dtype=np.float64)
    return Brief(
        model=model,
        ref=reads.ref,
        asked=reads.asked,
        words=words,
        f1=reads.window().metric("f1"),
        held=held_value(reads.baseline(), "f1"),
        action=reads.advice()[1].action if is_judged else "",
        alarm=reads.sequential().alarm if is_judged else None,
        history=tuple(float(value) for value in values[thin(values, _SPARK_POINTS)]),
        granules=len(shown.granules),
    )


def draw_advice_badge(one: Brief) -> None:
    """Draw what is advised, or that another version serves."""
    if one.action:
        word, colour, icon = ACTION[one.action]
        st.badge(word, color=colour, icon=icon)
    else:
        st.badge("Not live", color="gray", icon=":material/history:", help="Another version is in service.")


def draw_f1(one: Brief) -> None:
    """Draw F1 with its interval."""
    figure(f"F1, {one.words}", fixed(one.f1.estimate))
    if one.f1.estimate is None:
        st.caption(plain(one.f1.badge) or "no label yet")
        return
    st.caption(f"{_between(one.f1)}{_against(one)}")


def draw_history(one: Brief) -> None:
    """Draw F1 over time."""
    if np.count_nonzero(~np.isnan(one.history)) > 1:
        st.markdown(_history(one.asked, _raised(one.history), _alt(one), dark=is_dark()))


def _raised(values: Sequence[float]) -> tuple[float, ...]:
    """Return the values above a ground near their lowest: a fall of a tenth is to be seen on a picture without axis."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    ground = max(low - max(0.5 * (high - low), _LEAST_GROUND), 0.0)
    return tuple(value - ground for value in values)


def _alt(one: Brief) -> str:
    return f"F1 of {one.words}, {counted(one.granules, one.model.granularity.word)}, now {fixed(one.f1.estimate)}"


@st.cache_data(max_entries=200, show_spinner=False)
def _history(asked: Asked, _values: tuple[float, ...], alt: str, *, dark: bool) -> str:  # noqa: ARG001 - the key
    return spark_markdown(_values, dark=dark, alt=alt)


def _between(f1: Metric) -> str:
    return f"{fixed(f1.low)} – {fixed(f1.high)}" if f1.low is not None else "interval unknown"


def _against(one: Brief) -> str:
    return f", baseline {fixed(one.held)}" if one.held is not None else ", no baseline"


def draw_attention(one: Brief, position: int, *, many: bool) -> None:
    """Draw a line about a version whose performance asks to be looked at, with the way there."""
    word, colour, _icon = ACTION[one.action]
    whose = f"{plain(one.model.title)} {plain(one.ref.version)} · " if many else ""
    since = f", alarm since {one.alarm}" if one.alarm else ""
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"attention-performance-{position}"
    ):
        with st.container(width="stretch"):
            st.markdown(
                f":{colour}-badge[{word}] **F1** :small[:gray[{one.words}]]  \n"
                f":small[:gray[{whose}{interval(one.f1)}{_against(one)}{since}]]"
            )
        way_to_performance(one, "Open")


def way_to_performance(one: Brief, label: str) -> None:
    """Draw the link to the page of this version."""
    st.page_link(
        PERFORMANCE,
        label=label,
        icon=":material/chevron_right:",
        icon_position="right",
        query_params={"model": str(one.ref)},
        help="",
    )
