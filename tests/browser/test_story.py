"""The main job, as a new user does it: from an empty installation to the report at home."""

import json
import re

import pytest

pytestmark = pytest.mark.browser


def hand_in(visit, paths, *, model=None, granularity=None, purpose=None):
    page = visit.page
    if model:
        page.get_by_role("textbox", name="Id", exact=True).fill(model)
        page.get_by_role("textbox", name="Id", exact=True).press("Enter")
        visit.settled()
    if granularity:
        choose(visit, "Judged by", granularity)
    if purpose:
        page.get_by_role("radio", name=purpose).click()
        visit.settled()
    page.locator("input[type=file]").first.set_input_files([str(path) for path in paths])
    page.get_by_role("button", name="Continue").wait_for()
    page.wait_for_function(
        "() => [...document.querySelectorAll('button')].some(b => b.innerText.includes('Continue') && !b.disabled)"
    )
    visit.press("Continue")
    visit.sees("change what is wrong")


def choose(visit, label, option):
    visit.page.get_by_role("combobox", name=label).first.click()
    visit.page.get_by_role("option", name=option, exact=True).click()
    visit.settled()


def take_in(visit):
    visit.press("Accept")
    visit.sees("Done")


def test_the_census_from_upload_to_report(server, visit, shared_data, tmp_path):
    """The reference becomes the baseline, the later years are judged, a cell is opened, the report is downloaded."""
    window = visit(server).go()
    window.sees("Nothing is watched yet").picture("empty_light").press("Upload a baseline")
    reference, later = (shared_data / f"employment_MA_{name}.pq" for name in ("reference", "analysis"))
    hand_in(window, [reference], model="employment", granularity="year")
    window.picture("review_light")
    take_in(window)
    window.go("/data?model=employment+1.0.0")
    hand_in(window, [later], purpose="New data")
    take_in(window)
    window.menu("See the drift")
    window.sees("PSI against baseline 1").picture("census_drift_light")
    for year in ("2016", "2017", "2018"):
        window.go(f"/drift?model=employment+1.0.0&granule={year}")
        window.sees(year)
    window.press("Report")
    with window.page.expect_download() as download:
        window.page.get_by_role("button", name="JSON").click()
    path = tmp_path / "report.json"
    download.value.save_as(path)
    report = json.loads(path.read_text())
    assert report
    assert download.value.suggested_filename.startswith("drift_employment_1.0.0_")


def test_own_data_from_upload_to_a_second_run(server, visit, files, tmp_path):
    """Two parts of the story that the census does not tell: daily data, a click on a cell, a run again."""
    june, july = files
    window = visit(server).go("/data")
    hand_in(window, [june], model="shop")
    take_in(window)
    window.go("/data?model=shop+1.0.0")
    hand_in(window, [july], purpose="New data")
    take_in(window)
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
    window.press("Report")
    with window.page.expect_download() as download:
        window.page.get_by_role("button", name="HTML").click()
    path = tmp_path / "report.html"
    download.value.save_as(path)
    html = path.read_text()
    assert "amount" in html
    assert "<script src" not in html
