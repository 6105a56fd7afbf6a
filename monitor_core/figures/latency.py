"""Charts of a service: percentiles, traffic, errors, the latency heatmap, machines. Readings in, ECharts out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from monitor_core.figures.echarts import axis_text, frame, grid, legend, tooltip, x_axis, y_axis
from monitor_core.figures.theme import Theme, mix, theme
from monitor_core.figures.thin import thin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from monitor_core.metrics.readings import Latency

    Floats = NDArray[np.float64]

__all__ = ["Line", "bound_words", "heat_columns", "heatmap", "lines"]

_POINTS = 800
_HEAT_COLUMNS = 60
_SHADES = 6


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line over time.

    Attributes
    ----------
    name
        Shown in the legend, as plain text.
    timestamps
        int64 milliseconds since 1970.
    values
        NaN is a gap.
    tone
        A colour of the theme; empty takes the next of its series.
    is_filled
        Tint the area below.
    is_before
        The period before: thin and dashed.
    """

    name: str
    timestamps: NDArray[np.int64]
    values: Floats
    tone: str = ""
    is_filled: bool = False
    is_before: bool = False


def lines(
    drawn: Sequence[Line],
    *,
    dark: bool,
    unit: str,
    value_format: str,
    span: tuple[float, float],
    level: tuple[float, str] | None = None,
    top: float | None = None,
) -> dict[str, Any]:
    """Return lines over time on an axis that begins at zero.

    Series longer than 800 points are thinned without losing an extreme.

    Parameters
    ----------
    unit
        Put behind the numbers of the axis: ``" ms"``.
    value_format
        Of the tooltip's numbers, in Streamlit's printf style: ``"%.1f ms"``.
    span
        Begin and end of the time axis in seconds, so that charts of one page lie above each other.
    level
        A dashed line across the chart, and its words.
    top
        Least upper end of the axis.
    """
    tokens = theme(dark=dark)
    tones = iter([*tokens.series, *tokens.series, *tokens.series, *tokens.series])
    series = [_line(one, getattr(tokens, one.tone) if one.tone else next(tones), tokens) for one in drawn]
    axis = y_axis(tokens) | {"type": "value", "min": 0, "splitNumber": 4}
    axis["axisLabel"] = axis_text(tokens) | {"formatter": f"{{value}}{unit}", "hideOverlap": True}
    if level is not None and series:
        series[0]["markLine"] = _level(level, tokens)
    highest = max((float(np.fmax.reduce(one.values, initial=0.0)) for one in drawn), default=0.0)
    least = max(top or 0.0, (level[0] if level is not None else 0.0) * 1.08)
    if highest < least:
        axis["max"] = least
        if level is None:
            axis["interval"] = least / 4
        else:
            axis["axisLabel"]["showMaxLabel"] = False
    return frame(tokens) | {
        "grid": grid(12 + 7 * max(5, len(unit) + 4)),
        "legend": legend([one.name for one in drawn], tokens) | {"type": "scroll", "itemWidth": 12},
        "tooltip": tooltip(tokens, value_format),
        "xAxis": _time_axis(span, tokens),
        "yAxis": axis,
        "series": series,
    }


def heatmap(told: Latency, labels: Sequence[str], *, dark: bool) -> dict[str, Any]:
    """Return requests by latency bucket over time: the darker, the larger its share of that column's requests.

    Parameters
    ----------
    labels
        One for each column of `heat_columns`, in the viewer's zone.
    """
    tokens = theme(dark=dark)
    counts = _by_bucket(told)
    rows = [bound_words(low, high) for low, high in _bounds(told)]
    return frame(tokens) | {
        "grid": grid(84) | {"top": 6, "bottom": 26},
        "xAxis": x_axis(tokens) | {"type": "category", "data": list(labels), "axisLine": {"show": False}},
        "yAxis": y_axis(tokens)
        | {"type": "category", "data": rows, "splitLine": {"show": False}}
        | {"axisLabel": axis_text(tokens) | {"interval": 0}},
        "tooltip": {
            "backgroundColor": tokens.background,
            "borderColor": tokens.border,
            "textStyle": {"color": tokens.text, "fontSize": 12},
            "confine": True,
        },
        "visualMap": _shades(tokens),
        "dataset": [{"source": _cells(counts, labels, rows)}],
        "series": [
            {
                "type": "heatmap",
                "name": "requests",
                "datasetIndex": 0,
                "encode": {"x": "x", "y": "y", "value": "shade"},
                "tooltip": {"formatter": "<b>{@bucket}</b><br>{@time}: {@requests} requests, {@share}"},
                "progressive": 0,
                "itemStyle": {"borderColor": tokens.background, "borderWidth": 1, "borderRadius": 1},
                "emphasis": {"itemStyle": {"color": "inherit", "borderColor": tokens.text}},
            }
        ],
    }


def heat_columns(told: Latency) -> NDArray[np.int64]:
    """Return the end of each column of the heatmap, milliseconds: as many steps together as make at most 60."""
    return np.asarray([told.timestamps[group[-1]] for group in _groups(told)], dtype=np.int64)


