"""Distances from counts: against exact computation on the rows themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as reference
from scipy.spatial import distance

from monitor_core.errors import InvalidInput
from monitor_core.stats import jensen_shannon, ks_bounds, robust_scale, wasserstein
from monitor_core.stats.distances import several_values

LARGEST = np.finfo(np.float64).max
odd_values = st.sampled_from([0.0, -0.0, np.inf, -np.inf, 5e-324, -5e-324, 1.0, LARGEST, -LARGEST, 1e9])
samples = st.lists(st.one_of(odd_values, st.floats(-5, 5), st.integers(-3, 3).map(float)), min_size=1, max_size=60)


def fine_knots(values, cells):
    """Order statistics at ranks j n / cells, each tied value with its successor, and guards."""
    ordered = np.sort(np.asarray(values) + 0.0)
    chosen = ordered[(np.arange(cells) * ordered.size) // cells]
    unique, counts = np.unique(ordered, return_counts=True)
    tied = np.intersect1d(chosen, unique[counts > 1])
    return np.unique(np.concatenate([chosen, successor(tied), successor(ordered[-1:])]))


def successor(values):
    """The next float above each value."""
    with np.errstate(over="ignore", under="ignore"):
        return np.nextafter(values, np.inf)


def exact_ks(baseline, current):
    """SciPy's distance; its p-value warns for a handful of rows."""
    with np.errstate(divide="ignore"):
        return reference.ks_2samp(baseline, current, method="asymp").statistic


def count(values, knots):
    """Counts below the first knot, between knots, from the last knot on."""
    return np.bincount(np.searchsorted(knots, np.asarray(values), side="right"), minlength=knots.size + 1)


class TestKsBounds:
    @given(samples, samples, st.integers(1, 12))
    def test_enclose_the_exact_distance(self, baseline, current, cells):
        """Ties, signed zeros, infinities, subnormals, out of range: always between the bounds."""
        knots = fine_knots(baseline, cells)
        low, high = ks_bounds(count(baseline, knots), count(current, knots), knots)
        exact = exact_ks(baseline, current)
        assert float(low) - 1e-12 <= exact <= float(high) + 1e-12

    @given(samples, samples, st.integers(1, 12))
    def test_are_never_further_apart_than_promised(self, baseline, current, cells):
        """1/K + 1/n, whatever the current data are."""
        knots = fine_knots(baseline, cells)
        low, high = ks_bounds(count(baseline, knots), count(current, knots), knots)
        assert float(high - low) <= 1 / cells + 1 / len(baseline) + 1e-12

    @given(samples, samples)
    def test_are_equal_when_every_baseline_value_is_a_knot(self, baseline, current):
        """With each value and its successor a knot nothing can hide within the baseline's range."""
        distinct = np.unique(np.concatenate([np.asarray(baseline) + 0.0, np.asarray(current) + 0.0]))
        knots = np.unique(np.concatenate([distinct, successor(distinct)]))
        low, high = ks_bounds(count(baseline, knots), count(current, knots), knots)
        exact = exact_ks(baseline, current)
        assert float(low) == pytest.approx(exact, abs=1e-12)
        assert float(high) == pytest.approx(exact, abs=1e-12)

    @given(samples, samples)
    def test_are_symmetric(self, baseline, current):
        """Exchanging the sides on the same knots changes nothing."""
        knots = fine_knots(baseline, 5)
        there = ks_bounds(count(baseline, knots), count(current, knots), knots)
        back = ks_bounds(count(current, knots), count(baseline, knots), knots)
        assert [float(v) for v in there] == pytest.approx([float(v) for v in back])

    def test_many_granules_at_once(self):
        """Leading axes broadcast against one baseline."""
        rng = np.random.default_rng(5)
        baseline = rng.normal(size=500)
        knots = fine_knots(baseline, 50)
        granules = [rng.normal(shift, size=80) for shift in (0.0, 1.0, 3.0)]
        low, high = ks_bounds(count(baseline, knots), np.array([count(g, knots) for g in granules]), knots)
        assert low.shape == high.shape == (3,)
        assert float(low[2]) == pytest.approx(reference.ks_2samp(baseline, granules[2]).statistic, abs=0.03)

    def test_integers_have_integer_neighbours(self):
        """Between 3 and 4 there is no other whole number."""
        assert several_values(np.array([3, 4, 9])).tolist() == [True, False, True, True]
        extremes = np.array([np.iinfo(np.int64).min + 1, np.iinfo(np.int64).max])
        assert several_values(extremes).tolist() == [False, True, False]

    def test_infinity_is_a_cell_of_its_own(self):
        """Below the lowest float there is only -inf; from +inf on only +inf."""
        assert several_values(np.array([-LARGEST, np.inf])).tolist() == [False, True, False]

    def test_no_rows_is_unknown(self):
        """NaN, not 0."""
        low, high = ks_bounds([1, 1, 1], [0, 0, 0], np.array([0.0, 1.0]))
        assert np.isnan([float(low), float(high)]).all()

    @pytest.mark.parametrize("knots", [[1.0, 1.0], [2.0, 1.0], [1.0], []])
    def test_knots_must_fit_the_counts(self, knots):
        """Repeated, falling, or of another number than the cells ask for."""
        with pytest.raises(InvalidInput, match="3 cells"):
            ks_bounds([1, 1, 1], [1, 1, 1], np.array(knots))


