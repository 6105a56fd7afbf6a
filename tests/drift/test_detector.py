"""The detector that the original system's users know."""

import json
import math
import sqlite3

import numpy as np
import pytest
from scipy import stats as oracle

from monitor_core import DriftDetector
from monitor_core.errors import InvalidInput, MonitorError, Unavailable


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


@pytest.fixture
def detector(tmp_path):
    return DriftDetector(tmp_path / "baselines.db", "1.0.0")


class TestKolmogorovSmirnov:
    @pytest.mark.parametrize("sizes", [(50, 70), (1_000, 300)])
    def test_equals_scipy(self, detector, rng, sizes):
        """The distance is the exact one, ties included."""
        left, right = (rng.normal(size=size).round(1) for size in sizes)
        expected = oracle.ks_2samp(left, right)
        assert detector.calculate_ks_statistic(left, right) == pytest.approx(expected.statistic, abs=1e-12)
        assert detector.calculate_ks_statistic_with_pvalue(left, right) == pytest.approx(tuple(expected), abs=1e-12)

    def test_same_values_are_0(self, detector):
        """A sample does not differ from itself."""
        assert detector.calculate_ks_statistic([1, 2, 3], [1, 2, 3]) == 0.0

    def test_nothing_in_common_is_1(self, detector):
        """Samples that do not overlap are as far apart as can be."""
        assert detector.calculate_ks_statistic([1, 2, 3], [4, 5]) == 1.0

    def test_missing_values_are_left_out(self, detector):
        """NaN is no value."""
        assert detector.calculate_ks_statistic([1, 2, np.nan], [1, 2, np.nan, np.nan]) == 0.0

    @pytest.mark.parametrize("empty", [[], [np.nan]])
    def test_empty_is_not_computable(self, detector, empty):
        """Without values there is no distance; 0 would be a lie."""
        assert math.isnan(detector.calculate_ks_statistic([1.0, 2.0], empty))
        assert all(map(math.isnan, detector.calculate_ks_statistic_with_pvalue(empty, [1.0])))


class TestPsi:
    def test_no_change_is_small(self, detector, rng):
        """Two samples of one distribution stay below the first level."""
        assert detector.calculate_psi(rng.normal(size=5_000), rng.normal(size=5_000)) < 0.02

    @pytest.mark.parametrize("factor", [1, 100])
    def test_shift_is_large_on_any_scale(self, detector, rng, factor):
        """A whole standard deviation is drift, also of a skewed feature in other units."""
        left, right = rng.lognormal(size=5_000), rng.lognormal(1.0, size=5_000)
        assert detector.calculate_psi(factor * left, factor * right) > 0.25

    def test_sentinels_beyond_the_range_count(self, detector, rng):
        """One value in ten turned into 1e6 is found: it is not dropped with what lies outside."""
        left, right = rng.normal(size=2_000), rng.normal(size=2_000)
        right[::10] = 1e6
        assert detector.calculate_psi(left, right) > 0.05

    def test_missing_values_count(self, detector, rng):
        """A feed that loses a third of its values has drifted."""
        left, right = rng.normal(size=2_000), rng.normal(size=2_000)
        right[::3] = np.nan
        assert detector.calculate_psi(left, right) > 0.25

    def test_number_of_bins(self, detector, rng):
        """More bins see more: a narrow bump shows in fifty cells that ten hardly tell from none."""
        left = rng.normal(size=20_000)
        right = np.where(rng.random(20_000) < 0.02, 0.001, rng.normal(size=20_000))
        assert detector.calculate_psi(left, right, bins=50) > 1.5 * detector.calculate_psi(left, right)

    def test_few_values_have_a_cell_each(self, detector):
        """Flags and counts are not cut into quantiles."""
        expected = 2 * (0.2 * math.log(600.5 / 400.5)) * 1000 / 1001
        psi = detector.calculate_psi([0] * 600 + [1] * 400, [0] * 400 + [1] * 600)
        assert psi == pytest.approx(expected, rel=2e-3)

    @pytest.mark.parametrize("bins", [1, 0, -3])
    def test_bins_below_two(self, detector, bins):
        """One cell holds everything and says nothing."""
        with pytest.raises(InvalidInput, match="at least 2"):
            detector.calculate_psi([1.0], [1.0], bins=bins)

    def test_empty_is_not_computable(self, detector):
        """No values, no index."""
        assert math.isnan(detector.calculate_psi([], [1.0]))
        assert math.isnan(detector.calculate_psi([1.0], []))

    def test_text_is_refused(self, detector):
        """Words are no numbers; the error says so."""
        with pytest.raises(InvalidInput, match="not numbers"):
            detector.calculate_psi(["a"], [1.0])


