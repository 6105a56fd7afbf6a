"""The main job, as a new user does it: from an empty installation to the report at home."""

import json
import re

import pytest

pytestmark = pytest.mark.browser


def test_the_census_from_upload_to_report(server, visit, shared_data, tmp_path):
    """The reference becomes the baseline, the later years are judged, a cell is opened, the report is downloaded."""
    window = visit(server).go()
    window.sees("Nothing is watched yet").picture("empty_light").press("Upload a baseline")
    reference, later = (shared_data / f"employment_MA_{name}.pq" for name in ("reference", "analysis"))
    window.hand_in([reference], model="employment", granularity="year")
    window.picture("review_light")
    window.take_in()
    window.go("/data?model=employment+1.0.0")
    window.hand_in([later], purpose="New data")
    window.take_in()
    window.menu("See the drift")
    window.sees("PSI against baseline 1").picture("census_drift_light")
    for year in ("2016", "2017", "2018"):
        window.go(f"/drift?model=employment+1.0.0&granule={year}")
        window.sees(year)
    name = window.download("Report", "JSON", tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())
    assert name.startswith("drift_employment_1.0.0_")


def test_own_data_from_upload_to_a_second_run(server, visit, files, tmp_path):
    """Two parts of the story that the census does not tell: daily data, a click on a cell, a run again."""
    june, july = files
    window = visit(server).go("/data")
    window.hand_in([june], model="shop")
    window.take_in()
    window.go("/data?model=shop+1.0.0")
    window.hand_in([july], purpose="New data")
    window.take_in()
    window.menu("See the drift")
    window.sees("amount has drifted").picture("drift_light")

    chart = window.page.locator(".st-key-heatmap canvas").first
    shape = chart.bounding_box()
    window.page.mouse.click(shape["x"] + shape["width"] * 0.5, shape["y"] + 15)
    window.page.wait_for_url(re.compile("feature=amount.*granule=2026-07-|granule=2026-07-.*feature=amount"))
    assert "model=shop" in window.page.url

    window.press("Re-run")
    window.page.get_by_role("button", name="Start").click()
    window.sees("Done")
    window.sees("Compare with another run")
    window.download("Report", "HTML", tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text()
    assert "amount" in html
    assert "<script src" not in html
