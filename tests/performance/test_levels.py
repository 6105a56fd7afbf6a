"""How bad a drop is by size, and how sure it is."""

from datetime import UTC, datetime

import pytest

from monitor_core.performance.counts import Counts
from monitor_core.performance.levels import DROPS, baseline_f1, drop_probabilities, relative_drop, severity_of
from monitor_core.performance.results import BaselinePerformance
from monitor_core.settings import PerformanceSettings
from monitor_core.values import ModelRef, Severity


def baseline(counts=None, **given):
    return BaselinePerformance(
        "b", ModelRef("churn", "1"), 1, {}, counts, given, (), True, datetime(2026, 1, 1, tzinfo=UTC), "ann"
    )


KNOWN = baseline(Counts(true_positives=450, false_positives=200, false_negatives=150))


@pytest.mark.parametrize(
    ("f1", "expected"),
    [
        (0.80, Severity.NONE),
        (0.7, Severity.NONE),
        (0.6984, Severity.LOW),
        (0.684, Severity.MODERATE),
        (0.648, Severity.MODERATE),
        (0.6479, Severity.HIGH),
        (0.0, Severity.HIGH),
    ],
)
def test_levels_begin_at_3_and_5_and_above_10_percent(f1, expected):
    """Exactly 10 % is still moderate, whatever the last bit of the division says."""
    assert severity_of(relative_drop(f1, 0.72), PerformanceSettings()) is expected


def test_no_drop_without_both_sides():
    assert relative_drop(None, 0.7) is relative_drop(0.7, None) is relative_drop(0.7, 0.0) is None
    assert severity_of(None, PerformanceSettings()) is Severity.NONE


def test_levels_are_settings():
    settings = PerformanceSettings(f1_drop_minor=0.2, f1_drop_moderate=0.3, f1_drop_severe=0.4)
    assert [severity_of(drop, settings) for drop in (0.1, 0.2, 0.35, 0.5)] == [
        Severity.NONE,
        Severity.LOW,
        Severity.MODERATE,
        Severity.HIGH,
    ]


def test_probabilities_are_those_of_the_document():
    found = drop_probabilities(84, 83, KNOWN, deff=1.0)
    assert tuple(found) == DROPS
    assert [found[drop] for drop in (0.0, 0.05, 0.10)] == pytest.approx([0.920013, 0.655604, 0.281486], abs=2e-6)


def test_a_bare_value_is_taken_as_exact():
    sure, unsure = drop_probabilities(84, 83, baseline(f1=0.72), deff=1.0), drop_probabilities(84, 83, KNOWN, deff=1.0)
    assert sure[0.0] > unsure[0.0]


def test_clustered_rows_say_less():
    alone, clustered = (drop_probabilities(84, 83, KNOWN, deff=deff)[0.0] for deff in (1.0, 4.0))
    assert 0.5 < clustered < alone


@pytest.mark.parametrize("held_against", [None, baseline(), baseline(precision=0.8), baseline(Counts())])
def test_nothing_is_said_without_a_baseline_f1(held_against):
    assert baseline_f1(held_against) is None
    assert drop_probabilities(84, 83, held_against, deff=1.0) == {}


def test_nothing_is_said_without_a_relevant_case():
    assert drop_probabilities(0, 0, KNOWN, deff=1.0) == {}


def test_baseline_f1_comes_from_counts_first():
    assert baseline_f1(KNOWN) == pytest.approx(0.72)
    assert baseline_f1(baseline(f1=0.7)) == 0.7
