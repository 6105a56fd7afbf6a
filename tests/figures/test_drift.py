import json

import numpy as np
import pytest

from monitor_core.drift.results import CellState, Distribution, FeatureKind
from monitor_core.figures.drift import distribution, trend
from monitor_core.figures.theme import LIGHT


@pytest.fixture
def categories():
    return Distribution(
        kind=FeatureKind.CATEGORICAL,
        edges=None,
        levels=("red", "green", "missing"),
        baseline=np.array([0.5, 0.5, 0.0]),
        current=np.array([0.2, 0.7, 0.1]),
        n_baseline=100,
        n_current=50,
    )


def test_open_bins_are_drawn_with_the_width_of_their_neighbours(detail):
    """Infinity has no place on an axis."""
    option = distribution(detail(), dark=False)
    xs = [x for x, _ in option["series"][0]["data"]]
    assert np.isfinite(xs).all()
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1])


def test_dates_lie_where_they_belong_on_the_time_axis(detail):
    """Bins of dates are in microseconds, the axis counts milliseconds."""
    days = np.array(["2026-01-01", "2026-02-01", "2026-03-01"], dtype="datetime64[us]").astype(np.int64)
    shares = np.array([0.5, 0.5])
    dates = Distribution(FeatureKind.DATETIME, days.astype(np.float64), None, shares, shares, 100, 50)
    option = distribution(detail(dates), dark=False)
    assert option["xAxis"]["type"] == "time"
    assert option["series"][0]["data"][0][0] == np.datetime64("2026-01-01", "ms").astype(np.int64)


def test_shares_are_percent_of_rows(detail):
    """What is drawn adds up to 100 %, each side by itself."""
    for series in distribution(detail(), dark=False)["series"]:
        assert sum(y for _, y in series["data"][:-1]) == pytest.approx(100)


def test_categories_are_bars_named_by_level(detail, categories):
    """Levels keep the order of the summary."""
    option = distribution(detail(categories), dark=False)
    assert option["yAxis"]["data"] == ["red", "green", "missing"]
    assert option["series"][1]["data"] == [20.0, 70.0, 10.0]


@pytest.mark.parametrize(
    ("state", "colour"),
    [(CellState.DRIFTED, LIGHT.red), (CellState.UNCONFIRMED, LIGHT.orange), (CellState.STABLE, LIGHT.primary)],
)
def test_the_current_line_takes_the_colour_of_its_state(detail, state, colour):
    """Quiet cells are not red."""
    assert distribution(detail(state=state), dark=False)["series"][1]["lineStyle"]["color"] == colour


def test_the_trend_marks_levels_and_the_chosen_granule(detail):
    """Two level lines and one upright line."""
    marks = trend(detail(), dark=False)["series"][1]["markLine"]["data"]
    assert [mark.get("yAxis") for mark in marks] == [0.1, 0.25, None]
    assert marks[2]["xAxis"] == 29


def test_gaps_of_the_trend_stay_gaps(detail):
    """A granule without a PSI is not drawn as zero."""
    cell = detail()
    cell.trend_psi[3] = np.nan
    assert trend(cell, dark=False)["series"][1]["data"][3] is None


def test_a_trend_without_any_value_is_drawn_empty(detail):
    """All undecided: axis and levels remain."""
    cell = detail()
    cell.trend_psi[:] = np.nan
    assert trend(cell, dark=True)["yAxis"]["max"] > 0.25


def test_options_are_plain_json(detail, categories):
    """No array, no NaN, no function reaches the browser."""
    for option in (distribution(detail(), dark=True), distribution(detail(categories), dark=True)):
        assert json.loads(json.dumps(option, allow_nan=False)) == option
    assert json.dumps(trend(detail(), dark=True), allow_nan=False)


def test_labels_of_levels_do_not_lie_on_each_other(detail):
    """Far below a large PSI the two lines are close: one label is enough."""

    def labelled(cell):
        return [mark["label"]["show"] for mark in trend(cell, dark=False)["series"][1]["markLine"]["data"]][:2]

    cell = detail()
    assert labelled(cell) == [True, True]
    cell.trend_psi[5] = 3.0
    assert labelled(cell) == [False, True]
