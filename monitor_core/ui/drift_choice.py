"""Drift: the controls, and what they ask for. All of them live in the address."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.ui import access
from monitor_core.ui.frame import zone
from monitor_core.ui.reading import SORTS, default_cell, narrow, spans
from monitor_core.ui.words import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor_core.drift.results import RunMatrix, RunSummary
    from monitor_core.figures.drift import HeatmapView
    from monitor_core.runtime import Services

__all__ = ["Choice", "choose_cell", "choose_run", "choose_segment", "choose_view", "run_labels", "select"]

_RUN = "run"
_FEATURE, _GRANULE = "feature", "granule"
EVERYTHING = "All rows"


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What the page shows."""

    run: RunSummary
    segment: str
    matrix: RunMatrix
    view: HeatmapView
    cell: tuple[str, str] | None


def run_labels(runs: Iterable[RunSummary]) -> dict[str, str]:
    """Return by id what a list shows of each run: when it was made, against what; ids only where that is not enough."""
    here = zone()
    labels = {
        run.run_id: f"{moment(run.created_at, here)} · baseline {run.baseline_number}"
        + (f", by {run.segment_column}" if run.segment_column else "")
        for run in runs
    }
    often = Counter(labels.values())
    return {run_id: label if often[label] == 1 else f"{label} · {run_id[-6:]}" for run_id, label in labels.items()}


def choose_run(runs: Sequence[RunSummary]) -> RunSummary:
    """Draw the run picker; the address carries the run's id, unless it is the latest."""
    by_id = {run.run_id: run for run in runs}
    labels = run_labels(runs)
    wanted = st.query_params.get(_RUN)
    # Unless one was picked, which the address then tells, a run that has just ended is shown.
    st.session_state["run-picker"] = wanted if wanted in by_id else runs[0].run_id
    # The label shows the viewer's time, so it cannot be the token that `bind` would write into the address.
    picked = st.selectbox(
        "Run",
        list(by_id),
        format_func=labels.__getitem__,
        key="run-picker",
        on_change=_run_to_url,
        width=230,
    )
    return by_id[picked]


def _run_to_url() -> None:
    st.query_params[_RUN] = st.session_state["run-picker"]


def show_newest_run() -> None:
    """Forget the picked run, so that the next page run shows the newest."""
    st.session_state.pop("run-picker", None)
    st.query_params.pop(_RUN, None)


def choose_segment(app: Services, run: RunSummary) -> str:
    """Draw the segment picker of a run that judged segments; ``""`` is everything."""
    values = access.segments(app, run)
    if not values:
        return ""
    options = [EVERYTHING, *(value for value in values if value)]
    _drop_stale("segment", options)
    picked = st.selectbox(run.segment_column, options, key="segment", bind="query-params")
    return "" if picked == EVERYTHING else str(picked)


def choose_view(matrix: RunMatrix, word: str, importance: dict[str, float]) -> HeatmapView:
    """Draw range, filter, search and order; return the part of the matrix they ask for."""
    ranges = spans(len(matrix.granules))
    _drop_stale("days", list(ranges))
    span = ranges[0]
    if len(ranges) > 1:
        span = st.segmented_control(
            f"{word.capitalize()}s",
            ranges,
            default="30" if "30" in ranges else ranges[-1],
            required=True,
            key="days",
            bind="query-params",
        )
    else:
        span = "All"
    sorts = SORTS if importance else SORTS[:2]
    _drop_stale("sort", list(sorts))
    sort = st.selectbox("Order", sorts, key="sort", bind="query-params", width=140)
    search = st.text_input(
        "Find a feature",
        key="find",
        bind="query-params",
        type="search",
        live="250ms",
        placeholder="Part of a name",
        width=150,
    )
    only = st.toggle("Only drifted", key="drifted", bind="query-params")
    return narrow(matrix, span=str(span), only_drifted=only, search=search or "", sort=str(sort), importance=importance)


def choose_cell(matrix: RunMatrix, word: str) -> tuple[str, str] | None:
    """Draw the two lists that choose a cell without a mouse; return the cell to open."""
    start = default_cell(matrix)
    if start is None:
        return None
    _drop_stale(_FEATURE, matrix.features)
    _drop_stale(_GRANULE, matrix.granules)
    left, right = st.columns([3, 2])
    with left:
        feature = st.selectbox(
            "Feature", matrix.features, index=None, placeholder=start[0], key=_FEATURE, bind="query-params"
        )
    with right:
        labels = matrix.granules[::-1]
        label = st.selectbox(
            word.capitalize(), labels, index=None, placeholder=start[1], key=_GRANULE, bind="query-params"
        )
    return feature or start[0], label or start[1]


def select(feature: str, label: str) -> None:
    """Open a cell; for callbacks, which run before the lists are drawn."""
    st.session_state[_FEATURE] = feature
    st.session_state[_GRANULE] = label


def _drop_stale(key: str, options: Sequence[str]) -> None:
    """Forget a choice that another model or run left behind."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]
