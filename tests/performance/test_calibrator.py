"""From scores to probabilities."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from monitor_core.errors import InvalidInput
from monitor_core.performance.calibrator import calibrator_of

MIDDLES = (np.arange(1_000) + 0.5) / 1_000


def baseline(truth, *, granules=20, rows=2_000, seed=0):
    """Rows by granule, predicted label, label and bin: `truth` gives P(label) by score."""
    rng = np.random.default_rng(seed)
    labelled = np.zeros((granules, 2, 2, 1_000), dtype=np.int64)
    place = rng.integers(0, 1_000, (granules, rows))
    label = rng.random(place.shape) < truth(MIDDLES)[place]
    np.add.at(labelled, (np.arange(granules)[:, None], (place >= 500).astype(int), label.astype(int), place), 1)
    return labelled


def overconfident(score):
    return expit(0.5 * logit(score))


def stairs(score):
    return np.select([score < 0.3, score < 0.6, score < 0.8], [0.05, 0.4, 0.5], 0.9)


def test_scores_that_are_right_are_found_so():
    found = calibrator_of(baseline(lambda score: score, rows=20_000))
    assert np.abs(found.probability - MIDDLES).max() < 0.05


def test_a_smooth_distortion_is_undone():
    found = calibrator_of(baseline(overconfident))
    assert np.abs(found.probability - overconfident(MIDDLES)).mean() < 0.015


def test_stairs_are_isotonic():
    found = calibrator_of(baseline(stairs))
    assert found.name == "isotonic"
    assert np.abs(found.probability - stairs(MIDDLES)).mean() < 0.02
    assert "isotonic" in found.reason
    assert "beta" in found.reason


def test_isotonic_is_scikit_learns():
    labelled = baseline(stairs)
    rows = labelled.sum(axis=(0, 1))
    oracle = IsotonicRegression(out_of_bounds="clip")
    oracle.fit(np.tile(MIDDLES, 2), np.repeat([0.0, 1.0], 1_000), sample_weight=rows.ravel())
    np.testing.assert_allclose(calibrator_of(labelled).probability, oracle.predict(MIDDLES), atol=1e-9)


def test_beta_is_a_logistic_regression_on_two_logs():
    from monitor_core.performance.calibrator import _beta

    rows = baseline(overconfident).sum(axis=(0, 1)).astype(float)
    columns = np.stack([np.log(MIDDLES), -np.log1p(-MIDDLES)], axis=1)
    oracle = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000)
    oracle.fit(np.tile(columns, (2, 1)), np.repeat([0, 1], 1_000), sample_weight=rows.ravel())
    np.testing.assert_allclose(_beta(*rows), oracle.predict_proba(columns)[:, 1], atol=1e-4)


def test_few_rows_are_not_overfitted():
    """Of a baseline of 150 rows, stairs would follow the noise."""
    found = calibrator_of(baseline(lambda score: score, granules=1, rows=150))
    assert np.abs(found.probability - MIDDLES).mean() < 0.08


@pytest.mark.parametrize("granules", [1, 3, 5, 20])
def test_the_same_counts_give_the_same_calibrator(granules):
    labelled = baseline(stairs, granules=granules)
    one, two = calibrator_of(labelled), calibrator_of(labelled.copy())
    assert (one.name, one.reason, one.n) == (two.name, two.reason, two.n)
    np.testing.assert_array_equal(one.draws, two.draws)


def test_draws_spread_about_the_fit():
    found = calibrator_of(baseline(stairs))
    inside = (np.quantile(found.draws, 0.005, axis=0) <= found.probability + 1e-9) & (
        found.probability - 1e-9 <= np.quantile(found.draws, 0.995, axis=0)
    )
    assert inside.mean() > 0.95


def test_draws_of_a_larger_baseline_lie_closer():
    small, large = (calibrator_of(baseline(stairs, rows=rows)).draws.std(axis=0).mean() for rows in (200, 5_000))
    assert large < small / 2


def test_without_granules_rows_are_split_by_chance():
    labelled = baseline(stairs, granules=1, rows=40_000)
    assert calibrator_of(labelled[0]).name == calibrator_of(labelled).name == "isotonic"


def test_empty_granules_do_not_count():
    labelled = baseline(stairs, granules=3)
    spaced = np.zeros((20, 2, 2, 1_000), dtype=np.int64)
    spaced[[2, 9, 17]] = labelled
    np.testing.assert_array_equal(calibrator_of(labelled).draws, calibrator_of(spaced).draws)


def test_too_few_rows_or_one_class_teach_nothing():
    labelled = baseline(stairs)
    assert calibrator_of(labelled * 0) is None
    assert calibrator_of(baseline(stairs, granules=1, rows=99)) is None
    labelled[:, :, 1] = 0
    assert calibrator_of(labelled) is None


def test_a_histogram_of_another_shape_is_refused():
    with pytest.raises(InvalidInput, match="shape"):
        calibrator_of(np.ones((2, 1_000)))
