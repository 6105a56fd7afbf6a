"""Charts of a performance report as inline SVG: intervals as bands, unripe windows shaded, levels and events marked.

Colours are classes of ``performance.css``. Pure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from monitor_core.drift.text import plain
from monitor_core.figures.granules import short_label
from monitor_core.figures.thin import thin
from monitor_core.reports import svg

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from monitor_core.reports.performance_document import PerformanceDocument

__all__ = ["charts"]

_WIDTH, _HEIGHT = 1000, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 96, 18, 26
_MOST_POINTS = 400
_MOST_MARKS = 12
_LEAST_EVIDENCE, _MOST_EVIDENCE = 1e-2, 1e6

Optional = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where a value and a granule lie on the picture."""

    granules: tuple[str, ...]
    low: float
    high: float

    @property
    def x(self) -> NDArray[np.float64]:
        """The place of each granule."""
        return np.linspace(_LEFT, _WIDTH - _RIGHT, max(2, len(self.granules)))[: len(self.granules)]

    def y(self, values: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Return the height of values."""
        room = _HEIGHT - _BOTTOM - _TOP
        share = (np.asarray(values, dtype=np.float64) - self.low) / (self.high - self.low)
        return np.asarray(_HEIGHT - _BOTTOM - room * share)

    def at(self, granule: str) -> float | None:
        """Return the place of a granule, or of the first one after it; None outside the picture."""
        after = [place for place, label in enumerate(self.granules) if label >= granule]
        if not after or granule < self.granules[0]:
            return None
        return float(self.x[after[0]])


def charts(document: PerformanceDocument) -> Mapping[str, Markup]:
    """Return the charts by the key of the section they belong to; those without data are left out."""
    made = {
        "rolling": rolling(document),
        "evidence": evidence(document),
        "estimate": estimate(document),
        "labels": delays(document),
    }
    return {key: chart for key, chart in made.items() if chart}


def rolling(document: PerformanceDocument) -> Markup:
    """Draw F1 over time in its 95 % band, with the baseline, the levels of a fall, deployments and decisions."""
    shown = document.found.rolling
    values, low, high = _array(shown.estimate), _array(shown.low), _array(shown.high)
    if np.isnan(values).all():
        return Markup("")
    kept = thin(values, _MOST_POINTS)
    levels = _levels(document)
    plot = _plot(tuple(shown.granules[i] for i in kept), [low[kept], high[kept], values[kept], np.array(list(levels))])
    matured = np.array(shown.matured)[kept]
    unripe = int(np.argmin(matured)) if not matured.all() else None
    body = [_grid(plot, lambda value: f"{value:.2f}")]
    if unripe is not None:
        body.append(_shade(plot, unripe))
    body.append(svg.band("band", plot.x, plot.y(low[kept]), plot.y(high[kept])))
    body += [_level(plot, value, words, kind) for value, (words, kind) in levels.items()]
    body += _events(document, plot)
    body += [svg.line("line", plot.x, plot.y(values[kept])), _dates(plot)]
    label = f"F1 over time, windows of {shown.window} {document.word}s, with its 95 % interval"
    return _picture(body, label)


def evidence(document: PerformanceDocument) -> Markup:
    """Draw the evidence of a fall on a logarithmic axis, with the line at which the alarm goes off."""
    shown = document.found.sequential
    if not shown.e_values:
        return Markup("")
    clipped = np.clip(np.array(shown.e_values, dtype=np.float64), _LEAST_EVIDENCE, _MOST_EVIDENCE)
    values = np.log10(clipped)
    kept = thin(values, _MOST_POINTS)
    top = max(float(values.max()), math.log10(shown.threshold) + 1)
    plot = _Plot(tuple(shown.granules[i] for i in kept), math.log10(_LEAST_EVIDENCE), math.ceil(top))
    body = [
        _grid(
            plot,
            lambda value: "1M" if value >= 6 else f"{10.0**value:,.5g}",
            ticks=np.arange(-2.0, math.ceil(top) + 1.0, 2.0),
        ),
        _level(plot, math.log10(shown.threshold), f"alarm at {shown.threshold:g}", "severe"),
        svg.line("line", plot.x, plot.y(values[kept])),
    ]
    if shown.first_alarm is not None:
        body.append(_event(plot, shown.first_alarm, "alarm", "event alarm"))
    return _picture([*body, _dates(plot)], "Evidence that F1 has fallen, on a logarithmic axis")


def estimate(document: PerformanceDocument) -> Markup:
    """Draw the estimate without labels in its band, and the truth where the labels have come."""
    shown = document.found.estimated
    values, low, high, truth = map(_array, (shown.estimate, shown.low, shown.high, shown.truth))
    if not len(values) or np.isnan(values).all():
        return Markup("")
    kept = thin(values, _MOST_POINTS)
    plot = _plot(tuple(shown.granules[i] for i in kept), [part[kept] for part in (low, high, values, truth)])
    body = [
        _grid(plot, lambda value: f"{value:.2f}"),
        svg.band("band", plot.x, plot.y(low[kept]), plot.y(high[kept])),
        svg.line("line dashed", plot.x, plot.y(values[kept])),
        svg.line("line truth", plot.x, plot.y(truth[kept])),
    ]
    if shown.suspected_from is not None:
        body.append(_event(plot, shown.suspected_from, "outside three times", "event alarm"))
    return _picture([*body, _dates(plot)], "F1 estimated from scores in its band, and F1 from labels")


def delays(document: PerformanceDocument) -> Markup:
    """Draw the share of labels that has arrived within each delay."""
    shown = document.found.delays
    if len(shown.delays) < 2:
        return Markup("")
    plot = _Plot(tuple(map(str, shown.delays)), 0.0, 1.0)
    steps = np.repeat(plot.x, 2)[1:]
    y = np.repeat(plot.y(np.array(shown.arrived)), 2)[:-1]
    body = [
        _grid(plot, lambda value: f"{value:.0%}"),
        svg.area("band", steps, y, float(plot.y(0.0))),
        svg.line("line", steps, y),
    ]
    if shown.horizon in shown.delays:
        place = float(plot.x[shown.delays.index(shown.horizon)])
        body.append(_mark(place, f"due after {shown.horizon}", "event"))
    last = len(shown.delays) - 1
    places = sorted({0, last // 2, last})
    body += [_x_word(plot, place, f"{shown.delays[place]} {document.word}s") for place in places]
    return _picture(body, f"Share of labels that arrived within so many {document.word}s")


def _levels(document: PerformanceDocument) -> dict[float, tuple[str, str]]:
    """Return the baseline's F1 and the levels of a fall below it."""
    known, settings = document.found.advice.baseline_f1, document.found.settings
    if not known:
        return {}
    falls = ((settings.f1_drop_moderate, "moderate"), (settings.f1_drop_severe, "severe"))
    return {
        known: ("baseline", "held"),
        **{known * (1 - drop): (f"{100 * drop:g} % below", name) for drop, name in falls},
    }


def _events(document: PerformanceDocument, plot: _Plot) -> list[Markup]:
    """Return deployments and decisions, each at its granule; blocks of rows have no dates."""
    granularity = document.found.model.granularity
    if granularity.rows:
        return []
    starts = [item for item in document.found.deployments if item.stage == "live"]
    marks = [(granularity.label(item.started_at), f"{item.ref.version} live", "event") for item in starts]
    marks += [
        (granularity.label(item.decided_at), item.action.replace("_", " "), "event decision")
        for item in document.found.decisions
    ]
    return [_event(plot, *mark) for mark in marks[:_MOST_MARKS]]


def _plot(granules: tuple[str, ...], parts: Sequence[NDArray[np.float64]]) -> _Plot:
    """Return a plot that holds every value with a little air, and never leaves 0 to 1."""
    known = np.concatenate([part[~np.isnan(part)] for part in parts])
    low, high = float(known.min()), float(known.max())
    air = max(0.06 * (high - low), 0.01)
    return _Plot(granules, max(0.0, low - air), min(1.0, high + air))


def _grid(plot: _Plot, form: Callable[[float], str], *, ticks: NDArray[np.float64] | None = None) -> Markup:
    values = _ticks(plot.low, plot.high) if ticks is None else ticks
    parts = []
    for value in values.tolist():
        y = svg.rounded(float(plot.y(value)))
        rule = Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>')
        parts.append(rule.format(_LEFT, _WIDTH - _RIGHT, y, y))
        parts.append(svg.words(_LEFT - 6, float(y) + 4, form(value), anchor="end"))
    return Markup("").join(parts)


def _ticks(low: float, high: float) -> NDArray[np.float64]:
    """Round values about a fifth of the span apart."""
    step = 10.0 ** math.floor(math.log10((high - low) / 4))
    step *= next(times for times in (1, 2, 5, 10) if (high - low) / (step * times) <= 7)
    return np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1, dtype=np.float64) * step


