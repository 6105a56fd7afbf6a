import json

import numpy as np
import pytest

from monitor_core.figures.latency import Line, heat_columns, heatmap, lines
from monitor_core.figures.theme import LIGHT
from monitor_core.metrics.readings import Latency

BOUNDS = np.array([0.1, 0.15, 1.0, np.inf])


def told(steps=5, *, counts=(8, 9, 10, 10)):
    stamps = np.arange(1, steps + 1, dtype=np.int64) * 30_000
    return Latency(stamps, BOUNDS, np.tile(np.array(counts, dtype=float), (steps, 1)), 30)


def line(values, **options):
    return Line("p95", np.arange(len(values), dtype=np.int64) * 1000, np.asarray(values, dtype=float), **options)


def draw(*drawn, **options):
    settings = {"dark": False, "unit": " ms", "value_format": "%.1f ms", "span": (0.0, 100.0)}
    return lines(drawn, **(settings | options))


class TestLines:
    """Lines over time."""

    def test_points_carry_their_moment(self):
        """The browser puts them into the viewer's zone."""
        assert draw(line([1.5, 2.5]))["series"][0]["data"] == [[0, 1.5], [1000, 2.5]]

    @pytest.mark.parametrize("gap", [np.nan, np.inf, -np.inf])
    def test_what_is_no_number_is_a_gap(self, gap):
        """Never a zero, and JSON knows no NaN."""
        option = draw(line([1, gap, 3]))
        assert option["series"][0]["data"][1] == [1000, None]
        json.dumps(option, allow_nan=False)

    def test_a_spike_survives_thinning(self):
        """A chart that loses a spike is a lie."""
        values = np.ones(20_000)
        values[12_345] = 99
        data = draw(line(values))["series"][0]["data"]
        assert len(data) <= 800
        assert [12_345_000, 99.0] in data

    def test_the_objective_is_always_in_sight(self):
        """Even where everything is far below."""
        option = draw(line([1, 2]), level=(150, "objective 150 ms"))
        assert option["yAxis"]["max"] >= 150
        assert option["series"][0]["markLine"]["data"][0]["yAxis"] == 150

    def test_the_period_before_is_told_apart_without_colour(self):
        """Dashed and thin."""
        style = draw(line([1]), line([2], is_before=True))["series"][1]["lineStyle"]
        assert style["type"] == "dashed"

    def test_a_tone_is_a_colour_of_the_theme(self):
        """Red is the theme's red."""
        assert draw(line([1], tone="red"))["series"][0]["itemStyle"]["color"] == LIGHT.red

    def test_many_lines_have_colours(self):
        """Twenty series from a query of one's own."""
        assert len({one["name"] for one in draw(*[line([n]) for n in range(20)])["series"]}) == 1

    def test_nothing_to_draw_is_an_empty_chart(self):
        """No line, no exception."""
        assert draw()["series"] == []
        assert draw(line([]), level=(1.0, "x"))["series"][0]["data"] == []

    def test_one_point_is_seen(self):
        """A line of one point would be invisible."""
        assert draw(line([np.nan, 4]))["series"][0]["showSymbol"]


def cells(option):
    return option["dataset"][0]["source"].to_pylist()


class TestHeatmap:
    """Requests by bucket."""

    def test_buckets_hold_their_own_requests_only(self):
        """Cumulative in, not cumulative out; empty ones are not drawn."""
        found = cells(heatmap(told(1), ["12:00"], dark=False))
        assert [(cell["bucket"], cell["requests"]) for cell in found] == [
            ("up to 100 ms", "8"),
            ("100 – 150 ms", "1"),
            ("150 ms – 1 s", "1"),
        ]

    @pytest.mark.parametrize("steps", [1, 59, 60, 61, 540, 600])
    def test_long_ranges_are_added_up(self, steps):
        """At most 60 columns, and no request is lost."""
        option = heatmap(told(steps), ["x"] * len(heat_columns(told(steps))), dark=True)
        assert len(heat_columns(told(steps))) <= 60
        assert heat_columns(told(steps))[-1] == steps * 30_000
        assert sum(int(cell["requests"].replace(",", "")) for cell in cells(option)) == 10 * steps

    def test_steps_without_knowledge_are_blank(self):
        """No cell, rather than a cell of nothing."""
        unknown = told(2, counts=(np.nan,) * 4)
        assert cells(heatmap(unknown, ["a", "b"], dark=False)) == []

    def test_counts_that_fall_draw_nothing_negative(self):
        """Two services with different bounds."""
        found = cells(heatmap(told(1, counts=(5, 4, 9, 9)), ["a"], dark=False))
        assert all(not cell["requests"].startswith("-") for cell in found)
