"""Charts as inline SVG."""

import re
from dataclasses import replace

import numpy as np

from monitor_core.drift.results import FeatureKind
from monitor_core.reports.charts import distribution, sparkline, trend


def path(svg, kind):
    return re.search(rf'<path class="{kind}[^"]*" d="([^"]*)"', svg)[1]


def test_current_line_has_one_step_a_bin(details):
    """Twenty-four bins are forty-eight corners."""
    assert len(re.findall("[ML]", path(distribution(details["rsi_14"]), "line"))) == 48


def test_open_outer_bins_are_drawn(details):
    """An open cell is drawn as wide as its neighbour; no coordinate is infinite."""
    cell = details["rsi_14"]
    edges = cell.distribution.edges.copy()
    edges[0], edges[-1] = -np.inf, np.inf
    svg = distribution(replace(cell, distribution=replace(cell.distribution, edges=edges)))
    assert "inf" not in svg
    assert "nan" not in svg


def test_levels_that_moved_most_are_shown(details):
    """Of many levels the chart keeps those that moved and counts the rest."""
    cell = details["sector"]
    shares = replace(
        cell.distribution,
        levels=tuple(f"level {place}" for place in range(40)),
        baseline=np.full(40, 1 / 40),
        current=np.where(np.arange(40) == 33, 0.2, 0.8 / 39),
    )
    svg = distribution(replace(cell, distribution=shares))
    assert "level 33" in svg
    assert "and 33 more levels that moved less" in svg


def test_dates_have_dates_on_the_axis(details):
    """A date feature shows days, not microseconds."""
    cell = details["rsi_14"]
    days = np.array(["2026-01-01", "2026-02-01", "2026-03-01"], dtype="datetime64[us]").astype(np.int64)
    shares = replace(
        cell.distribution,
        kind=FeatureKind.DATETIME,
        edges=days.astype(float),
        baseline=np.array([0.5, 0.5]),
        current=np.array([0.2, 0.8]),
    )
    assert "2026-01-01" in distribution(replace(cell, distribution=shares))


def test_missing_granules_break_the_line(details):
    """A gap is a gap: the line is lifted, not drawn through."""
    psi = np.array([0.1, 0.2, np.nan, 0.1, 0.1, np.nan, 0.3, *[np.nan] * 5])
    drawn = path(trend(replace(details["rsi_14"], trend_psi=psi), (0.1, 0.25)), "line")
    assert drawn.count("M") == 3
    assert drawn.endswith("h.1")


def test_far_level_lines_do_not_flatten_the_curve(details):
    """A quiet feature is not squeezed by a line far above it."""
    svg = trend(details["score"], (0.1, 0.25))
    assert 'class="level"' not in svg


def test_sparkline_needs_two_points(document):
    """One granule has no trend."""
    line = document.features[0]
    assert sparkline(line).startswith('<svg class="spark"')
    assert sparkline(replace(line, history=line.history[:1])) == ""
