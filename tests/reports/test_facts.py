"""The facts above the tables."""

from dataclasses import replace

from monitor_core.reports.document import build
from monitor_core.reports.facts import head_facts, setting_facts, summary_facts


def test_a_single_granule_is_not_a_span(run, model, granules):
    """One day is named once."""
    document = build(run, model, granules[:1], {})
    assert head_facts(document)["Period"] == "2026-11-10 (1 day, 2,000 rows)"


def test_a_baseline_without_dates(run, model, granules):
    """A baseline from a file without dates has only its size."""
    document = build(replace(run, baseline_first=None, baseline_last=None), model, granules, {})
    assert head_facts(document)["Baseline"] == "no. 3, 20,000 rows"


def test_the_example_is_marked(run, model, granules):
    """Nobody takes made-up data for real."""
    assert "made up" in head_facts(build(run, replace(model, is_example=True), granules, {}))["Note"]


def test_no_features_is_no_division(run, model):
    """Without features there is no share."""
    assert summary_facts(build(run, model, [], {}))["Features with Drift"] == "0 (n/a)"


def test_settings_are_sorted(document):
    """The same settings are written in the same order."""
    assert list(setting_facts(document)) == sorted(document.run.settings)
