"""Charts of a report as inline SVG: no script, no outside request; colours are classes of ``drift.css``. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from monitor_core.drift.results import FeatureKind
from monitor_core.drift.text import plain
from monitor_core.figures.granules import short_label
from monitor_core.figures.thin import thin
from monitor_core.reports import svg
from monitor_core.reports.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from monitor_core.drift.results import CellDetail, Distribution
    from monitor_core.reports.document import FeatureLine

__all__ = ["distribution", "sparkline", "trend"]

_WIDTH, _HEIGHT = 340, 150
_LEFT, _BOTTOM, _TOP = 38, 20, 8
_MOST_LEVELS = 7
_MOST_POINTS = 240


def distribution(detail: CellDetail) -> Markup:
    """Draw the baseline as a filled shape and the current data over it."""
    shares = detail.distribution
    state = detail.drift.state
    if shares.levels is not None:
        body = _levels(shares, state)
    elif shares.edges is not None and len(shares.edges) > 1:
        body = _steps(shares, state)
    else:
        return Markup("")
    label = f"Distribution of {plain(detail.drift.name)}: baseline and {detail.granule}"
    return svg.frame(body, _WIDTH, _HEIGHT, label, "chart")


def trend(detail: CellDetail, levels: Sequence[float]) -> Markup:
    """Draw PSI over the granules, above the band that noise alone reaches, with the level lines that fit."""
    points = thin(detail.trend_psi, _MOST_POINTS)
    top = float(np.nanmax([*detail.trend_psi, *detail.trend_noise_q99, 0.02]))
    top = max(top, *(level for level in levels if level < top * 2.5), 0.0) if levels else top
    height = 92
    x = np.linspace(_LEFT, _WIDTH - 6, max(2, len(detail.trend_psi)))
    scale = _scale(top, height)
    noise = thin(detail.trend_noise_q99, _MOST_POINTS)
    body = [_axis(top, height, "0.2f")]
    body += [
        Markup('<line class="level" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
            _LEFT, _WIDTH - 6, *[svg.rounded(float(scale(level)))] * 2
        )
        for level in levels
        if level <= top
    ]
    body.append(svg.area("noise", x[noise], scale(detail.trend_noise_q99[noise]), height - _BOTTOM))
    body.append(svg.line(f"line {detail.drift.state}", x[points], scale(detail.trend_psi[points])))
    if detail.trend_granules:
        ends = tuple(map(short_label, (detail.trend_granules[0], detail.trend_granules[-1])))
        body.append(_x_labels(ends if len(detail.trend_granules) > 1 else ends[:1], height))
    label = f"PSI of {plain(detail.drift.name)} over time; the grey band is what noise alone reaches in 99 of 100"
    return svg.frame(Markup("").join(body), _WIDTH, height, label, "chart")


def sparkline(line: FeatureLine) -> Markup:
    """Draw a feature's PSI over the run, small, for a table cell."""
    psi = np.array([math.nan if item is None or item.psi is None else item.psi for item in line.history])
    if len(psi) < 2 or np.isnan(psi).all():
        return Markup("")
    width, height = 110, 24
    kept = thin(psi, _MOST_POINTS)
    x = np.linspace(2, width - 2, len(psi))
    top = max(float(np.nanmax(psi)), 0.1)
    y = height - 3 - (height - 6) * psi / top
    label = f"PSI of {plain(line.name)} over the run, highest {np.nanmax(psi):.3f}"
    return svg.frame(svg.line(f"line {line.drift.state}", x[kept], y[kept]), width, height, label, "spark")


def _steps(shares: Distribution, state: str) -> Markup:
    assert shares.edges is not None
    edges = _finite(shares.edges)
    top = float(max(shares.baseline.max(initial=0), shares.current.max(initial=0), 1e-9))
    span = (edges[-1] - edges[0]) or 1.0
    x = _LEFT + (_WIDTH - 6 - _LEFT) * (edges - edges[0]) / span
    scale = _scale(top, _HEIGHT)
    steps_x = np.repeat(x, 2)[1:-1]
    ticks = [_tick(value, shares.kind) for value in (edges[0], (edges[0] + edges[-1]) / 2, edges[-1])]
    return Markup("").join(
        [
            _axis(top, _HEIGHT, "%"),
            svg.area("base", steps_x, np.repeat(scale(shares.baseline), 2), _HEIGHT - _BOTTOM),
            svg.line(f"line {state}", steps_x, np.repeat(scale(shares.current), 2)),
            _x_labels(ticks, _HEIGHT),
        ]
    )


