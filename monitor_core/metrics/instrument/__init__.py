"""Instruments of a prediction service: light, importable in the model's own process.

Needs prometheus-client and psutil, nothing else.
"""

from monitor_core.metrics.instrument.asgi import MetricsApp, MetricsMiddleware
from monitor_core.metrics.instrument.business import BusinessMetric, read_business_metrics
from monitor_core.metrics.instrument.exposition import get_metrics_text
from monitor_core.metrics.instrument.monitor import PerformanceMonitor
from monitor_core.metrics.instrument.wsgi import WsgiMetricsApp, WsgiMetricsMiddleware

__all__ = [
    "BusinessMetric",
    "MetricsApp",
    "MetricsMiddleware",
    "PerformanceMonitor",
    "WsgiMetricsApp",
    "WsgiMetricsMiddleware",
    "get_metrics_text",
    "read_business_metrics",
]
