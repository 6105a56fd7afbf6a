"""What Grafana and Alertmanager read from files: data source, folder, alert rules, routes."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from monitor_core.metrics.rules import AlertingRule, RuleGroup, duration_text
from monitor_core.metrics.rules_file import write_document

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DATA_SOURCE_UID", "FOLDER", "alert_rules", "alertmanager", "data_sources", "providers"]

DATA_SOURCE_UID = "bellwether"
FOLDER = "Bellwether"
PLACE = "/etc/grafana/provisioning/dashboards/bellwether"
"""Where the provisioned dashboards stand once the folder `provisioning` is copied to ``/etc/grafana``."""

_EVERY = timedelta(minutes=1)


def data_sources(url: str) -> str:
    """Return the file that makes the app (or a Prometheus) Grafana's data source.

    Parameters
    ----------
    url
        Whatever answers ``/api/v1/query``: the app's own address, or Prometheus'.
    """
    source = {
        "name": FOLDER,
        "uid": DATA_SOURCE_UID,
        "type": "prometheus",
        "access": "proxy",
        "url": url,
        "jsonData": {"httpMethod": "POST", "timeInterval": "15s", "prometheusType": "Prometheus"},
    }
    return write_document({"apiVersion": 1, "datasources": [source]})


def providers() -> str:
    """Return the file that shows the dashboards in a folder of their own."""
    provider = {
        "name": "bellwether",
        "folder": FOLDER,
        "folderUid": "bellwether",
        "type": "file",
        "disableDeletion": True,
        "allowUiUpdates": False,
        "options": {"path": PLACE},
    }
    return write_document({"apiVersion": 1, "providers": [provider]})


def alert_rules(groups: Sequence[RuleGroup]) -> str:
    """Return the alerting rules as Grafana's own, in the form of its file provisioning.

    Recording rules are left out: the series that they make must come from the data source, that is, from the same
    rules loaded by Prometheus or evaluated by the app.
    """
    made = [
        {
            "orgId": 1,
            "name": group.name,
            "folder": FOLDER,
            "interval": duration_text(max(group.interval or _EVERY, _EVERY)),
            "rules": [_rule(group, rule) for rule in group.rules if isinstance(rule, AlertingRule)],
        }
        for group in groups
    ]
    return write_document({"apiVersion": 1, "groups": [group for group in made if group["rules"]]})


def _rule(group: RuleGroup, rule: AlertingRule) -> dict[str, Any]:
    identity = hashlib.sha256(f"{group.name}/{rule.alert}".encode()).hexdigest()[:16]
    made: dict[str, Any] = {
        "uid": f"bellwether-{identity}",
        "title": rule.alert,
        "condition": "threshold",
        "data": [_question(rule), _is_there(), _threshold()],
        "for": duration_text(rule.hold),
        "noDataState": "OK",
        "execErrState": "Error",
        "labels": dict(group.labels_of(rule)),
        "annotations": {name: _words(text) for name, text in rule.annotations},
        "isPaused": False,
    }
    if rule.keep_firing:
        made["keepFiringFor"] = duration_text(rule.keep_firing)
    return made


def _words(text: str) -> str:
    """Put Grafana's name of the value in: its own ``$value`` is a description of all queries."""
    return text.replace("$value", "$values.query.Value")


def _question(rule: AlertingRule) -> dict[str, Any]:
    return {
        "refId": "query",
        "relativeTimeRange": {"from": 600, "to": 0},
        "datasourceUid": DATA_SOURCE_UID,
        "model": {"refId": "query", "expr": rule.expr, "instant": True, "range": False, "editorMode": "code"},
    }


def _is_there() -> dict[str, Any]:
    """Ask whether there is a series at all: the expression has compared already, and its value may be 0."""
    return {
        "refId": "found",
        "datasourceUid": "__expr__",
        "model": {
            "refId": "found",
            "type": "math",
            "expression": "is_number($query) || is_nan($query) || is_inf($query)",
        },
    }


def _threshold() -> dict[str, Any]:
    return {
        "refId": "threshold",
        "datasourceUid": "__expr__",
        "model": {
            "refId": "threshold",
            "type": "threshold",
            "expression": "found",
            "conditions": [{"evaluator": {"type": "gt", "params": [0]}}],
        },
    }


def alertmanager() -> str:
    """Return an example of Alertmanager's configuration: who is told what, and what one alert says for others."""
    document = {
        "route": {
            "receiver": "team",
            "group_by": ["alertname", "job", "model"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
            "routes": [
                {"matchers": ["severity = critical"], "receiver": "on-call", "repeat_interval": "1h"},
                {"matchers": ["severity = low"], "receiver": "nobody"},
            ],
        },
        "receivers": [
            {"name": "team", "webhook_configs": [{"url": "http://127.0.0.1:9095/team", "send_resolved": True}]},
            {"name": "on-call", "webhook_configs": [{"url": "http://127.0.0.1:9095/on-call", "send_resolved": True}]},
            {"name": "nobody"},
        ],
        "inhibit_rules": [
            _quiets("TargetDown", "ServiceMetricsAbsent|CpuHigh|MemoryHigh", ["job", "instance"]),
            _quiets(
                "LatencyBudgetBurn1h", "LatencyBudgetBurn6h|LatencyBudgetBurn1d|LatencyBudgetBurn3d|ApiLatencyHigh"
            ),
            _quiets("LatencyBudgetBurn6h", "LatencyBudgetBurn1d|LatencyBudgetBurn3d"),
            _quiets("LatencyBudgetBurn1d", "LatencyBudgetBurn3d"),
            _quiets("FeatureDriftCritical", "FeatureDriftHigh|FeatureDriftModerate", ["model", "version"]),
            _quiets("FeatureDriftHigh", "FeatureDriftModerate", ["model", "version"]),
        ],
    }
    return write_document(document)


def _quiets(alert: str, others: str, equal: Sequence[str] = ("job",)) -> dict[str, Any]:
    return {
        "source_matchers": [f"alertname = {alert}"],
        "target_matchers": [f'alertname =~ "{others}"'],
        "equal": list(equal),
    }
