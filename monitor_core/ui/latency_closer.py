"""Latency & throughput: machine, predictions, business metrics, slow requests; one at a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from monitor_core.errors import MonitorError
from monitor_core.figures.latency import Line, lines
from monitor_core.metrics import names, questions
from monitor_core.metrics.readings import Traffic
from monitor_core.ui.frame import card, is_dark, zone
from monitor_core.ui.latency_reads import ask, known_values
from monitor_core.ui.latency_words import count, latency
from monitor_core.ui.light import Numeric, markup_table
from monitor_core.ui.tables import csv_button
from monitor_core.ui.text import plain
from monitor_core.ui.words import counted, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor_core.metrics.promql.results import Grid, Labels
    from monitor_core.metrics.questions import Span
    from monitor_core.runtime import Services
    from monitor_core.ui.latency_choice import Choice

__all__ = ["draw_business", "draw_machine", "draw_predictions", "draw_slow", "label_words"]

_MEGABYTE = 1e6
_MOST_LINES = 12
_MOST_BUSINESS = 8
_NOT_BUSINESS = re.compile(
    "(api|process|python|system|scrape|go|node|http|prometheus|promhttp|model_predictions?|feature_drift)_.*"
    "|model_(f1_score|precision|recall|roc_auc|degradation_severity)|up|ALERTS.*|.*_(bucket|sum|created)"
)
"""Names that say how a service or machine does, or come with the libraries; everything else is a service's own."""


def draw_machine(app: Services, choice: Choice, span: Span) -> None:
    """Draw CPU, memory and disks of the machines that the services run on."""
    scope = choice.scope
    cpu, memory = (
        ask(app.metrics, text, span) for text in (questions.shared_cpu(scope), questions.shared_memory(scope))
    )
    left, right = st.columns(2)
    with left, card("CPU", "% of the machine", key="cpu"):
        _many(cpu, span, key="cpu", unit=" %", value_format="%.1f %%", top=100.0)
    with right, card("Memory", "% of the machine", key="memory"):
        _many(memory, span, key="memory", unit=" %", value_format="%.1f %%", top=100.0)
    with left, card("Memory of the service", "MB resident, each process", key="resident"):
        grid = ask(app.metrics, questions.process_memory(scope), span)
        _many(grid, span, key="resident", unit="", value_format="%.0f MB", scale=1 / _MEGABYTE)
    with right, card("Disks", "MB/s of the machine", key="disk"):
        _disks(app, choice, span)


def _disks(app: Services, choice: Choice, span: Span) -> None:
    drawn = []
    for word, build in (("read", questions.disk_read), ("written", questions.disk_written)):
        grid = ask(app.metrics, build(choice.scope, span.step), span)
        for place, labels in enumerate(grid.labels):
            name = " ".join(filter(None, [_instance(labels) if len(grid.labels) > 1 else "", word]))
            drawn.append(Line(name, grid.timestamps, _column(grid, place) / _MEGABYTE))
    _draw(drawn, span, key="disk", unit="", value_format="%.2f MB/s")


def draw_predictions(app: Services, choice: Choice, span: Span) -> None:
    """Draw predictions by label, and how sure the model was of them."""
    by = ("predicted_label", "confidence")
    told = Traffic.of(ask(app.metrics, questions.predictions(choice.scope, span.step), span), span.step, by)
    if not told.keys:
        st.markdown(
            "No predictions were counted in this range: `monitor.track_prediction(label, score, version)` does it."
        )
        return
    left, right = st.columns(2)
    for column, place, title in ((left, 0, "Predictions by label"), (right, 1, "Predictions by confidence")):
        with column, card(title, "a minute", key=f"predictions-{place}"):
            values = sorted({key[place] for key in told.keys}, key=lambda value: -_of(told, value, place))
            drawn = [
                Line(value or "none", told.timestamps, 60 * _each(told, value, place) / span.step)
                for value in values[:_MOST_LINES]
            ]
            _draw(drawn, span, key=f"predictions-{place}", unit="", value_format="%.2f a minute")
    _predictions_table(told)


