"""Alerts: what a rule's answer makes of the alerts that were there, kept with their history."""

from __future__ import annotations

from monitor_core.alerts.evaluator import Evaluation, RuleEvaluator, RuleOutcome
from monitor_core.alerts.loading import load_rules
from monitor_core.alerts.recording import MemorySink, SampleSink, StoreSink
from monitor_core.alerts.states import Alert, AlertEvent, AlertState, Change, advance
from monitor_core.alerts.store import AlertStore
from monitor_core.alerts.wire import alerts_data, rules_data

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertState",
    "AlertStore",
    "Change",
    "Evaluation",
    "MemorySink",
    "RuleEvaluator",
    "RuleOutcome",
    "SampleSink",
    "StoreSink",
    "advance",
    "alerts_data",
    "load_rules",
    "rules_data",
]
