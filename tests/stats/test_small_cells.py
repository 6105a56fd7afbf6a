"""Exact moments and tails, against enumeration and SciPy."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as reference

from monitor_core.stats.small_cells import chi_square_moments, hypergeometric_tail, three_moment_p


def enumerated(pooled, drawn):
    """Moments of the statistic over every possible draw."""
    total = sum(pooled)
    law = reference.multivariate_hypergeom(pooled, drawn)
    draws = [c for c in itertools.product(*(range(t + 1) for t in pooled)) if sum(c) == drawn]
    chance = np.array([law.pmf(c) for c in draws])
    scale = total**2 / (drawn * (total - drawn))
    values = np.array(
        [scale * (sum(x * x / t for x, t in zip(c, pooled, strict=True)) - drawn**2 / total) for c in draws]
    )
    mean = (chance * values).sum()
    return mean, (chance * (values - mean) ** 2).sum(), (chance * (values - mean) ** 3).sum()


class TestMoments:
    @pytest.mark.parametrize(("pooled", "drawn"), [((3, 5), 4), ((1, 2, 9), 5), ((2, 3, 4, 6), 7), ((1, 1, 1, 20), 3)])
    def test_equal_those_of_every_possible_draw(self, pooled, drawn):
        """The closed form is the enumeration."""
        exact = chi_square_moments(np.array([pooled], dtype=float), np.array([float(drawn)]))
        assert [float(value[0]) for value in exact] == pytest.approx(enumerated(pooled, drawn), rel=1e-9)

    def test_approach_those_of_the_chi_square(self):
        """With many rows a cell the moments are k, 2k and 8k."""
        exact = chi_square_moments(np.full((1, 5), 40_000.0), np.array([10_000.0]))
        assert [float(value[0]) for value in exact] == pytest.approx([4, 8, 32], rel=2e-3)

    def test_cells_without_rows_do_not_count(self):
        """Padding changes nothing."""
        bare = chi_square_moments(np.array([[4.0, 8.0]]), np.array([5.0]))
        padded = chi_square_moments(np.array([[4.0, 0.0, 8.0, 0.0]]), np.array([5.0]))
        assert np.allclose(bare, padded)

    def test_keep_their_figures_at_twenty_thousand_rows(self):
        """Against the same sums in whole numbers."""
        exact = chi_square_moments(np.array([[39_996.0, 4.0]]), np.array([20_000.0]))
        law = reference.hypergeom(40_000, 4, 20_000)
        count = np.arange(5)
        values = 40_000 / 39_996 * (count - 2.0) ** 2
        mean = (law.pmf(count) * values).sum()
        third = (law.pmf(count) * (values - mean) ** 3).sum()
        assert float(exact[2][0]) == pytest.approx(third, rel=1e-2)


class TestMatchedCurve:
    def test_of_chi_square_moments_is_the_chi_square(self):
        """Moments k, 2k, 8k give back the usual p-value."""
        p = three_moment_p(*(np.array(value) for value in (21.666, 9.0, 18.0, 72.0)))
        assert float(p) == pytest.approx(reference.chi2.sf(21.666, 9), rel=1e-9)

    def test_is_nan_where_there_is_nothing_to_match(self):
        """No spread, or no skew to the right."""
        spread, skew = np.array([0.0, 2.0]), np.array([1.0, 0.0])
        assert np.isnan(three_moment_p(np.ones(2), np.ones(2), spread, skew)).all()


class TestTail:
    @given(st.integers(1, 8), st.integers(1, 60), st.integers(1, 300), st.integers(0, 10**6))
    def test_equals_scipy(self, count, marked, drawn, more):
        """For any small mean, to nine figures."""
        total = max(marked * drawn, marked + drawn) + more
        expected = reference.hypergeom.sf(count - 1, total, marked, drawn)
        tail = hypergeometric_tail(count, marked=marked, drawn=drawn, total=total)
        assert float(tail) == pytest.approx(expected, rel=1e-8, abs=1e-15)

    def test_at_least_none_is_certain(self):
        """No marked row is no news."""
        assert float(hypergeometric_tail(0, marked=5, drawn=10, total=1_000)) == 1.0

    def test_more_than_there_are_is_impossible(self):
        """Four of three."""
        assert float(hypergeometric_tail(4, marked=3, drawn=10, total=1_000)) == 0.0