def _of(told: Traffic, value: str, place: int) -> float:
    return float(np.nansum(_each(told, value, place)))


def _each(told: Traffic, value: str, place: int) -> np.ndarray:
    chosen = np.array([key[place] == value for key in told.keys])
    known = ~np.isnan(told.counts).all(axis=1)
    return np.where(known, np.nansum(told.counts[:, chosen], axis=1), np.nan)


def _predictions_table(told: Traffic) -> None:
    labels = sorted({key[0] for key in told.keys}, key=lambda value: -_of(told, value, 0))
    sure = [word for word in ("high", "medium", "low", "unknown") if any(key[1] == word for key in told.keys)]
    sure += sorted({key[1] for key in told.keys} - set(sure))
    counts = dict(zip(told.keys, np.nansum(told.counts, axis=0).tolist(), strict=True))
    total = sum(counts.values())
    rows = [
        (
            label,
            *(Numeric(count(counts.get((label, word), 0.0))) for word in sure),
            Numeric(count(_of(told, label, 0))),
            Numeric(f"{_of(told, label, 0) / total:.1%}" if total else "n/a"),
        )
        for label in labels
    ]
    with card("Labels and confidence", f"{count(total)} predictions", key="predictions-table"):
        st.html(str(markup_table(("Label", *sure, "All", "Share"), rows, alt="Predictions by label and confidence")))
        csv_button(
            {
                "label": [key[0] for key in counts],
                "confidence": [key[1] for key in counts],
                "predictions": list(counts.values()),
            },
            name="predictions",
        )


def draw_business(app: Services, choice: Choice, span: Span, jobs: Sequence[str]) -> None:
    """Draw the metrics that the user's services define themselves."""
    found = _business(app, [choice.scope.job] if choice.scope.job else jobs)
    if not found:
        st.markdown(
            "These services define no metrics of their own: `PerformanceMonitor(business=[BusinessMetric(...)])` "
            "does it; what that takes stands in the guide to instrumentation."
        )
        return
    shown = found[:_MOST_BUSINESS]
    columns = st.columns(2)
    for place, (metric, kind, words) in enumerate(shown):
        is_counter = kind == "counter"
        ask_for = (
            questions.counter(metric, choice.scope, span.step) if is_counter else questions.gauge(metric, choice.scope)
        )
        with (
            columns[place % 2],
            card(plain(metric, limit=50), "a minute" if is_counter else "", key=f"business-{place}"),
        ):
            if words:
                st.caption(plain(words, limit=160))
            scale = 60 / span.step if is_counter else 1.0
            _many(
                ask(app.metrics, ask_for, span),
                span,
                key=f"business-{place}",
                unit="",
                value_format="%.3f",
                scale=scale,
                title=metric,
            )
    if len(found) > len(shown):
        rest = ", ".join(plain(metric) for metric, _, _ in found[len(shown) : len(shown) + 20])
        st.caption(f"And {counted(len(found) - len(shown), 'metric')} more, to be seen in Explore: {rest}.")


