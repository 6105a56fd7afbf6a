"""Bands about what labels will show."""

import numpy as np
import pytest
from scipy.special import expit, logit

from monitor_core.errors import InvalidInput
from monitor_core.performance.bands import ESTIMATED_METRICS, estimate_bands
from monitor_core.performance.calibrator import calibrator_of
from monitor_core.stats import binned_roc_auc, rates

MIDDLES = (np.arange(1_000) + 0.5) / 1_000


def world(n, rows, mood=0.0, seed=0, shape=(0.8, 1.2)):
    """Labelled rows by granule: scores mean what they say, but for a mood of each granule."""
    rng = np.random.default_rng(seed)
    labelled = np.zeros((n, 2, 2, 1_000), dtype=np.int64)
    for granule in range(n):
        place = (rng.beta(*shape, rows) * 1_000).astype(int)
        label = rng.random(rows) < expit(logit(MIDDLES[place]) + rng.normal(0, mood))
        np.add.at(labelled[granule], ((place >= 500).astype(int), label.astype(int), place), 1)
    return labelled


def truth_of(labelled, metric):
    if metric == "roc_auc":
        by_label = labelled.sum(axis=1)
        return binned_roc_auc(by_label[:, 1], by_label[:, 0]).estimate
    (tn, fn), (fp, tp) = labelled.sum(axis=3).transpose(1, 2, 0)
    return getattr(rates(tp, fp, fn, tn), metric)


def covered(labelled, metric, calibrator, **options):
    bands, truth = estimate_bands(labelled.sum(axis=2), calibrator, metric, **options), truth_of(labelled, metric)
    return ((truth >= bands.low) & (truth <= bands.high)).mean()


@pytest.fixture(scope="module")
def quiet():
    return calibrator_of(world(60, 2_000, seed=1))


@pytest.fixture(scope="module")
def moody():
    return calibrator_of(world(60, 2_000, mood=0.3, seed=1))


@pytest.mark.parametrize("metric", ESTIMATED_METRICS)
def test_the_estimate_is_right_on_average(metric, quiet):
    labelled = world(100, 2_000, seed=2)
    estimate = estimate_bands(labelled.sum(axis=2), quiet, metric).estimate
    assert estimate.mean() == pytest.approx(truth_of(labelled, metric).mean(), abs=0.006)


@pytest.mark.parametrize("metric", ESTIMATED_METRICS)
def test_the_band_holds_its_share_of_independent_granules(metric, quiet):
    assert covered(world(200, 2_000, seed=3), metric, quiet) >= 0.93


@pytest.mark.parametrize("metric", ESTIMATED_METRICS)
def test_the_band_holds_its_share_of_granules_with_moods(metric, moody):
    assert covered(world(200, 2_000, mood=0.3, seed=4), metric, moody) >= 0.9


def test_without_the_baselines_granules_moods_are_missed(quiet):
    """What the spread is for."""
    assert covered(world(200, 2_000, mood=0.3, seed=4), "precision", quiet) < 0.8


def test_another_mix_of_scores_is_followed(quiet):
    """Covariate shift is what it is made for."""
    assert covered(world(100, 2_000, seed=5, shape=(2.0, 1.0)), "f1", quiet) >= 0.9


def test_another_concept_is_not_seen():
    labelled = world(30, 2_000, seed=6)
    turned = labelled[:, :, ::-1]
    calibrator = calibrator_of(labelled)
    one, two = (estimate_bands(part.sum(axis=2), calibrator, "f1").estimate for part in (labelled, turned))
    np.testing.assert_array_equal(one, two)


def test_small_granules_have_wide_bands(quiet):
    small, large = (estimate_bands(world(5, rows, seed=7).sum(axis=2), quiet, "f1") for rows in (50, 5_000))
    assert (small.high - small.low).min() > (large.high - large.low).max()


def test_a_window_of_many_granules_averages_their_moods(moody):
    made = world(30, 2_000, seed=8).sum(axis=(0, 2))[None]
    one, many = (estimate_bands(made, moody, "precision", granules=n) for n in (1, 30))
    assert (many.high - many.low)[0] < (one.high - one.low)[0] / 2


def test_the_same_counts_give_the_same_band(quiet):
    made = world(3, 500, seed=9).sum(axis=2)
    one, two = (estimate_bands(made, quiet, "f1") for _ in range(2))
    np.testing.assert_array_equal([one.low, one.high], [two.low, two.high])


@pytest.mark.parametrize("metric", ESTIMATED_METRICS)
def test_a_granule_without_predictions_is_undefined(metric, quiet):
    bands = estimate_bands(np.zeros((1, 2, 1_000)), quiet, metric)
    assert np.isnan([bands.estimate[0], bands.low[0], bands.high[0]]).all()
    assert estimate_bands(np.zeros((0, 2, 1_000)), quiet, metric).estimate.shape == (0,)


@pytest.mark.parametrize("metric", ESTIMATED_METRICS)
def test_bands_hold_the_estimate_and_stay_within_0_and_1(metric, quiet):
    bands = estimate_bands(world(20, 30, seed=10).sum(axis=2), quiet, metric)
    assert np.all((bands.low >= 0) & (bands.low <= bands.estimate) & (bands.estimate <= bands.high) & (bands.high <= 1))


def test_other_metrics_are_refused(quiet):
    with pytest.raises(InvalidInput, match="brier"):
        estimate_bands(np.zeros((1, 2, 1_000)), quiet, "brier")
