"""The rule that alerts, and what it says."""

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.drift.build import build
from monitor_core.drift.count import count
from monitor_core.drift.results import Calibration, CellState
from monitor_core.drift.rules import judge, judge_each, judge_single
from monitor_core.errors import Conflict
from monitor_core.settings import DriftSettings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.values import Granularity, Severity, Verdict

DAY = Granularity.parse("day")
FAMILIES = {
    "normal": lambda rng, n: rng.normal(10, 2, n),
    "lognormal": lambda rng, n: rng.lognormal(size=n),
    "t3": lambda rng, n: rng.standard_t(3, n) + 5,
    "uniform": lambda rng, n: rng.uniform(1, 2, n),
    "poisson": lambda rng, n: rng.poisson(3, n).astype(float),
    "inflated": lambda rng, n: np.where(rng.random(n) < 0.6, 0.0, rng.lognormal(size=n)),
}
FAULTS = {
    "unit": lambda _rng, x: x * 100,
    "sentinel 1e6": lambda rng, x: np.where(rng.random(len(x)) < 0.1, 1e6, x),
    "sentinel -999": lambda rng, x: np.where(rng.random(len(x)) < 0.1, -999.0, x),
    "missing": lambda rng, x: np.where(rng.random(len(x)) < 0.1, np.nan, x),
}


def world(cut, *, days, rows=500, seed=1, columns=3):
    """A baseline of `days` days of normal columns."""
    rng = np.random.default_rng(seed)
    when = np.repeat(np.datetime64("2026-01-01", "us") + np.arange(days).astype("timedelta64[D]"), rows)
    data = {f"x{i}": rng.normal(size=days * rows) for i in range(columns)}
    roles = Roles((("when", Role.TIMESTAMP), *((name, Role.FEATURE) for name in data)))
    return build(cut(pa.table({"when": when, **data})), roles=roles, granularity=DAY)


def day_of(cut, baseline, *, rows=500, seed=0, **shifts):
    """Counts of one day, its columns shifted by `shifts`."""
    rng = np.random.default_rng(1000 + seed)
    data = {f.name: rng.normal(shifts.get(f.name, 0.0), size=rows) for f in baseline.grid.features}
    return count(baseline.grid, cut(pa.table(data))).summary()


def states(granules, name="x0"):
    return [next(f for f in granule.features if f.name == name).state for granule in granules]


def test_drift_is_confirmed_on_the_second_day(cut):
    """A shifted feature is unconfirmed on its first day, alerts on the next, and is forgotten after."""
    baseline = world(cut, days=60)
    shifts = [0, 1, 1, 0, 0, 0, 1]
    days = {f"2026-04-0{i}": day_of(cut, baseline, seed=i, x0=float(s)) for i, s in enumerate(shifts, 1)}
    granules = judge(baseline, days)
    assert states(granules) == [
        CellState.STABLE,
        CellState.UNCONFIRMED,
        CellState.DRIFTED,
        CellState.STABLE,
        CellState.STABLE,
        CellState.STABLE,
        CellState.UNCONFIRMED,
    ]
    assert [granule.verdict for granule in granules[1:3]] == [Verdict.STABLE, Verdict.DRIFTED]


def test_two_of_three_days_are_enough(cut):
    """One quiet day in between does not break the chain."""
    baseline = world(cut, days=60)
    days = {f"2026-04-0{i}": day_of(cut, baseline, seed=i, x0=s) for i, s in ((1, 1.0), (2, 0.0), (3, 1.0))}
    assert states(judge(baseline, days))[-1] is CellState.DRIFTED


def test_history_confirms_without_being_returned(cut):
    """The days before the wanted ones count, and are left out of the answer."""
    baseline = world(cut, days=60)
    days = {f"2026-04-0{i}": day_of(cut, baseline, seed=i, x0=1.0) for i in (1, 2)}
    (wanted,) = judge(baseline, days, wanted=["2026-04-02"])
    assert wanted.granule == "2026-04-02"
    assert states([wanted]) == [CellState.DRIFTED]
    assert wanted.features[0].confirmed is True


def test_granules_come_one_by_one_from_a_lazy_mapping(cut):
    """Each summary is asked for once, in order, and only when its turn comes."""
    baseline = world(cut, days=2)
    asked, day = [], day_of(cut, baseline)

    class Lazy(dict):
        def __getitem__(self, label):
            asked.append(label)
            return day

    labels = [f"#{i:08}" for i in range(200)]
    first = next(judge_each(baseline, Lazy.fromkeys(reversed(labels))))
    assert first.granule == labels[0]
    assert asked == labels[: len(asked)]
    assert len(asked) < 200


