"""How much days vary, as known before each."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from monitor_core.performance.tempering import running_effect
from monitor_core.stats import e_process, wilson


def binomial(n, share=0.5625, cases=100, seed=0):
    rng = np.random.default_rng(seed)
    return rng.binomial(cases, np.broadcast_to(share, n)), np.full(n, cases)


def test_independent_rows_come_to_1():
    found = running_effect(*binomial(2_000))
    assert found[-1] == pytest.approx(1.0, abs=0.2)
    assert found.min() >= 1.0


@pytest.mark.parametrize(("cases", "expected"), [(10, 1.0), (33, 1.0), (100, 3.0), (100_000, 4.0)])
def test_before_anything_is_seen_large_granules_are_assumed_to_cluster(cases, expected):
    assert running_effect(*binomial(5, cases=cases))[0] == pytest.approx(expected)


def test_days_with_moods_are_found_out():
    moods = expit(logit(0.5625) + np.random.default_rng(1).normal(0, 0.3, 1_000))
    expected = 1 + 99 * np.var(moods) / (0.5625 * 0.4375)
    assert running_effect(*binomial(1_000, moods))[-1] == pytest.approx(expected, rel=0.15)


def test_moods_of_a_few_days_are_found_by_blocks():
    rng = np.random.default_rng(2)
    moods = expit(logit(0.5625) + np.repeat(rng.normal(0, 0.3, 200), 5))
    by_day = running_effect(*binomial(1_000, rng.permutation(moods)))[-1]
    assert running_effect(*binomial(1_000, moods))[-1] > 1.4 * by_day


def test_a_lasting_fall_is_no_clustering():
    fallen = running_effect(*binomial(400, [0.5625] * 200 + [0.40] * 200))[-1]
    assert fallen < running_effect(*binomial(400))[-1] + 0.6


@settings(deadline=None)
@given(
    days=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=60),
    cut=st.integers(1, 59),
)
def test_later_days_change_nothing(days, cut):
    tp, cases = np.array([(hits, hits + wrong) for hits, wrong in days]).T
    whole, part = running_effect(tp, cases), running_effect(tp[:cut], cases[:cut])
    np.testing.assert_array_equal(whole[: len(part)], part)
    assert np.isfinite(whole).all()


def test_days_without_cases_are_passed_over():
    tp, cases = binomial(300)
    gaps = np.zeros((2, 600), dtype=np.int64)
    gaps[:, ::2] = tp, cases
    assert running_effect(*gaps)[-1] == pytest.approx(running_effect(tp, cases)[-1], rel=0.2)


def test_no_days():
    assert running_effect([], []).tolist() == [1.0]


@pytest.mark.calibration
@pytest.mark.parametrize("labels", [50, 200, 1_000])
@pytest.mark.parametrize("mood", [0.0, 0.3])
def test_quiet_years_raise_an_alarm_in_at_most_5_percent(labels, mood):
    """Relevant cases are 13.6 % of labels; the design effect is learned as the year goes on."""
    rng = np.random.default_rng(labels)
    years, base = 300, 8_000
    p = expit(logit(0.5625) + rng.normal(0, mood, (years, 365)))
    cases = rng.binomial(labels, 0.136, p.shape)
    tp, known = rng.binomial(cases, p), rng.binomial(base, 0.5625, years)
    days, effects = np.stack([tp, cases], axis=-1), [running_effect(*pair)[:-1] for pair in zip(tp, cases, strict=True)]
    alarms = [
        e_process(year, f_star=wilson(int(right), base).low, deff=effect).max() >= 20
        for year, effect, right in zip(days, effects, known, strict=True)
    ]
    assert np.mean(alarms) <= 0.05
