"""The heatmap of the HTML report."""

import re

from monitor_core.reports.heatmap import heatmap

LEVELS = (0.1, 0.25, 0.4)


def looks(svg):
    return re.findall(r'<rect class="(\w+)"', svg)


def test_state_and_size_decide_the_look(document):
    """Findings are coloured by size, unconfirmed ones hatched; what is not known is not grey."""
    found = set(looks(heatmap(document, LEVELS)))
    assert found == {"n0", "u0", "u1", "u2", "d1", "d2", "absent", "undecided"}


def test_equal_neighbours_are_one_shape(document):
    """The constant feature is one shape over twelve days."""
    assert looks(heatmap(document, LEVELS)).count("undecided") == 1


def test_findings_have_a_title(document):
    """Pointing at a finding names feature, days and size."""
    assert "rsi_14, 2026-11-15 to 2026-11-18: drift, PSI up to 0.226" in heatmap(document, LEVELS)


def test_all_rows_and_the_last_day_are_labelled(document):
    """Each feature has its name; the axis ends with the latest granule."""
    svg = heatmap(document, LEVELS)
    assert all(f">{line.name}</text>" in svg for line in document.features)
    assert ">21 Nov</text>" in svg
