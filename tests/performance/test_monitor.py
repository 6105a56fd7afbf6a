"""The monitor that the original system's users know."""

import math
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sklearn import metrics as oracle

from monitor_core import ModelMonitor
from monitor_core.errors import InvalidInput, Unavailable

BASELINE = {"f1": 0.72, "precision": 0.68, "recall": 0.76, "roc_auc": 0.80}
NOW = datetime(2025, 11, 14, 12, tzinfo=UTC)
COLUMNS = [
    "label_id",
    "bse_code",
    "prediction_date",
    "earnings_date",
    "actual_label",
    "predicted_label",
    "predicted_probability",
    "model_version",
    "labeled_at",
]


@pytest.fixture
def make(tmp_path):
    def build(path=None, baseline=BASELINE, version="1.0.0", **options):
        return ModelMonitor(path or tmp_path / "labels.db", baseline, version, now=lambda: NOW, **options)

    return build


@pytest.fixture
def monitor(make):
    return make()


def store(monitor, rows, *, first=date(2025, 11, 14), days=14, version=None):
    """Keep rows of (actual, predicted, probability), spread over `days` that end at `first`."""
    for number, (actual, predicted, probability) in enumerate(rows):
        day = (first - timedelta(days=number % days)).isoformat()
        monitor.store_production_label(
            f"e{number}", day, first.isoformat(), actual, predicted, probability, model_version=version
        )


def rows(tp, fp, fn, tn, seed=1):
    """Rows with these counts, shuffled, with probabilities that go with the prediction."""
    pairs = [(1, 1)] * tp + [(0, 1)] * fp + [(1, 0)] * fn + [(0, 0)] * tn
    rng = np.random.default_rng(seed)
    rng.shuffle(pairs)
    return [(int(y), int(p), float(np.clip(rng.normal(0.3 + 0.4 * p, 0.1), 0, 1))) for y, p in pairs]


