"""Where cells go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.drift.place import place_levels, place_numbers, place_truth
from monitor_core.drift.results import FeatureKind


def placed(values, *, knots=100):
    return place_numbers("x", FeatureKind.NUMERIC, "feature", "double", np.sort(np.asarray(values)), knots=knots)


FLOATS = st.lists(st.floats(allow_nan=False, width=64) | st.sampled_from([0.0, -0.0, 5e-324, 1.0]), min_size=1)
WHOLE = st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3), min_size=1)


@settings(deadline=None)
@given(FLOATS)
def test_knots_increase_strictly(values):
    """Whatever the values, neighbouring knots differ."""
    knots = placed(values, knots=20).knots
    assert np.all(knots[1:] > knots[:-1])


@settings(deadline=None)
@given(WHOLE)
def test_whole_numbers_stay_whole(values):
    """Integer knots are exact and increasing up to the ends of 64 bits."""
    knots = placed(np.array(values, np.int64), knots=20).knots
    assert knots.dtype == np.int64
    assert np.all(knots[1:] > knots[:-1])


@settings(deadline=None)
@given(FLOATS)
def test_psi_cells_are_runs_of_fine_cells(values):
    """Every PSI cell holds at least one fine cell, and the first starts at the first."""
    grid = placed(values, knots=20)
    assert grid.starts[0] == 0
    assert np.all(np.diff(grid.starts) > 0)
    assert grid.starts[-1] < grid.n_cells


def test_knots_are_order_statistics():
    """With many values the knots are those at ranks floor(j n / K), and one beyond the greatest."""
    values = np.sort(np.random.default_rng(1).normal(size=12_345))
    knots = placed(values, knots=100).knots
    assert np.array_equal(knots[:100], values[np.arange(100) * 12_345 // 100])
    assert knots[-1] == np.nextafter(values[-1], np.inf)


def test_tenths_are_psi_cells():
    """A continuous feature has ten PSI cells of a tenth each, and one for missing values."""
    values = np.sort(np.random.default_rng(1).normal(size=10_000))
    grid = placed(values, knots=2000)
    edges = grid.knots[grid.starts[1:] - 1]
    assert grid.n_psi_cells == 11
    assert np.array_equal(edges, values[np.arange(1, 10) * 1000])


def test_a_repeated_value_has_a_cell_of_its_own():
    """Half zeros: zero alone is one PSI cell, what lies below has another."""
    rng = np.random.default_rng(1)
    grid = placed(np.concatenate([np.zeros(5_000), rng.lognormal(size=5_000)]), knots=2000)
    edges = grid.knots[grid.starts[1:] - 1]
    assert edges[:2].tolist() == [0.0, 5e-324]


def test_a_value_at_the_top_is_kept_apart_from_what_lies_beyond():
    """A capped feature: the cap is one PSI cell, anything above it another."""
    values = np.minimum(np.random.default_rng(1).normal(size=10_000), 0.5)
    grid = placed(values, knots=2000)
    edges = grid.knots[grid.starts[1:] - 1]
    assert edges[-2:].tolist() == [0.5, np.nextafter(0.5, np.inf)]


def test_few_values_have_a_cell_each():
    """Of up to 20 distinct values each is a PSI cell, and so is every gap."""
    grid = placed([1.0, 2.0, 2.0, 7.0])
    assert grid.knots.tolist() == sorted({v for x in (1.0, 2.0, 7.0) for v in (x, np.nextafter(x, np.inf))})
    assert grid.n_psi_cells == grid.n_cells + 1


def test_infinite_values_are_knots_like_others():
    """Infinity in the baseline leaves nothing beyond it."""
    knots = placed([-np.inf, 0.0, np.inf]).knots
    assert knots[0] == -np.inf
    assert knots[-1] == np.inf


def test_no_values_leave_one_cell():
    """Without values there is one cell, for whatever comes."""
    grid = placed(np.zeros(0))
    assert (grid.n_cells, grid.starts.tolist()) == (1, [0])


@pytest.mark.parametrize("scale", [1e-310, 1e200, 1e308])
def test_the_scale_of_sums_is_usable(scale):
    """Sums are never divided by a number that is zero or overflows."""
    grid = placed(np.array([1.0, 2.0, 3.0, 4.0]) * min(scale, 4e307))
    assert np.isfinite(1.0 / grid.scale)


def test_rare_levels_are_pooled():
    """Levels below 1 % share a cell; unlisted ones have their own."""
    levels = [("a", 900), ("b", 95), ("c", 3), ("d", 2)]
    grid = place_levels("c", "feature", "string", levels, n_values=1000, max_levels=100)
    assert grid.levels == ("a", "b", "c", "d")
    assert grid.starts.tolist() == [0, 1, 2, 4]
    assert grid.complete


def test_equally_frequent_levels_come_in_alphabetical_order():
    """The order of rows does not decide the cells."""
    grid = place_levels("c", "feature", "string", [("b", 5), ("a", 5)], n_values=10, max_levels=100)
    assert grid.levels == ("a", "b")


def test_truth_has_three_cells():
    """False, true and anything else."""
    assert place_truth("t", "feature", "bool").n_cells == 3
