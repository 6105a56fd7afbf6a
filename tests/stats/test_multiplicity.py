"""Adjusted p-values: a published example, SciPy, properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as reference

from monitor_core.errors import InvalidInput
from monitor_core.stats import benjamini_hochberg, benjamini_yekutieli

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=60)

PUBLISHED = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
    0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
]  # fmt: skip


class TestBenjaminiHochberg:
    def test_the_example_of_the_paper(self):
        """Benjamini & Hochberg (1995), section 3.2: at .05 exactly the four smallest of 15 are found."""
        adjusted = benjamini_hochberg(PUBLISHED)
        assert (adjusted <= 0.05).sum() == 4
        assert adjusted[3] == pytest.approx(0.0095 * 15 / 4)

    @given(p_values)
    def test_equals_scipy(self, p):
        """Against scipy.stats.false_discovery_control."""
        assert benjamini_hochberg(p) == pytest.approx(reference.false_discovery_control(p), abs=1e-12)

    @given(p_values)
    def test_never_makes_a_p_value_smaller(self, p):
        """Adjusting costs."""
        assert (benjamini_hochberg(p) >= np.array(p) - 1e-15).all()

    @given(p_values, st.randoms(use_true_random=False))
    def test_order_does_not_matter(self, p, random):
        """Each feature keeps its own answer in any order."""
        order = list(range(len(p)))
        random.shuffle(order)
        assert benjamini_hochberg(np.array(p)[order]) == pytest.approx(benjamini_hochberg(p)[order])

    @given(p_values)
    def test_what_was_not_tested_does_not_count(self, p):
        """NaN stays NaN and leaves the others alone."""
        adjusted = benjamini_hochberg([np.nan, *p, np.nan])
        assert adjusted[1:-1] == pytest.approx(benjamini_hochberg(p))
        assert np.isnan(adjusted[[0, -1]]).all()

    def test_rows_are_adjusted_each_by_itself(self):
        """Granules x features: no granule pays for another."""
        rows = np.array([[0.01, 0.04, np.nan], [0.5, 0.2, 0.1]])
        expected = [benjamini_hochberg(row) for row in rows]
        assert benjamini_hochberg(rows) == pytest.approx(np.array(expected), nan_ok=True)

    def test_nothing_tested_gives_nothing(self):
        """All NaN, or no feature."""
        assert np.isnan(benjamini_hochberg([np.nan, np.nan])).all()
        assert benjamini_hochberg([]).shape == (0,)

    def test_not_a_p_value(self):
        """Outside 0..1 is refused."""
        with pytest.raises(InvalidInput, match=r"0\.\.1"):
            benjamini_hochberg([0.5, 1.5])


@given(p_values)
def test_any_dependence_equals_scipy(p):
    """Benjamini-Yekutieli against SciPy."""
    assert benjamini_yekutieli(p) == pytest.approx(reference.false_discovery_control(p, method="by"), abs=1e-12)
