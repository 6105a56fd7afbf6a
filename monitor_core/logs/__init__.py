"""Logs: safe structured writing for the model's own process.

Needs python-json-logger and concurrent-log-handler, nothing heavier.
"""

from monitor_core.logs.adapter import ContextLogger, get_logger_with_context
from monitor_core.logs.asgi import LoggingMiddleware
from monitor_core.logs.audit_log import log_prediction_audit
from monitor_core.logs.configure import setup_logging
from monitor_core.logs.context import bind, carry, current, outgoing_headers, scope, trace_id, unbind
from monitor_core.logs.formatter import JSONFormatter
from monitor_core.logs.redaction import Redaction
from monitor_core.logs.wsgi import WsgiLoggingMiddleware

__all__ = [
    "ContextLogger",
    "JSONFormatter",
    "LoggingMiddleware",
    "Redaction",
    "WsgiLoggingMiddleware",
    "bind",
    "carry",
    "current",
    "get_logger_with_context",
    "log_prediction_audit",
    "outgoing_headers",
    "scope",
    "setup_logging",
    "trace_id",
    "unbind",
]
