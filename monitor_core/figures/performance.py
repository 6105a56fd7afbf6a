"""Charts of performance: rolling metrics with their intervals, evidence, cut-offs, delays. Results in, ECharts out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from monitor_core.figures.echarts import axis_text, frame, grid, legend, plain, tooltip, x_axis, y_axis
from monitor_core.figures.granules import short_label
from monitor_core.figures.theme import Theme, theme
from monitor_core.figures.thin import thin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from monitor_core.performance.results import DelayCurve, Estimated, Reliability, Rolling, Sequential, ThresholdCurve

__all__ = ["Mark", "delays", "estimated", "evidence", "reliability", "rolling", "thresholds"]

_POINTS = 800
_LEVEL_WORDS = 92  # pixels at the right for the words of levels
_STEPS = 7  # of the vertical axis, about
_BEHIND, _AXIS, _FRONT = 1, 2, 3  # bands, then the grid over them, then lines
_LEAST_EVIDENCE, _MOST_EVIDENCE = 0.01, 1e6

Optional = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A level across the chart (`at` is a value) or an event in time (`at` is a granule)."""

    at: float | str
    words: str
    tone: str = "muted"
    """muted | orange | red: a colour of the theme."""


def rolling(
    shown: Rolling,
    *,
    dark: bool,
    name: str,
    marks: Sequence[Mark] = (),
    other: tuple[str, Rolling] | None = None,
) -> dict[str, Any]:
    """Return a metric over time with its 95 % band; windows with labels still to come are shaded.

    Series longer than 800 points are thinned without losing an extreme.

    Parameters
    ----------
    name
        What to call the line.
    marks
        Baseline and levels (values), deployments and decisions (granules; those outside the chart are left out).
    other
        A second version to compare with: its name and its series, drawn over the same granules without a band.
    """
    tokens = theme(dark=dark)
    values = _array(shown.estimate)
    kept = thin(values, _POINTS)
    granules = [shown.granules[i] for i in kept]
    line = _line(name, values[kept], tokens.primary, z=_FRONT)
    line["markLine"] = _mark_lines(marks, granules, tokens)
    if (pale := _immature(shown, kept)) is not None:
        line["markArea"] = _shading(pale, granules, tokens)
    series = [*_band(_array(shown.low)[kept], _array(shown.high)[kept], tokens), line]
    names = [name]
    if other is not None:
        known = dict(zip(other[1].granules, other[1].estimate, strict=True))
        series.append(_line(other[0], _array(tuple(known.get(g) for g in granules)), tokens.orange, z=_FRONT))
        names.append(other[0])
    levels = [float(mark.at) for mark in marks if not isinstance(mark.at, str)]
    chart = _over_granules(granules, series, names, tokens, low=_array(shown.low), high=_array(shown.high), also=levels)
    chart["grid"]["right"] = _LEVEL_WORDS if levels else chart["grid"]["right"]
    return chart


def estimated(shown: Estimated, *, dark: bool, name: str) -> dict[str, Any]:
    """Return the estimate without labels with its band, and the truth where the labels have come."""
    tokens = theme(dark=dark)
    values = _array(shown.estimate)
    kept = thin(values, _POINTS)
    granules = [shown.granules[i] for i in kept]
    expected, truth = f"{name}, estimated", f"{name}, from labels"
    line = _line(expected, values[kept], tokens.primary, z=_FRONT)
    line["lineStyle"]["type"] = "dashed"
    if shown.suspected_from is not None:
        marks = [Mark(shown.suspected_from, "outside the band three times", "red")]
        line["markLine"] = _mark_lines(marks, granules, tokens)
    points = _line(truth, _array(shown.truth)[kept], tokens.orange, z=_FRONT)
    series = [*_band(_array(shown.low)[kept], _array(shown.high)[kept], tokens), line, points]
    every = [float(value) for value in shown.truth if value is not None]
    return _over_granules(
        granules, series, [expected, truth], tokens, low=_array(shown.low), high=_array(shown.high), also=every
    )


def evidence(shown: Sequential, *, dark: bool) -> dict[str, Any]:
    """Return the e-value by granule on a logarithmic axis, the alarm's threshold, and where it went off.

    Values are drawn between 0.01 and a million.
    """
    tokens = theme(dark=dark)
    values = np.clip(np.asarray(shown.e_values, dtype=np.float64), _LEAST_EVIDENCE, _MOST_EVIDENCE)
    kept = thin(np.log(values), _POINTS)
    granules = [shown.granules[i] for i in kept]
    line = _line("evidence of a fall", values[kept], tokens.primary, z=_FRONT)
    marks = [Mark(shown.threshold, f"alarm at {shown.threshold:g}", "red")]
    if shown.alarm is not None:
        marks.append(Mark(shown.alarm, "alarm", "red"))
    line["markLine"] = _mark_lines(marks, granules, tokens)
    axis = y_axis(tokens) | {"type": "log", "min": _LEAST_EVIDENCE, "axisLabel": axis_text(tokens)}
    axis["max"] = float(max(np.max(values, initial=0.0), 10 * shown.threshold))
    return frame(tokens) | {
        "grid": grid(66) | {"right": _LEVEL_WORDS},
        "tooltip": tooltip(tokens, "%.2f"),
        "xAxis": _granule_axis(granules, tokens),
        "yAxis": axis,
        "series": [line],
    }


