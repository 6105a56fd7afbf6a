"""Latency & throughput: one look at a service, read from the source of metrics, and the last good one kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import streamlit as st

from monitor_core.errors import MonitorError
from monitor_core.metrics import names, questions
from monitor_core.metrics.promql.errors import ExecutionFailed
from monitor_core.metrics.promql.histogram import bucket_bound
from monitor_core.metrics.questions import RANGES, Scope, Span
from monitor_core.metrics.readings import Latency, Traffic, joined, latencies
from monitor_core.metrics.sources import SourceKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor_core.metrics.promql.results import Grid
    from monitor_core.metrics.sources import MetricsSource, TargetState
    from monitor_core.runtime import Services
    from monitor_core.ui.latency_choice import Choice

__all__ = [
    "Known",
    "Look",
    "Row",
    "ask",
    "known",
    "known_values",
    "last_good",
    "least_step",
    "look",
    "span_of",
    "targets",
]

_ROW_STEPS = 12
_DAY = 86_400.0
_SERVER_STEP = 60.0
"""Shortest step asked of a server that does not tell how often it scrapes: Prometheus's default interval."""

_KEPT = 64


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A line of the table: an endpoint, or within one a method and status."""

    name: tuple[str, ...]
    latency: Latency | None
    requests: float
    client_errors: float
    server_errors: float


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Everything about the requests of a range, read together.

    Attributes
    ----------
    taken_at
        When it was read.
    before
        Latency and traffic of the period before, where the page compares.
    """

    span: Span
    latency: Latency
    traffic: Traffic
    rows: tuple[Row, ...]
    before: tuple[Latency, Traffic] | None
    taken_at: datetime


def span_of(app: Services, choice: Choice) -> Span:
    """Return the steps at which the chosen range is asked."""
    return Span.of(choice.seconds, app.now().timestamp(), least=least_step(app))


def least_step(app: Services) -> float:
    """Return the shortest step that always holds two scrapes, in seconds."""
    if app.metrics.kind is SourceKind.EMBEDDED:
        return 2 * app.settings.metrics.scrape_interval
    told = [state.interval for state in targets(app) if state.interval]
    return 2 * max(told) if told else _SERVER_STEP


def look(app: Services, choice: Choice) -> Look:
    """Read what the page shows, and keep it as the last good look of this choice.

    Raises
    ------
    MonitorError
        The source does not answer, or not this question.
    """
    span, scope, source = span_of(app, choice), choice.scope, app.metrics
    latency, traffic = _figures(source, scope, span)
    before = _figures(source, scope, span.before()) if choice.compares else None
    found = Look(span, latency, traffic, _rows(source, scope, span), before, app.now())
    if not latency.is_empty:
        kept = _kept()
        kept[_place(app, choice)] = found
        while len(kept) > _KEPT:
            kept.pop(next(iter(kept)))
    return found


def last_good(app: Services, choice: Choice) -> Look | None:
    """Return what this choice showed when the source last answered; None if it never did since the server began."""
    found = _kept().get(_place(app, choice))
    return replace(found, before=None) if found is not None and not choice.compares else found


def _place(app: Services, choice: Choice) -> tuple[str, str, Scope]:
    return app.metrics.name, choice.range, choice.scope


@st.cache_resource(show_spinner=False)
def _kept() -> dict[tuple[str, str, Scope], Look]:
    return {}


def _figures(source: MetricsSource, scope: Scope, span: Span) -> tuple[Latency, Traffic]:
    latency = Latency.of(ask(source, questions.buckets(scope, span.step), span), span.step)
    by = ("status_code",)
    traffic = Traffic.of(ask(source, questions.requests(scope, span.step, *by), span), span.step, by)
    return latency, traffic


def _rows(source: MetricsSource, scope: Scope, span: Span) -> tuple[Row, ...]:
    """Read the table by wide steps: few values however many endpoints there are, and the same sums."""
    by = ("method", "status_code") if scope.endpoint else ("endpoint",)
    wide = span.coarser(_ROW_STEPS)
    timed = latencies(ask(source, questions.buckets(scope, wide.step, *by), wide), wide.step, by)
    labels = by if scope.endpoint else (*by, "status_code")
    traffic = Traffic.of(ask(source, questions.requests(scope, wide.step, *labels), wide), wide.step, labels)
    found = []
    for name in sorted({key[: len(by)] for key in traffic.keys} | set(timed)):
        mine = [place for place, key in enumerate(traffic.keys) if key[: len(by)] == name]
        part = Traffic(traffic.timestamps, tuple(traffic.keys[at] for at in mine), traffic.counts[:, mine], wide.step)
        found.append(Row(name, timed.get(name), part.total(), part.total("4"), part.total("5")))
    return tuple(sorted(found, key=lambda row: (-row.requests, row.name)))


