"""The form of Prometheus' HTTP API."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor_core.alerts.evaluator import RuleEvaluator
from monitor_core.alerts.store import AlertStore
from monitor_core.alerts.wire import alerts_data, rules_data
from monitor_core.metrics.promql import Engine, MemoryReader
from monitor_core.metrics.promql.notation import add_series
from monitor_core.metrics.rules import AlertingRule, RecordingRule, RuleGroup

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GROUPS = (
    RuleGroup("mine.yml;g", (AlertingRule("Down", "up < 0.5", hold=2 * MINUTE, labels=(("severity", "high"),)),)),
    RuleGroup("ours", (RecordingRule("a:b", "up"), AlertingRule("Twins", "label_replace(up, 'job', 'x', '', '')"))),
)


@pytest.fixture
def told(sqlite_engine):
    reader = MemoryReader()
    add_series(reader, 'up{job="api"} 0.25x10', 60_000)
    add_series(reader, 'up{job="b"} 1x10', 60_000)
    store = AlertStore(sqlite_engine)
    evaluator = RuleEvaluator(GROUPS, Engine(reader), keeper=store, interval=MINUTE, clock=lambda: 0.0)
    for minute in range(3):
        evaluator.evaluate(EPOCH + minute * MINUTE)
    return store


def test_alerts(told):
    """With value and moment as text."""
    assert alerts_data(told.in_sight()) == {
        "alerts": [
            {
                "labels": {"alertname": "Down", "job": "api", "severity": "high"},
                "annotations": {},
                "state": "firing",
                "activeAt": "1970-01-01T00:00:00Z",
                "value": "2.5e-01",
            }
        ]
    }


def test_rules(told):
    """Each with its state, how it went and its alerts."""
    first, second = rules_data(GROUPS, told.in_sight(), told.health(), interval=MINUTE)["groups"]
    assert (first["file"], first["name"], first["interval"]) == ("mine.yml", "g", 60)
    (down,) = first["rules"]
    assert (down["state"], down["health"], down["duration"], down["type"]) == ("firing", "ok", 120, "alerting")
    assert len(down["alerts"]) == 1
    assert (second["file"], second["lastEvaluation"]) == ("bellwether", "1970-01-01T00:02:00Z")
    recording, twins = second["rules"]
    assert (recording["type"], recording["health"]) == ("recording", "ok")
    assert (twins["health"], twins["state"]) == ("err", "inactive")
    assert "same labelset" in twins["lastError"]


def test_rules_that_were_never_evaluated():
    """Unknown, since ever."""
    (group,) = rules_data(GROUPS[:1], (), ())["groups"]
    assert group["rules"][0]["health"] == "unknown"
    assert group["lastEvaluation"] == "0001-01-01T00:00:00Z"
