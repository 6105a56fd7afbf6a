"""From predictions and late labels to a decision, as a new user does it."""

import json

import numpy as np
import pyarrow as pa
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
    last = joined.filter(pa.compute.equal(joined["year"], 2018))
    assert f1_in(report) == pytest.approx(f1_of(last["employed"], last["prediction"]), abs=1e-6)
    assert [one["reason"] for one in report["decisions"]] == ["The fall is small and the cause is known."]


def f1_in(report):
    return next(metric["estimate"] for metric in report["window"]["metrics"] if metric["name"] == "f1")
