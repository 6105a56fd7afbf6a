"""Which granules can be judged."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from monitor_core.performance.maturity import delay_curve, maturity
from monitor_core.performance.series import Delays, series_of
from monitor_core.settings import PerformanceSettings
from monitor_core.values import Granularity

DAY, YEAR = Granularity.parse("day"), Granularity.parse("year")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def days(n, last="2026-11-20"):
    end = date.fromisoformat(last)
    return tuple(str(end - timedelta(days=n - 1 - i)) for i in range(n))


def judged(series, granularity=DAY, as_of=NOW, **settings):
    return maturity(series, granularity=granularity, as_of=as_of, settings=PerformanceSettings(**settings))


def curve(series, granularity=DAY, as_of=NOW, **settings):
    return delay_curve(series, granularity=granularity, as_of=as_of, settings=PerformanceSettings(**settings))


def late(n_days, made, chance, seed=1):
    """Predictions whose labels arrive after a delay drawn from `chance`, as far as they have by now."""
    rng = np.random.default_rng(seed)
    never = 1 - sum(chance)
    whole = rng.multinomial(made, [*chance, never], size=n_days)[:, :-1]
    age = np.arange(n_days, 0, -1)
    arrived = np.where(np.arange(len(chance)) <= age[:, None], whole, 0)
    return series_of(days(n_days), tp=arrived.sum(axis=1), predictions=made, delays=Delays(arrived))


def test_a_day_is_due_when_it_and_the_horizon_have_ended():
    series = series_of(days(10), tp=1, predictions=5)
    assert judged(series, horizon=0).matured == 10
    assert judged(series, horizon=3).matured == 7
    assert judged(series, horizon=30).matured == 0


def test_today_is_not_due_but_judged_once_nothing_is_left_to_wait_for():
    waiting = series_of(days(3, "2026-11-21"), tp=[5, 5, 4], predictions=5)
    complete = series_of(days(3, "2026-11-21"), tp=5, predictions=5)
    assert judged(waiting, horizon=0).matured == 2
    assert judged(complete, horizon=0).matured == 3


def test_complete_days_behind_an_incomplete_one_wait_with_it():
    """Else windows would be made of the easy days."""
    series = series_of(days(4), tp=[5, 4, 5, 5], predictions=5)
    assert judged(series, horizon=30).matured == 1


def test_years_of_the_past_are_due():
    series = series_of(("2016", "2017", "2018"), tp=4, predictions=5)
    found = judged(series, YEAR)
    assert (found.matured, found.horizon, found.horizon_from) == (3, 0, "none")


def test_blocks_of_rows_age_by_blocks():
    series = series_of(tuple(f"#{i:08d}" for i in range(1, 6)), tp=4, predictions=5)
    assert judged(series, Granularity.parse("rows:100"), horizon=2).matured == 3


def test_no_predictions_no_granules():
    series = series_of((), tp=())
    found = judged(series)
    assert (found.matured, found.codes.tolist()) == (0, [])
    assert curve(series).arrived == ()


def test_horizon_is_where_95_percent_of_the_labels_that_come_have_come():
    series = late(60, 1_000, [0.5, 0.3, 0.1, 0.06, 0.04])
    found = curve(series)
    assert (found.horizon, found.horizon_from) == (3, "observed")
    np.testing.assert_allclose(found.arrived, np.cumsum([0.5, 0.3, 0.1, 0.06, 0.04]), atol=0.01)


def test_labels_that_never_come_do_not_push_the_horizon_out():
    found = curve(late(60, 1_000, [0.3, 0.1, 0.015]))
    assert found.horizon == 1
    assert found.arrived[-1] == pytest.approx(0.415, abs=0.01)


def test_young_days_do_not_make_labels_look_fast():
    """Counting arrivals alone would: most days here are too young for the slow half."""
    chance = np.zeros(20)
    chance[[0, 15]] = 0.5
    series = late(21, 1_000, chance)
    arrivals = series.delays.arrived.sum(axis=0)
    assert arrivals[0] > 2.5 * arrivals[15]
    found = curve(series)
    assert found.arrived[14] == pytest.approx(0.5, abs=0.02)
    assert found.horizon == 15


def test_a_set_horizon_wins_and_the_curve_stays():
    found = curve(late(60, 100, [0.5, 0.4]), horizon=9)
    assert (found.horizon, found.horizon_from, len(found.arrived)) == (9, "set", 2)


def test_labels_of_a_granule_that_has_not_ended_are_not_counted_yet():
    """A history that is loaded today with its labels says nothing about delays."""
    arrived = np.zeros((3, 11), dtype=np.int64)
    arrived[[0, 1, 2], [10, 9, 8]] = 50
    series = series_of(("2016", "2017", "2018"), tp=50, delays=Delays(arrived))
    assert curve(series, YEAR).horizon_from == "none"


def test_history_without_delays_changes_nothing():
    """Labels that came with their predictions long after are no sign of slow labels."""
    live = late(60, 1_000, [0.5, 0.3, 0.1, 0.06, 0.04])
    arrived = live.delays.arrived.copy()
    arrived[:30] = 0
    mixed = series_of(live.granules, tp=live.true_positives, predictions=1_000, delays=Delays(arrived))
    np.testing.assert_allclose(curve(mixed).arrived, curve(live).arrived, atol=0.02)
    assert curve(mixed).horizon == 3


def test_the_curve_rises_and_is_a_share():
    found = curve(late(40, 50, [0.2, 0.1, 0.0, 0.3, 0.05], seed=3))
    assert np.all(np.diff(found.arrived) >= 0)
    assert 0 <= found.arrived[0] <= found.arrived[-1] <= 1
    assert found.delays == tuple(range(len(found.arrived)))
