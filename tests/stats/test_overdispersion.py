"""Correction for days that vary more than rows do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as reference

from monitor_core.errors import InvalidInput
from monitor_core.stats import rao_scott, reference_spread, reference_windows


class TestRaoScott:
    def test_the_worked_value(self):
        """Statistic 28.4 against mean 15.3, variance 96, 10 cells, 60 days."""
        dof, p = rao_scott(28.4, mean=15.3, variance=96, cells=10, days=60)
        assert dof == pytest.approx(4.876875, abs=1e-9)
        assert p == pytest.approx(0.103819279, abs=1e-9)

    @given(st.floats(0, 200), st.floats(1, 50), st.floats(0.1, 500), st.integers(2, 40), st.integers(2, 400))
    def test_equals_scipy(self, chi2, mean, variance, cells, days):
        """The p-value is the upper tail of F."""
        dof, p = rao_scott(chi2, mean=mean, variance=variance, cells=cells, days=days)
        assert dof == pytest.approx(min(2 * mean**2 / variance, cells - 1))
        assert p == pytest.approx(reference.f.sf(chi2 / mean, dof, dof * days), rel=1e-6, abs=1e-12)

    def test_random_samples_need_no_correction(self):
        """With the moments of a chi-square and endless days it is the plain test."""
        dof, p = rao_scott(18.0, mean=9.0, variance=18.0, cells=10, days=10**7)
        assert dof == 9
        assert p == pytest.approx(reference.chi2.sf(18.0, 9), rel=1e-4)

    def test_many_features_at_once(self):
        """Arrays broadcast and come back as arrays."""
        dof, p = rao_scott([28.4, np.nan], mean=15.3, variance=[96, 96], cells=10, days=60)
        assert dof.shape == (2,)
        assert p[0] == pytest.approx(0.103819279, abs=1e-9)
        assert np.isnan(p[1])

    def test_nothing_to_judge_against(self):
        """A mean of 0 or a single cell gives NaN."""
        _, p = rao_scott([3.0, 3.0], mean=[0.0, 2.0], variance=1.0, cells=[5, 1], days=60)
        assert np.isnan(p).all()

    def test_no_days_is_an_error(self):
        """The caller has to know that there is no reference."""
        with pytest.raises(InvalidInput, match="days"):
            rao_scott(3.0, mean=1.0, variance=1.0, cells=3, days=0)


class TestReferenceSpread:
    def test_each_day_is_compared_with_the_others(self):
        """Mean and variance are those of SciPy's statistic, day by day."""
        days = np.random.default_rng(4).integers(20, 60, size=(30, 6))
        statistics = [
            reference.chi2_contingency(np.array([days[d], days.sum(0) - days[d]]), correction=False).statistic
            for d in range(30)
        ]
        spread = reference_spread(days)
        assert float(spread.mean) == pytest.approx(np.mean(statistics))
        assert float(spread.variance) == pytest.approx(np.var(statistics, ddof=1))
        assert float(spread.days) == 30

    def test_days_of_one_size_come_back_as_measured(self):
        """Scaled to their own rows, mean and variance are the measured ones."""
        rng = np.random.default_rng(8)
        days = np.array([rng.multinomial(300, rng.dirichlet(np.full(5, 40.0))) for _ in range(60)])
        spread = reference_spread(days)
        mean, variance = spread.at(300, 4)
        assert float(mean) == pytest.approx(float(spread.mean))
        assert float(variance) == pytest.approx(float(spread.variance))

    def test_finds_the_correlation_of_rows(self):
        """Dirichlet days with total weight a have rho = 1/(a + 1), at any number of rows."""
        rng = np.random.default_rng(9)
        sizes = rng.integers(100, 2_000, size=400)
        days = np.array([rng.multinomial(rows, rng.dirichlet(np.full(8, 6.125))) for rows in sizes])
        assert float(reference_spread(days).rho) == pytest.approx(1 / 50, rel=0.1)

    def test_scales_the_mean_to_the_current_rows(self):
        """Ten times the rows show the day's own mood ten times as clearly."""
        spread = reference_spread([[60, 40], [40, 60], [55, 45], [45, 55]])
        rho = float(spread.rho)
        assert float(spread.at(1_000, 1)[0]) == pytest.approx(1 + 999 * rho)
        assert spread.at([[10], [20]], [1.0]).__len__() == 2

    def test_random_days_have_no_correlation(self):
        """Never below 0, and tiny for days that are plain samples."""
        days = np.random.default_rng(1).multinomial(500, np.full(10, 0.1), size=200)
        assert 0.0 <= float(reference_spread(days).rho) < 5e-4

    def test_days_without_rows_are_left_out(self):
        """An empty day is no evidence of anything."""
        days = np.array([[60, 40], [40, 60], [55, 45]])
        with_gap = np.insert(days, 1, 0, axis=0)
        assert float(reference_spread(with_gap).mean) == pytest.approx(float(reference_spread(days).mean))
        assert float(reference_spread(with_gap).days) == 3

    @pytest.mark.parametrize("days", [[[5, 5]], [[5, 0], [7, 0], [9, 0]]])
    def test_too_little_to_measure(self, days):
        """One day, or a constant feature: NaN, no warning."""
        assert np.isnan(float(reference_spread(days).variance))

    def test_features_are_measured_each_by_itself(self):
        """(features, days, cells) gives one entry a feature."""
        days = np.random.default_rng(2).integers(1, 50, size=(3, 20, 4))
        spread = reference_spread(days)
        assert spread.mean.shape == (3,)
        assert float(spread.mean[1]) == pytest.approx(float(reference_spread(days[1]).mean))

    def test_a_single_row_of_counts_is_not_days(self):
        """Shape (cells,) is refused."""
        with pytest.raises(InvalidInput, match="days, cells"):
            reference_spread([1, 2, 3])


class TestReferenceWindows:
    def test_the_oldest_days_that_fill_no_window_are_left_out(self):
        """Seven days in windows of three: the last six."""
        days = np.arange(7)[:, None] + np.zeros((7, 2), dtype=int)
        assert reference_windows(days, 3)[:, 0].tolist() == [1 + 2 + 3, 4 + 5 + 6]

    def test_windows_of_one_day_are_the_days(self):
        """Nothing to add up."""
        days = np.arange(12).reshape(2, 3, 2)
        assert (reference_windows(days, 1) == days).all()

    def test_no_length(self):
        """Windows of no days are refused."""
        with pytest.raises(InvalidInput, match="0 days"):
            reference_windows([[1, 2]], 0)