class TestBaselines:
    def test_row_is_as_documented(self, detector, rng):
        """Other programs read the table: columns, histogram and percentiles are there."""
        values = rng.normal(50, 10, 4_000)
        detector.store_baseline_distribution("rsi_14", values)
        with sqlite3.connect(detector.baseline_db) as connection:
            connection.row_factory = sqlite3.Row
            (row,) = connection.execute("SELECT * FROM drift_baselines").fetchall()
        assert (row["feature_name"], row["model_version"], row["distribution_type"]) == ("rsi_14", "1.0.0", "numeric")
        assert sum(json.loads(row["counts"])) == 4_000
        assert len(json.loads(row["bins"])) == len(json.loads(row["counts"])) + 1
        assert json.loads(row["percentiles"]).keys() == {"p5", "p25", "p50", "p75", "p95"}
        assert json.loads(row["percentiles"])["p50"] == pytest.approx(np.median(values), abs=0.1)
        assert (row["mean"], row["std"]) == pytest.approx((values.mean(), values.std()))
        assert (row["min"], row["max"]) == (values.min(), values.max())

    def test_small_baseline_comes_back_exactly(self, detector, rng):
        """With at most 1,000 distinct values nothing is lost."""
        values = rng.normal(size=900).round(3)
        detector.store_baseline_distribution("a", values)
        np.testing.assert_array_equal(detector.load_baseline_distribution("a"), np.sort(values))

    def test_large_baseline_comes_back_in_distribution(self, detector, rng):
        """A million values come back as ten thousand with the same distribution."""
        values = rng.lognormal(size=1_000_000)
        detector.store_baseline_distribution("a", values)
        loaded = detector.load_baseline_distribution("a")
        assert len(loaded) == 10_000
        assert detector.calculate_ks_statistic(values, loaded) < 0.002

    def test_categories_come_back(self, detector):
        """Levels come back as often as they were."""
        detector.store_baseline_distribution("plan", ["pro", "basic", "basic", None])
        assert sorted(detector.load_baseline_distribution("plan")) == ["basic", "basic", "pro"]

    def test_unknown_feature_is_none(self, detector):
        """What was never stored is None."""
        assert detector.load_baseline_distribution("never") is None

    def test_storing_again_replaces(self, detector):
        """The latest baseline of a feature and version holds."""
        detector.store_baseline_distribution("a", [1.0, 2.0])
        detector.store_baseline_distribution("a", [5.0, 6.0])
        np.testing.assert_array_equal(detector.load_baseline_distribution("a"), [5.0, 6.0])

    def test_versions_are_apart(self, detector):
        """Another version has baselines of its own in the same file."""
        detector.store_baseline_distribution("a", [1.0, 2.0])
        other = DriftDetector(detector.baseline_db, "2.0.0")
        assert other.load_baseline_distribution("a") is None
        assert other.detect_drift({"a": [1.0]}) == {}
        assert "'2.0.0'" in other.left_out["a"]

    def test_file_outlives_the_detector(self, detector):
        """A later process finds what was stored."""
        detector.store_baseline_distribution("a", [1.0, 2.0])
        again = DriftDetector(detector.baseline_db, "1.0.0")
        np.testing.assert_array_equal(again.load_baseline_distribution("a"), [1.0, 2.0])

    def test_memory_lives_as_long_as_the_detector(self):
        """`:memory:` leaves no file."""
        detector = DriftDetector(":memory:", "1.0.0")
        detector.store_baseline_distribution("a", [1.0, 2.0])
        assert detector.baseline_db == ":memory:"
        assert len(detector.load_baseline_distribution("a")) == 2

    def test_names_are_data(self, detector):
        """A name with quotes is a name, not a command."""
        name = "a'; DROP TABLE drift_baselines; --"
        detector.store_baseline_distribution(name, [1.0, 2.0, 3.0])
        assert list(detector.detect_drift({name: [1.0, 2.0, 3.0]})) == [name]

    def test_empty_is_refused(self, detector):
        """A baseline of nothing is an error at once, not a surprise later."""
        with pytest.raises(MonitorError):
            detector.store_baseline_distribution("a", [])

    def test_original_file_is_taken_over(self, tmp_path):
        """A file of the original system opens; its features are left out until they are stored again."""
        path = tmp_path / "old.db"
        with sqlite3.connect(path) as connection:
            connection.execute(
                "CREATE TABLE drift_baselines (baseline_id INTEGER PRIMARY KEY, feature_name TEXT, model_version TEXT,"
                " distribution_type TEXT, bins TEXT, counts TEXT, mean REAL, std REAL, min REAL, max REAL,"
                " percentiles TEXT, created_at TEXT, UNIQUE(feature_name, model_version))"
            )
            connection.execute("INSERT INTO drift_baselines (feature_name, model_version) VALUES ('a', '1')")
        detector = DriftDetector(path, "1")
        assert detector.detect_drift({"a": [1.0]}) == {}
        assert "store it again" in detector.left_out["a"]
        detector.store_baseline_distribution("a", [1.0, 2.0])
        assert "a" in detector.detect_drift({"a": [1.0]})

    def test_not_a_database(self, tmp_path):
        """A file that is something else is named."""
        path = tmp_path / "notes.txt"
        path.write_text("no database " * 100)
        with pytest.raises(Unavailable, match=r"notes\.txt"):
            DriftDetector(path, "1")


