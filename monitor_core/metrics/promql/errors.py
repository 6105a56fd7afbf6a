"""What goes wrong with a query, in the three kinds that Prometheus's HTTP API names."""

from __future__ import annotations

from monitor_core.errors import InvalidInput, MonitorError

__all__ = ["BadQuery", "ExecutionFailed", "QueryFailed", "QueryTimeout"]


class QueryFailed(MonitorError):
    """A query has no answer; `error_type` is the ``errorType`` of Prometheus's HTTP API."""

    error_type = "internal"


class BadQuery(QueryFailed, InvalidInput):
    """The text is not a query, or asks for what is not supported; the message carries line and column."""

    error_type = "bad_data"


class ExecutionFailed(QueryFailed):
    """The query cannot be answered over these data, or would need more than the limits allow."""

    error_type = "execution"


class QueryTimeout(QueryFailed):
    """The query took longer than allowed."""

    error_type = "timeout"
