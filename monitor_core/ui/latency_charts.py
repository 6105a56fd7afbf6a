"""Latency & throughput: the figures, percentiles and traffic over time, the heatmap, the table of endpoints."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.figures.latency import Line, heat_columns, heatmap, lines
from monitor_core.metrics import questions
from monitor_core.reports.numbers import percent
from monitor_core.ui.frame import card, is_dark, zone
from monitor_core.ui.latency_choice import explore, pick_endpoint
from monitor_core.ui.latency_words import bucket_words, change, count, latency, rate
from monitor_core.ui.light import figure
from monitor_core.ui.tables import as_csv, csv_button
from monitor_core.ui.text import plain

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from monitor_core.metrics.readings import Latency, Traffic
    from monitor_core.ui.latency_choice import Choice
    from monitor_core.ui.latency_reads import Look, Row

__all__ = ["draw_figures", "draw_heatmap", "draw_percentiles", "draw_rows", "draw_traffic", "figure_columns"]

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_TONES = {"p50": "green", "p95": "primary", "p99": "orange"}
_TABLE = "endpoints"


def draw_figures(found: Look, choice: Choice) -> None:
    """Draw the six figures of the range: what they are, what they rest on, how they compare."""
    told, before = found.latency, found.before
    with st.grid(6, min_column_width=150, key="figures"):
        for name, share in SHARES.items():
            now = told.percentile(share)
            was = before[0].percentile(share).value if before else None
            _tile(name, latency(now.value), bucket_words(now), change(now.value, was))
        _above_tile(found, choice.objective)
        _traffic_tiles(found)


def _tile(name: str, value: str, below: str, compared: str) -> None:
    with st.container(border=True, gap=None, height="stretch"):
        figure(name, value)
        st.caption(below + (f"  \n{compared}" if compared else ""))


def _above_tile(found: Look, objective: float) -> None:
    told = found.latency
    share, above = told.share_above(objective), told.above(objective)
    was = found.before[0].share_above(objective) if found.before else None
    below = "no requests" if share is None or above is None else f"{count(above)} requests, exact"
    _tile(f"Above {latency(objective)}", percent(share), below, change(share, was))


def _traffic_tiles(found: Look) -> None:
    seconds = found.span.end - found.span.start
    total, was = found.traffic.total(), found.before[1].total() if found.before else None
    _tile("Requests", count(total), rate(total / seconds), change(total, was))
    ours, theirs = found.traffic.total("5"), found.traffic.total("4")
    failed = ours + theirs
    failed_before = _error_share(found.before[1]) if found.before else None
    share = failed / total if total else None
    _tile("Errors", percent(share), f"5xx {count(ours)} · 4xx {count(theirs)}", change(share, failed_before))


def _error_share(traffic: Traffic) -> float | None:
    total = traffic.total()
    return (traffic.total("4") + traffic.total("5")) / total if total else None


def draw_percentiles(found: Look, choice: Choice) -> None:
    """Draw p50, p95 and p99 over time with the objective, and the downloads of both."""
    told = found.latency
    drawn = [
        Line(name, told.timestamps, 1000 * told.percentiles(share), _TONES[name]) for name, share in SHARES.items()
    ]
    drawn.reverse()
    if found.before:
        drawn.append(_earlier(found.before[0].percentiles(0.95) * 1000, found, "p95, before", "primary"))
    with card(
        "Latency percentiles", f"ms, each between two bounds of the histogram · {_points(found)}", key="percentiles"
    ):
        st.echarts_chart(
            lines(
                drawn,
                dark=is_dark(),
                unit=" ms",
                value_format="%.1f ms",
                span=(found.span.start, found.span.end),
                level=(1000 * choice.objective, f"objective {latency(choice.objective)}"),
            ),
            height=280,
            key="percentiles-chart",
            alt=_percentiles_alt(told, choice),
        )
        with st.container(horizontal=True):
            _download("Figures", figure_columns(found, choice), "latency_figures")
            _download("Series", _series_columns(found, choice), "latency_series")
            st.button(
                "Explore p95",
                icon=":material/query_stats:",
                type="tertiary",
                on_click=explore,
                args=(questions.percentile(0.95, choice.scope, found.span.step),),
                help="The query behind the line, to change it or take it elsewhere",
            )


def _percentiles_alt(told: Latency, choice: Choice) -> str:
    words = ", ".join(f"{name} {latency(told.percentile(share).value)}" for name, share in SHARES.items())
    return f"Latency over the last {choice.range}: {words}"


def _points(found: Look) -> str:
    return f"{found.span.steps} steps"


def _earlier(values: NDArray[np.float64], found: Look, name: str, tone: str) -> Line:
    """Lay the period before over this one."""
    return Line(name, found.latency.timestamps[: len(values)], values, tone, is_before=True)


def figure_columns(found: Look, choice: Choice) -> dict[str, list[Any]]:
    """Return the figures of the range in full precision: seconds, shares and counts."""
    told = found.latency
    known = [told.percentile(share) for share in SHARES.values()]
    traffic = found.traffic
    rows = [
        *((f"{name} seconds", one.value, one.low, one.high) for name, one in zip(SHARES, known, strict=True)),
        (f"share above {choice.objective:g} s", told.share_above(choice.objective), None, None),
        ("requests timed", told.total, None, None),
        ("requests", traffic.total(), None, None),
        ("4xx", traffic.total("4"), None, None),
        ("5xx", traffic.total("5"), None, None),
    ]
    titles = ("figure", "value", "bucket from", "bucket to")
    return {title: [row[place] for row in rows] for place, title in enumerate(titles)}


def _series_columns(found: Look, choice: Choice) -> dict[str, list[Any]]:
    told, traffic = found.latency, found.traffic
    columns: dict[str, list[Any]] = {
        "until": [datetime.fromtimestamp(at / 1000, UTC).isoformat() for at in told.timestamps.tolist()],
        **{f"{name} seconds": told.percentiles(share).tolist() for name, share in SHARES.items()},
        f"share above {choice.objective:g} s": told.shares_above(choice.objective).tolist(),
    }
    if len(traffic.timestamps) == len(told.timestamps):
        columns |= {"requests": traffic.every.tolist(), "4xx": traffic.of_status("4").tolist()}
        columns["5xx"] = traffic.of_status("5").tolist()
    return columns


def _download(label: str, columns: dict[str, list[Any]], name: str) -> None:
    st.download_button(
        label,
        lambda: as_csv(columns),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        icon=":material/download:",
        on_click="ignore",
        help="As CSV, in full precision",
        type="tertiary",
    )


def draw_traffic(found: Look) -> None:
    """Draw requests a second, and the share that failed, side by side."""
    traffic, step = found.traffic, found.span.step
    left, right = st.columns(2)
    total = traffic.every
    with left, card("Throughput", "req/s", key="throughput"):
        drawn = [Line("requests", traffic.timestamps, total / step, "primary", is_filled=True)]
        if found.before:
            drawn.append(_earlier(found.before[1].every / step, found, "before", "primary"))
        st.echarts_chart(
            lines(drawn, dark=is_dark(), unit="", value_format="%.2f req/s", span=(found.span.start, found.span.end)),
            height=200,
            key="throughput-chart",
            alt=f"Requests a second, {rate(traffic.total() / (found.span.end - found.span.start))} on average",
        )
    with right, card("Errors", "% of requests", key="errors"):
        failed = [
            Line(f"{first}xx", traffic.timestamps, _share(traffic, first), tone, is_filled=first == "5")
            for first, tone in (("5", "red"), ("4", "orange"))
        ]
        if found.before:
            failed.append(_earlier(_share(found.before[1], "5"), found, "5xx, before", "red"))
        st.echarts_chart(
            lines(
                failed,
                dark=is_dark(),
                unit=" %",
                value_format="%.2f %%",
                span=(found.span.start, found.span.end),
                top=1.0,
            ),
            height=200,
            key="errors-chart",
            alt=f"Errors: {count(traffic.total('5'))} with 5xx, {count(traffic.total('4'))} with 4xx",
        )


def _share(traffic: Traffic, first: str) -> NDArray[np.float64]:
    import numpy as np  # noqa: PLC0415 - loaded with the readings anyway

    with np.errstate(all="ignore"):
        return np.asarray(100 * traffic.of_status(first) / traffic.every)


def draw_heatmap(found: Look) -> None:
    """Draw where requests fall, bucket by bucket: what percentiles hide when there are two kinds of request."""
    told = found.latency
    with card("Latency heatmap", "darker: more of that column", key="latency-heatmap"):
        here, days = zone(), found.span.end - found.span.start > 86_400
        labels = [
            f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(here):{'%d %b %H:%M' if days else '%H:%M'}}"
            for at in heat_columns(told).tolist()
        ]
        st.echarts_chart(
            heatmap(told, labels, dark=is_dark()),
            height=40 + 25 * len(told.bounds),
            key="latency-heatmap-chart",
            alt=f"Requests by latency bucket over time; most lie {bucket_words(told.percentile(0.5))}",
        )


def draw_rows(found: Look, choice: Choice) -> None:
    """Draw the table: endpoints, or methods and statuses of the one that was chosen."""
    endpoint = choice.scope.endpoint
    title = f"{plain(endpoint, limit=50)}" if endpoint else "Endpoints"
    aside = "by method and status" if endpoint else "choose a row to see only it"
    with card(title, aside, key="rows"):
        if endpoint:
            st.button(
                "All endpoints", icon=":material/arrow_back:", type="tertiary", on_click=pick_endpoint, args=("",)
            )
        columns = row_columns(found, choice)
        _table(columns, found, drills=not endpoint)
        csv_button(columns, name="endpoints")


def row_columns(found: Look, choice: Choice) -> dict[str, list[Any]]:
    """Return the table's columns; shares are 0 to 1, latencies milliseconds."""
    seconds = found.span.end - found.span.start
    rows = found.rows
    first: dict[str, list[Any]] = (
        {"Method": [row.name[0] for row in rows], "Status": [row.name[1] for row in rows]}
        if choice.scope.endpoint
        else {"Endpoint": [row.name[0] for row in rows]}
    )
    return first | {
        "Requests": [round(row.requests) for row in rows],
        "req/s": [row.requests / seconds for row in rows],
        "p95 ms": [_milliseconds(row, 0.95) for row in rows],
        f"> {latency(choice.objective)}": [
            row.latency.share_above(choice.objective) if row.latency else None for row in rows
        ],
        "4xx": [round(row.client_errors) for row in rows],
        "5xx": [round(row.server_errors) for row in rows],
        "Errors": [(row.client_errors + row.server_errors) / row.requests if row.requests else None for row in rows],
    }


