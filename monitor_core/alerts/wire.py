"""Alerts and rules as Prometheus' HTTP API tells them: what ``/api/v1/alerts`` and ``/api/v1/rules`` hold as `data`."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from monitor_core.alerts.evaluator import DEFAULT_INTERVAL, rule_keys
from monitor_core.alerts.states import AlertState
from monitor_core.metrics.promql.reader import labels_of
from monitor_core.metrics.rules import AlertingRule, Rule, RuleGroup
from monitor_core.metrics.rules_templates import go_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor_core.alerts.states import Alert
    from monitor_core.alerts.store import RuleHealth

__all__ = ["alerts_data", "rules_data"]

_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_STATES = (AlertState.FIRING, AlertState.PENDING)


def alerts_data(alerts: Iterable[Alert]) -> dict[str, Any]:
    """Return what ``/api/v1/alerts`` holds: those pending or firing.

    Examples
    --------
    >>> alerts_data(())
    {'alerts': []}
    """
    return {"alerts": [_alert(alert) for alert in alerts if alert.state in _STATES]}


def rules_data(
    groups: Sequence[RuleGroup],
    alerts: Sequence[Alert],
    health: Sequence[RuleHealth],
    *,
    file: str = "bellwether",
    interval: timedelta = DEFAULT_INTERVAL,
) -> dict[str, Any]:
    """Return what ``/api/v1/rules`` holds.

    Parameters
    ----------
    groups
        The rules that are evaluated.
    alerts, health
        As `AlertStore.in_sight` and `AlertStore.health` give them.
    file
        Where groups come from whose name does not say it.
    interval
        Of groups that name none.
    """
    went = {(one.rule_group, one.rule): one for one in health}
    return {"groups": [_group(group, alerts, went, file, interval) for group in groups]}


def _group(
    group: RuleGroup,
    alerts: Sequence[Alert],
    went: dict[tuple[str, str], RuleHealth],
    file: str,
    interval: timedelta,
) -> dict[str, Any]:
    of_file, found, name = group.name.rpartition(";")
    told = [went.get((group.name, key)) for key, _ in rule_keys(group)]
    return {
        "name": name,
        "file": of_file if found else file,
        "interval": (group.interval or interval).total_seconds(),
        "limit": group.limit,
        "rules": [
            _rule(group, rule, went.get((group.name, key)), [one for one in alerts if _is_of(one, group, key)])
            for key, rule in rule_keys(group)
        ],
        "evaluationTime": sum(one.seconds for one in told if one is not None),
        "lastEvaluation": _moment(max((one.evaluated_at for one in told if one is not None), default=_NEVER)),
    }


def _is_of(alert: Alert, group: RuleGroup, key: str) -> bool:
    return (alert.rule_group, alert.rule) == (group.name, key) and alert.state in _STATES


def _rule(group: RuleGroup, rule: Rule, went: RuleHealth | None, alerts: Sequence[Alert]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": rule.name,
        "query": rule.expr,
        "labels": dict(group.labels_of(rule)),
        "health": "unknown" if went is None else "err" if went.error else "ok",
        "evaluationTime": 0.0 if went is None else went.seconds,
        "lastEvaluation": _moment(_NEVER if went is None else went.evaluated_at),
    }
    if went is not None and went.error:
        made["lastError"] = went.error
    if not isinstance(rule, AlertingRule):
        return {**made, "type": "recording"}
    states = {alert.state for alert in alerts}
    return {
        **made,
        "type": "alerting",
        "state": next((state.value for state in _STATES if state in states), "inactive"),
        "duration": rule.hold.total_seconds(),
        "keepFiringFor": rule.keep_firing.total_seconds(),
        "annotations": dict(rule.annotations),
        "alerts": [_alert(alert) for alert in alerts],
    }


def _alert(alert: Alert) -> dict[str, Any]:
    made: dict[str, Any] = {
        "labels": dict(labels_of(alert.labels)),
        "annotations": dict(alert.annotations),
        "state": alert.state.value,
        "activeAt": _moment(alert.active_at),
        "value": _value(alert.value),
    }
    if alert.keep_firing_since is not None:
        made["keepFiringSince"] = _moment(alert.keep_firing_since)
    return made


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _value(value: float) -> str:
    """Write a number with an exponent, as the API does: 1e+00."""
    if not math.isfinite(value):
        return go_number(value)
    digits, _, exponent = f"{Decimal(repr(value)).normalize():e}".partition("e")
    return f"{digits}e{exponent[0]}{exponent[1:].zfill(2)}"
