"""Grafana dashboards as it imports them: ``{"dashboard": ..., "overwrite": true}``.

Written as plain dictionaries against Grafana's JSON Schema; why not with Grafana's own builder, see
``docs/decisions/0031-dashboards-without-a-builder.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor_core.dashboards.boards import SERVICE, Board
from monitor_core.dashboards.panels import DATA_SOURCE, rendered
from monitor_core.dashboards.panels import SERVICE as SELECTION
from monitor_core.metrics import names

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["APP_URL", "SCHEMA_VERSION", "dashboard", "generate_grafana_dashboard"]

SCHEMA_VERSION = 42
APP_URL = "http://127.0.0.1:8501"
"""Where links into the app lead unless told otherwise."""

_GRAFANA = {"type": "grafana", "uid": "-- Grafana --"}
_LABELS = {
    "endpoint": ("Endpoint", names.API_REQUESTS.name, "endpoint"),
    "model_version": ("Model version", names.PREDICTIONS.name, "model_version"),
    "feature": ("Feature", names.FEATURE_DRIFT_PSI.name, "feature"),
}


def generate_grafana_dashboard(*, app_url: str = APP_URL) -> dict[str, Any]:
    """Return the service dashboard in the form that Grafana's HTTP API imports.

    Parameters
    ----------
    app_url
        Where the app is; panels link to it.

    Returns
    -------
    dict
        ``{"dashboard": ..., "overwrite": True}``; send it to ``/api/dashboards/db``.

    Examples
    --------
    >>> generate_grafana_dashboard()["dashboard"]["title"]
    'Bellwether: service'
    """
    return dashboard(SERVICE, app_url=app_url)


def dashboard(board: Board, *, app_url: str = APP_URL) -> dict[str, Any]:
    """Return one dashboard; the same board gives the same text.

    Parameters
    ----------
    app_url
        Where the app is, without a slash at its end.
    """
    return {
        "dashboard": {
            "uid": board.uid,
            "title": board.title,
            "description": board.description,
            "tags": ["bellwether"],
            "timezone": "browser",
            "editable": False,
            "graphTooltip": 1,
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "refresh": "30s",
            "time": {"from": "now-24h", "to": "now"},
            "timepicker": {"refresh_intervals": ["10s", "30s", "1m", "5m", "15m"]},
            "templating": {"list": _variables(board, app_url)},
            "annotations": {"list": _annotations()},
            "links": _links(),
            "panels": list(_placed(board)),
        },
        "overwrite": True,
    }


def _placed(board: Board) -> Iterator[dict[str, Any]]:
    """Set panels side by side, in lines of 24 columns."""
    number, y = 1, 0
    for row in board.rows:
        if row.title:
            place = {"h": 1, "w": 24, "x": 0, "y": y}
            yield {"type": "row", "id": number, "title": row.title, "collapsed": False, "gridPos": place, "panels": []}
            number, y = number + 1, y + 1
        x = height = 0
        for panel in row.panels:
            if x + panel.width > 24:
                x, y, height = 0, y + height, 0
            yield rendered(panel, number=number, x=x, y=y)
            number, x, height = number + 1, x + panel.width, max(height, panel.height)
        y += height


def _variables(board: Board, app_url: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "datasource",
            "name": "datasource",
            "label": "Data source",
            "query": "prometheus",
            "refresh": 1,
            "hide": 0,
            "includeAll": False,
            "multi": False,
            "regex": "",
        },
        _choice("job", "Job", "label_values(up, job)"),
        _choice("instance", "Instance", 'label_values(up{job=~"$job"}, instance)'),
        *(_own(name) for name in board.variables),
        {
            "type": "textbox",
            "name": "app",
            "label": "App",
            "query": app_url,
            "current": {"selected": True, "text": app_url, "value": app_url},
            "hide": 0,
        },
    ]


def _own(name: str) -> dict[str, Any]:
    title, metric, label = _LABELS[name]
    return _choice(name, title, f'label_values({metric}{{job=~"$job"}}, {label})')


def _choice(name: str, title: str, query: str) -> dict[str, Any]:
    return {
        "type": "query",
        "name": name,
        "label": title,
        "datasource": DATA_SOURCE,
        "definition": query,
        "query": query,
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "multi": True,
        "includeAll": True,
        "allValue": ".*" if name in _LABELS else ".+",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def _annotations() -> list[dict[str, Any]]:
    version = f"count by (model_version) (rate({names.PREDICTIONS.name}{{{SELECTION}}}[5m]) > 0)"
    runs = f"max by (model, version) (model_drift_run_timestamp_seconds{{{SELECTION}}}) * 1000"
    return [
        {
            "name": "Annotations & Alerts",
            "builtIn": 1,
            "datasource": _GRAFANA,
            "enable": True,
            "hide": True,
            "iconColor": "rgba(0, 211, 255, 1)",
            "type": "dashboard",
        },
        {
            "name": "Deployments and rollbacks",
            "datasource": DATA_SOURCE,
            "enable": True,
            "hide": False,
            "iconColor": "blue",
            "expr": f"{version} unless {version.replace('[5m]', '[5m] offset 5m')}",
            "step": "60s",
            "titleFormat": "A version begins to serve",
            "textFormat": "{{model_version}}",
            "tagKeys": "model_version",
        },
        {
            "name": "Drift runs",
            "datasource": DATA_SOURCE,
            "enable": True,
            "hide": False,
            "iconColor": "purple",
            "expr": runs,
            "step": "60s",
            "useValueForTime": True,
            "titleFormat": "Drift was judged",
            "textFormat": "{{model}} {{version}}",
            "tagKeys": "model,version",
        },
        {
            "name": "Told by people",
            "datasource": _GRAFANA,
            "enable": True,
            "hide": False,
            "iconColor": "orange",
            "type": "tags",
            "target": {"limit": 100, "matchAny": True, "tags": ["deployment", "rollback"], "type": "tags"},
        },
    ]


def _links() -> list[dict[str, Any]]:
    shared = {"icon": "external link", "tags": [], "asDropdown": False, "keepTime": True, "targetBlank": True}
    return [
        {
            **shared,
            "title": "Bellwether",
            "type": "link",
            "tooltip": "Open the app",
            "url": "${app}",
            "includeVars": False,
        },
        {
            **shared,
            "title": "Dashboards",
            "type": "dashboards",
            "tooltip": "The others of this folder",
            "tags": ["bellwether"],
            "targetBlank": False,
            "asDropdown": True,
            "includeVars": True,
            "url": "",
        },
    ]