def thresholds(shown: ThresholdCurve, *, dark: bool, chosen: float | None = None) -> dict[str, Any]:
    """Return F1 with its band, precision and recall by cut-off."""
    tokens = theme(dark=dark)
    at = np.asarray(shown.thresholds, dtype=np.float64)

    def pairs(values: NDArray[np.float64]) -> list[list[float | None]]:
        return [[round(float(x), 4), y] for x, y in zip(at, plain(values), strict=True)]

    upper, lower = _band(_array(shown.f1_low), _array(shown.f1_high), tokens)
    lines = [
        _line("F1", _array(shown.f1), tokens.primary, z=_FRONT),
        _line("precision", _array(shown.precision), tokens.orange, z=_FRONT),
        _line("recall", _array(shown.recall), tokens.green, z=_FRONT),
    ]
    if chosen is not None:
        words = {"show": True, "formatter": f"{chosen:.2f}", "color": tokens.muted, "fontSize": 11}
        mark = {"xAxis": chosen, "label": words, "lineStyle": {"color": tokens.muted, "type": "solid", "width": 1}}
        lines[0]["markLine"] = {"symbol": "none", "silent": True, "animation": False, "data": [mark]}
    drawn = (
        (upper, shown.f1_high),
        (lower, shown.f1_low),
        *zip(lines, (shown.f1, shown.precision, shown.recall), strict=True),
    )
    for series, values in drawn:
        series["data"] = pairs(_array(values))
    return frame(tokens) | {
        "grid": grid(44),
        "legend": legend(["F1", "precision", "recall"], tokens),
        "tooltip": tooltip(tokens, "%.3f"),
        "xAxis": x_axis(tokens) | {"type": "value", "min": 0, "max": 1},
        "yAxis": y_axis(tokens) | {"type": "value", "min": 0, "max": 1, "z": _AXIS},
        "series": [series for series, _ in drawn],
    }


def delays(shown: DelayCurve, *, dark: bool, word: str) -> dict[str, Any]:
    """Return the share of labels that have arrived by granules since the prediction, and when they are due.

    Parameters
    ----------
    word
        What a granule is called: ``day``, ``week`` ...
    """
    tokens = theme(dark=dark)
    line = _line("labels arrived", 100 * np.asarray(shown.arrived, dtype=np.float64), tokens.primary, z=_FRONT)
    line["data"] = [[int(x), y] for x, y in zip(shown.delays, line["data"], strict=True)]
    line |= {"step": "end", "areaStyle": {"color": tokens.primary, "opacity": 0.1}}
    if shown.horizon_from != "none":
        words = {"show": True, "formatter": f"due after {shown.horizon}", "color": tokens.muted, "fontSize": 11}
        mark = {"xAxis": shown.horizon, "label": words, "lineStyle": {"color": tokens.muted, "type": "dashed"}}
        line["markLine"] = {"symbol": "none", "silent": True, "animation": False, "data": [mark]}
    return frame(tokens) | {
        "grid": grid(48) | {"bottom": 40},
        "tooltip": tooltip(tokens, "%.1f %%"),
        "xAxis": x_axis(tokens)
        | {"type": "value", "min": 0, "minInterval": 1, "name": f"{word}s after the prediction"}
        | {"nameLocation": "middle", "nameGap": 24, "nameTextStyle": axis_text(tokens)},
        "yAxis": y_axis(tokens)
        | {"type": "value", "min": 0, "max": 100, "axisLabel": axis_text(tokens) | {"formatter": "{value} %"}},
        "series": [line],
    }


def reliability(shown: Reliability, *, dark: bool) -> dict[str, Any]:
    """Return the observed share of positives by mean score, with its band, beside the line where both are equal."""
    tokens = theme(dark=dark)

    def pairs(values: tuple[float, ...]) -> list[list[float]]:
        return [[round(x, 4), round(y, 6)] for x, y in zip(shown.score, values, strict=True)]

    upper, lower = _band(_array(shown.low), _array(shown.high), tokens)
    upper, lower = upper | {"data": pairs(shown.high)}, lower | {"data": pairs(shown.low)}
    line = _line("observed", _array(shown.observed), tokens.primary, z=_FRONT) | {"data": pairs(shown.observed)}
    equal = _line("as promised", _array((0.0, 1.0)), tokens.muted, z=_FRONT) | {"symbol": "none"}
    equal |= {"data": [[0, 0], [1, 1]], "lineStyle": {"width": 1, "type": "dashed", "color": tokens.muted}}
    return frame(tokens) | {
        "grid": grid(44) | {"bottom": 40},
        "legend": legend(["observed", "as promised"], tokens),
        "tooltip": tooltip(tokens, "%.3f"),
        "xAxis": x_axis(tokens)
        | {"type": "value", "min": 0, "max": 1, "name": "mean score"}
        | {"nameLocation": "middle", "nameGap": 24, "nameTextStyle": axis_text(tokens)},
        "yAxis": y_axis(tokens) | {"type": "value", "min": 0, "max": 1, "z": _AXIS},
        "series": [upper, lower, equal, line],
    }