@pytest.mark.parametrize(
    ("days", "calibration", "says"),
    [(60, Calibration.CALIBRATED, ""), (20, Calibration.SOME, "not yet calibrated"), (3, Calibration.NONE, "uncali")],
)
def test_few_reference_days_ask_for_a_large_effect(cut, days, calibration, says):
    """Below 56 reference days a moderate shift does not alert, and the reason says so."""
    baseline = world(cut, days=days)
    found = judge(baseline, {f"2026-05-0{i}": day_of(cut, baseline, rows=1500, seed=i, x0=0.4) for i in (1, 2)})
    feature = found[-1].features[0]
    assert feature.calibration is calibration
    assert 0.1 < feature.psi < 0.25
    assert (feature.state is CellState.DRIFTED) == (calibration is Calibration.CALIBRATED)
    assert any(says in reason for reason in found[-1].reasons) or not says
    if calibration is not Calibration.CALIBRATED:
        assert feature.severity is Severity.LOW
        assert feature.reasons[0].startswith("significant, but days not yet calibrated: moderate by size")
        assert "an alert also needs a PSI of 0.25" in feature.reasons[0]
    assert feature.awaits_calibration == (calibration is not Calibration.CALIBRATED)
    assert not any(one.awaits_calibration for one in found[-1].features[1:])


def test_a_single_reference_year_is_told_as_such(cut):
    """A yearly model with one reference year: plain tests, large effects only, and words that say so."""
    rng = np.random.default_rng(1)
    roles = Roles((("year", Role.TIMESTAMP), ("x", Role.FEATURE)))
    table = pa.table({"year": np.full(5_000, 2015), "x": rng.normal(size=5_000)})
    baseline = build(cut(table), roles=roles, granularity=Granularity.parse("year"))
    years = {str(year): day_of(cut, baseline, rows=5_000, seed=year, x=1.0) for year in (2016, 2017)}
    first, second = judge(baseline, years)
    assert first.features[0].state is CellState.UNCONFIRMED
    assert second.features[0].state is CellState.DRIFTED
    assert "the baseline has 1 year" in second.reasons[-1]
    assert "seen in 2 of the last 3 years" in second.features[0].reasons


def test_size_without_significance_is_within_noise(cut):
    """A large PSI of few rows is named for what it is, with the rows that would be needed."""
    baseline = world(cut, days=60)
    for seed in range(50):
        (granule,) = judge(baseline, {"2026-04-01": day_of(cut, baseline, rows=60, seed=seed)})
        feature = granule.features[0]
        if feature.psi >= 0.1:
            break
    assert feature.state is CellState.STABLE
    assert feature.severity is Severity.NONE
    assert "by size, within noise for m = 60; about" in feature.reasons[0]


def test_too_few_rows_are_undecided(cut):
    """Below the least number of rows there is no verdict, but a number of rows."""
    baseline = world(cut, days=60)
    (granule,) = judge(baseline, {"2026-04-01": day_of(cut, baseline, rows=12, x0=5.0)})
    assert granule.verdict is Verdict.UNDECIDED
    assert granule.features[0].state is CellState.UNDECIDED
    assert granule.features[0].reasons[0].startswith("not enough rows: 12 rows; a verdict takes at least 50; about")


@pytest.mark.parametrize(
    ("shift", "severity"), [(0.42, Severity.MODERATE), (0.6, Severity.HIGH), (2.0, Severity.CRITICAL)]
)
def test_severity_goes_by_size_once_confirmed(cut, shift, severity):
    """Levels .1, .25 and .4 name the severity; unconfirmed findings are moderate at most."""
    baseline = world(cut, days=60, columns=5)
    days = {f"2026-04-0{i}": day_of(cut, baseline, rows=3_000, seed=i, x0=shift) for i in (1, 2)}
    first, second = judge(baseline, days)
    assert second.features[0].severity is severity
    assert first.features[0].severity is Severity.MODERATE
    assert second.severity is severity


def test_many_drifted_features_are_critical(cut):
    """More than 30 % drifted features make the granule critical."""
    baseline = world(cut, days=60, columns=3)
    days = {f"2026-04-0{i}": day_of(cut, baseline, rows=3_000, seed=i, x0=0.45) for i in (1, 2)}
    assert judge(baseline, days)[-1].severity is Severity.CRITICAL
    assert "33.3 % of the features drifted" in judge(baseline, days)[-1].reasons[0]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("fault", FAULTS)
def test_broken_feeds_are_found_in_every_family(cut, family, fault):
    """Wrong units, sentinels and missing values, whatever the distribution."""
    rng = np.random.default_rng(7)
    baseline = build(cut(pa.table({"x": FAMILIES[family](rng, 5_000)})))
    current = FAULTS[fault](rng, FAMILIES[family](rng, 1_000))
    found = judge_single(baseline, count(baseline.grid, cut(pa.table({"x": current}))).summary()).features[0]
    assert found.state is CellState.DRIFTED
    assert found.confirmed is None
    if fault == "missing":
        assert any(reason.startswith("missing: ") for reason in found.reasons)