class TestDetection:
    @pytest.fixture
    def stored(self, detector, rng):
        for name in ("stable", "moderate", "drifted"):
            detector.store_baseline_distribution(name, rng.normal(size=5_000))
        return detector

    def test_statuses_follow_the_sizes(self, stored, rng):
        """The words that callers' conditions look for."""
        shifts = {"stable": 0.0, "moderate": 0.4, "drifted": 1.0}
        results = stored.detect_drift({name: rng.normal(shift, size=3_000) for name, shift in shifts.items()})
        assert [results[name]["status"] for name in shifts] == ["OK", "MODERATE", "DRIFT"]
        assert [results[name]["verdict"] for name in shifts] == ["stable", "drifted", "drifted"]

    def test_figures_are_those_of_the_rows(self, stored, rng):
        """Compared from stored counts, PSI is that of the rows, and KS within its bounds."""
        baseline = stored.load_baseline_distribution("drifted")
        current = rng.normal(0.5, size=2_000)
        result = stored.detect_drift({"drifted": current})["drifted"]
        assert result["psi"] == pytest.approx(stored.calculate_psi(baseline, current), abs=0.02)
        exact = stored.calculate_ks_statistic(baseline, current)
        assert result["ks_low"] - 0.001 <= exact <= result["ks_high"] + 0.001
        assert result["ks_high"] - result["ks_low"] < 0.002

    def test_size_within_noise_is_not_a_verdict(self, detector, rng):
        """Forty rows give a large PSI by chance: the status says so by size, the verdict does not follow."""
        detector.store_baseline_distribution("a", rng.normal(size=5_000))
        results = [detector.detect_drift({"a": rng.normal(size=60)})["a"] for _ in range(40)]
        assert sum(result["status"] != "OK" for result in results) >= 10
        assert sum(result["verdict"] == "drifted" for result in results) <= 2

    def test_many_features_are_corrected_for(self, detector, rng):
        """Among a hundred features without change hardly one is called drifted."""
        names = [f"feature_{number}" for number in range(100)]
        for name in names:
            detector.store_baseline_distribution(name, rng.normal(size=500))
        results = detector.detect_drift({name: rng.normal(size=500) for name in names})
        assert sum(result["verdict"] == "drifted" for result in results.values()) <= 1
        assert all(result["p_adjusted"] >= result["p_value"] for result in results.values())

    def test_lengths_may_differ(self, stored, rng):
        """Each feature has its own number of rows."""
        results = stored.detect_drift({"stable": rng.normal(size=300), "drifted": rng.normal(1.0, size=4_000)})
        assert [(result["n"], result["n_baseline"]) for result in results.values()] == [(300, 5_000), (4_000, 5_000)]
        alone = stored.detect_drift({"stable": rng.normal(size=300)})["stable"]
        assert not [
            reason for reason in results["stable"]["reasons"] if "absent" in reason or "not in the data" in reason
        ]
        assert results["stable"]["n"] == alone["n"]

    def test_without_baseline_is_left_out(self, stored, rng):
        """Unknown features are not in the result, and the reason is kept."""
        assert list(stored.detect_drift({"new": [1.0], "stable": rng.normal(size=500)})) == ["stable"]
        assert list(stored.left_out) == ["new"]

    @pytest.mark.parametrize("values", [[], [np.nan] * 100, [1.0], [np.inf] * 100])
    def test_odd_data_are_a_result(self, stored, values):
        """Empty, missing, single and infinite values give a result, never an exception."""
        result = stored.detect_drift({"stable": values})["stable"]
        assert result["verdict"] in {"undecided", "drifted"}
        assert result["reasons"]

    def test_constant_baseline(self, detector):
        """A constant that stays is no drift; one that changes is."""
        detector.store_baseline_distribution("flag", [1.0] * 500)
        assert detector.detect_drift({"flag": [1.0] * 300})["flag"]["status"] == "OK"
        assert detector.detect_drift({"flag": [2.0] * 300})["flag"]["status"] == "DRIFT"

    def test_categories(self, detector, rng):
        """Levels are compared; their KS is not a number."""
        detector.store_baseline_distribution("plan", rng.choice(["basic", "pro"], 2_000, p=[0.8, 0.2]))
        result = detector.detect_drift({"plan": rng.choice(["basic", "pro", "max"], 2_000, p=[0.4, 0.2, 0.4])})["plan"]
        assert (result["status"], result["verdict"]) == ("DRIFT", "drifted")
        assert math.isnan(result["ks_statistic"])

    def test_nothing_given(self, detector):
        """No features, no results."""
        assert detector.detect_drift({}) == {}


