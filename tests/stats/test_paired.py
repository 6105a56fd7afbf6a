"""Two versions on the same rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.errors import InvalidInput
from monitor_core.stats import (
    expected_loss,
    paired_expected_loss,
    paired_probability_of_drop,
    probability_of_drop,
)

CELLS = [9_000, 20, 30, 400, 300, 60, 50, 1_300]
tables = st.lists(st.integers(0, 400), min_size=8, max_size=8)


def swapped(cells):
    """Current and previous change places."""
    return [cells[place] for place in (0, 2, 1, 3, 4, 6, 5, 7)]


def margins(cells):
    """(TP, E) of the current and of the previous version."""
    return (cells[6] + cells[7], sum(cells[2:6])), (cells[5] + cells[7], cells[1] + cells[3] + cells[4] + cells[6])


@pytest.mark.parametrize("cells", [CELLS, [100, 1, 0, 0, 2, 3, 1, 5], [0] * 8])
def test_equals_draws(cells):
    """A million draws of the Dirichlet, within .003."""
    rng = np.random.default_rng(7)
    prior = np.array([0, 1, 1, 1, 1, 3, 3, 3]) / 12
    weight = np.stack([rng.standard_gamma(c + p, 1_000_000) for c, p in zip(cells, prior, strict=True)])
    now, before = (2 * hits / (2 * hits + errors) for hits, errors in margins(weight))
    assert paired_probability_of_drop(cells, 0.05) == pytest.approx((now < 0.95 * before).mean(), abs=0.003)
    losses = paired_expected_loss(cells, switching_cost=0)
    assert losses.stay == pytest.approx(np.maximum(before - now, 0).mean(), abs=0.003)
    assert losses.roll == pytest.approx(np.maximum(now - before, 0).mean(), abs=0.003)


def test_the_same_counts_give_the_same_figure():
    """No chance."""
    assert paired_probability_of_drop(CELLS) == paired_probability_of_drop(CELLS)


@given(tables)
@settings(max_examples=10, deadline=None)
def test_swapping_the_versions_swaps_the_losses(cells):
    """Without switching cost."""
    losses = paired_expected_loss(cells, switching_cost=0)
    mirrored = paired_expected_loss(swapped(cells), switching_cost=0)
    assert (losses.stay, losses.roll) == pytest.approx((mirrored.roll, mirrored.stay), abs=1e-12)


@given(tables, st.floats(0, 0.3), st.floats(0, 0.3))
@settings(max_examples=10, deadline=None)
def test_a_larger_drop_is_less_likely(cells, one, other):
    """Whatever the counts."""
    small, large = sorted((one, other))
    assert paired_probability_of_drop(cells, large) <= paired_probability_of_drop(cells, small)


@given(tables, st.integers(0, 100_000))
@settings(max_examples=10, deadline=None)
def test_true_negatives_of_both_play_no_part(cells, more):
    """F1 does not see them."""
    assert paired_probability_of_drop([more, *cells[1:]]) == paired_probability_of_drop(cells)


def test_pairing_is_surer_where_the_versions_mostly_agree():
    """Of the two margins alone less can be said."""
    current, previous = margins(CELLS)
    paired, apart = paired_probability_of_drop(CELLS), probability_of_drop(current, previous)
    assert paired > 0.9
    assert 0.5 < apart < 0.75


def test_the_difference_of_the_losses_is_that_of_the_margins():
    """The prior has the same margins as without pairs."""
    losses, apart = paired_expected_loss(CELLS), expected_loss(*margins(CELLS))
    assert losses.stay - losses.roll == pytest.approx(apart.stay - apart.roll, abs=1e-4)


def test_a_design_effect_takes_certainty():
    """Towards one half."""
    assert 0.5 < paired_probability_of_drop(CELLS, deff=10.0) < paired_probability_of_drop(CELLS)


def test_what_cannot_be_is_refused():
    """Other than eight cells."""
    with pytest.raises(InvalidInput, match="eight"):
        paired_probability_of_drop([1, 2, 3, 4])
