import pytest

PAGE = "pages/model/drift.py"


def box(page, label):
    return next(one for one in page.test.selectbox if one.label == label)


def test_without_a_model_it_leads_to_the_upload(open_page):
    """No dead end."""
    assert "There is no model yet" in open_page(PAGE).words()


def test_without_a_baseline_it_asks_for_one(open_page, installation):
    """The first thing missing is named."""
    installation.model()
    assert "still needs a baseline" in open_page(PAGE).words()


def test_with_a_baseline_only_it_asks_for_newer_data(open_page, installation):
    """The next thing missing is named."""
    ref = installation.model()
    installation.upload(ref, installation.table("2026-06-01", 5), "baseline")
    assert "still needs newer data" in open_page(PAGE).words()


def test_the_line_under_the_title_says_what_is_compared_with_what(open_page, installation):
    """Features, granules, baseline with rows and period, error rate."""
    installation.judged()
    words = open_page(PAGE).words()
    assert "4 features · 20 days · PSI against baseline 1 (7,200 rows, 2026-06-01 – 2026-06-30)" in words
    assert "Benjamini–Hochberg at 1 %" in words


def test_the_worst_cell_is_open_at_first(open_page, installation):
    """Verdict, statistics and both charts of the most drifted feature of the latest day."""
    installation.judged()
    page = open_page(PAGE)
    assert "**amount has drifted**" in page.words()
    assert len(page.test.get("echarts_chart")) == 3


def test_the_address_opens_a_cell(open_page, installation):
    """A link sent to a colleague shows the same."""
    installation.judged()
    page = open_page(PAGE, feature="quiet", granule="2026-07-03")
    assert "**No drift in quiet**" in page.words()


@pytest.mark.parametrize("query", [{"feature": "gone"}, {"granule": "1999-01-01"}, {"run": "gone"}, {"model": "x y"}])
def test_an_address_that_fits_nothing_shows_the_default(open_page, installation, query):
    """Old links do not break the page."""
    installation.judged()
    assert "**amount has drifted**" in open_page(PAGE, **query).words()


def test_the_lists_choose_a_cell_without_a_mouse(open_page, installation):
    """Feature and granule can be chosen by keyboard alone."""
    installation.judged()
    page = open_page(PAGE)
    box(page, "Feature").select("channel").run()
    box(page, "Day").select("2026-07-05").run()
    assert "No drift in channel" in page.words()


def test_filter_and_search_narrow_the_rows(open_page, installation):
    """What does not fit is said."""
    installation.judged()
    page = open_page(PAGE)
    page.test.text_input(key="find").input("nothing like it").run()
    assert "No feature fits the filter" in page.words()


def test_running_again_is_a_job_and_keeps_the_earlier_run(open_page, installation):
    """Both runs are there to be compared afterwards."""
    ref = installation.judged()
    page = open_page(PAGE)
    page.test.form_submit_button[0].click().run()
    assert "Drift run" in page.test.progress[0].text
    installation.work()
    assert len(installation.services.drift.runs(ref)) == 2
    page.test.run()
    assert "Compare with another run" in [one.label for one in page.test.expander]


def test_a_report_can_be_taken_home_in_every_format(open_page, installation):
    """Five downloads, each named for what it is."""
    installation.judged()
    labels = [one.label for one in open_page(PAGE).test.get("download_button")]
    assert {"HTML", "Markdown", "CSV", "JSON", "Text"} <= set(labels)


def test_a_hostile_name_is_shown_letter_by_letter(open_page, installation):
    """Names are data: no emphasis, no image, no link, no colour."""
    installation.judged()
    words = open_page(PAGE, feature=installation.hostile).words()
    assert r"\<img src\=x" in words
    assert "<img" not in words.replace(r"\<img", "")


def test_a_segment_can_be_chosen(open_page, installation):
    """Each value of the segment column was judged on its own."""
    installation.judged(segment="channel")
    page = open_page(PAGE)
    page.test.form_submit_button[0].click().run()
    installation.work()
    runs = installation.services.drift.runs(installation.services.models.versions("shop")[0].ref)
    assert len(runs) == 2


def test_granules_can_be_judged_together(open_page, installation):
    """The number is asked for, used, and shown with the cell."""
    ref = installation.judged()
    page = open_page(PAGE)
    next(one for one in page.test.number_input if one.label == "Judge together").set_value(2)
    page.test.form_submit_button[0].click().run()
    installation.work()
    assert installation.services.drift.latest(ref).settings["window_granules"] == 2
    page.test.run()
    assert "2 days together" in page.words()


def test_the_mark_does_not_depend_on_the_working_folder(tmp_path, monkeypatch):
    """The app may be started from anywhere."""
    from monitor_core.ui.shell import MARK

    monkeypatch.chdir(tmp_path)
    assert MARK.is_absolute()
    assert MARK.is_file()