def ask(source: MetricsSource, text: str, span: Span) -> Grid:
    """Ask for a range; the same question within its step is asked once for all sessions.

    Raises
    ------
    MonitorError
        As the source raises it.
    """
    return _asked(source, source.name, text, span)


@st.cache_resource(max_entries=200, ttl=900, show_spinner=False)
def _asked(_source: MetricsSource, _name: str, text: str, span: Span) -> Grid:
    if _source.kind is SourceKind.EMBEDDED:
        return joined([_bounded(_source, text, piece) for piece in span.pieces(_DAY)])
    return _bounded(_source, text, span)


def _bounded(source: MetricsSource, text: str, span: Span) -> Grid:
    """Ask, in two halves where one question would read more samples than the source allows."""
    try:
        return cast("Grid", source.query_range(text, span.first, span.end, span.step).value)
    except ExecutionFailed as error:
        if "too many samples" not in error.message or span.steps < 2:
            raise
    halves = span.pieces((span.steps + 1) // 2 * span.step)
    return joined([_bounded(source, text, half) for half in halves])


@st.cache_resource(max_entries=100, ttl=20, show_spinner=False)
def _values(_source: MetricsSource, _name: str, label: str, selector: str, start: float, end: float) -> tuple[str, ...]:
    return _source.label_values(label, [selector] if selector else [], start, end)


def known_values(app: Services, label: str, selector: str = "") -> tuple[str, ...]:
    """Return the values of a label in series of the longest range.

    Raises
    ------
    MonitorError
        The source does not answer.
    """
    now = app.now().timestamp() // 20 * 20
    return _values(app.metrics, app.metrics.name, label, selector, now - RANGES["15d"], now + 20)


@dataclass(frozen=True, slots=True)
class Known:
    """What can be chosen from: services, their endpoints, the bounds of their histograms in seconds."""

    jobs: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    bounds: tuple[float, ...] = names.LATENCY_BUCKETS


def known(app: Services) -> tuple[Known, MonitorError | None]:
    """Return what can be chosen from; of a source that does not answer what it said last, and why it does not."""
    before = _known_before()
    selector = names.API_REQUEST_DURATION.series
    try:
        jobs, endpoints, les = (known_values(app, label, selector) for label in ("job", "endpoint", "le"))
    except MonitorError as error:
        return before.get(app.metrics.name, Known()), error
    bounds = {bound for text in les if (bound := bucket_bound(text)) is not None}
    before[app.metrics.name] = Known(jobs, endpoints, tuple(sorted(bounds)) or names.LATENCY_BUCKETS)
    return before[app.metrics.name], None


@st.cache_resource(show_spinner=False)
def _known_before() -> dict[str, Known]:
    return {}


@st.cache_resource(max_entries=10, ttl=5, show_spinner=False)
def _targets(_source: MetricsSource, _name: str) -> tuple[TargetState, ...]:
    return _source.targets()


@st.cache_resource(max_entries=10, ttl=300, show_spinner=False)
def _differs(_source: MetricsSource, _kind: str) -> str:
    health = _source.health()
    return health.message if _source.name.startswith("VictoriaMetrics") else ""


def differs(app: Services) -> str:
    """Return how the answers of a server differ from those of Prometheus, as it is known; usually nothing."""
    return _differs(app.metrics, app.metrics.kind.value) if app.metrics.kind is SourceKind.PROMETHEUS else ""


def targets(app: Services, jobs: Sequence[str] = ()) -> tuple[TargetState, ...]:
    """Return what is scraped (of these jobs, where any are named); nothing from a source that does not tell."""
    try:
        found = _targets(app.metrics, app.metrics.name)
    except MonitorError:
        return ()
    return tuple(state for state in found if not jobs or state.job in jobs)
