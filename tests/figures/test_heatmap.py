import json
import time

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.drift.results import CellState
from monitor_core.figures.heatmap import AWAITING, VISIBLE_ROWS, HeatmapView, heatmap
from monitor_core.values import Severity

DRAWN = ("stable", "unconfirmed", "drifted", "undecided")


def series(option, name):
    return next(one for one in option["series"] if one["id"] == name)


def test_every_cell_is_drawn_once_unless_absent(matrix):
    """States share the cells between them; what is absent stays blank."""
    run = matrix(25, 30)
    option = heatmap(HeatmapView.whole(run), dark=False)
    drawn = sum(data["source"].num_rows for data in option["dataset"])
    assert drawn == 25 * 30 - int((run.state == tuple(CellState).index(CellState.ABSENT)).sum())


def test_a_click_finds_its_cell_in_every_series(matrix):
    """The position within a series leads back to feature and granule, also when rows are reordered."""
    run = matrix(12, 20)
    view = HeatmapView(run, np.array([5, 0, 3, 2]), np.arange(8, 20))
    option = heatmap(view, dark=False)
    for position, name in enumerate(DRAWN):
        table = option["dataset"][position]["source"]
        for index in range(table.num_rows):
            row = table.slice(index, 1).to_pylist()[0]
            assert view.cell_at(name, index) == (row["feature"], row["granule"])


@pytest.mark.parametrize(("name", "index"), [("drifted", 10_000), ("selected", 0), ("nothing", 0), ("stable", -1)])
def test_a_click_on_nothing_is_nothing(matrix, name, index):
    """A stale selection of an earlier chart is not an error."""
    assert HeatmapView.whole(matrix()).cell_at(name, index) is None


def test_evidence_is_not_told_by_colour_alone(matrix):
    """Unconfirmed is hatched, undecided outlined without a fill."""
    option = heatmap(HeatmapView.whole(matrix()), dark=True)
    assert "decal" in series(option, "unconfirmed")["itemStyle"]
    assert series(option, "undecided")["itemStyle"]["borderType"] == "dotted"
    assert "decal" not in series(option, "drifted")["itemStyle"]


def test_a_drifted_cell_is_never_neutral(matrix):
    """A small PSI that is drift all the same must not look quiet."""
    option = heatmap(HeatmapView.whole(matrix()), dark=False)
    quiet, drifted = option["visualMap"][0]["pieces"][0], option["visualMap"][2]["pieces"][0]
    assert quiet["color"] != drifted["color"]


def test_cells_without_a_value_are_still_drawn(matrix):
    """Undecided cells have no PSI; the chart gets a size for them and shows no number."""
    option = heatmap(HeatmapView.whole(matrix()), dark=False)
    table = option["dataset"][3]["source"]
    assert table.num_rows == 25
    assert table["psi"].to_pylist() == [0.0] * 25
    assert "PSI" not in series(option, "undecided")["tooltip"]["formatter"]


def test_the_chosen_cell_is_framed(matrix):
    """Chosen by click, by list or by address: one frame."""
    run = matrix()
    option = heatmap(HeatmapView.whole(run), dark=False, selected=("feature_002", run.granules[4]))
    assert series(option, "selected")["data"] == [[4, 2, 0]]


def test_a_choice_outside_the_view_has_no_frame(matrix):
    """Filtered away is not an error."""
    option = heatmap(HeatmapView.whole(matrix()), dark=False, selected=("gone", "2020-01-01"))
    assert series(option, "selected")["data"] == []


def test_only_the_tables_are_not_plain_json(matrix):
    """Everything else can be sent as it is."""
    option = heatmap(HeatmapView.whole(matrix()), dark=False)
    assert all(isinstance(data.pop("source"), pa.Table) for data in option["dataset"])
    json.dumps(option)


def test_a_year_of_five_hundred_features_is_built_fast_and_paged(matrix):
    """500 x 365 cells leave the server in well under the second that the browser has."""
    view = HeatmapView.whole(matrix(500, 365))
    heatmap(view, dark=False)  # the first call imports pyarrow
    start = time.process_time()
    option = heatmap(view, dark=False)
    assert time.process_time() - start < 0.1
    assert len(option["dataZoom"]) == 2
    assert view.height < VISIBLE_ROWS * 23 + 100
    assert option["dataset"][0]["source"].column_names == ["x", "y", "psi"]
    assert option["yAxis"]["axisPointer"]["show"]


def test_names_are_data_and_not_part_of_the_tooltip_template(matrix):
    """The template is HTML; names reach it only as escaped values."""
    option = heatmap(HeatmapView.whole(matrix(2, 3, names=("<img src=x>", "{@p}"))), dark=False)
    assert all("<img" not in one["tooltip"]["formatter"] for one in option["series"][:4])


def test_an_empty_view_is_a_chart_too(matrix):
    """A filter that leaves nothing does not fail."""
    run = matrix(3, 3)
    option = heatmap(HeatmapView(run, np.array([], dtype=int), np.arange(3)), dark=False)
    assert all(data["source"].num_rows == 0 for data in option["dataset"])


def test_cells_that_wait_for_calibration_are_a_series_of_their_own(matrix):
    """Shown stronger than noise, named in the tooltip, and found by a click."""
    run = matrix()
    run.severity[4, 0] = Severity.LOW.rank
    view = HeatmapView.whole(run)
    option = heatmap(view, dark=False)
    assert view.cell_at(AWAITING, 0) == (run.features[4], run.granules[0])
    assert "significant, days not yet calibrated" in series(option, AWAITING)["tooltip"]["formatter"]
    assert (4, 0) not in set(zip(*view.cells("stable"), strict=True))
    colours = {one["seriesIndex"]: one["pieces"][-1]["color"] for one in option["visualMap"]}
    assert len(set(colours.values())) == 4
