"""Latency & throughput: the controls, and what they ask for. All of them live in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.metrics import names
from monitor_core.metrics.questions import RANGES, Scope
from monitor_core.ui.latency_words import latency

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LOOKS", "QUERY", "Choice", "choose", "choose_look", "explore", "is_live", "live_toggle", "pick_endpoint"]

LOOKS = ("Machine", "Predictions", "Business", "Slow requests", "Targets", "Explore")
"""What stands below the charts, one at a time."""

_ALL_JOBS = "All services"
_ALL_ENDPOINTS = "All endpoints"
_ENDPOINT, _LOOK = "endpoint", "more"
QUERY = "query"
"""Where the text of Explore is kept, also in the address."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the page shows."""

    range: str
    """One of `RANGES`."""
    scope: Scope
    objective: float
    """Seconds; a bound of the histogram."""
    compares: bool

    @property
    def seconds(self) -> int:
        """Length of the range."""
        return RANGES[self.range]


def is_live() -> bool:
    """Whether the page renews itself, as the address says."""
    return bool(st.session_state.get("live", st.query_params.get("live", "").lower() == "true"))


def choose(jobs: Sequence[str], endpoints: Sequence[str], bounds: Sequence[float]) -> Choice:
    """Draw the controls and return what they ask for.

    Parameters
    ----------
    jobs, endpoints
        That are known; a choice that is none of them falls back to all.
    bounds
        Of the histogram, in seconds; one of them is the objective.
    """
    span = _range()
    job = _job(jobs)
    endpoint = _endpoint(endpoints)
    objective = _objective(bounds)
    compares = st.toggle(
        "Compare",
        key="compare",
        bind="query-params",
        help="With the period of the same length before: dashed lines, and changes under the figures.",
    )
    return Choice(span, Scope(job, endpoint), objective, compares)


def live_toggle(seconds: float) -> bool:
    """Draw the switch that lets the page renew itself."""
    return st.toggle("Live", key="live", bind="query-params", help=f"Renews itself every {seconds:g} s.")


def choose_look() -> str:
    """Draw the tabs of what stands below; only the one that is open is asked for."""
    _drop_stale(_LOOK, LOOKS)
    picked = st.segmented_control(
        "Look closer",
        LOOKS,
        default=LOOKS[0],
        required=True,
        key=_LOOK,
        bind="query-params",
        label_visibility="collapsed",
    )
    return str(picked)


def pick_endpoint(endpoint: str) -> None:
    """Go down to one endpoint, or back up to all of them with an empty name; for use in callbacks."""
    st.session_state[_ENDPOINT] = endpoint or _ALL_ENDPOINTS


def explore(query: str) -> None:
    """Open Explore with a query; for use in callbacks."""
    st.session_state[_LOOK] = LOOKS[-1]
    st.session_state[QUERY] = query


def _range() -> str:
    _drop_stale("range", list(RANGES))
    picked = st.segmented_control(
        "Range", list(RANGES), default=next(iter(RANGES)), required=True, key="range", bind="query-params"
    )
    return str(picked)


def _job(jobs: Sequence[str]) -> str:
    if len(jobs) < 2:
        return ""
    options = [_ALL_JOBS, *jobs]
    _drop_stale("job", options)
    picked = st.selectbox("Service", options, key="job", bind="query-params", width=160)
    return "" if picked == _ALL_JOBS else str(picked)


def _endpoint(endpoints: Sequence[str]) -> str:
    options = [_ALL_ENDPOINTS, *endpoints]
    _drop_stale(_ENDPOINT, options)
    picked = st.selectbox("Endpoint", options, key=_ENDPOINT, bind="query-params", width=210)
    return "" if picked == _ALL_ENDPOINTS else str(picked)


def _objective(bounds: Sequence[float]) -> float:
    finite = [bound for bound in bounds if 0 < bound < float("inf")] or list(names.LATENCY_BUCKETS)
    by_words = {latency(bound): bound for bound in finite}
    options = list(by_words)
    usual = latency(min(finite, key=lambda bound: abs(bound - names.LATENCY_OBJECTIVE_SECONDS)))
    _drop_stale("objective", options)
    picked = st.selectbox(
        "p95 objective",
        options,
        index=options.index(usual),
        key="objective",
        bind="query-params",
        width=120,
        help="One of the histogram's bounds, because only of those the share of slower requests is exact.",
    )
    return by_words[str(picked)]


def _drop_stale(key: str, options: Sequence[str]) -> None:
    """Forget a choice that another service left behind."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]