def _over_granules(
    granules: list[str],
    series: list[dict[str, Any]],
    names: list[str],
    tokens: Theme,
    *,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    also: Sequence[float],
) -> dict[str, Any]:
    bottom, top, step = _reach(low, high, also)
    return frame(tokens) | {
        "grid": grid(44) | {"top": 46},  # room for the words of events above
        "legend": legend(names, tokens),
        "tooltip": tooltip(tokens, "%.3f"),
        "xAxis": _granule_axis(granules, tokens),
        "yAxis": y_axis(tokens) | {"type": "value", "min": bottom, "max": top, "interval": step, "z": _AXIS},
        "series": series,
    }


def _granule_axis(granules: list[str], tokens: Theme) -> dict[str, Any]:
    labels = [short_label(granule) for granule in granules]
    return x_axis(tokens) | {"type": "category", "data": labels, "boundaryGap": len(granules) == 1}


def _reach(low: NDArray[np.float64], high: NDArray[np.float64], also: Sequence[float]) -> tuple[float, float, float]:
    """Return axis ends that hold nearly all of the band and every level, and the step of which both are multiples.

    0 to 1 without any value.
    """
    known_low, known_high = low[~np.isnan(low)], high[~np.isnan(high)]
    if not len(known_low) or not len(known_high):
        return 0.0, 1.0, 0.2
    # A window of a few labels has a band from 0 to 1, which would flatten everything else.
    bottom = max(0.0, min([float(np.quantile(known_low, 0.02)), *also]))
    top = min(1.0, max([float(np.quantile(known_high, 0.98)), *also]))
    parts = next((n for n in (50, 20, 10) if (top - bottom) * n <= _STEPS), 5)  # whole numbers: no 0.30000000000000004
    ends = np.floor(bottom * parts) / parts, np.ceil(top * parts) / parts
    return float(ends[0]), max(float(ends[1]), float(ends[0]) + 1 / parts), 1 / parts


def _band(low: NDArray[np.float64], high: NDArray[np.float64], tokens: Theme) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two areas from the bottom: a tinted one up to `high`, and the ground's colour over it up to `low`.

    So the tooltip shows the bounds themselves, which stacked areas would not.
    """
    tinted = {"color": tokens.primary, "opacity": 0.16, "origin": "start"}
    ground = {"color": tokens.background, "opacity": 1, "origin": "start"}
    sides = (("upper 95 %", high, tinted), ("lower 95 %", low, ground))
    upper, lower = (
        _line(name, values, tokens.primary, z=_BEHIND) | {"lineStyle": {"width": 0}, "areaStyle": area}
        for name, values, area in sides
    )
    return upper, lower


def _line(name: str, values: NDArray[np.float64], colour: str, *, z: int) -> dict[str, Any]:
    alone = np.count_nonzero(~np.isnan(values)) <= 12
    return {
        "type": "line",
        "name": name,
        "data": plain(values),
        "symbol": "circle",
        "symbolSize": 5,
        "showSymbol": bool(alone) and z == _FRONT,
        "lineStyle": {"width": 2, "color": colour},
        "itemStyle": {"color": colour},
        "z": z,
    }


def _mark_lines(marks: Sequence[Mark], granules: list[str], tokens: Theme) -> dict[str, Any]:
    data = []
    for mark in marks:
        if isinstance(mark.at, str) and mark.at not in granules:
            continue
        colour = getattr(tokens, mark.tone)
        in_time = isinstance(mark.at, str)
        words = {"formatter": mark.words, "color": colour, "fontSize": 11}
        words["position"] = "end"  # above the chart, or in its right margin: never over the line
        style = {"color": colour, "type": "solid" if in_time else "dashed", "width": 1}
        at = {"xAxis": granules.index(str(mark.at))} if in_time else {"yAxis": mark.at}
        data.append(at | {"lineStyle": style, "label": words})
    return {"symbol": "none", "silent": True, "animation": False, "data": data}


def _immature(shown: Rolling, kept: NDArray[np.intp]) -> int | None:
    """Return the position of the first kept granule from which on labels are still due to come."""
    matured = np.asarray(shown.matured, dtype=bool)[kept]
    first = len(matured) - int(np.argmax(matured[::-1])) if matured.any() else 0
    return first if first < len(matured) else None


def _shading(first: int, granules: list[str], tokens: Theme) -> dict[str, Any]:
    words = {"show": True, "position": "insideTopRight", "color": tokens.muted, "fontSize": 11}
    words["formatter"] = "labels still to come"
    return {
        "silent": True,
        "animation": False,
        "itemStyle": {"color": tokens.muted, "opacity": 0.12},
        "label": words,
        "data": [[{"xAxis": max(first - 1, 0)}, {"xAxis": len(granules) - 1}]],
    }


def _array(values: Optional) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
