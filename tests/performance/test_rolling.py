"""Windows that end at each granule in turn: the same as one window at a time."""

import time
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.errors import InvalidInput
from monitor_core.performance.clusters import effect_of
from monitor_core.performance.maturity import maturity
from monitor_core.performance.metrics import metrics_of
from monitor_core.performance.rolling import ROLLING_METRICS, rolling, windows_of
from monitor_core.performance.series import ScoreCounts, Series, series_of
from monitor_core.performance.windows import counts_of
from monitor_core.settings import PerformanceSettings
from monitor_core.stats import DesignEffect
from monitor_core.values import Granularity

DAY = Granularity.parse("day")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def days(n, last="2026-11-20"):
    end = date.fromisoformat(last)
    return tuple(str(end - timedelta(days=n - 1 - i)) for i in range(n))


def world(n=40, made=200, seed=0, bins=(50, 950)):
    rng = np.random.default_rng(seed)
    labelled = np.zeros((n, 2, 2, 1_000), dtype=np.int64)
    for day in range(n):
        score = rng.integers(*bins, made)
        np.add.at(labelled[day], ((score > 500).astype(int), (rng.random(made) < score / 1_000).astype(int), score), 1)
    (tn, fn), (fp, tp) = labelled.sum(axis=3).transpose(1, 2, 0)
    sums = rng.integers(2**28, 2**29, (2, n)) * made
    known = tp + fp + fn + tn
    return Series(
        days(n), known + 10, tp, fp, fn, tn, known, sums[0], sums[0] // 2, sums[1], sums[1], 0 * known,
        scores=ScoreCounts(labelled.sum(axis=2), labelled),
    )  # fmt: skip


def matured(series, horizon=0):
    return maturity(series, granularity=DAY, as_of=NOW, settings=PerformanceSettings(horizon=horizon))


@pytest.mark.parametrize("metric", ROLLING_METRICS)
@pytest.mark.parametrize("window", [1, 7, 30])
def test_each_window_is_what_it_is_alone(metric, window):
    series = world(bins=(400, 600))  # no more bins in use than the ranking metrics keep
    found = rolling(series, matured(series), metric, window=window)
    for end in (0, 5, 29, 39):
        start = max(0, end + 1 - window)
        counts, scores = counts_of(series, start, end + 1), series.scores.labelled[start : end + 1].sum(axis=(0, 1))
        alone = {m.name: m for m in metrics_of(counts, scores, effect=effect_of(series, start, end + 1))}[metric]
        shown = (found.estimate[end], found.low[end], found.high[end])
        assert shown == pytest.approx((alone.estimate, alone.low, alone.high))
        assert found.n[end] == alone.n
        assert found.coverage[end] == pytest.approx(200 / 210)


def test_merged_bins_change_a_ranking_by_next_to_nothing():
    series = world(bins=(0, 1_000))
    found = rolling(series, matured(series), "roc_auc", window=7)
    scores = series.scores.labelled[-7:].sum(axis=(0, 1))
    alone = {m.name: m for m in metrics_of(counts_of(series, -7), scores)}["roc_auc"]
    assert found.estimate[-1] == pytest.approx(alone.estimate, abs=2e-3)


@settings(deadline=None)
@given(
    codes=st.lists(st.integers(0, 60), min_size=1, max_size=30, unique=True).map(sorted),
    window=st.integers(1, 20),
)
def test_windows_hold_the_granules_of_their_days(codes, window):
    codes = np.array(codes)
    windows = windows_of(codes, window)
    values = np.arange(1, len(codes) + 1)
    expected = [values[(codes > code - window) & (codes <= code)].sum() for code in codes]
    assert windows.sums(values).tolist() == expected


def test_windows_with_immature_granules_are_marked():
    series = world(10)
    assert rolling(series, matured(series, horizon=3), "f1", window=7).matured == (True,) * 7 + (False,) * 3


def test_undefined_windows_have_no_figure():
    series = series_of(days(3), tp=[0, 0, 5], tn=9)
    found = rolling(series, matured(series), "f1", window=1)
    assert found.estimate == (None, None, 1.0)
    assert found.low[:2] == found.high[:2] == (None, None)


def test_a_ranking_without_scores_has_no_figure():
    series = series_of(days(3), tp=5, tn=9)
    assert rolling(series, matured(series), "roc_auc", window=1).estimate == (None,) * 3


def test_entities_widen_every_window():
    series = world()
    plain = rolling(series, matured(series), "f1", window=7)
    wide = rolling(series, matured(series), "f1", window=7, entities=DesignEffect(3.0, 50.0, "entities", 51))
    assert all(w < p for w, p in zip(wide.low, plain.low, strict=True))
    assert wide.estimate == plain.estimate


def test_nothing_in_nothing_out():
    series = series_of((), tp=())
    assert rolling(series, matured(series), "f1", window=7).granules == ()


@pytest.mark.parametrize(("metric", "window"), [("f2", 7), ("f1", 0)])
def test_what_cannot_roll_is_refused(metric, window):
    series = world(3)
    with pytest.raises(InvalidInput):
        rolling(series, matured(series), metric, window=window)


@pytest.mark.calibration
@pytest.mark.parametrize("metric", ROLLING_METRICS)
def test_three_years_of_days_take_50_ms(metric):
    rng = np.random.default_rng(1)
    labelled = rng.poisson(20, (1_096, 2, 2, 1_000)).astype(np.int64)
    (tn, fn), (fp, tp) = labelled.sum(axis=3).transpose(1, 2, 0)
    series = series_of(days(1_096), tp=tp, fp=fp, fn=fn, tn=tn, scores=ScoreCounts(labelled.sum(axis=2), labelled))
    due = matured(series)
    taken = []
    for _ in range(5):
        start = time.process_time()
        rolling(series, due, metric, window=30)
        taken.append(time.process_time() - start)
    assert min(taken) < 0.1  # measured .002 for counts, .04 to .05 for rankings; twice that under load
