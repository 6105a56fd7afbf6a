"""Do scores mean what they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import optimize, special

from monitor_core.errors import InvalidInput
from monitor_core.stats import calibration

BINS = 1_000
MIDDLES = (np.arange(BINS) + 0.5) / BINS
histograms = arrays.arrays(np.int64, (2, 20), elements=st.integers(0, 9))


def drawn(rng, rows, *, slope=1.0, shift=0.0):
    """Histograms of a model whose true logit is slope x said + shift."""
    said = np.minimum((rng.beta(2, 4, rows) * BINS).astype(int), BINS - 1)
    y = rng.random(rows) < special.expit(slope * special.logit(MIDDLES[said]) + shift)
    return [np.bincount(said[y == side], minlength=BINS) for side in (True, False)]


def likelihood(theta, ones, zeros, points):
    """Negative log likelihood of slope and intercept."""
    logit = theta[0] * special.logit(points) + theta[1]
    return -(ones * special.log_expit(logit) + zeros * special.log_expit(-logit)).sum()


def test_equals_the_best_likelihood():
    """Found by another method."""
    ones, zeros = drawn(np.random.default_rng(1), 3_000, slope=0.7, shift=0.3)
    result = calibration(ones, zeros)
    both = optimize.minimize(likelihood, [1.0, 0.0], args=(ones, zeros, MIDDLES), tol=1e-12).x
    alone = optimize.minimize_scalar(lambda a: likelihood((1.0, a), ones, zeros, MIDDLES)).x
    assert result.slope.estimate == pytest.approx(both[0], abs=1e-4)
    assert result.intercept.estimate == pytest.approx(alone, abs=1e-4)


def test_a_model_that_is_right():
    """Slope 1, intercept 0, error 0 within the intervals."""
    result = calibration(*drawn(np.random.default_rng(2), 20_000))
    assert result.slope.low < 1.0 < result.slope.high
    assert result.intercept.low < 0.0 < result.intercept.high
    assert result.error.low == 0.0
    assert result.error.estimate < 0.01


def test_a_model_that_is_too_sure():
    """True logits half as far from 0 as said: slope one half."""
    result = calibration(*drawn(np.random.default_rng(3), 20_000, slope=0.5))
    assert result.slope.estimate == pytest.approx(0.5, abs=0.05)
    assert result.slope.high < 1.0
    assert result.error.low > 0.02


def test_a_model_that_says_too_little():
    """More happened than was said: the intercept is above 0."""
    result = calibration(*drawn(np.random.default_rng(4), 20_000, shift=0.5))
    assert result.intercept.estimate == pytest.approx(0.5, abs=0.06)


@pytest.mark.calibration
@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (0.8, 0.3)])
def test_coverage(slope, shift):
    """Slope and error lie in their 95 % intervals in 92.5 % or more of 400 samples of 2,000 rows."""
    rng = np.random.default_rng(5)
    weight = np.bincount(np.minimum((rng.beta(2, 4, 2_000_000) * BINS).astype(int), BINS - 1), minlength=BINS)
    happened = special.expit(slope * special.logit(MIDDLES) + shift)
    group = np.minimum(15 * (np.cumsum(weight) - weight / 2) / weight.sum(), 14).astype(int)
    gaps = np.bincount(group, weight * (happened - MIDDLES)) / np.bincount(group, weight)
    truth = np.sqrt((np.bincount(group, weight) * gaps**2).sum() / weight.sum())
    results = [calibration(*drawn(rng, 2_000, slope=slope, shift=shift)) for _ in range(400)]
    assert np.mean([r.slope.low <= slope <= r.slope.high for r in results]) >= 0.925
    assert np.mean([r.error.low <= truth + 1e-4 and truth <= r.error.high for r in results]) >= 0.925


@pytest.mark.calibration
def test_the_error_is_freed_of_chance():
    """For a model that is right the squared error averages near 0 where the plain one would show .03."""
    rng = np.random.default_rng(6)
    found = [calibration(*drawn(rng, 2_000)).error.estimate for _ in range(300)]
    assert np.mean(np.square(found)) < 0.03**2 / 4
    assert np.median(found) < 0.01


@given(histograms, st.integers(1, 5))
@settings(deadline=None)
def test_more_of_the_same_rows_gives_the_same_estimates(counts, times):
    """And a design effect of that many gives the same intervals."""
    ones, zeros = counts
    once, often = calibration(ones, zeros), calibration(times * ones, times * zeros, deff=float(times))
    for name in ("slope", "intercept"):
        first, second = getattr(once, name), getattr(often, name)
        assert (second.estimate, second.low) == pytest.approx(
            (first.estimate, first.low), rel=1e-6, abs=1e-8, nan_ok=True
        )


@given(histograms)
@settings(deadline=None)
def test_mirrors(counts):
    """Other class, other end: the slope stays and the intercept changes sign."""
    ones, zeros = counts
    ours, mirrored = calibration(ones, zeros), calibration(zeros[::-1], ones[::-1])
    assert mirrored.slope.estimate == pytest.approx(ours.slope.estimate, rel=1e-5, abs=1e-7, nan_ok=True)
    assert mirrored.intercept.estimate == pytest.approx(-ours.intercept.estimate, rel=1e-5, abs=1e-7, nan_ok=True)


@given(histograms)
@settings(deadline=None)
def test_bounds(counts):
    """The error lies within 0..1 and its interval."""
    error = calibration(*counts).error
    assert 0.0 <= error.low <= error.high <= 1.0
    assert np.isnan(error.estimate) or error.low <= error.estimate <= error.high


@pytest.mark.parametrize(
    ("ones", "zeros"), [([0, 0, 0], [0, 0, 0]), ([3, 1, 2], [0, 0, 0]), ([0, 5, 0], [0, 4, 0]), ([0, 0, 9], [9, 0, 0])]
)
def test_no_slope(ones, zeros):
    """No rows, one class, one score, classes apart: undefined, without warning."""
    slope = calibration(ones, zeros).slope
    assert np.isnan(slope.estimate)
    assert (slope.low, slope.high) == (-np.inf, np.inf)


@pytest.mark.parametrize(
    ("ones", "zeros", "scores"), [([1, 2], [1, 2], [0.0, 0.5]), ([1, 2], [1, 2], [0.5]), ([[1, 2]], [[1, 2]], None)]
)
def test_what_cannot_be_is_refused(ones, zeros, scores):
    """Scores at the ends, of another number, and tables."""
    with pytest.raises(InvalidInput):
        calibration(ones, zeros, scores=scores)
