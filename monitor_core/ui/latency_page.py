"""Latency & throughput: the whole page, which renews itself while it is live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.errors import MonitorError
from monitor_core.metrics import names
from monitor_core.metrics.promql.histogram import bucket_bound
from monitor_core.ui import latency_charts, latency_closer, latency_states
from monitor_core.ui.frame import guarded, head
from monitor_core.ui.latency_choice import Choice, choose, choose_look, live_toggle
from monitor_core.ui.latency_explore import draw_explore
from monitor_core.ui.latency_reads import Look, known_values, last_good, look, span_of
from monitor_core.ui.latency_words import objective_badge
from monitor_core.ui.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor_core.metrics.questions import Scope
    from monitor_core.runtime import Services

__all__ = ["draw", "seconds_between"]

_TITLE = "Latency & throughput"
_LEAST_SECONDS = 5.0


def seconds_between(app: Services) -> float:
    """Return how often a live page renews itself: with each scrape, but no more often than every five seconds."""
    return max(_LEAST_SECONDS, app.settings.metrics.scrape_interval)


def draw(app: Services, *, live: bool) -> None:
    """Draw the page; every way a source can fail on purpose ends in a state of the page."""
    jobs = known_values(app, "job")
    if not jobs and not latency_states.is_configured(app):
        head(_TITLE, f"{plain(app.metrics.name)} · no service yet")
        latency_states.connect()
        return
    top = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        choice = choose(jobs, _endpoints(app), _bounds(app))
        if live_toggle(seconds_between(app)) != live:
            st.rerun()
    found, failed = _read(app, choice)
    with top:
        if found is None:
            head(_TITLE, f"{plain(app.metrics.name)} · last {choice.range}")
        else:
            badge = None if failed else objective_badge(found.latency, choice.objective)
            head(_TITLE, latency_states.about(app, choice, found), badge)
    if failed is not None:
        latency_states.source_down(app, failed, found)
    if found is not None:
        _body(app, choice, found, jobs, is_fresh=failed is None)
    _below(app, choice, jobs)


def _read(app: Services, choice: Choice) -> tuple[Look | None, MonitorError | None]:
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


def _endpoints(app: Services) -> tuple[str, ...]:
    found = known_values(app, "endpoint")
    asked = st.query_params.get("endpoint", "")
    return found if found or not asked else (asked,)  # while the source does not answer, a link keeps its endpoint


def _bounds(app: Services) -> tuple[float, ...]:
    found = {bucket_bound(text) for text in known_values(app, "le")}
    return tuple(sorted(bound for bound in found if bound is not None)) or names.LATENCY_BUCKETS
