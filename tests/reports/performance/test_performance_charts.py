"""Charts of a performance report."""

import re
from dataclasses import replace

import numpy as np
import pytest

from monitor_core.reports import svg
from monitor_core.reports.performance_charts import charts, rolling
from monitor_core.reports.performance_document import build
from monitor_core.values import Granularity


def coordinates(chart):
    """Every number in a path, and of lines."""
    return [float(number) for path in re.findall(r' d="([^"]*)"', chart) for number in re.findall(r"-?\d+\.?\d*", path)]


def test_a_chart_for_each_part_with_data(document, bare_document):
    """And none for the others."""
    assert set(charts(document)) == {"rolling", "evidence", "estimate", "labels"}
    assert charts(bare_document) == {}


def test_nothing_leaves_the_picture(document):
    """Every coordinate lies in the box."""
    for chart in charts(document).values():
        found = coordinates(chart)
        assert found
        assert min(found) >= 0
        assert max(found) <= 1000


def test_a_gap_stays_a_gap(document):
    """Neither line nor band is drawn where there is no value."""
    chart = rolling(document)
    (line,) = re.findall(r'<path class="line" d="([^"]*)"', chart)
    (band,) = re.findall(r'<path class="band" d="([^"]*)"', chart)
    assert (line.count("M"), band.count("M")) == (2, 2)


def test_only_events_within_the_picture_are_marked(document):
    """One version went live in it, the one before it earlier; the decision was taken in it."""
    chart = rolling(document)
    assert (chart.count('class="event"'), "2.0.0 live" in chart, "1.9.0 live" in chart) == (1, True, False)
    assert 'class="event decision"' in chart


def test_blocks_of_rows_have_no_dates_to_mark(findings):
    """A deployment has a moment, a block has none."""
    by_rows = replace(findings.model, granularity=Granularity.parse("rows:500"))
    assert 'class="event' not in rolling(build(replace(findings, model=by_rows)))


def test_a_single_granule_can_be_drawn(findings):
    """As a dot."""
    shown = findings.rolling
    one = replace(
        shown,
        **{
            name: getattr(shown, name)[:1]
            for name in ("granules", "estimate", "low", "high", "n", "coverage", "matured")
        },
    )
    assert 'class="line"' in rolling(build(replace(findings, rolling=one)))


def test_years_of_days_stay_small(findings):
    """Thinned without losing an extreme."""
    many = 1_100
    values = (0.7,) * 500 + (0.2,) + (0.7,) * (many - 501)
    days = tuple(str(np.datetime64("2023-01-01") + day) for day in range(many))
    long = replace(
        findings.rolling,
        granules=days,
        estimate=values,
        low=tuple(value - 0.05 for value in values),
        high=tuple(value + 0.05 for value in values),
        n=(100,) * many,
        coverage=(1.0,) * many,
        matured=(True,) * many,
    )
    chart = rolling(build(replace(findings, rolling=long)))
    assert len(chart) < 25_000
    assert "0.20" in chart


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_level_line_can_be_drawn(findings, value):
    """Also of metrics that are the same everywhere."""
    same = tuple(value for _ in findings.rolling.granules)
    flat = replace(findings.rolling, estimate=same, low=same, high=same)
    assert 'class="line"' in rolling(build(replace(findings, rolling=flat)))


def test_a_band_has_gaps_where_a_bound_is_missing():
    """One path, several shapes."""
    x, low, high = np.arange(5.0), np.array([0, 0, np.nan, 0, 0.0]), np.array([1, 1, 1, 1, np.nan])
    assert svg.band("band", x, low, high) == '<path class="band" d="M0 1L1 1L1 0L0 0zM3 1L3 0z"/>'
    assert svg.band("band", x[:1], low[2:3], high[2:3]) == ""
