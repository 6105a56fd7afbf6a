"""What a summary says about a feature."""

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.drift.build import make_grid
from monitor_core.drift.count import count
from monitor_core.drift.summary import TableSummary
from monitor_core.errors import NotFound


@pytest.fixture
def summary(cut):
    values = np.random.default_rng(1).normal(1e6, 2.0, 5_000)
    grid = make_grid(cut(pa.table({"x": values, "c": ["a", "b"] * 2_500})))
    shown = pa.array([*values[:1_000], np.nan, np.inf, -1.0, None])
    return count(grid, cut(pa.table({"x": shown, "c": ["a", "new", *[None] * 2, *["b"] * 1_000]}))).summary()


def test_moments_are_those_of_the_finite_values(summary):
    """Mean and deviation far from zero keep their digits."""
    found = summary.feature("x")
    values = np.append(np.random.default_rng(1).normal(1e6, 2.0, 5_000)[:1_000], -1.0)
    assert found.mean == pytest.approx(values.mean(), rel=1e-12)
    assert found.std == pytest.approx(values.std(), rel=1e-9)
    assert (found.minimum, found.maximum) == (-1.0, values.max())


def test_missing_infinite_and_outlying_values_are_told_apart(summary):
    """NaN is not null, infinity is not missing, and what lies outside is counted."""
    found = summary.feature("x")
    assert (found.null, found.nan, found.missing) == (1, 1, 2)
    assert (found.positive_infinite, found.negative_infinite) == (1, 0)
    assert (found.below, found.above, found.unseen) == (1, 1, 0)


def test_unseen_levels_are_counted(summary):
    """A level that the baseline never held."""
    found = summary.feature("c")
    assert (found.unseen, found.null, found.below, found.above) == (1, 2, 0, 0)
    assert found.mean is None


def test_psi_cells_hold_every_comparable_row(summary):
    """The PSI cells of each feature, missing included, add up to its rows."""
    cells = np.add.reduceat(summary.psi_cells(), summary.grid.psi_offsets[:-1])
    assert (cells == summary.n_rows).all()


def test_an_empty_summary_is_neutral(summary):
    """Adding nothing changes nothing."""
    total = TableSummary.total(summary.grid, [TableSummary.empty(summary.grid), summary])
    assert np.array_equal(total.cells, summary.cells)
    assert np.array_equal(total.extremes, summary.extremes)


def test_an_unknown_feature_is_not_found(summary):
    """The name that was asked for is in the message."""
    with pytest.raises(NotFound, match="'age'"):
        summary.feature("age")