def bound_words(low: float, high: float) -> str:
    """Return the bounds of a bucket in the unit that suits them.

    Examples
    --------
    >>> bound_words(0, 0.01), bound_words(0.1, 0.15), bound_words(0.5, 1), bound_words(5, float("inf"))
    ('up to 10 ms', '100 – 150 ms', '500 ms – 1 s', 'over 5 s')
    """
    if np.isinf(high):
        return f"over {_seconds(low)}"
    if not low:
        return f"up to {_seconds(high)}"
    first, last = _seconds(low), _seconds(high)
    number, unit = first.split(" ")
    return f"{number} – {last}" if last.endswith(f" {unit}") else f"{first} – {last}"


def _seconds(value: float) -> str:
    return f"{value:.6g} s" if value >= 1 else f"{1000 * value:.6g} ms"


def _line(one: Line, colour: str, tokens: Theme) -> dict[str, Any]:
    kept = thin(one.values, _POINTS) if len(one.values) else np.empty(0, dtype=np.intp)
    alone = int(np.count_nonzero(~np.isnan(one.values))) <= 2
    drawn = mix(colour, tokens.background, 0.6) if one.is_before else colour
    style: dict[str, Any] = {"width": 1 if one.is_before else 1.6, "color": drawn}
    if one.is_before:
        style["type"] = "dashed"
    found = {
        "type": "line",
        "name": one.name,
        "data": [[int(one.timestamps[at]), _number(one.values[at])] for at in kept],
        "symbol": "circle",
        "symbolSize": 5,
        "showSymbol": alone,
        "lineStyle": style,
        "itemStyle": {"color": drawn},
        "z": 2 if one.is_before else 3,
    }
    return found | ({"areaStyle": {"color": drawn, "opacity": 0.08}} if one.is_filled else {})


def _number(value: float) -> float | None:
    return float(f"{value:.7g}") if np.isfinite(value) else None


def _level(level: tuple[float, str], tokens: Theme) -> dict[str, Any]:
    at, words = level
    label = {"formatter": words, "position": "insideStartTop", "color": tokens.red, "fontSize": 11}
    style = {"color": tokens.red, "type": "dashed", "width": 1}
    data = [{"yAxis": at, "label": label, "lineStyle": style}]
    return {"symbol": "none", "silent": True, "animation": False, "data": data}


def _time_axis(span: tuple[float, float], tokens: Theme) -> dict[str, Any]:
    return x_axis(tokens) | {"type": "time", "min": round(1000 * span[0]), "max": round(1000 * span[1])}


def _groups(told: Latency) -> list[NDArray[np.intp]]:
    steps = np.arange(len(told.timestamps), dtype=np.intp)
    width = max(1, -(-len(steps) // _HEAT_COLUMNS))
    first = len(steps) % width  # the oldest column may be narrower, never the newest
    cuts = [*([first] if first else []), *range(first + width, len(steps), width)]
    return [group for group in np.split(steps, cuts) if len(group)]


def _bounds(told: Latency) -> list[tuple[float, float]]:
    return list(zip([0.0, *told.bounds[:-1].tolist()], told.bounds.tolist(), strict=True))


def _by_bucket(told: Latency) -> Floats:
    """Return requests in each bucket, columns x buckets."""
    summed = np.array([np.nansum(told.counts[group], axis=0) for group in _groups(told)])
    return np.diff(summed.reshape(-1, len(told.bounds)), axis=1, prepend=0.0).clip(0.0)


def _cells(counts: Floats, labels: Sequence[str], rows: Sequence[str]) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only charts need it

    columns, buckets = np.nonzero(counts > 0)
    totals = counts.sum(axis=1)
    found = counts[columns, buckets]
    shares = found / totals[columns] if len(found) else found
    return pa.table(
        {
            "x": columns.astype(np.int32),
            "y": buckets.astype(np.int32),
            "shade": np.round(np.sqrt(shares), 4),
            "bucket": pa.array([rows[int(at)] for at in buckets], type=pa.string()),
            "time": pa.array([labels[int(at)] for at in columns], type=pa.string()),
            "requests": pa.array([f"{count:,.0f}" for count in found], type=pa.string()),
            "share": pa.array([_percent(share) for share in shares], type=pa.string()),
        }
    )


def _percent(share: float) -> str:
    return "under 0.1%" if share < 0.001 else f"{share:.1%}"


def _shades(tokens: Theme) -> dict[str, Any]:
    """Even steps of the root of the share: one request in a hundred is already seen."""
    colours = [mix(tokens.primary, tokens.background, 0.10 + 0.90 * at / (_SHADES - 1)) for at in range(_SHADES)]
    pieces = [
        {"gt": at / _SHADES if at else -1, "lte": (at + 1) / _SHADES, "color": colour}
        for at, colour in enumerate(colours)
    ]
    return {"type": "piecewise", "show": False, "seriesIndex": 0, "dimension": 2, "pieces": pieces}
