"""The example's data."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from monitor_core.jobs.example import BASELINE_DAYS, CHANGES, DAYS, IMPORTANCE, example_files, example_roles, first_day
from monitor_core.snapshots.roles import Role

TODAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def files():
    return example_files(TODAY)


@pytest.fixture(scope="module")
def current(files):
    table = pa.concat_tables([file.table for file in files if file.purpose == "current"], promote_options="permissive")
    start = pc.min(files[0].table["scored_at"]).as_py().replace(hour=0, minute=0, second=0)
    seconds = pc.cast(table["scored_at"], pa.int64()).to_numpy() / 1e6 - start.timestamp()
    return table, (seconds // 86_400).astype(int)


def test_it_is_the_same_each_time(files):
    """No clock, no chance."""
    assert all(one.table.equals(other.table) for one, other in zip(files, example_files(TODAY), strict=True))


def test_only_the_dates_follow_the_calendar(files):
    """Loaded on another day, the same values are found on later days."""
    for one, other in zip(files, example_files(TODAY + timedelta(days=17)), strict=True):
        assert one.table.drop(["scored_at"]).equals(other.table.drop(["scored_at"]))
        assert pc.min(other.table["scored_at"]).as_py() > pc.min(one.table["scored_at"]).as_py()


@pytest.mark.parametrize("ahead", range(7))
def test_it_ends_in_the_week_before_today(ahead):
    """Whole weeks from a Monday on, nothing in the future, nothing stale."""
    today = TODAY + timedelta(days=ahead)
    last = first_day(today) + timedelta(days=DAYS - 1)
    assert first_day(today).weekday() == 0
    assert timedelta(0) < today.replace(hour=0) - last <= timedelta(days=7)


def test_importance_is_of_known_features():
    """Shares of one."""
    assert set(IMPORTANCE) <= set(example_roles().named(Role.FEATURE))
    assert sum(IMPORTANCE.values()) == pytest.approx(1.0)


def test_twenty_five_features_and_what_belongs_to_them(files):
    """With id, moment, score and prediction; the roles fit the columns."""
    roles = example_roles()
    assert len(roles.named(Role.FEATURE)) == 25
    assert all(file.table.column_names == [name for name, _ in roles.columns] for file in files)


def test_the_days(files, current):
    """120 of them, the first 60 are the baseline; fewer rows on Sundays."""
    baseline_days = np.unique(pc.cast(files[0].table["scored_at"], pa.date32()).to_numpy())
    assert len(baseline_days) == BASELINE_DAYS
    _, day = current
    assert (day.min(), day.max()) == (BASELINE_DAYS, DAYS - 1)
    rows = np.bincount(day)[BASELINE_DAYS:]
    assert rows.reshape(-1).min() > 100


def test_some_rows_arrive_late(files):
    """In an upload of their own, over all the later days."""
    late = files[-1].table
    assert 500 < len(late) < 3_000
    assert len(np.unique(pc.cast(late["scored_at"], pa.date32()).to_numpy())) > 50


def test_the_sentinel_is_there_for_ten_days(current):
    """An eighth of the rows, and nowhere else."""
    table, day = current
    bad = table["days_since_login"].to_numpy() == -999
    first = CHANGES["days_since_login"]
    assert (day[bad].min(), day[bad].max()) == (first, first + 9)
    assert bad[(day >= first) & (day < first + 10)].mean() == pytest.approx(0.125, abs=0.02)


def test_the_slow_changes_end_where_they_should(files, current):
    """Measured in standard deviations of the logarithm."""
    table, day = current
    for name, shift in (("monthly_spend", 0.9), ("session_minutes", -0.7)):
        before, after = np.log(files[0].table[name].to_numpy()), np.log(table[name].to_numpy())
        last = after[day == DAYS - 1].mean() - before.mean()
        assert last / before.std() == pytest.approx(shift, abs=0.2)
        untouched = (day < CHANGES[name]) & (day >= BASELINE_DAYS)
        assert (after[untouched].mean() - before.mean()) / before.std() == pytest.approx(0.0, abs=0.06)


def test_the_new_channel_comes_late(current):
    """One customer in five."""
    table, day = current
    partner = pc.equal(pc.cast(table["acquisition_channel"], pa.string()), "partner").to_numpy()
    assert day[partner].min() == CHANGES["acquisition_channel"]
    assert partner[day >= CHANGES["acquisition_channel"]].mean() == pytest.approx(0.2, abs=0.02)
