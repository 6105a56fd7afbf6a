"""Rules as values: durations, and what is refused."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.errors import InvalidInput
from monitor_core.metrics.rules import AlertingRule, RecordingRule, RuleGroup, duration_of, duration_text


@given(st.integers(0, 10**12))
def test_a_written_duration_reads_as_itself(milliseconds):
    """Whatever its size."""
    span = timedelta(milliseconds=milliseconds)
    assert duration_of(duration_text(span)) == span


@pytest.mark.parametrize("text", ["", "5", "1.5h", "5m1h", "h", "-5m", "5 m", "1000y", "9" * 30 + "s"])
def test_what_is_no_duration_is_refused(text):
    """As Prometheus refuses it."""
    with pytest.raises(InvalidInput, match="duration"):
        duration_of(text)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RecordingRule("a-b", "up"), "name of a metric"),
        (lambda: RecordingRule("a", "up +"), "could not parse expression"),
        (lambda: RecordingRule("a", "up[5m]"), "vector or a number"),
        (lambda: RecordingRule("a", "up", labels=(("__name__", "b"),)), "no name for a label"),
        (lambda: AlertingRule(" ", "up"), "no name"),
        (lambda: AlertingRule("A", "up", labels=(("alertname", "b"),)), "no name for a label"),
        (lambda: AlertingRule("A", "up", labels=(("b", ""), ("a", ""))), "sorted by name"),
        (
            lambda: AlertingRule("A", "up", annotations=(("summary", "{{ query `up` }}"),)),
            "annotation 'summary'.*query",
        ),
        (lambda: RuleGroup("", ()), "no name"),
        (lambda: RuleGroup("g", (), limit=-1), "limit is -1"),
        (lambda: RuleGroup("g", (RecordingRule("a", "up"), RecordingRule("a", "down"))), "recorded twice"),
    ],
)
def test_what_is_wrong_is_named(make, words):
    """When the rule is made, not when it is evaluated."""
    with pytest.raises(InvalidInput, match=words):
        make()


def test_labels_of_the_group_lie_beneath_the_rules():
    """A rule's own win."""
    rule = AlertingRule("A", "up", labels=(("severity", "high"),))
    group = RuleGroup("g", (rule,), labels=(("severity", "low"), ("team", "ml")))
    assert group.labels_of(rule) == (("severity", "high"), ("team", "ml"))
