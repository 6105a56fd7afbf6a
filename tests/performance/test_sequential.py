"""Evidence gathered granule by granule."""

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from monitor_core.performance.calendar import code_of
from monitor_core.performance.counts import Counts
from monitor_core.performance.maturity import maturity
from monitor_core.performance.results import BaselinePerformance
from monitor_core.performance.sequential import Acknowledged, sequential
from monitor_core.performance.series import series_of
from monitor_core.performance.tempering import running_effect
from monitor_core.settings import PerformanceSettings
from monitor_core.stats import e_process, wilson
from monitor_core.values import Granularity, ModelRef

DAY = Granularity.parse("day")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
COUNTS = Counts(true_positives=4_500, false_positives=2_000, false_negatives=1_500)


def baseline(counts=COUNTS, **given):
    return BaselinePerformance("b", ModelRef("churn", "1"), 1, {}, counts, given, (), True, NOW, "ann")


def days(n, last="2026-11-20"):
    end = date.fromisoformat(last)
    return tuple(str(end - timedelta(days=n - 1 - i)) for i in range(n))


def served(f_star, cases=50, seed=1):
    tp = np.random.default_rng(seed).binomial(cases, f_star)
    return series_of(days(len(f_star)), tp=tp, fp=cases - tp, tn=100)


def judge(series, held_against=None, *, acknowledged=(), granularity=DAY, predictions=None, **settings):
    rules = PerformanceSettings(**{"horizon": 0, **settings})
    matured = maturity(series, granularity=granularity, as_of=NOW, settings=rules)
    return sequential(
        series,
        matured,
        granularity=granularity,
        settings=rules,
        baseline=held_against or baseline(),
        acknowledged=[
            Acknowledged(datetime.fromisoformat(f"{day}T12:00:00+00:00"), code_of(day, granularity))
            for day in acknowledged
        ],
    )


QUIET = served([0.5625] * 200)
FALLEN = served([0.5625] * 100 + [0.40] * 100)


def test_the_null_is_the_lower_bound_of_the_baseline():
    assert judge(QUIET).f_star == pytest.approx(wilson(4_500, 8_000).low)


def test_no_alarm_without_change():
    found = judge(QUIET)
    assert (found.alarm, found.first_alarm, found.reason) == (None, None, "")
    assert len(found.e_values) == len(found.granules) == 200


def test_a_fall_raises_the_alarm_soon():
    found = judge(FALLEN)
    fall = FALLEN.granules.index(found.alarm) - 100
    assert 0 < fall < 20
    assert found.alarm == found.first_alarm
    assert found.e_values[FALLEN.granules.index(found.alarm)] >= found.threshold == 20


def test_the_alarm_stays_when_things_get_better():
    found = judge(served([0.5625] * 50 + [0.35] * 30 + [0.65] * 100))
    assert found.e_values[-1] < 1
    assert found.alarm is not None


def test_values_are_those_of_the_formula():
    series = series_of(days(6), tp=[14, 12, 10, 9, 8, 9], fn=[14, 15, 16, 18, 20, 18])
    found = judge(series, baseline(None, f1=0.72))
    assert found.f_star == pytest.approx(0.5625)
    assert found.e_values == pytest.approx([0.00268601, 0.00937521, 0.04040610, 0.37014042, 12.03575132, 172.77689387])
    assert found.alarm == "2026-11-20"
    assert (found.guarantee, found.reason) == ("calibrated", "the baseline is a bare value: its uncertainty is unknown")


def test_acknowledging_begins_anew_and_forgets_nothing():
    day = FALLEN.granules[150]
    before, after = judge(FALLEN), judge(FALLEN, acknowledged=[day])
    assert after.first_alarm == before.alarm
    assert after.alarm >= day
    assert after.e_values[:150] == before.e_values[:150]
    assert after.e_values[150] < 1
    assert after.acknowledged_at.date() == date.fromisoformat(day)


def test_acknowledged_for_good_when_the_fall_is_over():
    series = served([0.5625] * 50 + [0.35] * 30 + [0.5625] * 100)
    found = judge(series, acknowledged=[series.granules[85]])
    assert (found.alarm, found.first_alarm) == (None, judge(series).alarm)


def test_only_matured_granules_are_evidence():
    tp = np.minimum(FALLEN.true_positives, 49)
    waiting = series_of(FALLEN.granules, tp=tp, fp=50 - tp, predictions=200)
    assert judge(waiting, horizon=95).granules == FALLEN.granules[:105]


def test_days_that_differ_temper_the_evidence():
    moods = np.clip(0.5625 + 0.2 * np.sin(np.arange(200)), 0, 1)
    found = judge(served(moods))
    assert found.design_effect > 2
    assert found.guarantee == "calibrated"
    assert judge(series_of(days(6), tp=[14, 12, 13, 12, 14, 12], fn=12)).guarantee == "guaranteed"


def test_a_late_fall_does_not_pass_for_clustering():
    """Each day is compared with the one before."""
    assert judge(FALLEN).design_effect < judge(QUIET).design_effect + 0.6


def test_what_was_shown_once_stays_as_days_go_on():
    """Later days change nothing of the evidence of earlier ones."""
    moods = np.clip(0.5 + 0.2 * np.sin(np.arange(200)), 0, 1)
    series = served(moods)
    part = series_of(series.granules[:120], tp=series.true_positives[:120], fp=series.false_positives[:120], tn=100)
    assert judge(series).e_values[:120] == judge(part).e_values


def test_delays_fall_with_the_drop_and_with_a_larger_test_set():
    found = judge(QUIET, baseline(Counts(true_positives=450, false_positives=200, false_negatives=150)))
    known, unsure = found.expected_delay_large_baseline, found.expected_delay
    assert known[0.05] > known[0.10] > known[0.20]
    assert all(unsure[drop] is None or unsure[drop] > known[drop] for drop in known)
    assert found.relevant_per_granule == 50
    assert 0.1 < found.smallest_drop < 0.4


def test_longer_granules_start_anew_less_often():
    """One false alarm in 20 years either way."""
    years = series_of(("2024", "2025"), tp=[500, 400], fp=[390, 490])
    found = judge(years, granularity=Granularity.parse("year"))
    effects = running_effect([500, 400], [890, 890])[:-1]
    expected = e_process([(500, 890), (400, 890)], f_star=found.f_star, deff=effects, restart=1.0)
    assert found.e_values == pytest.approx(expected.tolist())


@pytest.mark.parametrize(
    ("held_against", "words"),
    [
        (baseline(None), "not given"),
        (baseline(None, f1=1.0), "1.0"),
        (baseline(Counts(false_positives=9)), "no true positive"),
    ],
)
def test_without_a_usable_baseline_nothing_is_gathered(held_against, words):
    found = judge(QUIET, held_against)
    assert words in found.reason
    assert found.granules == found.e_values == ()
    assert math.isnan(found.f_star)


def test_no_baseline_at_all():
    rules = PerformanceSettings()
    matured = maturity(QUIET, granularity=DAY, as_of=NOW, settings=rules)
    found = sequential(QUIET, matured, granularity=DAY, settings=rules, baseline=None)
    assert found.reason == "no baseline performance to hold F1 against"


def test_a_faultless_baseline_can_be_fallen_from():
    found = judge(FALLEN, baseline(Counts(true_positives=200)))
    assert found.alarm is not None
    assert found.expected_delay_large_baseline[0.2] is not None


def test_nothing_matured_says_so():
    found = judge(series_of((), tp=()))
    assert (found.reason, found.e_values, found.smallest_drop) == ("no prediction has matured yet", (), None)
