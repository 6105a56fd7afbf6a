"""Functions over ranges, each beside the plain way to compute it."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.metrics.promql import Engine, MemoryReader
from monitor_core.metrics.promql.sums import PIECE, means, window_sums

PLAIN = {
    "sum_over_time": math.fsum,
    "avg_over_time": lambda values: math.fsum(values) / len(values),
    "min_over_time": min,
    "max_over_time": max,
    "count_over_time": len,
    "last_over_time": lambda values: values[-1],
    "stdvar_over_time": statistics.pvariance,
    "stddev_over_time": statistics.pstdev,
    "changes": lambda values: sum(a != b for a, b in pairwise(values)),
    "resets": lambda values: sum(b < a for a, b in pairwise(values)),
    "present_over_time": lambda _: 1,
}


@pytest.mark.parametrize("name", PLAIN)
def test_every_window_is_what_its_samples_say(name):
    random = np.random.default_rng(3)
    reader, stored = MemoryReader(), {}
    for series in "abc":
        stamps = np.unique(random.integers(0, 600_000, 150))
        values = random.integers(-5, 6, len(stamps)) / 2
        stored[series] = (stamps, values)
        reader.add({"__name__": "x", "s": series}, stamps, values)
    grid = Engine(reader).query_range(f"{name}(x[40s])", 0, 600, 7).value
    found = {dict(labels)["s"]: dict(zip(t.tolist(), v.tolist(), strict=True)) for labels, t, v in grid.series()}
    for series, (stamps, values) in stored.items():
        for step in range(0, 600_001, 7000):
            inside = values[(stamps > step - 40_000) & (stamps <= step)].tolist()
            if inside:
                assert found[series][step] == pytest.approx(PLAIN[name](inside), abs=1e-12)
            else:
                assert step not in found[series]


@settings(deadline=None)
@given(
    st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=40),
    st.sampled_from([1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5]),
)
def test_sums_are_those_of_fsum(values, times):
    table = np.array(values * (times // len(values) + 1))
    bounds = np.array([0]), np.array([len(table)])
    exact = math.fsum(table.tolist())
    assert window_sums(table, *bounds)[0] == pytest.approx(exact, rel=1e-15, abs=1e-15 * np.abs(table).sum())
    assert means(table, *bounds)[0] == pytest.approx(exact / len(table), rel=1e-14, abs=1e-15 * np.abs(table).sum())


def test_infinities_and_nan_in_sums():
    values = np.array([1, np.inf, -np.inf, 2, np.nan, np.inf])
    found = window_sums(values, np.array([0, 0, 3, 5]), np.array([2, 3, 5, 6]))
    assert found[0] == np.inf
    assert np.isnan(found[1:3]).all()
    assert found[3] == np.inf


@pytest.mark.parametrize(("q", "value"), [(0, 1), (0.5, 3), (0.25, 2), (1, 5), (-1, -math.inf), (1.1, math.inf)])
def test_quantiles_over_time(loaded, q, value):
    reader = loaded("load 15s\n x 5 3 1 4 2")
    assert Engine(reader).query(f"quantile_over_time({q}, x[2m])", 60).value.values.tolist() == [value]


def test_nan_is_the_smallest_value_to_a_quantile_and_none_to_an_extreme(loaded):
    engine = Engine(loaded("load 15s\n x 5 NaN 1"))
    assert math.isnan(engine.query("quantile_over_time(0, x[2m])", 30).value.values[0])
    assert engine.query("quantile_over_time(1, x[2m])", 30).value.values.tolist() == [5]
    assert engine.query("min_over_time(x[2m])", 30).value.values.tolist() == [1]
    assert engine.query("max_over_time(x[2m])", 30).value.values.tolist() == [5]


def test_lines(loaded):
    engine = Engine(loaded("load 15s\n x 10+3x10\n level 7x10"))
    assert engine.query("deriv(x[2m])", 120).value.values[0] == pytest.approx(0.2)
    assert engine.query("predict_linear(x[2m], 60)", 120).value.values[0] == pytest.approx(10 + 24 + 12)
    assert engine.query("deriv(level[2m])", 120).value.values.tolist() == [0]
    assert engine.query("predict_linear(level[2m], 1e9)", 120).value.values.tolist() == [7]


def test_instant_rates(loaded):
    engine = Engine(loaded("load 15s\n x_total 10 40 5 20"))
    assert engine.query("irate(x_total[1m])", 45).value.values.tolist() == [1]
    assert engine.query("irate(x_total[1m])", 30).value.values[0] == pytest.approx(5 / 15)
    assert engine.query("idelta(x_total[1m])", 30).value.values.tolist() == [-35]


def test_smoothing_is_the_recursion_written_out(loaded):
    values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0]
    reader = loaded("load 15s\n x " + " ".join(map(str, values)))
    sf, tf = 0.3, 0.6
    level, slope, before = values[0], values[1] - values[0], 0.0
    for number, value in enumerate(values[1:]):
        if number:
            slope = tf * (level - before) + (1 - tf) * slope
        before, level = level, sf * value + (1 - sf) * (level + slope)
    for engine, name in (
        (Engine(reader, experimental=True), "double_exponential_smoothing"),
        (Engine(reader, compat=2), "holt_winters"),
    ):
        assert engine.query(f"{name}(x[5m], {sf}, {tf})", 75).value.values[0] == pytest.approx(level)


def test_long_windows_are_handled_in_blocks():
    reader = MemoryReader()
    values = np.arange(200_000.0)
    reader.add({"__name__": "x"}, np.arange(200_000) * 1000, values)
    grid = Engine(reader).query_range("sum_over_time(x[1d])", 86_400, 190_000, 1000).value
    assert grid.timestamps[0] == 86_400_000
    assert np.allclose(
        grid.values[:, 0], values[1:86_401].sum() + 86_400 * 1000 * np.arange(len(grid.timestamps)), rtol=1e-12
    )
