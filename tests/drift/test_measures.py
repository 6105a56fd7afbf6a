"""Statistics of summaries: bounds that hold for any data, and equality with the rows."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from monitor_core import stats
from monitor_core.drift.build import build
from monitor_core.drift.count import count
from monitor_core.drift.measures import Comparator
from monitor_core.settings import DriftSettings

K = 20
ADVERSARIAL = st.one_of(
    st.floats(allow_nan=False),
    st.sampled_from([0.0, -0.0, 1.0, np.nextafter(1.0, 2.0), 5e-324, -5e-324, np.inf, -np.inf, 1.7976931348623157e308]),
    st.integers(-3, 3).map(float),
)
SAMPLES = st.one_of(
    st.lists(ADVERSARIAL, min_size=1, max_size=200),
    st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=1, max_size=200),
    st.builds(
        lambda seed, n, shift: np.random.default_rng(seed).normal(shift, size=n).tolist(),
        st.integers(0, 999),
        st.integers(1, 500),
        st.sampled_from([0.0, 0.5, 100.0]),
    ),
)


def measured(cut, baseline, current, *, knots=K, batch_rows=10**9):
    made = build(cut(pa.table({"x": baseline})), settings=DriftSettings(knots=knots))
    counted = count(made.grid, cut(pa.table({"x": current}), batch_rows=batch_rows)).summary()
    return Comparator(made).measure([counted])


def true_ks(baseline, current):
    values = np.unique(np.concatenate([baseline, current]))
    below = [np.searchsorted(np.sort(side), values, "right") / len(side) for side in (baseline, current)]
    return np.abs(below[0] - below[1]).max()


@given(SAMPLES, SAMPLES, st.booleans())
@settings(max_examples=250, deadline=None)
def test_the_ks_bound_holds_for_any_values(baseline, current, missing):
    """The true distance lies within the bounds, which are at most 1/K + 1/n apart; missing values change nothing."""
    from tests.drift.conftest import CutTable

    baseline, current = np.array(baseline), np.array(current)
    shown = np.append(current, np.nan) if missing else current
    found = measured(CutTable, baseline, shown, batch_rows=37)
    low, high = found.ks_low[0, 0], found.ks_high[0, 0]
    if found.cells[0, 0] < 2:
        assert np.isnan(low)
        return
    assert low - 1e-12 <= true_ks(baseline, current) <= high + 1e-12
    assert high - low <= 1 / K + 1 / len(baseline) + 1e-12


@given(st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 3), min_size=2, max_size=100))
@settings(max_examples=50, deadline=None)
def test_whole_numbers_with_few_values_are_exact(values):
    """With at most K/2 distinct values both bounds are the distance."""
    from tests.drift.conftest import CutTable

    found = measured(CutTable, np.array(values), np.array(values[1:]), knots=400)
    if found.cells[0, 0] >= 2:
        assert found.ks_low[0, 0] == found.ks_high[0, 0]
        assert found.ks_low[0, 0] == pytest.approx(true_ks(np.array(values), np.array(values[1:])))


@pytest.mark.parametrize("shape", ["normal", "lognormal", "poisson", "inflated"])
def test_psi_is_that_of_the_rows(cut, shape):
    """PSI, X2 and JS from the summary equal those computed from the rows with the grid's own edges."""
    rng = np.random.default_rng(3)

    def draw(n, shift):
        values = {
            "normal": rng.normal(shift, size=n),
            "lognormal": rng.lognormal(shift, size=n),
            "poisson": rng.poisson(3 + shift, n).astype(float),
            "inflated": np.where(rng.random(n) < 0.6, 0.0, rng.lognormal(shift, size=n)),
        }[shape]
        values[rng.random(n) < 0.02] = np.nan
        return values

    baseline, current = draw(5_000, 0.0), draw(1_500, 0.1)
    made = build(cut(pa.table({"x": baseline})))
    grid = made.grid.features[0]
    edges = np.concatenate([[-np.inf], grid.knots[grid.starts[1:] - 1]])
    counts = []
    for side in (baseline, current):
        inside = [np.sum((side >= low) & (side < high)) for low, high in zip(edges, [*edges[1:], np.inf], strict=True)]
        counts.append(np.array([*inside, np.isnan(side).sum()]))
    found = Comparator(made).measure([count(made.grid, cut(pa.table({"x": current}), 400)).summary()])
    exact = stats.psi(*counts)
    assert found.psi[0, 0] == pytest.approx(exact.psi)
    assert found.chi2[0, 0] == pytest.approx(exact.chi2)
    assert found.plain_p[0, 0] == pytest.approx(exact.p_value)
    assert found.js[0, 0] == pytest.approx(float(stats.jensen_shannon(*counts)))


