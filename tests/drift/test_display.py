"""Distributions over bins that people can read."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.drift.build import build
from monitor_core.drift.count import count
from monitor_core.drift.display import LEVELS_SHOWN, distribution
from monitor_core.drift.results import FeatureKind
from monitor_core.drift.summary import TableSummary
from monitor_core.snapshots.sources import open_source


def shown(baseline, current):
    """Return the distribution of one column on both sides."""
    made = build(open_source(pa.table({"x": baseline})))
    counted = count(made.grid, open_source(pa.table({"x": current})))
    summary = counted.summary() if counted.n_rows else TableSummary.empty(made.grid)
    return distribution(made.total().feature("x"), summary.feature("x"))


class TestNumbers:
    """Bins of equal width, open at both ends."""

    def test_shares_are_exact(self):
        """The same as a histogram of the values over the same edges."""
        rng = np.random.default_rng(1)
        baseline, current = rng.normal(size=20_000), rng.normal(0.5, 1, size=500)
        made = shown(baseline, current)
        for values, shares in ((baseline, made.baseline), (current, made.current)):
            expected = np.histogram(values, np.concatenate([[-1e9], made.edges[1:-1], [1e9]]))[0] / len(values)
            assert shares == pytest.approx(expected)

    def test_about_thirty_bins_of_about_equal_width(self):
        """Beside the open ones."""
        made = shown(np.random.default_rng(1).uniform(size=50_000), np.array([0.5]))
        widths = np.diff(made.edges[1:-1])
        assert len(widths) == 30
        assert widths.max() < 1.2 * widths.min()

    def test_beyond_the_baselines_range_is_open(self):
        """Sentinels show up there."""
        made = shown(np.random.default_rng(1).uniform(size=5_000), np.array([-999.0, 0.5, 2.0, np.inf]))
        assert (made.edges[0], made.edges[-1]) == (-np.inf, np.inf)
        assert (made.current[0], made.current[-1]) == (0.25, 0.5)
        assert (made.baseline[0], made.baseline[-1]) == (0.0, 0.0)

    def test_an_outlier_does_not_squeeze_the_rest(self):
        """The middle 99 % is shown, the outer bins hold the tails."""
        values = np.append(np.random.default_rng(1).normal(size=5_000), 1e9)
        made = shown(values, values)
        assert made.edges[-2] < 5
        assert 0 < made.baseline[-1] < 0.02

    def test_few_values_have_a_bin_each(self):
        """Whole numbers too."""
        for values, edges in (([0, 1, 1, 2, 5], [0, 1, 2, 3, 5]), ([0.0, 1.0, 1.0, 2.0, 5.0], [0, 1, 2, 5])):
            made = shown(np.array(values * 10), np.array(values[:1]))
            assert made.baseline[made.baseline > 0].tolist() == [0.2, 0.4, 0.2, 0.2]
            assert made.edges[1 : len(edges) + 1].tolist() == edges

    @pytest.mark.parametrize("current", [np.array([], dtype=float), np.array([np.nan, np.nan])])
    def test_a_side_without_values_has_no_shares(self, current):
        """Zero everywhere, not NaN."""
        made = shown(np.arange(100.0), current)
        assert made.current.tolist() == [0.0] * len(made.baseline)
        assert made.n_current == len(current)

    @settings(deadline=None, max_examples=60)
    @given(st.lists(st.floats(allow_nan=True), min_size=1, max_size=200), st.lists(st.floats(), max_size=50))
    def test_any_values_give_edges_in_order_and_shares_of_one(self, baseline, current):
        """Infinite, tiny, missing, all the same."""
        made = shown(np.array(baseline), np.array(current, dtype=float))
        assert len(made.edges) == len(made.baseline) + 1
        assert (made.edges[1:] > made.edges[:-1]).all()
        for shares in (made.baseline, made.current):
            assert shares.sum() == pytest.approx(1.0) or shares.sum() == 0.0

    def test_the_largest_numbers(self):
        """Differences between them overflow, bins do not."""
        made = shown(np.array([-1.7e308, 0.0, 1.7e308]), np.array([1.0]))
        assert made.baseline.sum() == pytest.approx(1.0)
        assert (made.edges[1:] > made.edges[:-1]).all()


class TestDates:
    """Dates are numbers of microseconds."""

    def test_edges_are_microseconds(self):
        """Since 1970, UTC."""
        days = pd.date_range("2026-01-01", periods=100, freq="D").to_numpy()
        made = shown(days, days)
        assert made.kind is FeatureKind.DATETIME
        assert np.datetime64(int(made.edges[1]), "us") == np.datetime64("2026-01-01")


class TestLevels:
    """The most frequent ones by name."""

    def test_frequent_levels_of_either_side_are_named(self):
        """A rare level that has become frequent is among them."""
        baseline = [f"level {number}" for number in range(40) for _ in range(50 - number)]
        made = shown(baseline, ["level 39"] * 10)
        assert len(made.levels) == LEVELS_SHOWN + 1
        assert made.levels[0] == "level 0"
        assert made.current[made.levels.index("level 39")] == 1.0
        assert made.levels[-1] == "(25 other levels)"

    def test_new_levels_share_a_bar(self):
        """Only when there are any."""
        assert shown(["a", "b"], ["a", "c"]).levels == ("a", "b", "(new levels)")
        assert shown(["a", "b"], ["a", "c"]).current.tolist() == [0.5, 0.0, 0.5]
        assert shown(["a", "b"], ["a"]).levels == ("a", "b")

    def test_truth_values(self):
        """Two bars."""
        made = shown([True, False, True, True], [False])
        assert (made.levels, made.baseline.tolist(), made.current.tolist()) == (
            ("false", "true"),
            [0.25, 0.75],
            [1.0, 0.0],
        )
