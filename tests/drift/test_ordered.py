"""The fast form of the distances equals the plain one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core import stats
from monitor_core.drift.ordered import OrderedFeature

KNOTS = st.lists(
    st.floats(-100, 100) | st.sampled_from([0.0, np.nextafter(0.0, 1.0), np.inf, -np.inf]), min_size=1, unique=True
)


@settings(deadline=None)
@given(KNOTS, st.data())
def test_distances_equal_those_of_stats(values, data):
    """Bounds and Wasserstein distance, cell by cell the same as `stats.ks_bounds` and `stats.wasserstein`."""
    knots = np.unique(np.array(values) + 0.0)
    counts = st.lists(st.integers(0, 5), min_size=len(knots) + 1, max_size=len(knots) + 1)
    baseline = np.array(data.draw(counts))
    current = np.array(data.draw(st.lists(counts, min_size=1, max_size=3)))
    low, high, moved = OrderedFeature(baseline, knots).measure(current)
    expected = stats.ks_bounds(baseline, current, knots)
    assert np.allclose(low, expected[0], equal_nan=True)
    assert np.allclose(high, expected[1], equal_nan=True)
    with np.errstate(over="ignore"):
        scale = stats.robust_scale(baseline, knots)
        plain = stats.wasserstein(baseline, current, knots, scale=scale)
    usable = np.isfinite(plain)
    assert np.allclose(moved[usable], plain[usable], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("side", ["baseline", "current"])
def test_no_values_have_no_distance(side):
    """An empty side gives NaN, not 0."""
    some, none = np.array([1, 2, 3]), np.zeros(3, int)
    baseline, current = (none, some) if side == "baseline" else (some, none)
    assert np.isnan(OrderedFeature(baseline, np.array([0.0, 1.0])).measure(current[None])).all()
