"""Estimates by granule, graded once labels have matured."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from monitor_core.errors import InvalidInput
from monitor_core.performance.calibrator import calibrator_of
from monitor_core.performance.estimate import _suspected, estimated
from monitor_core.performance.maturity import maturity
from monitor_core.performance.series import ScoreCounts, series_of
from monitor_core.settings import PerformanceSettings
from monitor_core.values import Granularity

DAY = Granularity.parse("day")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MIDDLES = (np.arange(1_000) + 0.5) / 1_000


def rows(n, made=400, seed=0, changed_from=None):
    """Labelled rows by day; from `changed_from` on, a third of the positives are labelled negative."""
    rng = np.random.default_rng(seed)
    labelled = np.zeros((n, 2, 2, 1_000), dtype=np.int64)
    for day in range(n):
        place = (rng.beta(0.8, 1.2, made) * 1_000).astype(int)
        share = MIDDLES[place] * (0.67 if changed_from is not None and day >= changed_from else 1.0)
        label = rng.random(made) < share
        np.add.at(labelled[day], ((place >= 500).astype(int), label.astype(int), place), 1)
    return labelled


CALIBRATOR = calibrator_of(rows(60, seed=1))


def judge(labelled, metric="f1", *, window=1, horizon=0, unlabelled=0, calibrator=CALIBRATOR, scores=True):
    n = len(labelled)
    end = date(2026, 11, 20)
    (tn, fn), (fp, tp) = labelled.sum(axis=3).transpose(1, 2, 0)
    made = labelled.sum(axis=2)
    made[:, 0, 100] += unlabelled
    series = series_of(
        [str(end - timedelta(days=n - 1 - i)) for i in range(n)],
        tp=tp, fp=fp, fn=fn, tn=tn, predictions=tp + fp + fn + tn + unlabelled,
        scores=ScoreCounts(made, labelled) if scores else None,
    )  # fmt: skip
    rules = PerformanceSettings(horizon=horizon)
    matured = maturity(series, granularity=DAY, as_of=NOW, settings=rules)
    return estimated(series, matured, metric, calibrator=calibrator, settings=rules, window=window)


def test_truth_lies_in_the_band_while_the_concept_holds():
    found = judge(rows(60, seed=2))
    assert found.suspected_from is None
    assert found.covered >= 0.9
    assert found.mean_error < 0.04
    assert found.badge == "estimated, if the concept is unchanged"
    assert found.calibrator.split(":")[0] in {"isotonic", "beta", "none"}


def test_three_running_outside_are_suspected():
    found = judge(rows(60, made=2_000, seed=3, changed_from=40))
    assert found.granules.index(found.suspected_from) == 40


def test_two_running_are_not():
    labelled = rows(60, made=2_000, seed=4)
    labelled[[20, 21, 40, 41]] = rows(4, made=2_000, seed=5, changed_from=0)
    assert judge(labelled).suspected_from is None


def test_outside_on_different_sides_is_not_running():
    codes = np.arange(6)
    assert _suspected(np.array([0, -1, 1, -1, 1, 0]), codes, 1) is None
    assert _suspected(np.array([0, 1, 1, 1, -1, 0]), codes, 1) == 1


def test_days_without_predictions_do_not_break_a_run():
    assert _suspected(np.array([0, -1, -1, -1]), np.array([1, 2, 5, 9]), 1) == 1


def test_windows_that_share_days_do_not_make_three():
    labelled = rows(60, made=2_000, seed=7)
    labelled[30:33] = rows(3, made=2_000, seed=8, changed_from=0)
    assert judge(labelled, window=7).suspected_from is None
    assert judge(rows(60, made=2_000, seed=3, changed_from=30), window=7).suspected_from is not None


def test_only_matured_windows_with_labels_are_graded():
    found = judge(rows(20), horizon=5, unlabelled=1)
    assert [value is None for value in found.truth] == [False] * 15 + [True] * 5
    assert all(value is not None for value in found.estimate)
    assert all(value is None for value in judge(rows(20), unlabelled=100).truth)


def test_nothing_graded_nothing_said():
    found = judge(rows(5), horizon=30, unlabelled=1)
    assert (found.mean_error, found.covered, found.suspected_from) == (None, None, None)


@pytest.mark.parametrize("metric", ["precision", "recall", "accuracy", "roc_auc"])
def test_every_metric_is_graded(metric):
    found = judge(rows(40, seed=9), metric, window=7)
    assert found.covered >= 0.85
    assert (found.metric, found.window, len(found.granules)) == (metric, 7, 40)


def test_why_there_is_no_estimate_is_said():
    assert "fewer than 100" in judge(rows(5), calibrator=None).badge
    assert judge(rows(5), scores=False).badge == "no estimate: the predictions have no scores"
    assert judge(rows(5), calibrator=None).granules == ()


def test_a_baseline_without_granules_is_marked():
    found = judge(rows(5), calibrator=calibrator_of(rows(1, made=20_000)))
    assert "the band may be too narrow" in found.badge


def test_other_metrics_are_refused():
    with pytest.raises(InvalidInput, match="brier"):
        judge(rows(5), "brier")
