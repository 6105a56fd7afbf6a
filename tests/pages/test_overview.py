import re

from monitor_core.jobs import commands

PAGE = "pages/overview/overview.py"


def test_an_empty_installation_greets_with_two_ways_to_begin(open_page):
    """And with the lines to paste, which do not show the token."""
    page = open_page()
    assert "Nothing is watched yet" in page.words()
    assert {"Upload a baseline", "Load the example"} <= {button.label for button in page.test.button}
    lines = "\n".join(code.value for code in page.test.code)
    assert "bellwether snapshots upload" in lines
    assert "$(cat " in lines


def test_loading_the_example_is_a_job_whose_progress_is_shown(open_page, installation):
    """Nothing long happens in the page itself."""
    page = open_page().press("Load the example")
    assert [job.kind for job in commands.queue(installation.services).list()] == ["load_example"]
    assert "Loading the example" in page.test.progress[0].text


def test_a_model_without_data_says_what_is_missing(open_page, installation):
    """Not judged is not the same as no drift."""
    installation.model()
    words = open_page().words()
    assert "The shop" in words
    assert "No run yet" in words


def test_what_drifted_is_listed_with_its_evidence(open_page, installation):
    """State, size, significance and since when."""
    installation.judged()
    words = open_page().words()
    assert "1 of 4 drifting" in words
    assert "**amount**" in words
    assert "since 2026-07-12" in words


def test_the_leading_features_come_largest_first(open_page, installation):
    """The table holds PSI, history, state, p and rows."""
    installation.judged()
    table = next(one.proto.body for one in open_page().test.get("html") if "<table" in one.proto.body)
    rows = re.findall(
        r'<th scope="row" title="(\w+)">.*?</b>([\d.]+)</span>.*?<td class="number">([\d,]+)</td><td>2', table
    )
    assert rows[0][0] == "amount"
    psi = [float(one[1]) for one in rows]
    assert psi == sorted(psi, reverse=True)
    assert rows[0][2] == "240"