class TestStore:
    def test_table_is_as_documented(self, monitor):
        """Other programs read the table: its columns are there, the row is as given."""
        monitor.store_production_label("500325", "2025-11-14", "2025-11-20", 1, 0, 0.4)
        with sqlite3.connect(monitor.predictions_db) as connection:
            connection.row_factory = sqlite3.Row
            (row,) = connection.execute("SELECT * FROM production_labels").fetchall()
        assert list(row.keys()) == COLUMNS
        assert tuple(row)[1:8] == ("500325", "2025-11-14", "2025-11-20", 1, 0, 0.4, "1.0.0")
        assert row["labeled_at"] == NOW.isoformat()

    def test_second_call_replaces(self, monitor):
        """One row an entity and date: the latest, also of another version."""
        monitor.store_production_label("a", "2025-11-14", "2025-11-20", 1, 0, 0.4)
        monitor.store_production_label("a", "2025-11-14", "2025-11-21", 0, 1, 0.6, model_version="2.0.0")
        assert monitor.load_production_labels("2025-11-14", "2025-11-14") == []
        (row,) = monitor.load_production_labels("2025-11-14", "2025-11-14", model_version="2.0.0")
        assert (row["actual_label"], row["predicted_label"], row["predicted_probability"]) == (0, 1, 0.6)

    def test_load_returns_the_known_keys(self, monitor):
        """Both ends are included, rows are in order of date."""
        for day in ("2025-11-03", "2025-11-01", "2025-11-02", "2025-11-04"):
            monitor.store_production_label("a", day, "2025-11-20", 1, 1, 0.9)
        found = monitor.load_production_labels("2025-11-01", "2025-11-03")
        assert [row["prediction_date"] for row in found] == ["2025-11-01", "2025-11-02", "2025-11-03"]
        assert found[0].keys() >= {
            "bse_code",
            "prediction_date",
            "actual_label",
            "predicted_label",
            "predicted_probability",
        }

    @pytest.mark.parametrize("name", ["entity_id", "bse_code"])
    def test_the_entity_has_an_old_name(self, monitor, name):
        """Both names work as a keyword."""
        monitor.store_production_label(
            **{name: "500325"},
            prediction_date="2025-11-14",
            earnings_date="2025-11-20",
            actual_label=1,
            predicted_label=1,
            predicted_probability=None,
        )
        (row,) = monitor.load_production_labels("2025-11-14", "2025-11-14")
        assert row["bse_code"] == row["entity_id"] == "500325"

    @pytest.mark.parametrize(
        ("place", "name", "value"),
        [
            (0, "entity_id", ""),
            (0, "entity_id", None),
            (1, "prediction_date", "14.11.2025"),
            (1, "prediction_date", "2025-02-30"),
            (1, "prediction_date", "20251114"),
            (1, "prediction_date", None),
            (2, "earnings_date", "soon"),
            (3, "actual_label", 2),
            (3, "actual_label", math.nan),
            (3, "actual_label", "1"),
            (3, "actual_label", None),
            (3, "actual_label", [1]),
            (4, "predicted_label", 0.5),
            (5, "predicted_probability", 1.01),
            (5, "predicted_probability", math.nan),
            (5, "predicted_probability", "high"),
        ],
    )
    def test_what_is_no_label_is_refused(self, monitor, place, name, value):
        """The message names the argument and the value; nothing is kept."""
        given = ["a", "2025-11-14", "2025-11-20", 1, 1, 0.5]
        given[place] = value
        with pytest.raises(InvalidInput) as caught:
            monitor.store_production_label(*given)
        assert name in str(caught.value)
        assert repr(value) in str(caught.value)
        assert monitor.load_production_labels("2000-01-01", "2100-01-01") == []

    def test_values_of_other_types_that_mean_the_same(self, monitor):
        """Dates, truth values and NumPy's numbers are taken as what they say."""
        monitor.store_production_label(500325, date(2025, 11, 14), NOW, np.int64(1), True, np.float64(0.5))
        (row,) = monitor.load_production_labels(date(2025, 11, 14), "2025-11-14")
        assert (row["bse_code"], row["actual_label"], row["predicted_label"]) == ("500325", 1, 1)

    def test_hostile_text_is_text(self, monitor):
        """Names from users' files are never part of a query."""
        monitor.store_production_label("'; DROP TABLE production_labels; --", "2025-11-14", "2025-11-14", 1, 1, 0.5)
        assert len(monitor.load_production_labels("2025-11-14", "2025-11-14")) == 1

    def test_dates_are_checked_when_reading(self, monitor):
        """A typing slip is no empty answer."""
        with pytest.raises(InvalidInput, match="start_date"):
            monitor.load_production_labels("yesterday", "2025-11-14")
        with pytest.raises(InvalidInput, match="after"):
            monitor.load_production_labels("2025-11-15", "2025-11-14")

    def test_in_memory(self, make):
        """Without a file, from several threads."""
        monitor = make(":memory:")
        threads = [
            threading.Thread(target=store, args=(monitor, [(1, 1, 0.9)] * 20), kwargs={"first": date(2025, 1, month)})
            for month in range(1, 5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(monitor.load_production_labels("2024-01-01", "2025-12-31")) == 20 * 4 - _repeated()

    def test_processes_share_a_file(self, make, tmp_path):
        """Several processes write at the same time; nothing is lost."""
        path = tmp_path / "shared.db"
        code = (
            "import sys; from monitor_core import ModelMonitor; m = ModelMonitor(sys.argv[1], {'f1': .7}, '1')\n"
            "for n in range(50): m.store_production_label(sys.argv[2] + str(n), '2025-11-14', '2025-11-14', 1, 1, .5)"
        )
        running = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in "abc"]
        assert [process.wait(60) for process in running] == [0, 0, 0]
        assert len(make(path, version="1").load_production_labels("2025-11-14", "2025-11-14")) == 150

    def test_a_file_that_is_none(self, tmp_path):
        """The message names the file."""
        path = tmp_path / "not.db"
        path.write_bytes(b"hello, this is no database at all" * 10)
        with pytest.raises(Unavailable, match=r"not\.db"):
            ModelMonitor(path, BASELINE, "1")

    def test_a_file_of_the_original_system(self, tmp_path, make):
        """What it wrote is read as it is, missing probabilities and all."""
        path = tmp_path / "old.db"
        with sqlite3.connect(path) as connection:
            connection.execute(
                "CREATE TABLE production_labels (label_id INTEGER PRIMARY KEY AUTOINCREMENT, bse_code TEXT NOT NULL,"
                " prediction_date DATE NOT NULL, earnings_date DATE NOT NULL, actual_label INTEGER NOT NULL,"
                " predicted_label INTEGER NOT NULL, predicted_probability REAL, model_version TEXT,"
                " labeled_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, UNIQUE (bse_code, prediction_date))"
            )
            connection.execute(
                "INSERT INTO production_labels (bse_code, prediction_date, earnings_date, actual_label,"
                " predicted_label, model_version) VALUES ('a', '2025-11-14', '2025-11-14', 1, 1, '1.0.0')"
            )
        monitor = make(path)
        monitor.store_production_label("a", "2025-11-14", "2025-11-14", 0, 1, 0.9)
        (row,) = monitor.load_production_labels("2025-11-14", "2025-11-14")
        assert row["actual_label"] == 0


def _repeated():
    """Rows that several of the months' windows above wrote for the same entity and day."""
    keys = [
        (number, date(2025, 1, month) - timedelta(days=number % 14)) for month in range(1, 5) for number in range(20)
    ]
    return len(keys) - len(set(keys))


class TestMetrics:
    def test_equals_scikit_learn(self, monitor):
        """Each plain metric is the textbook's."""
        held = rows(90, 40, 30, 240)
        store(monitor, held)
        found = monitor.calculate_production_metrics("2025-11-01", "2025-11-14")
        actual, predicted, score = zip(*held, strict=True)
        assert found["f1"] == pytest.approx(oracle.f1_score(actual, predicted))
        assert found["precision"] == pytest.approx(oracle.precision_score(actual, predicted))
        assert found["recall"] == pytest.approx(oracle.recall_score(actual, predicted))
        assert found["roc_auc"] == pytest.approx(oracle.roc_auc_score(actual, score))
        assert found["predictions"] == found["n"] == 400

    def test_intervals_hold_the_estimates(self, monitor):
        """Each figure comes with what it may as well be, and what it rests on."""
        store(monitor, rows(90, 40, 30, 240))
        found = monitor.calculate_production_metrics("2025-11-01", "2025-11-14")
        for name in ("f1", "precision", "recall", "roc_auc"):
            low, high = found[f"{name}_interval"]
            assert 0.0 <= low < found[name] < high <= 1.0
        assert found["relevant"] == 160
        assert found["design_effect"] >= 1.0

    @pytest.mark.parametrize("count", [0, 99])
    def test_insufficient_data(self, monitor, count):
        """Below the minimum there is no figure, and the count is said."""
        store(monitor, rows(count, 0, 0, 0))
        found = monitor.calculate_production_metrics("2025-11-01", "2025-11-14")
        assert found["insufficient_data"] is True
        assert found["count"] == count

    def test_minimum_can_be_set(self, monitor):
        """Fewer are judged when asked for; the advice still knows better."""
        store(monitor, rows(10, 5, 5, 20))
        found = monitor.calculate_production_metrics("2025-11-01", "2025-11-14", min_predictions=40)
        assert found["f1"] == pytest.approx(20 / 30)
        assert found["advice"]["action"] == "not_enough_evidence"

    @pytest.mark.parametrize(
        ("counts", "undefined"),
        [
            ((0, 0, 0, 120), {"f1", "precision", "recall", "roc_auc"}),
            ((0, 0, 120, 0), {"precision", "roc_auc"}),
            ((0, 120, 0, 0), {"recall", "roc_auc"}),
            ((120, 0, 0, 0), {"roc_auc"}),
        ],
    )
    def test_undefined_is_nan(self, monitor, counts, undefined):
        """What rests on no case at all is not 0."""
        store(monitor, rows(*counts))
        found = monitor.calculate_production_metrics("2025-11-01", "2025-11-14")
        assert {name for name in BASELINE if math.isnan(found[name])} == undefined
        assert monitor.generate_performance_report(found, "2025-11-14").count("undefined (") == len(undefined)

    def test_missing_probabilities(self, monitor):
        """The AUC rests on those that are there, and says how many."""
        store(monitor, [(y, p, None if n % 2 else s) for n, (y, p, s) in enumerate(rows(60, 30, 30, 80))])
        found = monitor.calculate_production_metrics("2025-11-01", "2025-11-14")
        assert found["scored"] == 100
        assert 0.0 < found["roc_auc"] < 1.0

    def test_rolling_ends_today(self, monitor):
        """A window of 7 days is today and the six before; older labels are no part of it."""
        store(monitor, rows(90, 40, 30, 260), days=7)
        store(monitor, rows(0, 0, 50, 50), first=date(2025, 11, 7), days=1)
        found = monitor.calculate_rolling_metrics(window_days=7)
        assert found["predictions"] == 420
        assert found["start_date"] == "2025-11-08"
        assert monitor.calculate_rolling_metrics()["predictions"] > 420

    def test_rolling_of_no_days(self, monitor):
        """A window has a day or more."""
        with pytest.raises(InvalidInput, match="1 or more"):
            monitor.calculate_rolling_metrics(0)

    def test_days_that_vary_weaken_the_evidence(self, monitor):
        """Where days differ more than rows do, intervals are wider."""
        for day in range(1, 15):
            good = day % 2
            for number, (actual, predicted, score) in enumerate(rows(20 if good else 4, 2, 4 if good else 20, 10, day)):
                monitor.store_production_label(
                    f"{day}-{number}", f"2025-11-{day:02d}", "2025-11-20", actual, predicted, score
                )
        found = monitor.calculate_production_metrics("2025-11-01", "2025-11-14")
        assert found["design_effect"] > 3.0


class TestAdvice:
    def test_flagship(self, make):
        """F1 .67 against .72 on 1,234 predictions: a moderate size, and the advice is to watch."""
        monitor = make(baseline_counts=(450, 350))
        store(monitor, rows(84, 43, 40, 1067), days=30)
        found = monitor.calculate_rolling_metrics()
        assert monitor.detect_degradation(found) == found["degradation"] == "moderate"
        assert found["advice"]["action"] == "watch"

    def test_collapse_is_rolled_back(self, make):
        """A version that fell apart, after one that was good: the alarm goes off, the previous version is named."""
        monitor = make(baseline_counts=(900, 700), version="2.0.0")
        store(monitor, rows(200, 80, 60, 500), first=date(2025, 10, 14), days=30, version="1.0.0")
        store(monitor, rows(120, 200, 200, 500), days=30)
        found = monitor.calculate_rolling_metrics()
        assert found["advice"]["action"] == "roll_back"
        assert any("1.0.0" in reason for reason in found["advice"]["reasons"])
        assert "1.0.0" in monitor.recommend_rollback("severe")

    def test_later_version_is_no_previous_one(self, make):
        """Only a version that served earlier can be gone back to."""
        monitor = make(version="1.0.0")
        store(monitor, rows(90, 40, 30, 240), first=date(2025, 10, 14))
        store(monitor, rows(90, 40, 30, 240), version="2.0.0")
        found = monitor.calculate_production_metrics("2025-10-01", "2025-11-14")
        assert found["advice"]["p_previous_better"] is None

    def test_bare_baseline_is_said(self, monitor):
        """Without the baseline's counts its uncertainty is unknown."""
        store(monitor, rows(90, 40, 30, 240))
        found = monitor.calculate_production_metrics("2025-11-01", "2025-11-14")
        assert any("uncertainty unknown" in reason for reason in found["advice"]["reasons"])


class TestDegradation:
    @pytest.mark.parametrize(
        ("f1", "level"),
        [
            (0.80, "none"),
            (0.72, "none"),
            (0.6985, "none"),
            (0.6984, "minor"),
            (0.6841, "minor"),
            (0.684, "moderate"),
            (0.648, "moderate"),
            (0.6479, "severe"),
            (0.0, "severe"),
        ],
    )
    def test_bounds(self, monitor, f1, level):
        """From 3, from 5, above 10 % of .72."""
        assert monitor.detect_degradation({"f1": f1}) == level

    @pytest.mark.parametrize("metrics", [{"insufficient_data": True, "count": 3}, {"f1": math.nan}, {"f1": None}])
    def test_no_figure_no_size(self, monitor, metrics):
        """What is not known has no size."""
        assert monitor.detect_degradation(metrics) == "none"

    def test_baseline_of_0(self, make):
        """Nothing is below 0."""
        assert make(baseline={"f1": 0.0}).detect_degradation({"f1": 0.5}) == "none"

    def test_rollback_only_for_severe(self, monitor):
        """A sentence that names the version, else None."""
        assert "1.0.0" in monitor.recommend_rollback("severe")
        assert [monitor.recommend_rollback(status) for status in ("none", "minor", "moderate")] == [None] * 3

    @pytest.mark.parametrize(
        "baseline", [{}, {"precision": 0.5}, {"f1": 72}, {"f1": math.nan}, {"f1": None}, {"f1": 0.7, "recall": -1}]
    )
    def test_baseline_is_checked(self, make, baseline):
        """F1 is needed; what is given is a share."""
        with pytest.raises(InvalidInput, match="baseline_metrics"):
            make(baseline=baseline)

    @pytest.mark.parametrize("counts", [(1,), (-1, 2), (math.nan, 2), (0, 0)])
    def test_baseline_counts_are_checked(self, make, counts):
        """Two counts, not both 0."""
        with pytest.raises(InvalidInput, match="baseline_counts"):
            make(baseline_counts=counts)

    def test_arguments_are_attributes(self, make, tmp_path):
        """As promised."""
        monitor = make(tmp_path / "x.db")
        assert (monitor.predictions_db, monitor.baseline_metrics, monitor.model_version) == (
            tmp_path / "x.db",
            BASELINE,
            "1.0.0",
        )


class TestDashboard:
    KEYS = frozenset({"f1_score", "precision", "recall", "roc_auc", "degradation_severity", "predictions"})

    def test_keys(self, monitor):
        """The last 30 days under the known names."""
        store(monitor, rows(90, 40, 30, 240))
        found = monitor.get_dashboard_metrics()
        assert found.keys() >= self.KEYS
        assert found["f1_score"] == pytest.approx(180 / 250)
        assert (found["degradation_severity"], found["predictions"], found["advice"]) == ("none", 400, "keep")

    def test_without_data(self, monitor):
        """The keys are there, the figures are not numbers, the severity is unknown."""
        found = monitor.get_dashboard_metrics()
        assert found.keys() >= self.KEYS
        assert found["insufficient_data"] is True
        assert found["degradation_severity"] == "unknown"
        assert math.isnan(found["f1_score"])


def test_import_is_light():
    """A program that stores labels pays for no web framework, no data frames, no scikit-learn."""
    code = "import sys; from monitor_core import ModelMonitor; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    heavy = {"streamlit", "pandas", "sklearn", "pyarrow", "sqlalchemy", "scipy.stats", "plotly"}
    assert set(out.stdout.split()) & heavy == set()
