"""Chunks give back every bit, and are small."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitor_core.metrics.promql import STALE
from monitor_core.metrics.store.chunks import ABSENT, decode_stamps, decode_table, encode_stamps, encode_table

RNG = np.random.default_rng(3)
HOUR = (240, 32)
NUMBERS = st.one_of(
    st.floats(),
    st.integers(-(2**60), 2**60).map(float),
    st.decimals(-1000, 1000, places=3).map(float),
    st.sampled_from([0.0, -0.0, float(STALE), float(ABSENT), 5e-324, 1.7e308]),
)


@settings(max_examples=200, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 5)), elements=NUMBERS))
def test_every_number_comes_back(table):
    """Bit for bit; but for NaNs that are no marker, which become the usual one."""
    bits = table.view(np.uint64).copy()
    marks = np.array([STALE, ABSENT]).view(np.uint64)
    bits[np.isnan(table) & ~np.isin(bits, marks)] = np.array([np.nan]).view(np.uint64)[0]
    assert np.array_equal(decode_table(encode_table(table)).view(np.uint64), bits)


@given(st.lists(st.integers(0, 2**44), min_size=1, max_size=50, unique=True).map(sorted))
def test_moments_come_back(moments):
    """However far apart."""
    stamps = np.array(moments, dtype=np.int64)
    assert np.array_equal(decode_stamps(encode_stamps(stamps)), stamps)


@pytest.mark.parametrize(
    ("table", "most"),
    [
        (RNG.poisson(0.1, HOUR).cumsum(axis=0), 1.5),
        (RNG.poisson(3, HOUR).cumsum(axis=0), 1.5),
        (RNG.poisson(100, HOUR).cumsum(axis=0), 1.5),
        (RNG.poisson(5_000, HOUR).cumsum(axis=0) + 10**9, 1.5),
        (RNG.poisson(1, HOUR).cumsum(axis=0).cumsum(axis=1), 1.5),
        (RNG.exponential(0.1, HOUR).cumsum(axis=0), 8.0),
        (RNG.normal(50, 10, HOUR), 8.0),
        (RNG.normal(0, 1, HOUR).cumsum(axis=0), 8.0),
        (np.round(RNG.uniform(0, 100, HOUR), 1), 2.0),
        (np.full(HOUR, 12.5), 0.05),
    ],
    ids=["rare", "slow", "fast", "large", "buckets", "sums", "noise", "walk", "percent", "constant"],
)
def test_bytes_a_sample(table, most):
    """An hour of 32 series: counters below 1.5 bytes, gauges below 8, moments included."""
    stamps = 1_700_000_000_000 + np.arange(240) * 15_000 + RNG.integers(0, 5, 240)
    size = len(encode_table(table.astype(np.float64))) + len(encode_stamps(stamps))
    assert size / table.size < most
