"""Stories told to our rules and to promtool: the same verdicts."""

import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from monitor_core.alerts.rule_tests import run_case, run_cases
from monitor_core.errors import InvalidInput
from monitor_core.metrics.promql import Engine
from monitor_core.metrics.rules_cases import read_cases
from monitor_core.metrics.rules_file import read_rules

FOLDER = Path(__file__).resolve().parents[2] / "dashboards" / "prometheus"
RULES = read_rules((FOLDER / "rules.yml").read_text())
FILES = {path.name: read_cases(path.read_text(), name=path.name) for path in sorted(FOLDER.glob("*_test.yml"))}
STORIES = [pytest.param(file, case, id=case.name) for file, cases in FILES.items() for case in cases.cases]
SMALL = "groups: [{name: g, rules: [{alert: Down, expr: up == 0, for: 2m, labels: {severity: high}}]}]"


@pytest.mark.parametrize(("file", "case"), STORIES)
def test_our_rules_do_what_their_stories_say(file, case):
    """With the engine as it runs."""
    assert run_case(case, RULES, interval=FILES[file].interval).failures == ()


@pytest.mark.prometheus
class TestBesidePromtool:
    """promtool 2.42 is asked, and the engine speaks its semantics."""

    def verdict(self, folder):
        command = [shutil.which("promtool"), "test", "rules", *map(str, sorted(folder.glob("*_test.yml")))]
        return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)

    def test_both_pass_every_story(self):
        """Not one differs."""
        done = self.verdict(FOLDER)
        assert done.returncode == 0, done.stdout + done.stderr

    @pytest.mark.parametrize(
        "change",
        [
            ("eval_time: 2m", "eval_time: 1m"),
            ("severity: high}", "severity: low}"),
            ("job: api", "job: other"),
            ("0x5", "0 0 1 0 0"),
            ("exp_samples: [{labels: up, value: 0}]", "exp_samples: [{labels: up, value: 1}]"),
            ("exp_samples: [{labels: up, value: 0}]", "exp_samples: []"),
            ("alertname: Down,", "alertname: Gone,"),
            ("", ""),
        ],
        ids=lambda pair: pair[1] or "unchanged",
    )
    def test_both_see_what_is_wrong(self, tmp_path, change):
        """One thing changed in a story that passes: both fail, or both pass."""
        series = "[{series: 'up{job=\"api\"}', values: 0x5}, {series: up, values: 0x5}]"
        story = (
            "{rule_files: [rules.yml], evaluation_interval: 1m, tests: [{interval: 1m, input_series: " + series + ", "
            "alert_rule_test: [{eval_time: 2m, alertname: Down, exp_alerts: ["
            "{exp_labels: {job: api, severity: high}}, {exp_labels: {severity: high}}]}], "
            "promql_expr_test: [{expr: 'up{job=\"\"}', eval_time: 3m, exp_samples: [{labels: up, value: 0}]}]}]}"
        )
        told = story.replace(*change, 1) if change[0] else story
        (tmp_path / "rules.yml").write_text(SMALL)
        (tmp_path / "a_test.yml").write_text(told)
        ours = run_cases(read_cases(told), read_rules(SMALL), engine=partial(Engine, compat=2))
        theirs = self.verdict(tmp_path)
        assert all(outcome.is_passed for outcome in ours) == (theirs.returncode == 0), theirs.stdout + theirs.stderr


@pytest.mark.prometheus
@pytest.mark.calibration
@pytest.mark.parametrize(("file", "case"), STORIES)
def test_stories_hold_in_the_older_semantics_too(file, case):
    """As promtool 2.42 reads ranges: closed on the left."""
    found = run_case(case, RULES, interval=FILES[file].interval, engine=partial(Engine, compat=2))
    assert found.failures == ()


def test_what_fails_is_said():
    """Expected beside got."""
    story = (
        "{tests: [{input_series: [{series: up, values: 0x5}], alert_rule_test: [{eval_time: 3m, alertname: Down}]}]}"
    )
    (outcome,) = run_cases(read_cases(story), read_rules(SMALL))
    assert outcome.failures[0].startswith("alertname Down, time 0:03:00: expected none, got labels {'alertname'")


def test_a_rule_that_cannot_be_evaluated_fails_the_story():
    """It would never fire."""
    rules = "groups: [{name: g, rules: [{record: a, expr: \"label_replace(up, 'job', 'x', '', '')\"}]}]"
    story = "{tests: [{input_series: [{series: 'up{job=\"a\"}', values: 0}, {series: 'up{job=\"b\"}', values: 0}]}]}"
    (outcome,) = run_cases(read_cases(story), read_rules(rules))
    assert "same labelset" in outcome.failures[0]


def test_a_story_of_years_is_refused():
    """It would never end."""
    story = "{tests: [{alert_rule_test: [{eval_time: 5y, alertname: Down}]}]}"
    with pytest.raises(InvalidInput, match="100,000 evaluations"):
        run_cases(read_cases(story), read_rules(SMALL))


def test_groups_are_evaluated_in_the_order_asked_for():
    """A rule may need what another group records."""
    first = "{name: b, rules: [{alert: A, expr: a:b > 0}]}"
    rules = f"groups: [{first}, {{name: a, rules: [{{record: 'a:b', expr: up offset 0s}}]}}]"
    story = (
        "{group_eval_order: [a, b], tests: [{input_series: [{series: up, values: 1}], "
        "alert_rule_test: [{eval_time: 0s, alertname: A, exp_alerts: [{}]}]}]}"
    )
    assert run_cases(read_cases(story), read_rules(rules))[0].is_passed
