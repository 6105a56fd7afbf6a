"""Two-sample chi-square: against SciPy, by properties, and what it does with small cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as reference

from monitor_core.stats import chi_square, combine_tail

large = st.integers(2, 12).flatmap(
    lambda cells: st.tuples(*[st.lists(st.integers(50, 3_000), min_size=cells, max_size=cells)] * 2)
)


class TestLargeCells:
    @given(large)
    def test_equals_scipy(self, pair):
        """Statistic, freedom and p-value are those of the contingency table."""
        # Few rows in one cell of a lopsided table are another matter: see TestSmallCells.
        table = reference.chi2_contingency(np.array(pair), correction=False)
        if table.expected_freq.min() < 3:
            return
        result = chi_square(*pair)
        assert float(result.chi2) == pytest.approx(table.statistic, abs=1e-8)
        assert float(result.dof) == table.dof
        assert float(result.p_value) == pytest.approx(table.pvalue, rel=1e-6, abs=1e-14)

    @given(large, st.integers(2, 9))
    def test_grows_with_the_rows(self, pair, times):
        """The same mix from more rows is more evidence, in proportion."""
        more = [[times * count for count in side] for side in pair]
        assert float(chi_square(*more).chi2) == pytest.approx(times * float(chi_square(*pair).chi2), abs=1e-6)

    def test_proportional_counts_are_no_evidence(self):
        """The same mix at two sizes gives 0 and 1."""
        result = chi_square([100, 200, 300], [10, 20, 30])
        assert (float(result.chi2), float(result.p_value)) == (0.0, 1.0)


class TestSmallCells:
    def test_a_rare_cell_is_tested_by_its_tail(self):
        """One row where .05 are expected does not make a day suspicious."""
        result = chi_square([1_000, 998, 2], [25, 24, 1])
        tail = reference.hypergeom.sf(0, 2_050, 3, 50)
        assert float(result.tail_p) == pytest.approx(tail, rel=1e-9)
        assert float(result.dof) == 1
        assert float(result.p_value) == pytest.approx(min(1.0, 2 * tail), rel=1e-9)

    def test_several_rare_cells_are_judged_as_one(self):
        """Small cells that reach 1 together enter the statistic as one cell."""
        result = chi_square([940, 15, 15, 15, 15], [46, 0, 1, 2, 1])
        merged = chi_square([940, 60], [46, 4])
        assert float(result.dof) == 1
        assert float(result.chi2) == pytest.approx(float(merged.chi2))
        assert float(result.tail_p) == 1.0

    def test_rare_on_the_smaller_side_counts_even_when_that_is_the_baseline(self):
        """A small baseline against a large window is the mirror image."""
        there, back = chi_square([2_000, 1], [40, 2]), chi_square([40, 2], [2_000, 1])
        assert float(there.p_value) == pytest.approx(float(back.p_value))
        assert float(there.tail_p) < 1

    def test_a_flood_of_an_unseen_level_is_found(self):
        """Ten of fifty rows in a cell that the baseline never held."""
        assert float(chi_square([20_000, 20_000, 0], [20, 20, 10]).p_value) < 1e-20

    def test_small_but_not_rare_cells_get_the_matched_curve(self):
        """Fifty even categories and fifty rows: the usual curve would be too eager."""
        current = np.full(50, 1)
        current[:2], current[2:14] = 7, 0
        result = chi_square(np.full(50, 400), current)
        plain = reference.chi2.sf(float(result.chi2), float(result.dof))
        assert plain < float(result.p_value) < 10 * plain

    @given(
        st.integers(2, 6).flatmap(
            lambda cells: st.tuples(*[st.lists(st.integers(0, 12), min_size=cells, max_size=cells)] * 2)
        )
    )
    def test_any_counts_give_a_p_value_or_nothing(self, pair):
        """Tiny tables of any shape: 0..1, or NaN when a side has no rows."""
        p = float(chi_square(*pair).p_value)
        assert np.isnan(p) if not (any(pair[0]) and any(pair[1])) else 0.0 <= p <= 1.0


class TestCombineTail:
    def test_nothing_to_join_leaves_the_p_value(self):
        """A tail of 1 costs nothing."""
        assert float(combine_tail(0.03, 1.0)) == 0.03

    def test_the_smaller_of_two_pays_for_both(self):
        """Twice the smaller, at most 1."""
        assert combine_tail([0.03, 0.9], [0.5, 0.8]).tolist() == [0.06, 1.0]
