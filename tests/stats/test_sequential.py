"""Evidence gathered day by day."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.errors import InvalidInput
from monitor_core.stats import e_process

DAYS = [(14, 28), (12, 27), (10, 26), (9, 27), (8, 28), (9, 27)]
some_days = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=40).map(
    lambda pairs: [(tp, tp + errors) for tp, errors in pairs]
)


def test_the_worked_values():
    """Alarm on day 6."""
    expected = [0.00268601, 0.00937521, 0.04040610, 0.37014042, 12.03575132, 172.77689387]
    assert e_process(DAYS, f_star=0.5625) == pytest.approx(expected, abs=1e-6)


def test_written_out():
    """The recursion of the docstring, alternative by alternative, without logs."""
    f1 = 2 * 0.5625 / 1.5625
    drops = np.array([0.03, 0.05, 0.075, 0.10, 0.15, 0.20, 0.30])
    other = f1 * (1 - drops) / (2 - f1 * (1 - drops))
    level, found = np.zeros(7), []
    for tp, relevant in DAYS:
        level = (level + 1 / 365) * (other / 0.5625) ** tp * ((1 - other) / 0.4375) ** (relevant - tp)
        found.append(level.mean())
    assert e_process(DAYS, f_star=0.5625) == pytest.approx(found, rel=1e-12)


def test_the_mean_of_a_quiet_day_is_what_was_put_in():
    """At the null each factor has mean 1: after t days e has mean t / 365, so one year in 20 alarms at most."""
    rng = np.random.default_rng(3)
    tp = rng.binomial(5, 0.5625, (200_000, 3))
    days = np.stack([tp, np.full_like(tp, 5)], axis=-1)
    assert e_process(days, f_star=0.5625).mean(axis=0) == pytest.approx(np.arange(1, 4) / 365, rel=0.02)


@given(some_days, st.floats(0.05, 0.95))
@settings(deadline=None)
def test_the_past_does_not_depend_on_the_future(days, f_star):
    """Evidence once shown stays; it is never negative."""
    whole = e_process(days, f_star=f_star)
    assert e_process(days[:5], f_star=f_star) == pytest.approx(whole[:5])
    assert (whole >= 0).all()


@given(some_days, st.floats(0.05, 0.95), st.integers(0, 39))
@settings(deadline=None)
def test_one_more_error_is_more_evidence(days, f_star, place):
    """And one more true positive less, from that day on."""
    if not days:
        return
    place %= len(days)
    tp, relevant = days[place]
    worse, better = list(days), list(days)
    worse[place], better[place] = (tp, relevant + 1), (tp + 1, relevant + 1)
    with np.errstate(invalid="ignore"):
        plain, more, less = (np.log(e_process(d, f_star=f_star)) for d in (days, worse, better))
    assert (more >= plain - 1e-9).all()
    assert (less <= plain + 1e-9).all()


def test_a_day_without_cases_adds_a_restart_and_nothing_else():
    """The clock moves on."""
    assert e_process([(0, 0), (0, 0)], f_star=0.5) == pytest.approx([1 / 365, 2 / 365])


def test_tempering_is_that_many_fewer_cases():
    """A design effect of 2 counts half of everything; it may differ by day."""
    halves = [(tp / 2, relevant / 2) for tp, relevant in DAYS]
    assert e_process(DAYS, f_star=0.5625, deff=2.0) == pytest.approx(e_process(halves, f_star=0.5625))
    assert e_process(DAYS, f_star=0.5625, deff=[1.0] * 6) == pytest.approx(e_process(DAYS, f_star=0.5625))


def test_many_processes_at_once():
    """Each with its own null."""
    both = e_process([DAYS, DAYS[::-1]], f_star=[0.5625, 0.5])
    assert both[1] == pytest.approx(e_process(DAYS[::-1], f_star=0.5))


def test_overwhelming_evidence_is_infinite_and_silent():
    """No warning, no NaN."""
    assert e_process([(0, 10_000_000)], f_star=0.9)[0] == np.inf


def test_no_days():
    """Nothing yet."""
    assert e_process([], f_star=0.5).shape == (0,)


@pytest.mark.parametrize(
    ("days", "options", "words"),
    [
        ([(3, 2)], {"f_star": 0.5}, "true positives"),
        ([1, 2, 3], {"f_star": 0.5}, "shape"),
        (DAYS, {"f_star": 1.0}, "f_star 1.0"),
        (DAYS, {"f_star": 0.5, "deff": 0.5}, "design effect 0.5"),
        (DAYS, {"f_star": 0.5, "restart": 0.0}, "restart"),
    ],
)
def test_what_cannot_be_is_refused(days, options, words):
    """With the value."""
    with pytest.raises(InvalidInput, match=words):
        e_process(days, **options)
