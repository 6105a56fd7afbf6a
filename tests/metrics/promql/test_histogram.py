"""Classic histograms: quantiles and fractions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitor_core.metrics.promql import Engine, ExecutionFailed
from monitor_core.metrics.promql.histogram import bucket_bound, fraction, quantile


def one(function, *numbers, bounds, counts):
    found = function(
        *(np.array([number]) for number in numbers), np.array(bounds), np.array(counts, dtype=float)[:, None]
    )
    return (found[0] if isinstance(found, tuple) else found)[0]


BOUNDS = [0.1, 0.15, 0.25, 0.5, math.inf]


@pytest.mark.parametrize(
    ("q", "counts", "value"),
    [
        (0.5, [10, 10, 10, 10, 10], 0.05),
        (0.5, [0, 10, 10, 10, 10], 0.125),
        (0.95, [0, 50, 100, 100, 100], 0.24),
        (1, [10, 20, 30, 40, 40], 0.5),
        (0, [10, 20, 30, 40, 40], 0),
        (0.99, [0, 0, 0, 1, 100], 0.5),
        (0.5, [0, 0, 0, 0, 0], math.nan),
        (-1, [1, 2, 3, 4, 5], -math.inf),
        (2, [1, 2, 3, 4, 5], math.inf),
        (math.nan, [1, 2, 3, 4, 5], math.nan),
    ],
)
def test_quantiles(q, counts, value):
    assert one(quantile, q, bounds=BOUNDS, counts=counts) == pytest.approx(value, nan_ok=True)


def test_negative_bounds_have_no_zero_below_them():
    assert one(quantile, 0.1, bounds=[-1, 0, math.inf], counts=[5, 10, 10]) == -1


def test_without_an_upper_bucket_there_is_no_quantile():
    assert math.isnan(one(quantile, 0.5, bounds=[1, 2], counts=[5, 10]))
    assert math.isnan(one(quantile, 0.5, bounds=[math.inf], counts=[5]))


def test_falling_counts_are_lifted_and_said():
    values, forced = quantile(np.array([0.5]), np.array([1, 2, math.inf]), np.array([[10.0], [5.0], [20.0]]))
    assert forced
    assert values[0] == pytest.approx(1)
    _, forced = quantile(np.array([0.5]), np.array([1, 2, math.inf]), np.array([[10.0], [10 - 1e-13], [20.0]]))
    assert not forced


@pytest.mark.parametrize(
    ("lower", "upper", "share"),
    [(0, 0.15, 0.5), (0.15, math.inf, 0.5), (0, 0.125, 0.25), (-1, -0.5, 0), (0.2, 0.1, 0), (math.nan, 1, math.nan)],
)
def test_fractions(lower, upper, share):
    found = one(fraction, lower, upper, bounds=BOUNDS, counts=[0, 50, 80, 100, 100])
    assert found == pytest.approx(share, nan_ok=True)


@pytest.mark.parametrize("text", ["", "abc", "1_0", " 1", "1 ", "0x1", "--1", "1e"])
def test_bounds_that_are_none(text):
    assert bucket_bound(text) is None


def test_the_exact_share_above_a_bound_needs_no_quantile(loaded):
    """Every request takes 110 ms: the p95 of coarse buckets is far off, the share above .15 is exact."""
    reader = loaded("""
        load 15s
          d_bucket{le="0.1"} 0x40
          d_bucket{le="0.15"} 0+10x40
          d_bucket{le="0.5"} 0+10x40
          d_bucket{le="+Inf"} 0+10x40
          d_count 0+10x40
    """)
    engine = Engine(reader)
    share = engine.query('1 - rate(d_bucket{le="0.15"}[5m]) / ignoring (le) rate(d_count[5m])', 600).value.values
    assert share.tolist() == [0.0]
    assert engine.query("histogram_quantile(.95, rate(d_bucket[5m]))", 600).value.values[0] == pytest.approx(0.1475)
    coarse = 'histogram_quantile(.95, rate(d_bucket{le!="0.15"}[5m]))'
    assert engine.query(coarse, 600).value.values[0] == pytest.approx(0.48)


def test_buckets_that_come_and_go_are_judged_step_by_step(loaded):
    reader = loaded("""
        load 1m
          b{le="1"} 5 5 5 5
          b{le="2"} 5 _ stale 10
          b{le="+Inf"} 10 10 10 10
    """)
    grid = Engine(reader, lookback=59).query_range("histogram_quantile(.75, b)", 0, 180, 60).value
    assert grid.values[:, 0].tolist() == [2, 1, 1, 1.5]


def test_histograms_with_the_same_labels_may_not_meet(loaded):
    reader = loaded('load 1m\n a_bucket{le="+Inf"} 1\n b_bucket{le="+Inf"} 1')
    with pytest.raises(ExecutionFailed, match="same labelset"):
        Engine(reader).query('histogram_quantile(.5, {__name__=~"._bucket"})', 0)


def test_series_without_a_bound_are_left_out_and_said(loaded):
    reader = loaded('load 1m\n a_bucket{le="big"} 1\n a_bucket{le="1"} 1\n a_bucket{le="+Inf"} 1')
    answer = Engine(reader).query("histogram_quantile(.5, a_bucket)", 0)
    assert answer.value.values.tolist() == [0.5]
    said = 'bucket label "le" is missing or has a malformed value of "big" for metric name "a_bucket" (1:24)'
    assert answer.warnings == (f"PromQL warning: {said}",)
