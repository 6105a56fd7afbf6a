"""`/api/v1/rules` and `/api/v1/alerts`, in the form of Prometheus' HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor_core.alerts.loading import load_rules
from monitor_core.alerts.store import AlertStore
from monitor_core.alerts.wire import alerts_data, rules_data
from monitor_core.asgi.context import answer

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from monitor_core.asgi.context import Context

__all__ = ["list_alerts", "list_rules"]


def list_rules(context: Context, _request: Request) -> Response:
    """Return the rules with their alerts, and how their last evaluation went."""
    store = AlertStore(context.services.engine)
    return _success(rules_data(load_rules(), store.in_sight(), store.health()))


def list_alerts(context: Context, _request: Request) -> Response:
    """Return the alerts that are pending or firing."""
    return _success(alerts_data(AlertStore(context.services.engine).in_sight()))


def _success(data: dict[str, Any]) -> Response:
    return answer({"status": "success", "data": data})
