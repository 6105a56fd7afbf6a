"""How much more granules differ than their rows would by chance."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import chi2, rankdata

from monitor_core.performance.spread import expected_auc, granule_spread

MIDDLES = (np.arange(1_000) + 0.5) / 1_000


def granules(n, rows, mood, seed=0):
    """Scores mean what they say, but for a mood of each granule on the logit scale."""
    rng = np.random.default_rng(seed)
    labelled = np.zeros((n, 2, 2, 1_000))
    for granule in range(n):
        place = rng.integers(0, 1_000, rows)
        label = rng.random(rows) < expit(logit(MIDDLES[place]) + rng.normal(0, mood))
        np.add.at(labelled[granule], ((place >= 500).astype(int), label.astype(int), place), 1)
    return labelled


def test_independent_rows_have_next_to_no_correlation():
    found = granule_spread(granules(200, 2_000, 0.0), MIDDLES)
    assert max(each.correlation for each in (found.predicted_positive, found.predicted_negative, found.auc)) < 3e-4


def test_moods_are_measured():
    """A mood of .4 moves a share p by .4 p (1 - p): the correlation is .16 mean(p (1 - p))^2 / mean(p (1 - p))."""
    found = granule_spread(granules(200, 2_000, 0.4), MIDDLES)
    half = MIDDLES[500:] * (1 - MIDDLES[500:])
    assert found.predicted_positive.correlation == pytest.approx(0.16 * half.mean(), rel=0.25)
    assert found.predicted_negative.correlation == pytest.approx(0.16 * half.mean(), rel=0.25)


def test_the_factor_grows_with_the_granule():
    found = granule_spread(granules(50, 500, 0.3), MIDDLES)
    small, large = found.factor(np.array([100.0, 10_000.0]), found.predicted_positive)
    assert 1.0 < small < large


def test_pieces_of_a_file_reach_no_further_than_a_piece():
    found = granule_spread(granules(50, 500, 0.3), MIDDLES, are_pieces=True)
    one, many = found.factor(np.array([250.0, 100_000.0]), found.predicted_positive)
    assert one == pytest.approx(many, rel=0.02)


def test_a_file_that_is_sorted_by_its_labels_tells_nothing():
    labelled = granules(20, 500, 0.0)
    labelled[:10, :, 1] += labelled[:10, :, 0]
    labelled[10:, :, 0] += labelled[10:, :, 1]
    labelled[:10, :, 0] = labelled[10:, :, 1] = 0
    found = granule_spread(labelled, MIDDLES, are_pieces=True)
    assert (found.predicted_positive.correlation, found.widening) == (0.0, 1.0)


def test_few_granules_widen_more_than_many():
    few, many = (granule_spread(granules(n, 200, 0.0), MIDDLES).widening for n in (14, 100))
    assert few == pytest.approx(np.sqrt(13 * (1 + 1 / 14) / chi2.ppf(0.05, 13)))
    assert 1.0 < many < few


def test_below_14_granules_nothing_is_measured():
    found = granule_spread(granules(13, 2_000, 0.5), MIDDLES)
    assert (found.predicted_positive.correlation, found.auc.correlation) == (0.0, 0.0)
    assert (found.widening, found.granules) == (1.0, 13)


def test_expected_auc_is_that_of_the_labels_on_average():
    rng = np.random.default_rng(3)
    place = rng.integers(0, 1_000, 400)
    rows = np.bincount(place, minlength=1_000)[None].astype(float)
    found = expected_auc(rows, MIDDLES)
    label, rank = rng.random((3_000, 400)) < MIDDLES[place], rankdata(place)
    ones = label.sum(axis=1)
    drawn = (label @ rank - ones * (ones + 1) / 2) / (ones * (400 - ones))
    assert found.estimate[0] == pytest.approx(np.mean(drawn), abs=0.002)
    assert np.sqrt(found.variance[0]) == pytest.approx(np.std(drawn), rel=0.05)


def test_the_gain_is_what_a_change_of_the_calibration_does():
    rows = np.random.default_rng(4).integers(0, 5, (1, 1_000)).astype(float)
    moved = np.clip(MIDDLES + 0.002 * np.sin(np.arange(1_000) / 50), 0, 1)
    found, other = expected_auc(rows, MIDDLES), expected_auc(rows, moved)
    assert other.estimate[0] - found.estimate[0] == pytest.approx((found.gain @ (moved - MIDDLES))[0], abs=1e-5)


def test_no_auc_without_rows():
    assert np.isnan(expected_auc(np.zeros((1, 1_000)), MIDDLES).estimate[0])
