"""Latency & throughput: the line under the title, and the states in which there is little or nothing to show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.metrics.sources import SourceKind, TargetHealth
from monitor_core.ui.frame import card, empty, failure, zone
from monitor_core.ui.latency_reads import differs, targets
from monitor_core.ui.light import markup_table
from monitor_core.ui.text import plain
from monitor_core.ui.words import age, duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor_core.errors import MonitorError
    from monitor_core.runtime import Services
    from monitor_core.ui.latency_choice import Choice
    from monitor_core.ui.latency_reads import Look

__all__ = [
    "about",
    "connect",
    "draw_targets",
    "is_configured",
    "nothing_in_range",
    "nothing_yet",
    "source_down",
    "warnings",
]

SERVICE_LINES = """\
from monitor_core import PerformanceMonitor

PerformanceMonitor().instrument(app)"""
SETTING_LINE = 'MONITOR_METRICS_TARGETS="api=http://127.0.0.1:8000/metrics"'
SERVER_LINE = 'MONITOR_METRICS_PROMETHEUS_URL="http://127.0.0.1:9090"'

# Lines are shown without colours: those of Streamlit's highlighting are too pale to read (3.6:1).

_HEALTH = {
    TargetHealth.UP: "Up",
    TargetHealth.DOWN: "Down",
    TargetHealth.UNKNOWN: "Not scraped yet",
}


def about(app: Services, choice: Choice, found: Look) -> str:
    """Return where the figures come from, which time they cover and how fine they are."""
    scope = choice.scope.endpoint or choice.scope.job
    until = datetime.fromtimestamp(found.span.end, UTC).astimezone(zone())
    return f"{plain(app.metrics.name)} · last {choice.range} to {until:%H:%M:%S} · step {duration(found.span.step)}" + (
        f" · {plain(scope)}" if scope else ""
    )


def is_configured(app: Services) -> bool:
    """Whether any service of the user's is scraped, or a server is asked."""
    return app.metrics.kind is SourceKind.PROMETHEUS or bool(app.settings.metrics.targets)


def connect() -> None:
    """Draw the state without a service: the exact lines to paste."""
    empty(
        "No service is connected yet",
        "Two lines in the service, its address here: percentiles, traffic and errors appear within a minute.",
        icon=":material/cable:",
    )
    left, right = st.columns(2)
    with left, card("1 · In the service", "FastAPI, Starlette or Flask", key="connect-service"):
        st.code("pip install bellwether-monitor", language=None, wrap_lines=True)
        st.code(SERVICE_LINES, language=None, wrap_lines=True)
        st.markdown("Each request is counted and timed, and `/metrics` answers scrapes. Other frameworks are wrapped.")
    with right, card("2 · Here", "then start again", key="connect-here"):
        st.code(f"{SETTING_LINE} bellwether serve", language=None, wrap_lines=True)
        st.markdown("Or keep it in `monitor.toml`:")
        st.code('[metrics]\ntargets = "api=http://127.0.0.1:8000/metrics"', language=None, wrap_lines=True)
        st.markdown("A Prometheus that scrapes the service already is asked instead:")
        st.code(f"{SERVER_LINE} bellwether serve", language=None, wrap_lines=True)


def nothing_yet(app: Services) -> None:
    """Draw the state in which something is scraped, but no request was ever counted."""
    states = targets(app)
    down = [state for state in states if state.health is TargetHealth.DOWN]
    if down and len(down) == len(states):
        words = "None of the targets answers; what they say stands below."
    else:
        words = (
            "Nothing has counted a request so far. The first one that a service with the two lines answers appears "
            "with the next scrape."
        )
    empty("No requests yet", words, icon=":material/hourglass_empty:")
    draw_targets(app)
    with st.expander("The two lines", icon=":material/code:"):
        st.code(SERVICE_LINES, language=None)


def nothing_in_range(choice: Choice, jobs: Sequence[str]) -> None:
    """Draw the state of a range in which nothing was scraped, of a service that is known."""
    who = ", ".join(plain(job) for job in jobs[:5]) or "a service"
    empty(
        f"Nothing in the last {choice.range}",
        f"Requests of {who} were counted earlier; choose a longer range, or see Targets below for what is scraped now.",
        icon=":material/history_toggle_off:",
    )


def source_down(app: Services, error: MonitorError, kept: Look | None) -> None:
    """Say which source does not answer and why, and how old the figures below are."""
    failure(error, tried=f"Reading {plain(app.metrics.name)}", key="latency-source")
    if kept is not None:
        st.caption(f":orange-badge[:material/history: {age(kept.taken_at, app.now())} old] The last good figures:")


def warnings(app: Services, found: Look, jobs: Sequence[str]) -> None:
    """Draw what a reader must know before believing the figures: targets that are down, a collector that rests."""
    last = found.latency.last_known
    since = f" Last figures {age(datetime.fromtimestamp(last / 1000, UTC), app.now())} ago." if last is not None else ""
    if app.metrics.kind is SourceKind.EMBEDDED:
        health = app.metrics.health()
        if not health.is_up:
            st.warning(
                plain(f"{health.message[:1].upper()}{health.message[1:]}.", limit=300), icon=":material/sensors_off:"
            )
            return
    if words := differs(app):
        st.caption(f":gray-badge[:material/info: {plain(app.metrics.name)}] {plain(words, limit=200)}")
    states = targets(app, jobs)
    for state in [state for state in states if state.health is TargetHealth.DOWN][:3]:
        why = plain((state.error or "it does not answer").rstrip("."), limit=300)
        stop = "" if why.endswith("?") else "."
        st.warning(
            f"**{plain(state.job)}** at {plain(state.instance)} is down: {why}{stop}{since}",
            icon=":material/cloud_off:",
        )
    if left_out := sum(state.left_out for state in states):
        st.warning(
            f"{left_out:,} series are left out: the limit of series is reached (`metrics.max_series`).",
            icon=":material/data_alert:",
        )


def draw_targets(app: Services) -> None:
    """Draw what is scraped and how the latest scrape went."""
    states = targets(app)
    with card("Targets", plain(app.metrics.name), key="targets"):
        if not states:
            st.caption("This source does not tell what it scrapes.")
            return
        titles = ("Service", "Instance", "State", "Latest scrape", "Took", "Series", "Says")
        now = app.now()
        rows = [
            (
                state.job,
                state.instance,
                _HEALTH[state.health],
                f"{age(datetime.fromtimestamp(state.scraped_at, UTC), now)} ago" if state.scraped_at else "–",
                f"{1000 * state.seconds:,.0f} ms" if state.scraped_at else "–",
                f"{state.samples:,}" if state.samples else "–",
                state.error,
            )
            for state in states
        ]
        st.html(str(markup_table(titles, rows, alt="What is scraped, and how the latest scrape went")))