def _levels(shares: Distribution, state: str) -> Markup:
    """Bars of the levels that moved most, in the order they came in; the rest is counted."""
    assert shares.levels is not None
    moved = np.argsort(-np.abs(shares.current - shares.baseline), kind="stable")
    shown = sorted(moved[:_MOST_LEVELS].tolist())
    left, step = 116, (_HEIGHT - 14) / max(len(shown), 3)
    top = float(max(shares.baseline.max(initial=0), shares.current.max(initial=0), 1e-9))
    width = (_WIDTH - left - 96) / top
    parts = []
    for row, place in enumerate(shown):
        y = 2 + row * step
        old, new = float(shares.baseline[place]), float(shares.current[place])
        parts.append(
            Markup(
                '<text class="tick" text-anchor="end" x="{}" y="{}">{}</text>'
                '<rect class="base" x="{}" y="{}" width="{}" height="{}"/>'
                '<rect class="bar {}" x="{}" y="{}" width="{}" height="{}"/>'
                '<text class="tick" x="{}" y="{}">{} → {}</text>'
            ).format(
                left - 6, svg.rounded(y + step * 0.5 + 1), plain(shares.levels[place], limit=18),
                left, svg.rounded(y), svg.rounded(max(old * width, 0.5)), svg.rounded(step * 0.78),
                state, left, svg.rounded(y + step * 0.26), svg.rounded(max(new * width, 0.5)), svg.rounded(step * 0.26),
                svg.rounded(left + max(old, new) * width + 5), svg.rounded(y + step * 0.5 + 1),
                percent(old), percent(new),
            )
        )  # fmt: skip
    if hidden := len(shares.levels) - len(shown):
        parts.append(svg.words(left, _HEIGHT - 2, f"and {hidden:,} more levels that moved less"))
    return Markup("").join(parts)


def _finite(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw an open outer cell as wide as its neighbour."""
    drawn = edges.astype(np.float64)
    if len(drawn) > 3:
        drawn[0] = drawn[0] if np.isfinite(drawn[0]) else 2 * drawn[1] - drawn[2]
        drawn[-1] = drawn[-1] if np.isfinite(drawn[-1]) else 2 * drawn[-2] - drawn[-3]
    return np.nan_to_num(drawn, posinf=1.0, neginf=0.0)


def _tick(value: float, kind: FeatureKind) -> str:
    if kind is FeatureKind.DATETIME:
        return str(np.datetime64(int(value), "us").astype("datetime64[D]"))
    return f"{value:,.4g}" if abs(value) < 1e6 else f"{value:.2g}"


class _scale:  # noqa: N801 - reads as the function it is
    """Height on the chart of a value between 0 and `top`."""

    def __init__(self, top: float, height: int) -> None:
        self._top, self._height = top, height

    def __call__(self, value: NDArray[np.float64] | float) -> NDArray[np.float64]:
        room = self._height - _BOTTOM - _TOP
        return np.asarray(self._height - _BOTTOM - room * np.asarray(value, dtype=np.float64) / self._top)


def _axis(top: float, height: int, form: str) -> Markup:
    texts = (
        [percent(0.0, 0), percent(top / 2), percent(top)]
        if form == "%"
        else [format(t, form) for t in (0, top / 2, top)]
    )
    parts = []
    for text, value in zip(texts, (0.0, top / 2, top), strict=True):
        y = svg.rounded(float(_scale(top, height)(value)))
        parts.append(
            Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(_LEFT, _WIDTH - 6, y, y)
            + svg.words(_LEFT - 5, float(y) + 3, text, anchor="end")
        )
    return Markup("").join(parts)


def _x_labels(labels: Sequence[str], height: int) -> Markup:
    places = {1: [(_LEFT, "start")], 2: [(_LEFT, "start"), (_WIDTH - 6, "end")]}.get(
        len(labels), [(_LEFT, "start"), ((_LEFT + _WIDTH - 6) / 2, "middle"), (_WIDTH - 6, "end")]
    )
    return Markup("").join(
        svg.words(x, height - 5, label, anchor=anchor) for label, (x, anchor) in zip(labels, places, strict=True)
    )
