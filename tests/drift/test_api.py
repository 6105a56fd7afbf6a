"""The Python interface."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from monitor_core.drift import build_baseline, compare
from monitor_core.drift.results import CellState
from monitor_core.settings import DriftSettings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.values import Severity, Verdict


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    return {"x": rng.normal(size=3_000), "n": rng.integers(0, 50, 3_000), "c": rng.choice(["a", "b", "c"], 3_000)}


def test_a_source_may_be_anything(data, tmp_path):
    """Arrays, an Arrow table, a frame, Parquet and CSV give the same baseline."""
    table = pa.table(data)
    pq.write_table(table, tmp_path / "data.parquet", row_group_size=500)
    pyarrow.csv.write_csv(table, tmp_path / "data.csv")
    sources = [data, table, pd.DataFrame(data), tmp_path / "data.parquet", str(tmp_path / "data.csv")]
    totals = [build_baseline(source).total() for source in sources]
    assert all(np.array_equal(total.cells, totals[0].cells) for total in totals)


def test_identical_data_are_stable(data):
    """A table compared with itself has PSI 0 and nothing to report."""
    report = compare(build_baseline(data), data)
    assert report.verdict is Verdict.STABLE
    assert report.severity is Severity.NONE
    assert all(feature.psi == 0.0 for feature in report.features.values())
    assert all(feature.confirmed is None for feature in report.features.values())


def test_a_shift_is_reported_with_its_sizes(data):
    """Everything that a reader needs to believe the verdict is in the report."""
    report = compare(build_baseline(data), data | {"x": data["x"] + 1.0})
    feature = report.features["x"]
    assert report.verdict is feature.verdict is Verdict.DRIFTED
    assert (feature.n_baseline, feature.n_current) == (3_000, 3_000)
    assert feature.ks_low <= 0.38 + 0.03
    assert feature.p_adjusted < 1e-6
    assert feature.psi_debiased == pytest.approx(feature.psi - feature.noise_floor)


def test_columns_that_do_not_fit_are_in_the_report(data):
    """Absent, extra and re-typed columns raise nothing."""
    current = {"x": data["x"].astype(str), "c": data["c"], "new": data["n"]}
    report = compare(build_baseline(data), current)
    assert report.absent == ("n",)
    assert report.extra == ("new",)
    assert report.features["n"].state is CellState.ABSENT
    assert report.features["x"].verdict is Verdict.DRIFTED
    assert "type changed from double to string" in report.features["x"].reasons[0]


def test_an_empty_table_is_undecided(data):
    """No rows give no verdict."""
    empty = pa.table(data).slice(0, 0)
    report = compare(build_baseline(data), empty)
    assert report.verdict is Verdict.UNDECIDED
    assert report.n_current == 0


def test_one_row_is_undecided(data):
    """One row gives no verdict, and says how many are needed."""
    report = compare(build_baseline(data), pa.table(data).slice(0, 1))
    assert report.verdict is Verdict.UNDECIDED
    assert report.features["x"].reasons[0].startswith("not enough rows: 1 row; ")


def test_a_baseline_with_days_is_calibrated_by_them():
    """With enough days in the baseline the p-value allows for days that differ."""
    rng = np.random.default_rng(2)
    day = np.arange("2026-01-01", "2026-04-01", dtype="datetime64[D]").repeat(100)
    moods = rng.normal(0, 0.5, 90).repeat(100)
    table = pa.table({"day": day, "x": rng.normal(size=9_000) + moods})
    roles = Roles((("day", Role.TIMESTAMP), ("x", Role.FEATURE)))
    calibrated = build_baseline(table, roles=roles, granularity="day")
    plain = build_baseline(table, roles=roles)
    current = {"x": rng.normal(0.5, size=400)}
    p = [compare(baseline, current).features["x"].p_value for baseline in (calibrated, plain)]
    assert p[0] > 0.01 > p[1]


def test_five_thousand_columns():
    """Wide tables go in blocks of columns."""
    rng = np.random.default_rng(3)
    names = [f"column {i}" for i in range(5_000)]
    wide = pa.Table.from_arrays([pa.array(rng.normal(size=200)) for _ in names], names=names)
    small = DriftSettings(knots=20)
    report = compare(build_baseline(wide, settings=small), wide)
    assert len(report.features) == 5_000
    assert report.verdict is Verdict.STABLE


def test_names_may_be_anything():
    """Unicode, spaces and control characters in column names and levels."""
    data = {
        "\N{SNOWMAN} x\n": np.arange(100.0),
        "c": ["\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")] * 100,
    }
    report = compare(build_baseline(data), data)
    assert set(report.features) == set(data)
