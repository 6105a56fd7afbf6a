"""Latency & throughput: the whole page, which renews itself while it is live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.errors import MonitorError, Unavailable
from monitor_core.ui import latency_charts, latency_closer, latency_states
from monitor_core.ui.frame import guarded, head
from monitor_core.ui.latency_choice import choose, choose_look, live_toggle
from monitor_core.ui.latency_explore import draw_explore
from monitor_core.ui.latency_reads import known, last_good, look, span_of
from monitor_core.ui.latency_words import objective_badge
from monitor_core.ui.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor_core.metrics.questions import Scope
    from monitor_core.runtime import Services
    from monitor_core.ui.latency_choice import Choice
    from monitor_core.ui.latency_reads import Known, Look

__all__ = ["draw", "seconds_between"]

_TITLE = "Latency & throughput"
_LEAST_SECONDS = 5.0


def seconds_between(app: Services) -> float:
    """Return how often a live page renews itself: with each scrape, but no more often than every five seconds."""
    return max(_LEAST_SECONDS, app.settings.metrics.scrape_interval)


def draw(app: Services, *, live: bool) -> None:
    """Draw the page; every way a source can fail on purpose ends in a state of the page."""
    choices, failed = known(app)
    if not choices.jobs and failed is None and not latency_states.is_configured(app):
        head(_TITLE, f"{plain(app.metrics.name)} · no service yet")
        latency_states.connect()
        return
    top = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        choice = choose(choices.jobs, _endpoints(choices, failed), choices.bounds)
        if live_toggle(seconds_between(app)) != live:
            st.rerun()
    found, failed = _read(app, choice, failed)
    with top:
        if found is None:
            head(_TITLE, f"{plain(app.metrics.name)} · last {choice.range}")
        else:
            badge = None if failed else objective_badge(found.latency, choice.objective)
            head(_TITLE, latency_states.about(app, choice, found), badge)
    if failed is not None:
        latency_states.source_down(app, failed, found)
    if found is not None:
        _body(app, choice, found, choices.jobs, is_fresh=failed is None)
    if not isinstance(failed, Unavailable):  # whatever else is asked would wait for the same silence
        _below(app, choice, choices.jobs)


def _read(app: Services, choice: Choice, failed: MonitorError | None) -> tuple[Look | None, MonitorError | None]:
    if failed is not None:
        return last_good(app, choice), failed
    with st.skeleton(height=500):
        try:
            return look(app, choice), None
        except MonitorError as error:
            return last_good(app, choice), error


def _body(app: Services, choice: Choice, found: Look, jobs: Sequence[str], *, is_fresh: bool) -> None:
    if is_fresh:
        latency_states.warnings(app, found, _meant(choice.scope, jobs))
    if found.latency.is_empty and not found.traffic.keys:
        if jobs:
            latency_states.nothing_in_range(choice, _meant(choice.scope, jobs))
        else:
            latency_states.nothing_yet(app)
        return
    latency_charts.draw_figures(found, choice)
    latency_charts.draw_percentiles(found, choice)
    latency_charts.draw_traffic(found)
    left, right = st.columns([2, 3])
    with left:
        latency_charts.draw_heatmap(found)
    with right:
        latency_charts.draw_rows(found, choice)


def _below(app: Services, choice: Choice, jobs: Sequence[str]) -> None:
    picked = choose_look()
    span = span_of(app, choice)
    with guarded(f"Showing {picked}", key="more"):
        match picked:
            case "Machine":
                latency_closer.draw_machine(app, choice, span)
            case "Predictions":
                latency_closer.draw_predictions(app, choice, span)
            case "Business":
                latency_closer.draw_business(app, choice, span, jobs)
            case "Slow requests":
                latency_closer.draw_slow(app, choice, span)
            case "Targets":
                latency_states.draw_targets(app)
            case _:
                draw_explore(app, span)


def _meant(scope: Scope, jobs: Sequence[str]) -> Sequence[str]:
    return [scope.job] if scope.job else jobs


def _endpoints(choices: Known, failed: MonitorError | None) -> tuple[str, ...]:
    """While the source has never answered, a link keeps its endpoint."""
    asked = st.query_params.get("endpoint", "")
    return (asked,) if failed is not None and asked and not choices.endpoints else choices.endpoints