def test_wasserstein_is_near_that_of_the_rows(cut):
    """The distance in units of the baseline's spread agrees with SciPy's on the rows."""
    rng = np.random.default_rng(4)
    baseline, current = rng.normal(size=20_000), rng.normal(0.3, size=5_000)
    spread = (np.quantile(baseline, 0.75) - np.quantile(baseline, 0.25)) / 1.349
    exact = scipy_stats.wasserstein_distance(baseline, np.clip(current, baseline.min(), baseline.max())) / spread
    assert measured(cut, baseline, current, knots=2000).wasserstein[0, 0] == pytest.approx(exact, rel=0.01)


def test_many_granules_at_once_are_measured_as_one_by_one(cut, mixed):
    """Batching granules changes nothing, for features of every kind."""
    table = mixed(3_000, 1)
    made = build(cut(table))
    summaries = [count(made.grid, cut(mixed(400, seed))).summary() for seed in range(3)]
    together = Comparator(made).measure(summaries)
    for number, summary in enumerate(summaries):
        alone = Comparator(made).measure([summary]).row(0)
        assert all(
            np.allclose(getattr(alone, name), getattr(together.row(number), name), rtol=1e-12, equal_nan=True)
            for name in ("psi", "chi2", "js", "ks_low", "ks_high", "wasserstein", "missing", "unseen", "out_of_range")
        )


def test_mirrored_data_give_the_same_numbers(cut):
    """A shift up and a shift down of symmetric data are the same drift."""
    rng = np.random.default_rng(5)
    half = np.abs(rng.normal(size=5_000))
    baseline = np.concatenate([half, -half])
    current = rng.normal(size=2_000)
    up, down = measured(cut, baseline, current + 1.0, knots=2000), measured(cut, baseline, -current - 1.0, knots=2000)
    assert up.psi[0, 0] == pytest.approx(down.psi[0, 0], rel=0.02)
    assert up.ks_low[0, 0] == pytest.approx(down.ks_low[0, 0], abs=1e-3)


@pytest.mark.parametrize("side", ["baseline", "current"])
def test_one_outlier_changes_next_to_nothing(cut, side):
    """One value of 1e6 in a thousand moves PSI and KS by less than .005."""
    rng = np.random.default_rng(6)
    baseline, current = rng.normal(size=1_000), rng.normal(0.3, size=1_000)
    clean = measured(cut, baseline, current, knots=2000)
    (baseline if side == "baseline" else current)[7] = 1e6
    dirty = measured(cut, baseline, current, knots=2000)
    assert abs(dirty.psi[0, 0] - clean.psi[0, 0]) < 0.005
    assert abs(dirty.ks_low[0, 0] - clean.ks_low[0, 0]) < 0.005


def test_shares_are_of_the_rows_that_can_be_compared(cut):
    """Missing, out-of-range and unseen shares."""
    made = build(cut(pa.table({"x": np.arange(100.0), "c": ["a", "b"] * 50})))
    table = pa.table({"x": [None, np.nan, -1.0, 1e9, 5.0], "c": ["a", None, "new", "newer", "b"]})
    row = Comparator(made).measure([count(made.grid, cut(table)).summary()]).row(0)
    assert row.missing.tolist() == [0.4, 0.2]
    assert row.out_of_range[0] == 0.4
    assert row.unseen[1] == 0.4
    assert np.isnan(row.unseen[0])
    assert np.isnan(row.out_of_range[1])


@pytest.mark.parametrize("values", [[7.0] * 60, [None] * 60], ids=["constant", "missing"])
def test_nothing_to_compare_is_not_zero(cut, values):
    """Constant against the same constant has no statistic."""
    column = pa.array(values, pa.float64())
    found = measured(cut, column, column)
    assert np.isnan([found.psi[0, 0], found.ks_low[0, 0], found.js[0, 0], found.plain_p[0, 0]]).all()
