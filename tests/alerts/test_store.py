"""Alerts outlive the process."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from monitor_core.alerts.evaluator import RuleEvaluator
from monitor_core.alerts.recording import MemorySink
from monitor_core.alerts.states import AlertState
from monitor_core.alerts.store import AlertStore
from monitor_core.metrics.promql import Engine, MemoryReader
from monitor_core.metrics.promql.notation import add_series
from monitor_core.metrics.rules import AlertingRule, RuleGroup

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DOWN = AlertingRule("Down", "up == 0", hold=2 * MINUTE, labels=(("severity", "high"),))


@pytest.fixture
def store(engine):
    return AlertStore(engine)


@pytest.fixture
def reader():
    made = MemoryReader()
    add_series(made, 'up{job="api"} 0x10 1x300', 60_000)
    return made


def start(reader, store, *rules, group="g"):
    return RuleEvaluator(
        [RuleGroup(group, rules, interval=MINUTE)], Engine(reader), sink=MemorySink(reader), keeper=store
    )


def run(evaluator, first, last):
    return [
        event.name for minute in range(first, last + 1) for event in evaluator.evaluate(EPOCH + minute * MINUTE).events
    ]


def test_state_and_history_are_kept(reader, store):
    """The whole life of an alert, the latest first."""
    assert run(start(reader, store, DOWN), 0, 11) == ["pending", "firing", "resolved"]
    rows = store.history()
    assert [row.event for row in rows] == ["resolved", "firing", "pending"]
    assert {row.alert.episode for row in rows} == {rows[0].alert.episode}
    (alert,) = store.in_sight()
    assert (alert.state, alert.severity, alert.resolved_at) == (AlertState.RESOLVED, "high", EPOCH + 11 * MINUTE)
    assert store.in_sight(state=AlertState.FIRING) == ()


def test_a_new_process_goes_on_where_the_last_one_ended(reader, store):
    """A firing alert does not fire twice, and its end is seen."""
    run(start(reader, store, DOWN), 0, 5)
    assert run(start(reader, store, DOWN), 6, 11) == ["resolved"]


def test_time_without_a_process_is_not_held(reader, store):
    """Pending for one minute, silence of four: it fires one minute later."""
    run(start(reader, store, DOWN), 0, 1)
    assert run(start(reader, store, DOWN), 5, 6) == ["firing"]
    assert store.in_sight()[0].fired_at == EPOCH + 6 * MINUTE


def test_alerts_of_a_rule_that_is_gone_are_resolved(reader, store):
    """Nobody would ever see their end."""
    run(start(reader, store, DOWN), 0, 5)
    other = start(reader, store, AlertingRule("Other", "up == 7"))
    assert run(other, 6, 7) == ["resolved"]
    assert store.in_sight() == ()
    assert [health.rule for health in store.health()] == ["Other"]


def test_how_each_rule_went_is_kept(reader, store):
    """With why it could not be evaluated."""
    add_series(reader, 'up{job="b"} 0x10', 60_000)
    twins = AlertingRule("Twins", "label_replace(up == 0, 'job', 'x', '', '')")
    run(start(reader, store, DOWN, twins), 0, 0)
    down, bad = store.health()
    assert (down.error, down.evaluated_at) == ("", EPOCH)
    assert "same labelset" in bad.error


def test_values_that_are_no_numbers_are_kept(store):
    """NaN and infinities, on every database."""
    reader = MemoryReader()
    add_series(reader, 'x{job="a"} NaN', 60_000)
    add_series(reader, 'x{job="b"} -Inf', 60_000)
    run(start(reader, store, AlertingRule("A", "x")), 0, 0)
    first, second = store.in_sight()
    assert math.isnan(first.value)
    assert second.value == float("-inf")


def test_history_is_pruned_but_for_what_lasts(reader, store):
    """The events of a firing alert stay, however old."""
    run(start(reader, store, DOWN), 0, 5)
    assert store.prune(EPOCH + timedelta(days=400)) == 0
    run(start(reader, store, DOWN), 6, 40)
    assert store.prune(EPOCH + timedelta(days=400)) == 3


def test_history_of_one_alert(reader, store):
    """And only what happened before a moment."""
    run(start(reader, store, DOWN), 0, 11)
    fingerprint = store.in_sight()[0].fingerprint
    assert len(store.history(fingerprint=fingerprint)) == 3
    assert store.history(fingerprint="x") == ()
    assert [row.event for row in store.history(before=EPOCH + 2 * MINUTE)] == ["pending"]
