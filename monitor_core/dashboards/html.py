"""The HTML dashboard: one file that asks only the address it is served from."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from monitor_core.dashboards.queries import QUERIES, bound
from monitor_core.figures.theme import DARK, LIGHT
from monitor_core.metrics.names import LATENCY_OBJECTIVE_SECONDS

if TYPE_CHECKING:
    from monitor_core.figures.theme import Theme

__all__ = ["generate_html_dashboard"]

_TOKENS = (
    *("background", "panel", "border", "grid", "text", "muted", "primary", "on_primary", "link", "red", "red_soft"),
    *("orange", "orange_soft", "orange_text", "green", "green_soft", "gray_soft", "blue_soft"),
)

_NEVER = 1e300
_Chart = tuple[str, str, str, tuple[str, ...], float | None, float | None]
_Tile = tuple[str, str, str, str, float, float | None, str]

_CHARTS: tuple[_Chart, ...] = (
    ("latency", "API Latency", "seconds", ("p50", "p95", "p99"), LATENCY_OBJECTIVE_SECONDS, None),
    ("throughput", "Throughput", "rate", ("requests_by_endpoint",), None, None),
    ("errors", "Error Rate", "ratio", ("errors_4xx", "errors_5xx"), 0.05, 1),
    ("system", "System Resources", "ratio", ("cpu", "memory"), None, 1),
    ("model", "Model Performance", "score", ("f1", "precision", "recall"), None, 1),
    ("drift", "Data Drift (PSI)", "score", ("psi_top",), 0.25, None),
    ("predictions", "Predictions by version", "rate", ("predictions_by_version",), None, None),
    ("slow", "Slower than 150 ms", "ratio", ("slow",), 0.05, 1),
)
"""(id, title, unit, questions, line to compare with, largest possible value)"""

_NAMES = {"errors_4xx": "4xx", "errors_5xx": "5xx", "cpu": "CPU", "f1": "F1"}
_NAMES |= {name: name for name in ("p50", "p95", "p99", "memory", "precision", "recall")}

_TILES: tuple[_Tile, ...] = (
    ("Requests", "requests_by_endpoint", "rate", "sum", _NEVER, None, "low"),
    ("p50", "p50", "seconds", "max", _NEVER, None, "low"),
    ("p95", "p95", "seconds", "max", LATENCY_OBJECTIVE_SECONDS, None, "high"),
    ("Above 150 ms", "slow", "ratio", "max", 0.05, None, "high"),
    ("5xx", "errors_5xx", "ratio", "max", 0.05, 0.01, "critical"),
    ("CPU", "cpu", "ratio", "max", 0.8, None, "high"),
    ("Memory", "memory", "ratio", "max", 0.9, 0.8, "critical"),
    ("F1, 30 days", "f1", "score", "min", 0.67, None, "high"),
    ("Features drifted", "psi_top", "count", "drifted", 0, None, "high"),
)
"""(title, question, unit, how several series become one, bad above, worth a look above, severity)"""


def generate_html_dashboard(model_version: str = "", model_type: str = "", training_date: str = "") -> str:
    """Return the dashboard as one HTML document.

    Put it where the app or the service serves it: it reads ``/api/v1`` of that address, or, where there is none,
    ``/metrics``. Nothing else is ever asked; the document's own content policy forbids it.

    Parameters
    ----------
    model_version, model_type, training_date
        Shown on the model card; what is empty is left out.

    Returns
    -------
    str
        Under 300 KB, the same for the same arguments.

    Examples
    --------
    >>> text = generate_html_dashboard("1.0.0", "gradient boosting")
    >>> text.startswith("<!DOCTYPE html>"), "gradient boosting" in text
    (True, True)
    """
    card = (("Version", model_version), ("Type", model_type), ("Trained", training_date))
    config = {
        "queries": QUERIES,
        "objective": bound(LATENCY_OBJECTIVE_SECONDS),
        "charts": [_chart(chart) for chart in _CHARTS],
        "tiles": [_tile(tile) for tile in _TILES],
        "model": [[name, str(value)] for name, value in card if value],
    }
    style = Template(_asset("dashboard.css")).substitute(light=_tokens(LIGHT), dark=_tokens(DARK))
    script = _asset("dashboard.js")
    policy = (
        f"default-src 'none'; connect-src 'self'; img-src data: blob:; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    )
    page = Template(_asset("dashboard.html"))
    return page.substitute(csp=policy, style=style, script=script, config=_embedded(config))


def _asset(name: str) -> str:
    return files("monitor_core.dashboards").joinpath("assets", name).read_text(encoding="utf-8")


def _tokens(theme: Theme) -> str:
    return " ".join(f"--{name}: {getattr(theme, name)};" for name in _TOKENS)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _embedded(value: Any) -> str:
    """Write JSON that cannot end the element it stands in."""
    text = json.dumps(value, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _chart(chart: _Chart) -> dict[str, Any]:
    name, title, unit, asked, limit, ceiling = chart
    lines = [{"query": query, "name": _NAMES.get(query, "")} for query in asked]
    return {"id": name, "title": title, "unit": unit, "lines": lines, "limit": limit, "ceiling": ceiling, "most": 6}


def _tile(tile: _Tile) -> dict[str, Any]:
    title, query, unit, reduce, bad, warn, severity = tile
    made = {"title": title, "query": query, "unit": unit, "reduce": reduce, "bad": bad, "warn": warn}
    return {**made, "below": reduce == "min", "severity": severity}
