"""How much more granules differ than their rows would by chance."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import chi2, rankdata

from monitor_core.performance.bands import ESTIMATED_METRICS
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
    assert set(found.together) == set(ESTIMATED_METRICS)
    assert max(each.correlation for each in found.together.values()) < 3e-4


def test_moods_are_measured():
    """A mood of .4 moves a share p by .4 p (1 - p); half of the rows are predicted positive."""
    found = granule_spread(granules(200, 2_000, 0.4), MIDDLES)
    spread = (MIDDLES[500:] * (1 - MIDDLES[500:])).mean()
    assert found.together["precision"].correlation == pytest.approx(0.16 * spread / 2, rel=0.25)


def test_what_cancels_out_does_not_widen():
    """More positives everywhere: as many more true positives as false negatives, and as accurate as before."""
    found = granule_spread(granules(200, 2_000, 0.4), MIDDLES)
    assert found.together["accuracy"].correlation < found.together["precision"].correlation / 20
    assert found.together["f1"].correlation < found.together["precision"].correlation / 3


def test_the_factor_grows_with_the_granule():
    found = granule_spread(granules(50, 500, 0.3), MIDDLES)
    small, large = found.factor(np.array([100.0, 10_000.0]), "precision")
    assert 1.0 < small < large


def test_pieces_of_a_file_reach_no_further_than_a_piece():
    found = granule_spread(granules(50, 500, 0.3), MIDDLES, are_pieces=True)
    one, many = found.factor(np.array([500.0, 100_000.0]), "precision")
    assert one == pytest.approx(many)


def test_a_file_that_is_sorted_by_its_labels_tells_nothing():
    labelled = granules(20, 500, 0.0)
    labelled[:10, :, 1] += labelled[:10, :, 0]
    labelled[10:, :, 0] += labelled[10:, :, 1]
    labelled[:10, :, 0] = labelled[10:, :, 1] = 0
    found = granule_spread(labelled, MIDDLES, are_pieces=True)
    assert (found.together, found.widening) == ({}, 1.0)


def test_granules_without_some_rows_are_passed_over():
    labelled = granules(20, 500, 0.0)
    labelled[3], labelled[5, 1], labelled[7, :, 1] = 0, 0, 0
    assert np.isfinite([each.correlation for each in granule_spread(labelled, MIDDLES).together.values()]).all()


def test_few_granules_widen_more_than_many():
    few, many = (granule_spread(granules(n, 200, 0.0), MIDDLES).widening for n in (14, 100))
    assert few == pytest.approx(np.sqrt(13 * (1 + 1 / 14) / chi2.ppf(0.05, 13)))
    assert 1.0 < many < few


def test_below_14_granules_nothing_is_measured():
    found = granule_spread(granules(13, 2_000, 0.5), MIDDLES)
    assert (found.together, found.widening, found.granules) == ({}, 1.0, 13)


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