def test_a_sentinel_is_named(cut):
    """The range of the baseline and the values found stand in the reasons."""
    rng = np.random.default_rng(7)
    baseline = build(cut(pa.table({"x": rng.uniform(1, 2, 5_000)})))
    current = np.where(rng.random(1_000) < 0.1, -999.0, rng.uniform(1, 2, 1_000))
    found = judge_single(baseline, count(baseline.grid, cut(pa.table({"x": current}))).summary()).features[0]
    assert "lie outside the baseline's range 1" in found.reasons[1]
    assert "(values here: -999 to 1.99" in found.reasons[1]


def test_a_changed_type_alerts_at_once(cut):
    """Text where numbers were is no accident of sampling."""
    baseline = world(cut, days=60)
    table = pa.table({"x0": ["n/a"] * 100, "x1": np.zeros(100), "x2": np.zeros(100)})
    (granule,) = judge(baseline, {"2026-04-01": count(baseline.grid, cut(table)).summary()})
    feature = granule.features[0]
    assert (feature.state, feature.confirmed, feature.severity) == (CellState.DRIFTED, True, Severity.HIGH)
    assert feature.reasons[0] == "type changed from double to string: the values cannot be compared"
    assert feature.psi is None


def test_an_absent_column_is_a_finding(cut):
    """A column that does not come is absent, and the granule says which."""
    baseline = world(cut, days=60)
    table = pa.table({"x1": np.random.default_rng(1).normal(size=100), "new": np.zeros(100)})
    (granule,) = judge(baseline, {"2026-04-01": count(baseline.grid, cut(table)).summary()})
    assert states([granule]) == [CellState.ABSENT]
    assert granule.features[0].reasons == ("the column is not in the data of this day",)
    assert granule.reasons[:2] == (
        "2 columns of the baseline not in the data: x0, x2",
        "1 column not in the baseline: new (double)",
    )


def test_a_column_that_came_in_part_is_judged_by_that_part(cut):
    """Two snapshots of a day, one without the column: its rows are left out, and counted."""
    baseline = world(cut, days=60)
    rng = np.random.default_rng(1)
    without = count(baseline.grid, cut(pa.table({"x1": rng.normal(size=70), "x2": rng.normal(size=70)}))).summary()
    (granule,) = judge(baseline, {"2026-04-01": day_of(cut, baseline).merge(without)})
    feature = granule.features[0]
    assert feature.n_current == 500
    assert "70 rows came without this column and are left out" in feature.reasons


@pytest.mark.parametrize("values", [[3.0] * 100, [None] * 100])
def test_constants_and_missing_columns_are_not_computable(cut, values):
    """The same constant on both sides has no PSI, and is not stable either."""
    table = pa.table({"x": pa.array(values, pa.float64())})
    baseline = build(cut(table))
    found = judge_single(baseline, count(baseline.grid, cut(table)).summary()).features[0]
    assert found.psi is None
    assert found.state is CellState.UNDECIDED
    assert found.reasons[0].startswith("not computable")


@pytest.mark.parametrize("values", [[4.0] * 100, [None] * 100])
def test_a_constant_that_changes_has_drifted(cut, values):
    """Constant in the baseline and another constant, or nothing, now."""
    baseline = build(cut(pa.table({"x": [3.0] * 1_000})))
    table = pa.table({"x": pa.array(values, pa.float64())})
    found = judge_single(baseline, count(baseline.grid, cut(table)).summary()).features[0]
    assert found.state is CellState.DRIFTED


def test_a_segment_that_the_baseline_lacks_is_undecided(cut):
    """A new segment cannot be judged, and that is no exception."""
    baseline = world(cut, days=60)
    (granule,) = judge(baseline, {"2026-04-01": day_of(cut, baseline)}, segment="new")
    assert granule.verdict is Verdict.UNDECIDED
    assert granule.features[0].reasons[0].startswith("not enough baseline rows: 0 rows")


def test_another_grid_is_refused(cut):
    """Counts on other cells cannot be judged."""
    one, other = world(cut, days=2), world(cut, days=2, seed=2)
    with pytest.raises(Conflict, match="another grid"):
        judge(one, {"2026-04-01": day_of(cut, other)})


def test_dependence_can_be_allowed_for(cut):
    """Benjamini-Yekutieli pays for any dependence between the features."""
    baseline = world(cut, days=60)
    days = {"2026-04-01": day_of(cut, baseline, x0=0.3)}
    usual, careful = (
        judge(baseline, days, settings=DriftSettings(dependence=name))[0].features[0].p_adjusted
        for name in ("independent", "any")
    )
    assert careful > usual


