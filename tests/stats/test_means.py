"""Means of losses from their sums."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as reference
from sklearn.metrics import brier_score_loss, log_loss

from monitor_core.errors import InvalidInput
from monitor_core.stats import mean_interval, mean_intervals

losses = st.lists(st.floats(0, 1), min_size=2, max_size=50).map(np.array)


def sums(values):
    """What is stored of a list of losses."""
    return float(values.sum()), float((values**2).sum()), values.size


@given(losses)
def test_equals_students_interval(values):
    """Independent rows."""
    result = mean_interval(*sums(values))
    spread = values.std(ddof=1) / np.sqrt(values.size)
    reach = reference.t.ppf(0.975, values.size - 1) * spread
    assert result.estimate == pytest.approx(values.mean())
    assert result.high == pytest.approx(values.mean() + reach, abs=1e-6)
    assert result.low == pytest.approx(max(values.mean() - reach, 0), abs=1e-6)


def test_the_estimates_are_those_of_scikit_learn():
    """Brier score and log loss."""
    rng = np.random.default_rng(3)
    y, score = rng.integers(0, 2, 500), rng.random(500)
    brier, logs = (score - y) ** 2, -np.log(np.where(y == 1, score, 1 - score))
    assert mean_interval(*sums(brier), highest=1.0).estimate == pytest.approx(brier_score_loss(y, score))
    assert mean_interval(*sums(logs)).estimate == pytest.approx(log_loss(y, score))


def test_clusters_widen_it():
    """By the root of the design effect, and by their few degrees of freedom."""
    plain, clustered = mean_interval(200, 120, 400), mean_interval(200, 120, 400, deff=4.0)
    few = mean_interval(200, 120, 400, deff=4.0, dof=6)
    assert clustered.high - 0.5 == pytest.approx(2 * (plain.high - 0.5))
    assert few.high > clustered.high


def test_none_and_one():
    """Nothing is known; one row has no spread."""
    estimate, low, high = mean_intervals([0.0, 0.25], [0.0, 0.0625], [0, 1], highest=1.0)
    assert np.isnan(estimate[0])
    assert estimate[1] == 0.25
    assert (low == 0.0).all()
    assert (high == 1.0).all()


@given(losses, st.floats(1, 20))
def test_it_stays_within_what_a_loss_can_be(values, deff):
    """0 to the highest."""
    result = mean_interval(*sums(values), deff=deff, highest=1.0)
    assert 0.0 <= result.low <= result.estimate + 1e-12
    assert result.estimate - 1e-12 <= result.high <= 1.0


def test_negative_sums_are_refused():
    """Losses are 0 or more."""
    with pytest.raises(InvalidInput, match="sum of losses -1"):
        mean_interval(-1.0, 1.0, 3)
