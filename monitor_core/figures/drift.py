"""Charts of one cell: two distributions, and the feature's PSI over time. Result in, ECharts option out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from monitor_core.drift.results import CellState, FeatureKind
from monitor_core.figures.echarts import axis_text, frame, grid, legend, plain, tooltip, x_axis, y_axis
from monitor_core.figures.granules import short_label
from monitor_core.figures.heatmap import HeatmapView, heatmap
from monitor_core.figures.theme import Theme, theme
from monitor_core.figures.thin import thin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor_core.drift.results import CellDetail, Distribution

__all__ = ["HeatmapView", "distribution", "heatmap", "state_colour", "trend"]

_TREND_POINTS = 800
_LABEL_SHARE = 0.1  # of the height that a line of text takes


def distribution(detail: CellDetail, *, dark: bool) -> dict[str, Any]:
    """Return baseline (filled) against current (line or bars) as shares of rows.

    Numbers and dates lie on a value axis; the outermost steps hold what lies beyond the baseline's range.
    Categories are horizontal bars, so that long names stay readable.
    """
    tokens = theme(dark=dark)
    shape = detail.distribution
    colour = state_colour(detail.drift.state, tokens)
    option = frame(tokens)
    if shape.edges is None:
        return option | _bars(shape, colour, tokens)
    return option | _steps(shape, colour, tokens)


def trend(detail: CellDetail, *, dark: bool, levels: tuple[float, float] = (0.10, 0.25)) -> dict[str, Any]:
    """Return PSI over granules with the two level lines, the 99 % noise band and the chosen granule.

    Series longer than 800 points are thinned without losing an extreme (`monitor_core.figures.thin`).
    """
    tokens = theme(dark=dark)
    kept = thin(detail.trend_psi, _TREND_POINTS)
    labels = [detail.trend_granules[i] for i in kept]
    top = max(float(np.nanmax(detail.trend_psi, initial=0.0)), levels[1]) * 1.12
    band = np.minimum(detail.trend_noise_q99[kept], top)
    return frame(tokens) | {
        "grid": grid(44),
        "legend": legend(["PSI", "noise, 99 %"], tokens),
        "tooltip": tooltip(tokens, "%.3f"),
        "xAxis": x_axis(tokens) | {"type": "category", "data": [short_label(g) for g in labels], "boundaryGap": False},
        "yAxis": y_axis(tokens)
        | {
            "min": 0,
            "max": round(top, 3),
            "axisLabel": axis_text(tokens) | {"showMaxLabel": False, "hideOverlap": True},
        },
        "series": [
            _noise_band(band, tokens),
            _psi_line(detail.trend_psi[kept], labels, detail.granule, levels, tokens),
        ],
    }


def state_colour(state: CellState, tokens: Theme) -> str:
    """Return the line colour of what a cell says."""
    return {CellState.DRIFTED: tokens.red, CellState.UNCONFIRMED: tokens.orange}.get(state, tokens.primary)


def _noise_band(values: NDArray[np.float64], tokens: Theme) -> dict[str, Any]:
    return {
        "type": "line",
        "name": "noise, 99 %",
        "data": plain(values),
        "symbol": "none",
        "lineStyle": {"width": 0},
        "itemStyle": {"color": tokens.baseline},
        "areaStyle": {"color": tokens.baseline, "opacity": 0.45},
        "silent": True,
    }


def _psi_line(
    values: NDArray[np.float64], labels: list[str], granule: str, levels: tuple[float, float], tokens: Theme
) -> dict[str, Any]:
    far_apart = levels[1] - levels[0] > _LABEL_SHARE * max(float(np.nanmax(values, initial=0.0)), levels[1])
    marks: list[dict[str, Any]] = [
        _level(levels[0], "moderate", tokens.orange, labelled=far_apart),
        _level(levels[1], "high", tokens.red, labelled=True),
    ]
    if granule in labels:
        line = {"color": tokens.muted, "type": "solid", "width": 1}
        marks.append({"xAxis": labels.index(granule), "label": {"show": False}, "lineStyle": line})
    return {
        "type": "line",
        "name": "PSI",
        "data": plain(values),
        "symbol": "circle",
        "symbolSize": 5,
        "showSymbol": len(values) <= 12,
        "lineStyle": {"width": 2, "color": tokens.primary},
        "itemStyle": {"color": tokens.primary},
        "markLine": {"symbol": "none", "silent": True, "animation": False, "data": marks},
    }


def _level(value: float, word: str, colour: str, *, labelled: bool) -> dict[str, Any]:
    label = {"formatter": f"{value:.2f} {word}", "position": "insideStartTop", "color": colour, "fontSize": 11}
    label |= {"show": labelled}
    return {"yAxis": value, "lineStyle": {"color": colour, "type": "dashed", "width": 1}, "label": label}


def _steps(shape: Distribution, colour: str, tokens: Theme) -> dict[str, Any]:
    edges = _finite_edges(shape.edges if shape.edges is not None else np.array([0.0, 1.0]))
    is_time = shape.kind is FeatureKind.DATETIME
    if is_time:
        edges = edges / 1_000  # microseconds here, milliseconds on ECharts' time axis
    axis = x_axis(tokens) | {"type": "time" if is_time else "value", "min": float(edges[0]), "max": float(edges[-1])}
    axis["axisLabel"] |= {"showMinLabel": False, "showMaxLabel": False, "hideOverlap": True}
    return {
        "grid": grid(44),
        "legend": legend(["baseline", "current"], tokens),
        "tooltip": tooltip(tokens, "%.2f %%"),
        "xAxis": axis,
        "yAxis": _share_axis(tokens),
        "series": [
            _step("baseline", edges, shape.baseline, tokens.baseline, filled=True),
            _step("current", edges, shape.current, colour, filled=False),
        ],
    }


def _step(
    name: str, edges: NDArray[np.float64], shares: NDArray[np.float64], colour: str, *, filled: bool
) -> dict[str, Any]:
    heights = 100 * np.append(shares, shares[-1:])
    style: dict[str, Any] = (
        {"lineStyle": {"width": 0}, "areaStyle": {"color": colour, "opacity": 1}}
        if filled
        else {"lineStyle": {"width": 2, "color": colour}}
    )
    points = [[float(x), None if np.isnan(y) else float(y)] for x, y in zip(edges, heights, strict=True)]
    return {
        "type": "line",
        "name": name,
        "step": "end",
        "symbol": "none",
        "data": points,
        "itemStyle": {"color": colour},
        **style,
    }


def _finite_edges(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the open outer bins the width of a typical inner one, so that they can be drawn."""
    finite = np.array(edges, dtype=np.float64)
    inner = finite[1:-1] if len(finite) > 3 else finite[np.isfinite(finite)]
    width = float(np.median(np.diff(inner))) if len(inner) > 1 else 1.0
    if not np.isfinite(finite[0]):
        finite[0] = finite[1] - width
    if not np.isfinite(finite[-1]):
        finite[-1] = finite[-2] + width
    return finite


