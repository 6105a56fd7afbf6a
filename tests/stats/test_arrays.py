"""Counts as this room reads them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.errors import InvalidInput
from monitor_core.stats.arrays import as_counts, paired_counts, shares


@pytest.mark.parametrize("bad", [[1, -1], [np.nan, 1], [np.inf, 1], [], 3])
def test_what_is_not_a_count_is_refused(bad):
    """A negative, missing or infinite count, or no cell at all, is named in the error."""
    with pytest.raises(InvalidInput, match="count"):
        as_counts(bad)


def test_both_sides_need_the_same_cells():
    """Sides of different length are refused, with both lengths."""
    with pytest.raises(InvalidInput, match="3 cells, current has 2"):
        paired_counts([1, 2, 3], [1, 2])


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any))
def test_shares_add_up_to_one(counts):
    """Shares of a row with rows add up to 1."""
    assert shares(counts).sum() == pytest.approx(1.0)


def test_shares_of_nothing_are_unknown():
    """No rows: NaN, not zero."""
    assert np.isnan(shares([0, 0])).all()
