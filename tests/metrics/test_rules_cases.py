"""Test files of rules: read strictly."""

from datetime import timedelta

import pytest

from monitor_core.errors import InvalidInput
from monitor_core.metrics.rules_cases import read_cases


def test_a_story_with_everything():
    """Each part arrives."""
    text = """
    rule_files: [rules.yml]
    evaluation_interval: 30s
    group_eval_order: [b, a]
    tests:
    - name: story
      interval: 15s
      input_series: [{series: up, values: 1 2}]
      alert_rule_test:
      - {eval_time: 1m, alertname: A, exp_alerts: [{exp_labels: {n: 5}, exp_annotations: {s: t}}]}
      promql_expr_test:
      - {expr: up, eval_time: 2m, exp_samples: [{labels: up, value: +Inf}]}
    """
    cases = read_cases(text)
    (case,) = cases.cases
    assert (cases.rule_files, cases.interval, cases.group_order) == (("rules.yml",), timedelta(seconds=30), ("b", "a"))
    assert (case.name, case.interval, case.end) == ("story", timedelta(seconds=15), timedelta(minutes=2))
    assert case.alerts[0].alerts[0].labels == (("n", "5"),)
    assert case.expressions[0].samples == (((("__name__", "up"),), float("inf")),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{tests: [{external_labels: {a: b}}]}", "external_labels"),
        ("{fuzzy_compare: true}", "fuzzy_compare"),
        ("{tests: {}, rule_files: x}", "rule_files must be a list"),
        ("{tests: [x]}", "test 1: fields"),
        ("{tests: [{alert_rule_test: [{eval_time: 1m}]}]}", "no alertname"),
        ("{tests: [{promql_expr_test: [{expr: up, exp_samples: [{value: many}]}]}]}", "not a number"),
    ],
)
def test_what_is_not_known_is_named(text, words):
    """With its place."""
    with pytest.raises(InvalidInput, match=words):
        read_cases(text)
