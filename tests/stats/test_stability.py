"""Population stability index: worked values, an independent computation, properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as reference

from monitor_core.errors import InvalidInput
from monitor_core.stats import psi, psi_table

pairs = st.integers(2, 25).flatmap(
    lambda cells: st.tuples(*[st.lists(st.integers(0, 3_000), min_size=cells, max_size=cells).filter(any)] * 2)
)


def by_hand(baseline, current):
    """The formula, cell by cell."""
    kept = [(b + 0.5, c + 0.5) for b, c in zip(baseline, current, strict=True) if b or c]
    n, m = sum(b for b, _ in kept), sum(c for _, c in kept)
    return sum((c / m - b / n) * np.log((c / m) / (b / n)) for b, c in kept)


class TestPsi:
    def test_the_worked_value(self):
        """Ten cells of 100 against 100 rows: every figure to the last digit given."""
        result = psi([100] * 10, [12, 9, 8, 11, 10, 10, 7, 13, 9, 11])
        assert result.psi == pytest.approx(0.02777900, abs=1e-8)
        assert result.noise_floor == pytest.approx(0.09900000, abs=1e-8)
        assert result.debiased == pytest.approx(-0.07122100, abs=1e-8)
        assert result.noise_q99 == pytest.approx(0.23832594, abs=1e-8)
        assert result.chi2 == pytest.approx(2.72876132, abs=1e-8)
        assert result.p_value == pytest.approx(0.974085667, abs=1e-9)

    @given(pairs)
    def test_equals_the_formula_cell_by_cell(self, pair):
        """The vectorised index is the sum over the cells that exist."""
        assert psi(*pair).psi == pytest.approx(by_hand(*pair), abs=1e-12)

    @given(pairs)
    def test_quantile_and_floor_are_those_of_the_chi_square(self, pair):
        """The noise is the chi-square of the cells that exist, over the harmonic rows."""
        result = psi(*pair)
        freedom = np.count_nonzero(np.add(*map(np.array, pair))) - 1
        noise = 1 / sum(pair[0]) + 1 / sum(pair[1])
        assert result.noise_floor == pytest.approx(freedom * noise)
        expected = noise * reference.chi2.isf(0.01, freedom) if freedom else 0.0
        assert result.noise_q99 == pytest.approx(expected)

    @given(pairs)
    def test_is_never_negative_and_debiased_may_be(self, pair):
        """The index is at least 0 and its debiased form is what is left above the floor."""
        result = psi(*pair)
        assert result.psi >= -1e-12
        assert result.debiased == pytest.approx(result.psi - result.noise_floor)

    @given(pairs)
    def test_is_symmetric(self, pair):
        """Exchanging baseline and current changes nothing."""
        there, back = psi(*pair), psi(*pair[::-1])
        assert there.psi == pytest.approx(back.psi, abs=1e-12)
        assert there.p_value == pytest.approx(back.p_value, rel=1e-4, abs=1e-12)

    @given(pairs, st.randoms(use_true_random=False))
    def test_order_of_the_cells_does_not_matter(self, pair, random):
        """Cells may come in any order."""
        order = list(range(len(pair[0])))
        random.shuffle(order)
        shuffled = [[side[i] for i in order] for side in pair]
        assert psi(*shuffled).psi == pytest.approx(psi(*pair).psi, abs=1e-12)
        assert psi(*shuffled).p_value == pytest.approx(psi(*pair).p_value, rel=1e-4, abs=1e-12)

    @given(pairs)
    def test_cells_empty_on_both_sides_do_not_exist(self, pair):
        """Padding with zeros leaves every figure as it is."""
        padded = psi(*([*side, 0, 0] for side in pair))
        assert padded.psi == pytest.approx(psi(*pair).psi, abs=1e-12)
        assert padded.noise_q99 == psi(*pair).noise_q99

    def test_no_rows_on_one_side_is_unknown(self):
        """An empty side makes every figure NaN."""
        result = psi([5, 5], [0, 0])
        values = (result.psi, result.noise_floor, result.noise_q99, result.debiased, result.chi2, result.p_value)
        assert np.isnan(values).all()

    def test_two_equal_constants_have_not_moved(self):
        """All rows in one cell on both sides: nothing to tell apart."""
        result = psi([0, 100, 0], [0, 7, 0])
        assert (result.psi, result.noise_floor, result.chi2, result.p_value) == (0.0, 0.0, 0.0, 1.0)

    def test_a_move_into_an_unseen_cell_is_finite_and_plain(self):
        """A level that the baseline never held costs no infinity, and cannot be missed."""
        result = psi([1_000, 0], [0, 50])
        assert np.isfinite(result.psi)
        assert result.psi > 5
        assert result.p_value < 1e-50

    def test_many_features_at_once_are_for_the_table(self):
        """A matrix is refused with the name of the function that takes it."""
        with pytest.raises(InvalidInput, match="psi_table"):
            psi([[1, 2]], [[1, 2]])


class TestPsiTable:
    def test_equals_feature_by_feature(self):
        """Features x granules in one call equal the single calls, whatever the padding."""
        rng = np.random.default_rng(3)
        baseline = rng.integers(0, 500, size=(4, 8))
        baseline[1, 5:] = 0
        current = rng.integers(0, 40, size=(6, 4, 8))
        current[:, 1, 5:] = 0
        table = psi_table(baseline, current)
        for granule in range(6):
            for feature in range(4):
                single = psi(baseline[feature], current[granule, feature])
                assert table.psi[granule, feature] == pytest.approx(single.psi)
                assert table.p_value[granule, feature] == pytest.approx(single.p_value)
                assert table.noise_q99[granule, feature] == pytest.approx(single.noise_q99)

    def test_says_how_many_cells_exist(self):
        """B counts the cells with rows on either side."""
        assert psi_table([[5, 5, 0], [5, 0, 5]], [[1, 0, 0], [1, 1, 1]]).cells.tolist() == [2.0, 3.0]