def _bars(shape: Distribution, colour: str, tokens: Theme) -> dict[str, Any]:
    levels = list(shape.levels or ())
    axis = y_axis(tokens) | {
        "type": "category",
        "data": levels,
        "inverse": True,
        "axisLabel": axis_text(tokens) | {"width": 110, "overflow": "truncate", "interval": 0},
    }
    return {
        "grid": grid(min(12 + 7 * max((len(x) for x in levels), default=0), 126)),
        "legend": legend(["baseline", "current"], tokens),
        "tooltip": tooltip(tokens, "%.2f %%"),
        "xAxis": _share_axis(tokens),
        "yAxis": axis,
        "series": [
            _bar("baseline", shape.baseline, tokens.baseline),
            _bar("current", shape.current, colour),
        ],
    }


def _bar(name: str, shares: NDArray[np.float64], colour: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": name,
        "data": plain(100 * shares),
        "barGap": "10%",
        "barMaxWidth": 12,
        "itemStyle": {"color": colour, "borderRadius": 2},
    }


def _share_axis(tokens: Theme) -> dict[str, Any]:
    return y_axis(tokens) | {
        "type": "value",
        "min": 0,
        "splitNumber": 4,
        "axisLabel": axis_text(tokens) | {"formatter": "{value} %"},
    }