class TestReport:
    def test_report_of_a_run(self, detector, rng):
        """Known landmarks, sizes, and what was left out."""
        for name in ("rsi_14", "volume"):
            detector.store_baseline_distribution(name, rng.normal(size=5_000))
        results = detector.detect_drift(
            {"rsi_14": rng.normal(1, size=900), "volume": rng.normal(size=900), "new": [1.0]}
        )
        written = detector.generate_drift_report(results, "2026-11-21")
        for landmark in (
            "DATA DRIFT DETECTION REPORT",
            "Date: 2026-11-21",
            "Model Version: 1.0.0",
            "- Features Tested: 2",
            "- Features with Drift: 1 (50%)",
            "- Significant beyond noise: 1",
            "- Severity: CRITICAL",
            "new was not tested: no baseline is stored",
        ):
            assert landmark in written

    def test_report_of_foreign_results(self, detector):
        """Results with only the three old keys make a report, too."""
        results = {"rsi_14": {"ks_statistic": 0.35, "psi": 0.28, "status": "DRIFT"}}
        written = detector.generate_drift_report(results, "2025-11-14")
        assert "- Severity: HIGH" in written
        assert "rsi_14" in written
        assert "Significant" not in written

    def test_report_of_nothing(self, detector):
        """An empty report says that nothing was tested."""
        assert "Nothing was tested." in detector.generate_drift_report({}, "2026-11-21")

    @pytest.mark.parametrize(
        ("psi", "expected"), [(0.0, "low"), (0.1, "moderate"), (0.25, "high"), (0.4, "critical"), (math.nan, "low")]
    )
    def test_severity_by_size(self, detector, psi, expected):
        """The levels of the original, whatever KS is."""
        assert detector.determine_alert_severity(psi, 0.9) == expected
