"""Other cut-offs, and whether scores mean what they say."""

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from monitor_core.errors import InvalidInput
from monitor_core.performance.thresholds import reliability, threshold_curve
from monitor_core.stats import DesignEffect, f1_interval


def rows(n=5_000, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.beta(0.8, 1.5, n)
    label = (rng.random(n) < score**1.2).astype(int)
    histogram = np.zeros((2, 1_000), dtype=np.int64)
    np.add.at(histogram, (label, np.minimum((score * 1_000).astype(int), 999)), 1)
    return label, score, histogram


def test_each_cut_off_is_what_it_would_have_been():
    label, score, histogram = rows()
    curve = threshold_curve(histogram)
    for place in (0, 13, 50, 87, 100):
        predicted = score >= curve.thresholds[place]
        (tn, fp), (fn, tp) = sk.confusion_matrix(label, predicted, labels=[False, True])
        shown = [
            getattr(curve, name)[place]
            for name in ("true_negatives", "false_positives", "false_negatives", "true_positives")
        ]
        assert shown == [tn, fp, fn, tp]


def test_f1_has_its_interval():
    _, _, histogram = rows()
    curve = threshold_curve(histogram, effect=DesignEffect(2.0, 30.0, "granules", 31))
    tp, errors = curve.true_positives[40], curve.false_positives[40] + curve.false_negatives[40]
    expected = f1_interval(tp, errors, deff=2.0, dof=30.0)
    assert (curve.f1[40], curve.f1_low[40], curve.f1_high[40]) == pytest.approx(
        (expected.estimate, expected.low, expected.high)
    )


def test_recall_falls_with_the_cut_off():
    curve = threshold_curve(rows()[2])
    assert np.all(np.diff(curve.recall) <= 0)
    assert (curve.recall[0], curve.recall[-1], curve.precision[-1]) == (1.0, 0.0, None)


def test_no_rows_nothing_defined():
    curve = threshold_curve(np.zeros((2, 1_000)), steps=4)
    assert curve.thresholds == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert curve.f1 == curve.f1_low == curve.precision == curve.recall == (None,) * 5


def test_steps_that_do_not_fit_the_bins_are_refused():
    with pytest.raises(InvalidInput, match="7 steps"):
        threshold_curve(rows()[2], steps=7)


def test_another_shape_is_refused():
    with pytest.raises(InvalidInput, match="shape"):
        reliability(np.zeros((2, 10)))


def test_reliability_is_scikit_learns():
    label, score, histogram = rows()
    shown = reliability(histogram)
    observed, mean_score = calibration_curve(label, score, n_bins=10, strategy="quantile")
    assert shown.score == pytest.approx(mean_score, abs=0.005)
    assert shown.observed == pytest.approx(observed, abs=0.03)  # rows of one bin are not split
    assert sum(shown.n) == 5_000


def test_intervals_hold_what_was_observed():
    shown = reliability(rows(200)[2])
    assert all(low <= seen <= high for low, seen, high in zip(shown.low, shown.observed, shown.high, strict=True))


def test_the_metrics_of_calibration_come_along():
    named = {metric.name: metric for metric in reliability(rows()[2]).metrics}
    assert set(named) == {"calibration_slope", "calibration_intercept", "calibration_error"}
    assert named["calibration_intercept"].high < 0  # less happens than the scores say


def test_without_scores_there_is_no_group():
    shown = reliability(np.zeros((2, 1_000)))
    assert shown.n == ()
    assert {metric.badge for metric in shown.metrics} == {"undefined: no scores"}