def _business(app: Services, jobs: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return name, kind and words of the services' own metrics, sorted; histograms show their count."""
    metadata = _metadata(app)
    found = {}
    for job in jobs:
        for series in known_values(app, "__name__", f"{{job={questions.quoted(job)}}}"):
            if _NOT_BUSINESS.fullmatch(series):
                continue
            told = metadata.get(series) or metadata.get(series.removesuffix("_total")) or ("", "")
            kind = "counter" if series.endswith(("_total", "_count")) else told[0] or "gauge"
            found[series] = (kind, told[1])
    return [(series, *found[series]) for series in sorted(found)]


def _metadata(app: Services) -> dict[str, tuple[str, str]]:
    try:
        return {name: (told[0].kind, told[0].help) for name, told in app.metrics.metadata().items() if told}
    except MonitorError:
        return {}  # words only; the charts say what is wrong with the source


def draw_slow(app: Services, choice: Choice, span: Span) -> None:
    """Draw requests slower than the objective that left the id of their trace."""
    selector = choice.scope.of(names.API_REQUEST_DURATION.series)
    found = [one for one in app.metrics.exemplars(selector, span.start, span.end) if one.value > choice.objective]
    found.sort(key=lambda one: -one.value)
    with card(f"Requests above {latency(choice.objective)} with a trace", "exemplars", key="slow"):
        if not found:
            st.markdown(
                "None in this range. A request that carries a `traceparent` header leaves its trace id at the bucket "
                "it falls into; a Prometheus keeps them with `--enable-feature=exemplar-storage`."
            )
            return
        here = zone()
        rows = [
            (
                dict(one.labels).get("trace_id", " ".join(f"{name}={value}" for name, value in one.labels)),
                Numeric(latency(one.value)),
                dict(one.series).get("endpoint", ""),
                dict(one.series).get("status_code", ""),
                moment(datetime.fromtimestamp(one.timestamp / 1000, UTC), here),
            )
            for one in found[:30]
        ]
        titles = ("Trace", "Took", "Endpoint", "Status", "When")
        st.html(str(markup_table(titles, rows, alt="Slow requests and their traces")))
        csv_button({title: [row[place] for row in rows] for place, title in enumerate(titles)}, name="slow_requests")


def label_words(labels: Labels) -> str:
    """Return a series as a legend shows it.

    Examples
    --------
    >>> label_words((("__name__", "up"), ("job", "api"))), label_words(()), label_words((("job", "api"),))
    ('up{job="api"}', 'value', '{job="api"}')
    """
    told = dict(labels)
    name = told.pop("__name__", "")
    inside = ", ".join(f'{key}="{value}"' for key, value in told.items())
    return (f"{name}{{{inside}}}" if inside else name) or "value"


def _instance(labels: Labels) -> str:
    return dict(labels).get("instance", "value")


def _short(labels: Labels) -> str:
    told = {name: value for name, value in labels if name not in {"__name__", "job"}}
    if set(told) == {"instance"}:
        return told["instance"]
    told.pop("instance", None)
    return ", ".join(told.values()) or "value"


def _column(grid: Grid, place: int) -> np.ndarray:
    return np.where(grid.present[:, place], grid.values[:, place], np.nan)


def _many(
    grid: Grid,
    span: Span,
    *,
    key: str,
    unit: str,
    value_format: str,
    scale: float = 1.0,
    top: float | None = None,
    title: str = "",
) -> None:
    largest = [float(np.fmax.reduce(_column(grid, at), initial=-np.inf)) for at in range(len(grid.labels))]
    order = sorted(range(len(grid.labels)), key=lambda at: -largest[at])
    drawn = [
        Line(
            title if title and len(order) == 1 else _short(grid.labels[at]), grid.timestamps, scale * _column(grid, at)
        )
        for at in order[:_MOST_LINES]
    ]
    _draw(drawn, span, key=key, unit=unit, value_format=value_format, top=top)
    if len(grid.labels) > _MOST_LINES:
        st.caption(f"The {_MOST_LINES} largest of {len(grid.labels)} series.")


def _draw(
    drawn: Sequence[Line], span: Span, *, key: str, unit: str, value_format: str, top: float | None = None
) -> None:
    known = [one for one in drawn if not np.isnan(one.values).all()]
    if not known:
        st.caption("Nothing in this range." if not drawn else "Only NaN in this range: the service has no figure yet.")
        return
    latest = ", ".join(f"{one.name} {one.values[~np.isnan(one.values)][-1]:,.4g}" for one in known[:4])
    st.echarts_chart(
        lines(
            known,
            dark=is_dark(),
            unit=unit,
            value_format=value_format,
            span=(span.start, span.end),
            top=top,
        ),
        height=190,
        key=f"{key}-chart",
        alt=f"Latest: {latest}",
    )