class TestJensenShannon:
    @given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=2, max_size=20))
    def test_equals_scipy(self, pairs):
        """Against scipy.spatial, base 2."""
        p, q = zip(*pairs, strict=True)
        if not (any(p) and any(q)):
            return
        expected = np.nan_to_num(distance.jensenshannon(p, q, base=2))
        assert float(jensen_shannon(p, q)) == pytest.approx(expected, abs=1e-7)

    @given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=2, max_size=20))
    def test_lies_between_0_and_1_and_is_symmetric(self, pairs):
        """Or is NaN on both ways when a side is empty."""
        p, q = zip(*pairs, strict=True)
        there, back = float(jensen_shannon(p, q)), float(jensen_shannon(q, p))
        assert there == pytest.approx(back, nan_ok=True)
        assert np.isnan(there) or 0.0 <= there <= 1.0


class TestWasserstein:
    @given(st.lists(st.integers(-20, 20).map(float), min_size=2, max_size=50))
    def test_is_exact_for_values_that_are_knots(self, values):
        """Against scipy.stats on discrete data inside the baseline's range."""
        baseline, current = np.array(values), np.random.default_rng(len(values)).choice(values, size=30)
        distinct = np.unique(baseline + 0.0)
        knots = np.unique(np.concatenate([distinct, successor(distinct)]))
        moved = wasserstein(count(baseline, knots), count(current, knots), knots, scale=1.0)
        assert float(moved) == pytest.approx(reference.wasserstein_distance(baseline, current), abs=1e-9)

    def test_is_close_for_continuous_data(self):
        """A shift of half a deviation, from 200 knots."""
        rng = np.random.default_rng(7)
        baseline, current = rng.uniform(0, 10, 5_000), rng.uniform(1, 9, 2_000)
        knots = fine_knots(baseline, 200)
        moved = wasserstein(count(baseline, knots), count(current, knots), knots, scale=1.0)
        assert float(moved) == pytest.approx(reference.wasserstein_distance(baseline, current), abs=0.01)

    def test_a_sentinel_cannot_swallow_the_answer(self):
        """Values out of range count as if at the border."""
        baseline = np.linspace(0, 1, 1_001)
        knots = fine_knots(baseline, 100)
        near, far = (
            wasserstein(count(baseline, knots), count([*baseline, extreme], knots), knots, scale=1.0)
            for extreme in (2.0, 1e300)
        )
        assert float(near) == float(far) < 0.001

    def test_infinite_knots_do_not_spoil_it(self):
        """A baseline that holds infinities still has a finite middle."""
        baseline = [-np.inf, 0.0, 1.0, 2.0, np.inf]
        knots = fine_knots(baseline, 5)
        assert np.isfinite(float(wasserstein(count(baseline, knots), count([1.0], knots), knots, scale=1.0)))

    def test_no_spread_no_unit(self):
        """A baseline whose middle half is one value has nothing to measure in."""
        assert np.isnan(float(wasserstein([0, 1, 1], [0, 1, 1], np.array([0.0, 1.0]), scale=0.0)))


class TestRobustScale:
    def test_of_normal_data_is_the_standard_deviation(self):
        """IQR/1.349."""
        values = np.random.default_rng(3).normal(5.0, 2.0, 20_000)
        knots = fine_knots(values, 200)
        assert float(robust_scale(count(values, knots), knots)) == pytest.approx(2.0, rel=0.03)

    def test_of_whole_numbers_uses_the_values_themselves(self):
        """Quartiles 1 and 3 of 0..4, not something between."""
        values = np.repeat(np.arange(5.0), 20)
        distinct = np.unique(values)
        knots = np.unique(np.concatenate([distinct, successor(distinct)]))
        assert 1.349 * float(robust_scale(count(values, knots), knots)) == pytest.approx(2.0)

    def test_of_mostly_zeros_is_zero(self):
        """The middle half is one value."""
        values = np.array([0.0] * 80 + [5.0] * 20)
        knots = fine_knots(values, 10)
        assert float(robust_scale(count(values, knots), knots)) == pytest.approx(0.0, abs=1e-300)

    def test_ignores_outliers(self):
        """One value of 1e9 changes nothing to speak of."""
        values = np.random.default_rng(3).normal(size=2_000)
        spoiled = np.append(values, 1e9)
        scales = [float(robust_scale(count(v, k), k)) for v in (values, spoiled) for k in [fine_knots(v, 200)]]
        assert scales[0] == pytest.approx(scales[1], rel=0.01)

    def test_of_nothing_is_unknown(self):
        """NaN."""
        assert np.isnan(float(robust_scale([0, 0, 0], np.array([0.0, 1.0]))))
