"""The example's data."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from monitor_core.jobs import commands
from monitor_core.jobs.example import (
    BASELINE_DAYS,
    CHANGES,
    CONCEPT_CHANGE,
    DAYS,
    IMPORTANCE,
    LIVE,
    PREVIOUS,
    example_files,
    first_day,
)
from monitor_core.jobs.handlers import HANDLERS
from monitor_core.jobs.worker import Worker
from monitor_core.runtime import open_services
from monitor_core.settings import load
from monitor_core.snapshots.roles import Role
from monitor_core.values import ModelRef

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
        moments = [name for name in ("scored_at", "known_at") if name in one.table.column_names]
        assert one.table.drop(moments).equals(other.table.drop(moments))
        assert pc.min(other.table["scored_at"]).as_py() > pc.min(one.table["scored_at"]).as_py()


@pytest.mark.parametrize("ahead", range(7))
def test_it_ends_in_the_week_before_today(ahead):
    """Whole weeks from a Monday on, nothing in the future, nothing stale."""
    today = TODAY + timedelta(days=ahead)
    last = first_day(today) + timedelta(days=DAYS - 1)
    assert first_day(today).weekday() == 0
    assert timedelta(0) < today.replace(hour=0) - last <= timedelta(days=7)


def test_importance_is_of_known_features(files):
    """Shares of one."""
    assert set(IMPORTANCE) <= set(files[0].roles.named(Role.FEATURE))
    assert sum(IMPORTANCE.values()) == pytest.approx(1.0)


def test_twenty_five_features_and_what_belongs_to_them(files):
    """With id, moment, score and prediction; the roles fit the columns."""
    for file in files:
        assert file.table.column_names == [name for name, _ in file.roles.columns]
        expected = 25 if file.purpose in {"baseline", "current"} else 0
        assert len(file.roles.named(Role.FEATURE)) == expected


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
    late = next(file.table for file in files if "late" in file.filename)
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


def f1(table):
    said, came = table["churn_predicted"].to_numpy(), table["churned"].to_numpy()
    return 2 * (said & came).sum() / (2 * (said & came).sum() + (said ^ came).sum())


def joined(files, version, *, first=0, last=DAYS):
    """What a version said and what came true, of some days."""
    start = pc.min(files[0].table["scored_at"]).as_py().replace(hour=0, minute=0, second=0)
    keys = ["customer_id", "scored_at"]
    said = [
        file.table.select([*keys, "churn_predicted"])
        for file in files
        if file.version == version and file.purpose != "labels"
    ]
    labels = next(file.table for file in files if file.filename == "example-labels.parquet")
    table = pa.concat_tables(said).join(labels, keys=keys, join_type="inner")
    day = (pc.cast(table["scored_at"], pa.int64()).to_numpy() / 1e6 - start.timestamp()) // 86_400
    return table.filter(pa.array((day >= first) & (day < last)))


def test_the_baseline_is_labelled(files):
    """As a test set is."""
    assert f1(files[0].table) == pytest.approx(0.72, abs=0.01)


def test_it_does_worse_once_the_concept_has_changed(files):
    """The fall is real, and the version before falls as well."""
    for version in (LIVE, PREVIOUS):
        before = f1(joined(files, version, first=BASELINE_DAYS, last=CONCEPT_CHANGE))
        after = f1(joined(files, version, first=CONCEPT_CHANGE + 15))
        assert before == pytest.approx(0.71, abs=0.03)
        assert after < 0.85 * before


def test_labels_come_days_later_and_never_from_the_future(files):
    """Nothing is known after the example's last day; the last days are hardly known at all."""
    labels = next(file.table for file in files if file.filename == "example-labels.parquet")
    delay = pc.subtract(labels["known_at"], labels["scored_at"]).cast(pa.int64()).to_numpy() / 86_400e6
    assert delay.min() > 0
    assert np.median(delay) == pytest.approx(5.5, abs=1)
    assert pc.max(labels["known_at"]).as_py() < TODAY
    said = len(joined(files, LIVE, first=DAYS - 3))
    assert said < 200


def test_a_few_answers_are_corrected(files):
    """The second answer is the other one."""
    first, second = (file.table for file in files if file.purpose == "labels")
    both = second.join(first, keys=["customer_id", "scored_at"], join_type="inner", right_suffix="_before")
    assert 50 < len(both) == len(second) < 500
    assert not pc.any(pc.equal(both["churned"], both["churned_before"])).as_py()


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """An installation with the example."""
    services = open_services(load(environ={}, arguments={"data_dir": tmp_path_factory.mktemp("example")}))
    commands.load_example(services, actor="ann")
    Worker(services, HANDLERS).run_pending()
    yield services
    services.close()


class TestLoaded:
    """What the example shows once it is loaded."""

    def test_every_upload_is_counted(self, app):
        """Two versions, seven files, nothing refused."""
        states = [snapshot.state for snapshot in app.snapshots.list()]
        assert states == ["ready"] * 7

    def test_the_fall_is_certain_and_goes_on(self, app):
        """The alarm went off soon after the concept began to change."""
        window = app.performance.window(ModelRef("example", LIVE), granules=7)
        assert window.probabilities[0.10] > 0.99
        alarm = app.performance.sequential(ModelRef("example", LIVE)).alarm
        began = first_day(app.now()) + timedelta(days=CONCEPT_CHANGE)
        assert began.date().isoformat() < alarm < (began + timedelta(days=20)).date().isoformat()

    def test_versions_know_when_they_served(self, app):
        """One live, one before it that runs along."""
        assert app.deployments.live("example").ref.version == LIVE
        assert app.deployments.previous("example").ref.version == PREVIOUS
        assert [one.ref.version for one in app.deployments.shadows("example")] == [PREVIOUS]

    def test_both_versions_are_compared_on_the_same_rows(self, app):
        """Nearly all labelled predictions since the change of versions."""
        said = app.performance.window(ModelRef("example", LIVE), granules=30)
        assert sum(app.performance.compare(ModelRef("example", LIVE), PREVIOUS).cells) > 0.9 * said.counts.labelled
