"""What ECharts options are made of: axes, legend, margins, tooltip, in the colours of the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from monitor_core.figures.theme import TEXT_FONT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor_core.figures.theme import Theme

__all__ = ["axis_text", "frame", "grid", "legend", "plain", "tooltip", "x_axis", "y_axis"]


def frame(tokens: Theme) -> dict[str, Any]:
    """Return what every chart has: our font and colour, no animation."""
    return {"animation": False, "textStyle": {"fontFamily": TEXT_FONT, "color": tokens.text}}


def grid(left: int) -> dict[str, Any]:
    """Return the margins of a chart with a legend above and an axis below."""
    return {"outerBoundsMode": "none", "left": left, "right": 16, "top": 30, "bottom": 26}


def legend(names: list[str], tokens: Theme) -> dict[str, Any]:
    """Return a legend at the upper left that cannot be clicked."""
    return {
        "data": names,
        "top": 0,
        "left": 0,
        "icon": "roundRect",
        "itemWidth": 14,
        "itemHeight": 8,
        "selectedMode": False,
        "textStyle": {"color": tokens.text, "fontSize": 12},
    }


def axis_text(tokens: Theme) -> dict[str, Any]:
    """Return the style of an axis's words."""
    return {"color": tokens.muted, "fontSize": 11}


def x_axis(tokens: Theme) -> dict[str, Any]:
    """Return a horizontal axis: a line, no ticks, no grid."""
    return {
        "axisTick": {"show": False},
        "axisLine": {"lineStyle": {"color": tokens.border}},
        "splitLine": {"show": False},
        "axisLabel": axis_text(tokens) | {"hideOverlap": True},
    }


def y_axis(tokens: Theme) -> dict[str, Any]:
    """Return a vertical axis: a faint grid, no line."""
    return {
        "axisTick": {"show": False},
        "axisLine": {"show": False},
        "splitLine": {"lineStyle": {"color": tokens.grid}},
        "axisLabel": axis_text(tokens),
    }


def tooltip(tokens: Theme, value_format: str) -> dict[str, Any]:
    """Return a tooltip that names every series at a place on the axis."""
    return {
        "trigger": "axis",
        "valueFormatter": value_format,
        "backgroundColor": tokens.background,
        "borderColor": tokens.border,
        "textStyle": {"color": tokens.text, "fontSize": 12},
        "confine": True,
    }


def plain(values: NDArray[np.float64]) -> list[float | None]:
    """Return the values for JSON: six decimals, None where there is none."""
    return [None if np.isnan(value) else round(float(value), 6) for value in values]
