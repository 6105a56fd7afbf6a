"""Grafana's panels as dictionaries: what each kind needs beside its questions.

The fields are those of Grafana's own JSON Schema (`schemaVersion` 42), against which the tests hold what comes out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from monitor_core.dashboards.queries import question

__all__ = ["DATA_SOURCE", "SERVICE", "Asked", "Panel", "Steps", "rendered"]

DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SERVICE = 'job=~"$job", instance=~"$instance"'
"""What a reader of Grafana chooses; every question holds both."""

Steps = tuple[tuple[float | None, str], ...]
"""From which value which colour; the first is None."""

PLAIN: Steps = ((None, "text"),)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a panel.

    Attributes
    ----------
    query
        Its name in `queries.QUERIES`.
    legend
        In Grafana's form, ``{{endpoint}}``.
    matchers
        Asked for beside job and instance.
    """

    query: str
    legend: str = "__auto"
    matchers: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes
    ----------
    kind
        timeseries, stat, heatmap, state-timeline, bargauge, alertlist.
    width, height
        In Grafana's 24 columns and rows.
    unit
        Grafana's word: s, percentunit, reqps, bytes, short.
    buckets
        Questions give a classic histogram's buckets.
    filters
        Options of an alert list.
    """

    title: str
    description: str
    asked: tuple[Asked, ...] = ()
    kind: str = "timeseries"
    width: int = 12
    height: int = 8
    unit: str = "short"
    decimals: int | None = None
    least: float | None = None
    most: float | None = None
    steps: Steps = PLAIN
    limit: float | None = None
    """A line to compare with."""
    buckets: bool = False
    stacked: bool = False
    links: tuple[tuple[str, str], ...] = ()
    """(title, address) on each value."""
    mappings: tuple[tuple[str, str, str], ...] = ()
    """(value, words, colour)."""
    options: dict[str, Any] = field(default_factory=dict)


def rendered(panel: Panel, *, number: int, x: int, y: int) -> dict[str, Any]:
    """Return a panel as Grafana reads it.

    Parameters
    ----------
    number
        Its id, unique on the dashboard.
    x, y
        Where its upper left corner stands.
    """
    made: dict[str, Any] = {
        "type": panel.kind,
        "id": number,
        "title": panel.title,
        "description": panel.description,
        "gridPos": {"h": panel.height, "w": panel.width, "x": x, "y": y},
        "datasource": DATA_SOURCE,
        "options": _OPTIONS[panel.kind](panel),
    }
    if panel.kind == "alertlist":
        del made["datasource"]
        return made
    made["targets"] = [_target(asked, place, panel) for place, asked in enumerate(panel.asked)]
    made["fieldConfig"] = {"defaults": _field(panel), "overrides": []}
    return made


def _target(asked: Asked, place: int, panel: Panel) -> dict[str, Any]:
    selection = f"{SERVICE}, {asked.matchers}" if asked.matchers else SERVICE
    made: dict[str, Any] = {
        "refId": chr(ord("A") + place),
        "datasource": DATA_SOURCE,
        "expr": question(asked.query, selection=selection),
        "legendFormat": asked.legend,
        "editorMode": "code",
    }
    if panel.buckets:
        made["format"] = "heatmap"
    if panel.kind in {"stat", "bargauge"}:
        return {**made, "instant": True, "range": False}
    return {**made, "instant": False, "range": True}


def _field(panel: Panel) -> dict[str, Any]:
    bounds = (("decimals", panel.decimals), ("min", panel.least), ("max", panel.most))
    made: dict[str, Any] = {"unit": panel.unit, **{name: value for name, value in bounds if value is not None}}
    steps = panel.steps
    if panel.limit is not None and panel.steps == PLAIN:
        steps = ((None, "transparent"), (panel.limit, "red"))
    made["thresholds"] = {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in steps]}
    made["color"] = {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"}
    if panel.mappings:
        options = {
            value: {"text": words, "color": colour, "index": place}
            for place, (value, words, colour) in enumerate(panel.mappings)
        }
        made["mappings"] = [{"type": "value", "options": options}]
    if panel.links:
        made["links"] = [_link(title, address) for title, address in panel.links]
    if panel.kind == "timeseries":
        made["custom"] = _lines(panel)
    elif panel.kind == "state-timeline":
        made["custom"] = {"fillOpacity": 80, "lineWidth": 0}
    return made


def _lines(panel: Panel) -> dict[str, Any]:
    custom: dict[str, Any] = {
        "drawStyle": "line",
        "lineWidth": 2,
        "fillOpacity": 20 if panel.stacked else 0,
        "showPoints": "never",
        "spanNulls": False,
    }
    if panel.stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    if panel.limit is not None:
        custom["thresholdsStyle"] = {"mode": "dashed"}
    return custom


def _link(title: str, address: str) -> dict[str, Any]:
    return {
        "title": title,
        "type": "link",
        "icon": "external link",
        "tooltip": title,
        "url": address,
        "tags": [],
        "asDropdown": False,
        "targetBlank": True,
        "includeVars": False,
        "keepTime": False,
    }


def _line_options(_panel: Panel) -> dict[str, Any]:
    return {
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _stat_options(panel: Panel) -> dict[str, Any]:
    return {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "textMode": "value",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        **panel.options,
    }


def _heat_options(panel: Panel) -> dict[str, Any]:
    return {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "YlOrRd" if panel.buckets else "Oranges", "steps": 64, "exponent": 0.5},
        "legend": {"show": True},
        "tooltip": {"mode": "single", "yHistogram": panel.buckets, "showColorScale": True},
        "yAxis": {"axisPlacement": "left", "unit": "s" if panel.buckets else "short"},
        "rowsFrame": {"layout": "auto"},
        **panel.options,
    }


def _state_options(_panel: Panel) -> dict[str, Any]:
    return {
        "mergeValues": True,
        "showValue": "never",
        "alignValue": "left",
        "rowHeight": 0.9,
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "single", "sort": "none"},
    }


def _bar_options(_panel: Panel) -> dict[str, Any]:
    return {
        "displayMode": "basic",
        "orientation": "horizontal",
        "valueMode": "color",
        "showUnfilled": True,
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }


def _alert_options(panel: Panel) -> dict[str, Any]:
    return {
        "viewMode": "list",
        "groupMode": "default",
        "groupBy": [],
        "maxItems": 20,
        "sortOrder": 3,
        "dashboardAlerts": False,
        "alertName": "",
        "alertInstanceLabelFilter": "",
        "stateFilter": {"firing": True, "pending": True, "noData": False, "normal": False, "error": True},
        **panel.options,
    }


_OPTIONS = {
    "timeseries": _line_options,
    "stat": _stat_options,
    "heatmap": _heat_options,
    "state-timeline": _state_options,
    "bargauge": _bar_options,
    "alertlist": _alert_options,
}
