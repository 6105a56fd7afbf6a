"""Our own rules: each has words, a runbook and stories; ratios ask for traffic."""

import re
from pathlib import Path

import pytest

from monitor_core.metrics import names
from monitor_core.metrics.rules import AlertingRule
from monitor_core.metrics.rules_cases import read_cases
from monitor_core.metrics.rules_default import BURNS, Objectives, default_rules, runbook_name
from monitor_core.values import Severity

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "dashboards" / "prometheus"
ALERTS = [rule for group in default_rules() for rule in group.rules if isinstance(rule, AlertingRule)]


@pytest.fixture(scope="module")
def stories():
    files = sorted(FOLDER.glob("*_test.yml"))
    return [case for path in files for case in read_cases(path.read_text(), name=path.name).cases]


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule.alert)
class TestEveryAlert:
    """What a person who is woken needs."""

    def test_has_words_and_a_severity(self, rule):
        """In the house's words."""
        words = dict(rule.annotations)
        assert set(words) == {"description", "runbook_url", "summary"}
        assert Severity(rule.severity) > Severity.NONE
        assert len(words["summary"]) < 140

    def test_has_a_runbook(self, rule):
        """One that says what it means and what to do."""
        path = ROOT / "docs" / "runbooks" / runbook_name(rule.alert)
        assert path.is_file()
        text = path.read_text()
        assert [part for part in ("## What it means", "## What to look at", "## What to do") if part not in text] == []

    def test_has_a_story_in_which_it_fires_and_one_in_which_it_does_not(self, rule, stories):
        """So that neither is by accident."""
        told = [item for case in stories for item in case.alerts if item.alertname == rule.alert]
        assert any(item.alerts for item in told)
        assert any(not item.alerts for item in told)


def test_every_ratio_asks_for_traffic():
    """A division in an alert comes with a least number of requests or predictions."""
    ratios = [rule for rule in ALERTS if " / " in rule.expr or "ratio" in rule.expr]
    assert len(ratios) == 8
    assert [rule.alert for rule in ratios if not re.search(r">= \d+", rule.expr)] == []


def test_the_objective_is_a_bound_of_the_histogram():
    """Or the share above it would be a guess."""
    assert Objectives().latency_seconds in names.LATENCY_BUCKETS


def test_every_burn_can_be_reached():
    """A rate above 1 / budget can never be seen."""
    budget = 1 - Objectives().latency_target
    assert max(burn.factor for burn in BURNS) * budget < 1


def test_no_runbook_without_a_rule():
    """Runbooks of rules that are gone mislead."""
    files = {path.name for path in (ROOT / "docs" / "runbooks").glob("*.md")} - {"README.md"}
    assert files == {runbook_name(rule.alert) for rule in ALERTS}


def test_other_objectives_give_other_rules():
    """Two numbers make the objective of latency."""
    groups = default_rules(Objectives(latency_seconds=0.5, latency_target=0.99, runbooks="https://wiki/run"))
    rule = groups[0].rules[0]
    assert 'le="0.5"' in rule.expr
    assert "> 0.01\n" in rule.expr
    assert dict(rule.annotations)["runbook_url"] == "https://wiki/run/ApiLatencyHigh.md"
