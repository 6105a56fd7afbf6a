"""Rules evaluated: what is recorded, what fires, what a failing rule leaves alone."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor_core.alerts.evaluator import RuleEvaluator
from monitor_core.alerts.recording import MemorySink
from monitor_core.errors import InvalidInput
from monitor_core.metrics.promql import Engine, MemoryReader
from monitor_core.metrics.promql.notation import add_series
from monitor_core.metrics.promql.reader import is_stale
from monitor_core.metrics.rules import AlertingRule, RecordingRule, RuleGroup

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minutes):
    return EPOCH + minutes * MINUTE


def evaluator_of(*rules, series=(), **options):
    reader = MemoryReader()
    for text in series:
        add_series(reader, text, 60_000)
    group = RuleGroup("g", rules, interval=MINUTE, **options)
    return RuleEvaluator([group], Engine(reader), sink=MemorySink(reader)), reader


def samples(reader, name):
    return {
        labels: (stamps.tolist(), values)
        for labels, stamps, values in reader.select([], -(10**15), 10**15)
        if dict(labels)["__name__"] == name
    }


def test_a_rule_sees_what_the_one_before_recorded():
    """At the same moment."""
    evaluator, _ = evaluator_of(
        RecordingRule("job:up:sum", "sum by (job) (up)", labels=(("team", "ml"),)),
        AlertingRule("Down", "job:up:sum == 0"),
        series=['up{job="api"} 0'],
    )
    (event,) = evaluator.evaluate(at(0)).events
    assert event.alert.labels == (("alertname", "Down"), ("job", "api"), ("team", "ml"))


def test_a_recorded_series_that_is_gone_ends():
    """With a stale marker, so that it does not linger for five minutes."""
    evaluator, reader = evaluator_of(RecordingRule("a:b", "up"), series=["up 1 1 stale"])
    for minute in range(4):
        evaluator.evaluate(at(minute))
    ((stamps, values),) = samples(reader, "a:b").values()
    assert stamps == [0, 60_000, 120_000]
    assert is_stale(values).tolist() == [False, False, True]


def test_alerts_are_series_too():
    """`ALERTS` with the state, as dashboards ask for it; the state's old series ends."""
    evaluator, reader = evaluator_of(AlertingRule("Down", "up == 0", hold=MINUTE), series=["up 0x5"])
    evaluator.evaluate(at(0))
    evaluator.evaluate(at(1))
    found = {dict(labels)["alertstate"]: values for labels, (_, values) in samples(reader, "ALERTS").items()}
    assert is_stale(found["pending"]).tolist() == [False, True]
    assert found["firing"].tolist() == [1.0]
    ((_, since),) = samples(reader, "ALERTS_FOR_STATE").values()
    assert since.tolist() == [0.0, 0.0]


def test_a_rule_that_fails_keeps_its_alerts_and_stops_nobody():
    """Its outcome says why."""
    evaluator, reader = evaluator_of(
        AlertingRule("Twins", "label_replace(up == 0, 'job', 'x', '', '')"),
        AlertingRule("Down", "up == 0"),
        series=['up{job="a"} 0x5'],
    )
    evaluator.evaluate(at(0))
    add_series(reader, 'up{job="b"} _ 0x4', 60_000)
    done = evaluator.evaluate(at(1))
    assert [name for name, _ in done.errors] == ["Twins"]
    assert [len(outcome.alerts) for outcome in done.outcomes] == [1, 2]


def test_labels_are_templates():
    """And count as identity once written."""
    evaluator, _ = evaluator_of(
        AlertingRule("Down", "up == 0", labels=(("where", "at {{ $labels.job }}"),)), series=['up{job="api"} 0']
    )
    (event,) = evaluator.evaluate(at(0)).events
    assert dict(event.alert.labels)["where"] == "at api"


def test_what_fails_while_writing_stands_in_the_text():
    """The alert is not lost by it."""
    rule = AlertingRule("Down", "up == 0", annotations=(("summary", "{{ $labels.job | humanize }}"),))
    evaluator, _ = evaluator_of(rule, series=['up{job="api"} 0'])
    (event,) = evaluator.evaluate(at(0)).events
    assert dict(event.alert.annotations)["summary"] == "<error expanding template: 'api' is not a number>"


def test_groups_are_evaluated_when_they_are_due():
    """In their own rhythm; a late call does not shift it."""
    evaluator, _ = evaluator_of(AlertingRule("A", "up"), series=["up 1x10"])
    moments = [0, 0.5, 1.1, 1.9, 2, 2.5]
    assert [len(evaluator.evaluate(at(minute)).groups) for minute in moments] == [1, 0, 1, 0, 1, 0]
    assert evaluator.due() == at(3)


def test_after_a_long_pause_the_rhythm_starts_anew():
    """Missed evaluations are not caught up."""
    evaluator, _ = evaluator_of(AlertingRule("A", "up"), series=["up 1x10"])
    evaluator.evaluate(at(0))
    evaluator.evaluate(at(60))
    assert evaluator.due() == at(61)


def test_a_number_is_one_series_without_labels():
    """As in Prometheus."""
    evaluator, reader = evaluator_of(RecordingRule("one", "1 + 1"))
    evaluator.evaluate(at(0))
    assert [values.tolist() for _, values in samples(reader, "one").values()] == [[2.0]]


def test_the_limit_holds_for_recorded_series():
    """Nothing is recorded beyond it."""
    evaluator, reader = evaluator_of(RecordingRule("a", "up"), series=['up{job="a"} 1', 'up{job="b"} 1'], limit=1)
    assert evaluator.evaluate(at(0)).errors == (("a", "exceeded limit of 1 with 2 series"),)
    assert samples(reader, "a") == {}


def test_the_offset_of_a_group_asks_for_the_past():
    """And records there."""
    evaluator, reader = evaluator_of(RecordingRule("a", "up"), series=["up 1 2 3"], query_offset=MINUTE)
    evaluator.evaluate(at(2))
    ((stamps, values),) = samples(reader, "a").values()
    assert (stamps, values.tolist()) == ([60_000], [2.0])


def test_groups_of_one_name_are_refused():
    """Their alerts could not be told apart."""
    with pytest.raises(InvalidInput, match="names of their own"):
        RuleEvaluator([RuleGroup("g", ()), RuleGroup("g", ())], Engine(MemoryReader()))


def test_a_value_that_is_no_number_alerts_as_well():
    """NaN is a value like any other."""
    evaluator, _ = evaluator_of(AlertingRule("A", "x"), series=["x NaN"])
    (event,) = evaluator.evaluate(at(0)).events
    assert np.isnan(event.alert.value)
