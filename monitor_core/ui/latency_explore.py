"""Latency & throughput: a query of one's own, as a chart or a table, with what the engine says about it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from monitor_core.errors import MonitorError
from monitor_core.figures.latency import Line, lines
from monitor_core.metrics.promql.errors import QueryFailed
from monitor_core.metrics.promql.results import Grid, Matrix, Scalar, String, Vector
from monitor_core.metrics.questions import starter
from monitor_core.ui.frame import card, failure, is_dark, zone
from monitor_core.ui.latency_choice import QUERY
from monitor_core.ui.latency_closer import label_words
from monitor_core.ui.latency_reads import known_values
from monitor_core.ui.tables import table
from monitor_core.ui.text import plain
from monitor_core.ui.words import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor_core.metrics.promql.results import Answer, Value
    from monitor_core.metrics.questions import Span
    from monitor_core.metrics.sources import Metadata
    from monitor_core.runtime import Services

__all__ = ["draw_explore", "pointed"]

_METRIC, _SHOWN, _SUGGESTED = "metric-name", "as", "query-suggested"
_VIEWS = ("Chart", "Table")
_MOST_LINES = 20
_MOST_ROWS = 1_000
_PLACE = re.compile(r"^(\d+):(\d+): ")


def draw_explore(app: Services, span: Span) -> None:
    """Draw the box, and the answer to what stands in it."""
    with card("Explore", f"PromQL, answered by {plain(app.metrics.name)}", key="explore"):
        text = _box(app)
        if not text:
            st.markdown(
                "Choose a metric for a query to begin with, or write one: "
                "`sum by (endpoint) (rate(api_requests_total[5m]))`"
            )
            return
        try:
            if st.session_state.get(_SHOWN, _VIEWS[0]) == _VIEWS[0]:
                _chart(app, text, span)
            else:
                _rows(app.metrics.query(text, app.now().timestamp()))
        except QueryFailed as error:
            st.error(plain(error.message, limit=600), title="The query was refused", icon=":material/error:")
            if place := pointed(text, error.message):
                st.code(place, language=None)
        except MonitorError as error:
            failure(error, tried=f"Asking {plain(app.metrics.name)}", key="explore")


def _box(app: Services) -> str:
    metadata = _metadata(app)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Metric",
            known_values(app, "__name__", ""),
            index=None,
            placeholder="Find a metric",
            key=_METRIC,
            on_change=_insert,
            args=(metadata,),
            width=330,
        )
        st.segmented_control("As", _VIEWS, default=_VIEWS[0], required=True, key=_SHOWN, bind="query-params")
    picked = st.session_state.get(_METRIC)
    if picked and (told := _told(metadata, picked)):
        st.caption(f"{plain(picked)} · {told.kind} · {plain(told.help, limit=200)}")
    text = st.text_area("Query", key=QUERY, bind="query-params", height=90, max_chars=4_000, placeholder="PromQL")
    return str(text or "").strip()


def _insert(metadata: Mapping[str, tuple[Metadata, ...]]) -> None:
    """Begin a query with the metric, or put its name behind one that was begun."""
    metric = st.session_state.get(_METRIC)
    if not metric:
        return
    told = _told(metadata, metric)
    before = str(st.session_state.get(QUERY) or "").rstrip()
    suggested = starter(metric, told.kind if told else "")
    is_begun = before and before != st.session_state.get(_SUGGESTED)
    st.session_state[QUERY] = f"{before} {metric}" if is_begun else suggested
    st.session_state[_SUGGESTED] = suggested


def _metadata(app: Services) -> Mapping[str, tuple[Metadata, ...]]:
    try:
        return app.metrics.metadata()
    except MonitorError:
        return {}  # only words are missing; the query itself says what is wrong


def _told(metadata: Mapping[str, tuple[Metadata, ...]], metric: str) -> Metadata | None:
    """Return what is said about a metric; a histogram is known by the name without its ending."""
    for ending in ("", "_total", "_bucket", "_count", "_sum"):
        if metric.endswith(ending) and (found := metadata.get(metric.removesuffix(ending))):
            return found[0]
    return None


def pointed(text: str, message: str) -> str:
    r"""Return the line of a query that a message is about, with a mark under the column; empty where it names none.

    Examples
    --------
    >>> print(pointed("sum(\n  rate(x)", "2:8: parse error: unexpected right parenthesis"))
      rate(x)
           ^
    >>> pointed("x", "query timed out")
    ''
    """
    found = _PLACE.match(message)
    lines_of = text.splitlines()
    if found is None or not 1 <= int(found[1]) <= len(lines_of):
        return ""
    line = lines_of[int(found[1]) - 1]
    column = min(max(int(found[2]), 1), len(line) + 1)
    return f"{line}\n{' ' * (column - 1)}^"


def _chart(app: Services, text: str, span: Span) -> None:
    answer = app.metrics.query_range(text, span.first, span.end, span.step)
    value = answer.value
    _notes(answer)
    if not isinstance(value, Grid) or not value.labels:
        st.caption("No series in this range.")
        return
    values = np.where(value.present, value.values, np.nan)
    drawn = [
        Line(label_words(labels), value.timestamps, values[:, place])
        for place, labels in enumerate(value.labels[:_MOST_LINES])
    ]
    option = lines(drawn, dark=is_dark(), unit="", value_format="%.6f", span=(span.start, span.end))
    if np.fmin.reduce(values, axis=None, initial=0.0) < 0:
        option["yAxis"].pop("min")
    st.echarts_chart(
        option, height=320, key="explore-chart", alt=f"{counted(len(value.labels), 'line')}: {plain(text, limit=200)}"
    )
    drawn_words = f", {_MOST_LINES} drawn" if len(value.labels) > _MOST_LINES else ""
    st.caption(f"{len(value.labels):,} series{drawn_words} · {answer.samples:,} samples read")


def _notes(answer: Answer) -> None:
    for words in answer.warnings:
        st.caption(f":orange-badge[:material/warning: warning] {plain(words, limit=300)}")
    for words in answer.infos:
        st.caption(f":gray-badge[:material/info: info] {plain(words, limit=300)}")


def _rows(answer: Answer) -> None:
    _notes(answer)
    columns = answer_columns(answer.value)
    n_rows = len(next(iter(columns.values()), ()))
    if not n_rows:
        st.caption("No series at this moment.")
        return
    shown = {name: values[:_MOST_ROWS] for name, values in columns.items()}
    table(shown, name="query", alt="The answer to the query, one row a series", height=min(38 + 35 * n_rows, 420))
    if n_rows > _MOST_ROWS:
        st.caption(f"The first {_MOST_ROWS:,} of {n_rows:,} rows.")


def answer_columns(value: Value) -> dict[str, list[str]]:
    """Return an answer at one moment as columns of text: a label each, and the value."""
    if isinstance(value, Scalar):
        return {"Value": [_text(value.value)]}
    if isinstance(value, String):
        return {"Value": [value.value]}
    if isinstance(value, Vector):
        cells = [_text(float(number)) for number in value.values]
        return _label_columns(value.labels) | {"Value": cells}
    if isinstance(value, Matrix):
        here = zone()
        cells = [
            " ".join(
                f"{_text(number)}@{datetime.fromtimestamp(at / 1000, UTC).astimezone(here):%H:%M:%S}"
                for at, number in zip(stamps.tolist()[-20:], numbers.tolist()[-20:], strict=True)
            )
            for stamps, numbers in zip(value.timestamps, value.values, strict=True)
        ]
        return _label_columns(value.labels) | {"Values": cells}
    return {}


def _label_columns(found: tuple[tuple[tuple[str, str], ...], ...]) -> dict[str, list[str]]:
    keys = sorted({key for labels in found for key, _ in labels})
    return {key: [dict(labels).get(key, "") for labels in found] for key in keys}


def _text(number: float) -> str:
    return (
        "+Inf" if number == float("inf") else "-Inf" if number == float("-inf") else repr(number).replace("nan", "NaN")
    )
