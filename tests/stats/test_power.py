"""How many rows a finding needs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.errors import InvalidInput
from monitor_core.stats import chi_square, rows_needed


def test_that_many_rows_do_find_the_change():
    """At the stated rows a PSI of .1 is found in about 80 % of days."""
    baseline = np.full(10, 0.1)
    tilt = np.linspace(-1, 1, 10)
    moved = baseline * np.exp(0.497 * tilt) / (baseline * np.exp(0.497 * tilt)).sum()
    effect = float(((moved - baseline) * np.log(moved / baseline)).sum())
    rows = rows_needed(effect, n_baseline=10_000, cells=10)
    rng = np.random.default_rng(6)
    found = chi_square(rng.multinomial(10_000, baseline, 4_000), rng.multinomial(rows, moved, 4_000)).p_value < 0.01
    assert effect == pytest.approx(0.1, abs=0.005)
    assert 0.75 < found.mean() < 0.85


@given(st.floats(0.01, 1), st.integers(100, 10**6), st.integers(2, 40))
def test_a_larger_change_needs_fewer_rows(effect, n, cells):
    """Or, where no number would do, still no more."""
    small = rows_needed(effect, n_baseline=n, cells=cells)
    large = rows_needed(2 * effect, n_baseline=n, cells=cells)
    assert small is None or (large is not None and large <= small)


def test_days_that_vary_need_more_rows_and_at_some_point_none_will_do():
    """The mood of a day does not average out over its rows."""
    plain = rows_needed(0.1, n_baseline=10_000, cells=10)
    some = rows_needed(0.1, n_baseline=10_000, cells=10, rho=0.002)
    assert plain < some
    assert rows_needed(0.1, n_baseline=10_000, cells=10, rho=0.02) is None


def test_a_small_baseline_can_make_it_impossible():
    """Fifty baseline rows never carry a PSI of .1."""
    assert rows_needed(0.1, n_baseline=50, cells=10) is None


def test_no_effect_is_no_question():
    """An effect of 0 is refused."""
    with pytest.raises(InvalidInput, match="effect 0"):
        rows_needed(0, n_baseline=100, cells=10)