def test_a_baseline_from_summaries_gives_the_same_verdicts(cut):
    """Judging against summed days is judging against their rows."""
    from monitor_core.drift.build import baseline_from_summaries

    rng = np.random.default_rng(3)
    when = np.repeat(np.datetime64("2026-01-01", "us") + np.arange(60).astype("timedelta64[D]"), 200)
    table = pa.table({"when": when, "x": rng.normal(size=12_000), "c": rng.choice(["a", "b"], 12_000)})
    roles = Roles((("when", Role.TIMESTAMP), ("x", Role.FEATURE), ("c", Role.FEATURE)))
    rows = build(cut(table), roles=roles, granularity=DAY)
    counted = count(rows.grid, cut(table, 3_000), roles, granularity=DAY)
    summed = baseline_from_summaries(rows.grid, ((key, counted.summary(*key)) for key in counted.keys))
    current = pa.table({"x": rng.normal(0.4, size=500), "c": rng.choice(["a", "b"], 500)})
    days = {"2026-04-01": count(rows.grid, cut(current)).summary()}
    assert judge(rows, days) == judge(summed, days)


def test_infinite_values_are_counted_in_words(cut):
    """Nothing but infinity: out of range, with its number, and no range of its own."""
    baseline = build(cut(pa.table({"x": np.arange(1_000.0)})))
    found = judge_single(baseline, count(baseline.grid, cut(pa.table({"x": [np.inf] * 100}))).summary()).features[0]
    assert found.reasons[1:] == ("100.0 % lie outside the baseline's range 0 to 999", "100 infinite values")


class TestWindows:
    """Several days judged together."""

    WEEK = DriftSettings(window_granules=7)

    def test_a_window_holds_the_days_up_to_its_own(self, cut):
        """Fewer at the beginning; the reasons name them."""
        baseline = world(cut, days=98, rows=60)
        days = {f"2026-05-{i:02}": day_of(cut, baseline, rows=60, seed=i) for i in range(1, 10)}
        found = judge(baseline, days, settings=self.WEEK)
        assert [granule.window for granule in found] == [1, 2, 3, 4, 5, 6, 7, 7, 7]
        assert [granule.n_rows for granule in found][:8] == [60, 120, 180, 240, 300, 360, 420, 420]
        assert found[8].reasons[0] == "7 days together: 2026-05-03 to 2026-05-09"
        assert found[8].features[0].calibration is Calibration.CALIBRATED

    def test_a_small_shift_shows_in_a_week_and_not_in_a_day(self, cut):
        """Which is what windows are for."""
        baseline = world(cut, days=98, rows=60)
        days = {f"2026-05-{i:02}": day_of(cut, baseline, rows=60, seed=i, x0=0.3) for i in range(1, 15)}
        singly, weekly = (judge(baseline, days, settings=rules)[-1] for rules in (DriftSettings(), self.WEEK))
        assert states([singly]) == [CellState.STABLE]
        assert states([weekly]) == [CellState.DRIFTED]

    def test_only_windows_that_do_not_overlap_confirm_each_other(self, cut):
        """One bad day is in seven windows, and is not confirmed by itself."""
        baseline = world(cut, days=98, rows=60)
        shifts = {8: 4.0}
        days = {f"2026-05-{i:02}": day_of(cut, baseline, rows=60, seed=i, x0=shifts.get(i, 0.0)) for i in range(1, 20)}
        found = states(judge(baseline, days, settings=self.WEEK))
        assert found[8:14] == [CellState.UNCONFIRMED] * 6
        assert CellState.DRIFTED not in found

    def test_a_short_baseline_judges_day_by_day(self, cut):
        """With the reason, as if no window had been asked for."""
        baseline = world(cut, days=60)
        days = {f"2026-05-{i:02}": day_of(cut, baseline, seed=i) for i in range(1, 4)}
        found, single = judge(baseline, days, settings=self.WEEK), judge(baseline, days)
        assert [granule.features for granule in found] == [granule.features for granule in single]
        assert [granule.window for granule in found] == [1, 1, 1]
        assert found[0].reasons == (
            "judged day by day: windows of 7 days take a baseline of 98 days (14 windows), and this one has 60",
        )

    def test_a_table_of_a_week_is_compared_with_weeks(self, cut):
        """A single comparison takes the setting as the number of days that the table holds."""
        baseline = world(cut, days=98, rows=60)
        table = day_of(cut, baseline, rows=420)
        found = judge_single(baseline, table, settings=self.WEEK)
        assert (found.window, found.reasons) == (7, ("7 days together",))
