"""Bellwether: monitoring for machine-learning models in production.

``import monitor_core`` costs next to nothing: the names below are loaded when they are first used, and so a prediction
service that needs one of them never pays for the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor_core.dashboards import create_dashboard_files, generate_grafana_dashboard, generate_html_dashboard
    from monitor_core.drift.detector import DriftDetector
    from monitor_core.logs.adapter import get_logger_with_context
    from monitor_core.logs.audit_log import log_prediction_audit
    from monitor_core.logs.configure import setup_logging
    from monitor_core.logs.formatter import JSONFormatter
    from monitor_core.metrics.instrument import PerformanceMonitor, get_metrics_text
    from monitor_core.performance.monitor import ModelMonitor

__all__ = [
    "DriftDetector",
    "JSONFormatter",
    "ModelMonitor",
    "PerformanceMonitor",
    "create_dashboard_files",
    "generate_grafana_dashboard",
    "generate_html_dashboard",
    "get_logger_with_context",
    "get_metrics_text",
    "log_prediction_audit",
    "setup_logging",
]

_HOMES = {
    "DriftDetector": "monitor_core.drift.detector",
    "JSONFormatter": "monitor_core.logs.formatter",
    "ModelMonitor": "monitor_core.performance.monitor",
    "PerformanceMonitor": "monitor_core.metrics.instrument",
    "create_dashboard_files": "monitor_core.dashboards",
    "generate_grafana_dashboard": "monitor_core.dashboards",
    "generate_html_dashboard": "monitor_core.dashboards",
    "get_logger_with_context": "monitor_core.logs.adapter",
    "get_metrics_text": "monitor_core.metrics.instrument",
    "log_prediction_audit": "monitor_core.logs.audit_log",
    "setup_logging": "monitor_core.logs.configure",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        raise _missing(name, error) from error
    globals()[name] = value
    return value


def _missing(name: str, error: ModuleNotFoundError) -> ImportError:
    from monitor_core.errors import MissingExtra  # noqa: PLC0415 - the package alone loads nothing

    return MissingExtra(
        f"{name} needs {error.name}, which is not installed", hint="pip install 'bellwether-monitor[app]'"
    )


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
