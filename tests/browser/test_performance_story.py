"""From predictions and late labels to a decision, as a new user does it."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.browser

CENSUS = "employment 1.0.0"


def f1_of(labels, predictions):
    labels, predictions = np.asarray(labels, dtype=bool), np.asarray(predictions, dtype=bool)
    return 2 * (labels & predictions).sum() / (labels.sum() + predictions.sum())


def test_the_census_from_predictions_to_a_decision(server, visit, shared_data, tmp_path):
    """Estimate before the labels come, F1 against the baseline after, advice, a decision, the report at home."""
    reference, later, came = (
        shared_data / f"employment_MA_{name}.pq" for name in ("reference", "analysis", "analysis_target")
    )
    window = visit(server).go("/data")
    window.hand_in([reference], model="employment", granularity="year").take_in()
    window.sees("See the performance")
    window.go("/data?model=employment+1.0.0").hand_in([later], purpose="New data").take_in()
    window.sees("208,892 rows taken in")

    window.go("/performance?model=employment+1.0.0&look=Without+labels")
    window.sees("Not enough evidence").sees("F1 without labels").sees("Calibration of the scores")
    window.picture("census_performance_before_light")

    window.go("/data?model=employment+1.0.0").hand_in([came], purpose="Labels")
    window.picture("review_labels_light")
    window.take_in().sees("208,892 rows taken in")
    window.menu("See the performance")
    window.sees("F1, rolling 1 year").sees("baseline 1: ").sees("Advice").picture("census_performance_light")

    window.press("Record a decision")
    window.page.get_by_role("textbox", name="Why").fill("The fall is small and the cause is known.")
    window.page.get_by_role("button", name="Record", exact=True).click()
    window.sees("Decision recorded")
    window.go("/performance?model=employment+1.0.0&look=Decisions").sees("latest first")

    name = window.download("Report", "JSON", tmp_path / "report.json")
    assert name == "performance_employment_1.0.0.json"
    report = json.loads((tmp_path / "report.json").read_text())
    joined = pq.read_table(later).join(pq.read_table(came), "id")
    last = joined.filter(pc.equal(joined["year"], 2018))
    assert f1_in(report) == pytest.approx(f1_of(last["employed"], last["prediction"]), abs=1e-6)
    assert [one["reason"] for one in report["decisions"]] == ["The fall is small and the cause is known."]


def f1_in(report):
    return next(metric["estimate"] for metric in report["window"]["metrics"] if metric["name"] == "f1")


def daily_rows(days=60, a_day=80, worse_from=40, seed=6):
    """Predictions of days in summer with what came true; in the last third they are worse."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), a_day)
    came = rng.random(len(day)) < 0.4
    said = np.where(rng.random(len(day)) < np.where(day < worse_from, 0.88, 0.6), came, ~came)
    score = np.where(said, rng.uniform(0.5, 1.0, len(day)), rng.uniform(0.0, 0.5, len(day)))
    dates = [str(one) for one in np.datetime64("2026-06-01") + day]
    ids = [f"order {number}" for number in range(len(day))]
    return pa.table({"id": ids, "date": dates, "score": score, "prediction": said, "label": came})


def test_own_data_with_late_labels_and_a_correction(server, visit, tmp_path):
    """Two deliveries of labels, a baseline from the first, a fall in the second, and a label that was wrong."""
    rows = daily_rows()
    said, early, late, corrected = (
        tmp_path / name for name in ("said.parquet", "early.csv", "late.csv", "corrected.csv")
    )
    pq.write_table(rows.drop_columns(["label"]), said)
    labels, first = rows.select(["id", "label"]), 30 * 80
    pacsv.write_csv(labels.slice(0, first), early)
    pacsv.write_csv(labels.slice(first), late)
    turned = labels.slice(len(labels) - 20).set_column(1, "label", pc.invert(labels["label"].slice(4_780)))
    pacsv.write_csv(turned, corrected)

    window = visit(server).go("/data")
    window.hand_in([said], model="orders", purpose="Predictions").take_in().sees("4,800 rows taken in")
    window.go("/performance?model=orders+1.0.0").sees("Nothing to hold it against yet").sees("Not enough evidence")
    window.go("/data?model=orders+1.0.0").hand_in([early], purpose="Labels").take_in().sees("2,400 rows taken in")

    window.go("/performance?model=orders+1.0.0")
    window.press("Make it the baseline").sees("baseline 1: ").picture("performance_partial_light")
    window.go("/data?model=orders+1.0.0").hand_in([late], purpose="Labels").take_in().sees("2,400 rows taken in")
    window.menu("See the performance")
    window.sees("F1, rolling 30 days").sees("Alarm since 2026-07").picture("performance_fallen_light")
    window.sees("Retrain: F1 has fallen")

    window.go("/data?model=orders+1.0.0").hand_in([corrected], purpose="Labels").take_in()
    window.sees("20 rows taken in (20 corrected what was known)")
    window.go("/performance?model=orders+1.0.0&look=Labels&window=7").sees("20 corrections").picture("corrected_light")
    window.download("Report", "JSON", tmp_path / "report.json")
    came = np.asarray(rows["label"]).copy()
    came[-20:] = ~came[-20:]
    report = json.loads((tmp_path / "report.json").read_text())
    assert f1_in(report) == pytest.approx(f1_of(came[-560:], np.asarray(rows["prediction"])[-560:]), abs=1e-6)
