"""Every metric against scikit-learn, and where it is undefined."""

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from monitor_core.performance.counts import FIXED_POINT, Counts
from monitor_core.performance.metrics import METRICS, metrics_of
from monitor_core.stats import DesignEffect

CLUSTERED = DesignEffect(2.5, 20.0, "granules", 21)


def rows(n=3_000, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.beta(0.7, 2.0, n)
    label = (rng.random(n) < score**1.3).astype(int)
    return label, score, (score >= 0.4).astype(int)


def counted(label, score, predicted, scored=None):
    (tn, fp), (fn, tp) = sk.confusion_matrix(label, predicted, labels=[0, 1])
    scored = np.ones(len(label), bool) if scored is None else scored
    label, score = label[scored], score[scored]
    brier, log = (score - label) ** 2, -np.log(np.clip(np.where(label == 1, score, 1 - score), 1e-15, None))
    sums = [int(np.rint(part * FIXED_POINT).sum()) for part in (brier, brier**2, log, log**2)]
    histogram = np.zeros((2, 1_000), dtype=np.int64)
    np.add.at(histogram, (label, np.minimum((score * 1_000).astype(int), 999)), 1)
    return Counts(len(predicted), int(tp), int(fp), int(fn), int(tn), len(label), *sums), histogram


def named(*arguments, **options):
    return {metric.name: metric for metric in metrics_of(*arguments, **options)}


def test_all_are_there_in_order():
    assert tuple(metric.name for metric in metrics_of(*counted(*rows()))) == METRICS


def test_plain_metrics_are_scikit_learns():
    label, score, predicted = rows()
    found = named(*counted(label, score, predicted))
    expected = {
        "f1": sk.f1_score(label, predicted),
        "precision": sk.precision_score(label, predicted),
        "recall": sk.recall_score(label, predicted),
        "brier": sk.brier_score_loss(label, score),
        "log_loss": sk.log_loss(label, score),
    }
    assert {name: found[name].estimate for name in expected} == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "oracle"), [("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)]
)
def test_ranking_metrics_are_scikit_learns_within_their_bound(name, oracle):
    label, score, predicted = rows()
    found = named(*counted(label, score, predicted))[name]
    assert abs(found.estimate - oracle(label, score)) <= found.error_bound < 0.01


@pytest.mark.parametrize("name", METRICS)
def test_intervals_hold_the_estimate_and_widen_with_clustering(name):
    counts, histogram = counted(*rows())
    plain, clustered = named(counts, histogram)[name], named(counts, histogram, effect=CLUSTERED)[name]
    assert plain.low <= plain.estimate <= plain.high
    assert clustered.high - clustered.low > plain.high - plain.low
    assert "design effect 2.50 by granules" in clustered.method
    assert "design effect" not in plain.method


def test_each_says_what_it_rests_on():
    counts, histogram = counted(*rows())
    found = named(counts, histogram)
    assert found["f1"].n == counts.relevant
    assert found["precision"].n == counts.true_positives + counts.false_positives
    assert found["recall"].n == counts.true_positives + counts.false_negatives
    assert found["brier"].n == found["roc_auc"].n == counts.scored


def test_without_rows_everything_is_undefined():
    found = metrics_of(Counts())
    assert all(metric.estimate is None and metric.badge.startswith("undefined: ") for metric in found)


def test_without_relevant_cases_f1_is_undefined_between_0_and_1():
    found = named(Counts(predictions=9, true_negatives=9))
    assert (found["f1"].estimate, found["f1"].low, found["f1"].high) == (None, 0.0, 1.0)
    assert found["f1"].badge == "undefined: no relevant case"
    assert found["precision"].badge == "undefined: nothing was predicted positive"
    assert found["recall"].badge == "undefined: nothing was positive"


def test_only_errors_is_an_f1_of_0():
    found = named(Counts(predictions=5, false_positives=5))
    assert found["f1"].estimate == 0.0
    assert found["f1"].high == pytest.approx(0.60576895, abs=1e-8)
    assert found["recall"].estimate is None


def test_one_class_only_cannot_be_ranked():
    score = np.linspace(0.01, 0.99, 50)
    found = named(*counted(np.zeros(50, int), score, (score > 0.5).astype(int)))
    assert found["roc_auc"].badge == found["calibration_slope"].badge == "undefined: one class only"
    assert found["average_precision"].badge == "undefined: nothing was positive"
    assert found["brier"].estimate is not None


def test_labels_without_scores_leave_the_rest_undefined():
    found = named(Counts(predictions=100, true_positives=30, false_negatives=10, true_negatives=60))
    assert found["f1"].estimate is not None
    assert {found[name].badge for name in METRICS[3:]} == {"undefined: no scores"}


def test_some_scores_missing_is_said():
    label, score, predicted = rows()
    found = named(*counted(label, score, predicted, scored=np.arange(len(label)) % 4 > 0))
    assert found["brier"].badge == "over the 75% of labelled predictions that have a score"
    assert found["average_precision"].badge.startswith("approximate; over the 75%")
    assert found["f1"].badge == ""


def test_figures_are_plain_numbers():
    """They go into JSON and into caches."""
    for metric in metrics_of(*counted(*rows())):
        assert {type(value) for value in (metric.estimate, metric.low, metric.high)} == {float}
        assert math.isfinite(metric.estimate)