def _milliseconds(row: Row, share: float) -> float | None:
    value = row.latency.percentile(share).value if row.latency else math.nan
    return None if math.isnan(value) else 1000 * value


def _table(columns: dict[str, list[Any]], found: Look, *, drills: bool) -> None:
    import pandas as pd  # noqa: PLC0415 - heavy; the states without a table need none

    numbers = {name: st.column_config.NumberColumn(format="localized") for name in ("Requests", "4xx", "5xx")}
    shares = {
        name: st.column_config.NumberColumn(format="percent")
        for name in columns
        if name == "Errors" or name[:2] == "> "
    }
    fine = {
        "p95 ms": st.column_config.NumberColumn(format="%.1f"),
        "req/s": st.column_config.NumberColumn(format="%.2f"),
    }
    config = numbers | shares | fine

    def chosen() -> None:
        rows = st.session_state[_TABLE].selection.rows
        if rows and rows[0] < len(found.rows):
            pick_endpoint(found.rows[rows[0]].name[0])

    settings: dict[str, Any] = {"on_select": chosen, "selection_mode": "single-row", "key": _TABLE} if drills else {}
    st.dataframe(
        pd.DataFrame(columns),
        hide_index=True,
        column_config=config,
        placeholder="–",
        alt="Requests, latency and errors by endpoint" if drills else "The same by method and status",
        **settings,
    )