def _level(plot: _Plot, value: float, words: str, kind: str) -> Markup:
    if not plot.low <= value <= plot.high:
        return Markup("")
    y = float(plot.y(value))
    rule = Markup('<line class="level {}" x1="{}" x2="{}" y1="{}" y2="{}"/>')
    return rule.format(kind, _LEFT, _WIDTH - _RIGHT, svg.rounded(y), svg.rounded(y)) + svg.words(
        _WIDTH - _RIGHT + 6, y + 4, words
    )


def _event(plot: _Plot, granule: str, words: str, kind: str) -> Markup:
    place = plot.at(granule)
    return Markup("") if place is None else _mark(place, words, kind)


def _mark(place: float, words: str, kind: str) -> Markup:
    rule = Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>')
    near_end = place > _WIDTH - _RIGHT - 120
    return rule.format(kind, svg.rounded(place), svg.rounded(place), _TOP - 6, _HEIGHT - _BOTTOM) + svg.words(
        place + (-4 if near_end else 4), _TOP - 2, plain(words, limit=24), anchor="end" if near_end else "start"
    )


def _shade(plot: _Plot, start: int) -> Markup:
    left = float(plot.x[max(start - 1, 0)])
    right = _WIDTH - _RIGHT
    box = Markup('<rect class="unripe" x="{}" y="{}" width="{}" height="{}"/>')
    shape = box.format(svg.rounded(left), _TOP, svg.rounded(max(right - left, 1)), _HEIGHT - _BOTTOM - _TOP)
    return shape + svg.words(right - 4, _HEIGHT - _BOTTOM - 6, "labels still to come", anchor="end")


def _dates(plot: _Plot) -> Markup:
    last = len(plot.granules) - 1
    places = sorted({round(last * share / 4) for share in range(5)})
    return Markup("").join(_x_word(plot, place, short_label(plot.granules[place])) for place in places)


def _x_word(plot: _Plot, place: int, words: str) -> Markup:
    anchor = "start" if place == 0 else "end" if place == len(plot.granules) - 1 else "middle"
    return svg.words(float(plot.x[place]), _HEIGHT - 8, words, anchor=anchor)


def _picture(body: Sequence[Markup], label: str) -> Markup:
    return svg.frame(Markup("").join(body), _WIDTH, _HEIGHT, label, "chart over-time")


def _array(values: Optional) -> NDArray[np.float64]:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
