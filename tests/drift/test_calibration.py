"""The rule that alerts, over worlds of days that vary: how often it is wrong, how soon it is right."""

import numpy as np
import pytest
from scipy import special

from monitor_core.drift.build import baseline_from_summaries
from monitor_core.drift.grid import FeatureGrid, Grid
from monitor_core.drift.results import CellState, FeatureKind
from monitor_core.drift.rules import judge, judge_single
from monitor_core.drift.summary import TableSummary
from monitor_core.settings import DriftSettings
from monitor_core.values import Verdict

pytestmark = pytest.mark.calibration

FEATURES, REFERENCE_DAYS = 25, 84
EDGES = special.ndtri(np.arange(1, 10) / 10)


def grid_of(features, cells, *, granularity="day"):
    """Numbers with PSI cells of their own knots."""
    knots = EDGES if cells == 10 else np.arange(cells - 1.0)
    return Grid(
        tuple(
            FeatureGrid(f"f{i:02}", FeatureKind.NUMERIC, "feature", "double", knots, (), np.arange(cells))
            for i in range(features)
        ),
        granularity,
    )


def summary_of(grid, counts):
    """One day's counts, shape (features, cells)."""
    empty = TableSummary.empty(grid)
    return TableSummary(
        grid, int(counts[0].sum()), counts.ravel().astype(np.int64), empty.tallies, empty.sums, empty.extremes
    )


def chances(mean):
    """Chances of the deciles of a standard normal for normal values of this mean."""
    return np.diff(special.ndtr(EDGES - mean[..., None]), axis=-1, prepend=0.0, append=1.0)


def daily_means(rng, days):
    """Means that wander (AR .7, deviation .1) with a weekly rhythm (.1), shape (features, days)."""
    shocks = rng.normal(size=(FEATURES, days))
    mood = shocks.copy()
    for day in range(1, days):
        mood[:, day] = 0.7 * mood[:, day - 1] + np.sqrt(1 - 0.7**2) * shocks[:, day]
    phase = rng.integers(0, 7, size=(FEATURES, 1))
    return 0.1 * mood + 0.1 * np.sin(2 * np.pi * (np.arange(days) + phase) / 7)


def alerts(rng, rows, *, days, shift_from=None, reference=REFERENCE_DAYS, window=1):
    """Which feature alerts on which day after the reference days, shape (days, features)."""
    means = daily_means(rng, reference + days)
    if shift_from is not None:
        means[:3, reference + shift_from :] += 0.5
    counts = rng.multinomial(rows, chances(means)).swapaxes(0, 1)
    grid = grid_of(FEATURES, 10)
    first = np.datetime64("2026-01-01")
    summaries = {str(first + day): summary_of(grid, counts[day]) for day in range(reference + days)}
    labels = sorted(summaries)
    baseline = baseline_from_summaries(grid, (((day, ""), summaries[day]) for day in labels[:reference]))
    coming = {day: summaries[day] for day in labels[reference:]}
    judged = judge(baseline, coming, settings=DriftSettings(window_granules=window))
    return np.array([[feature.state is CellState.DRIFTED for feature in granule.features] for granule in judged])


@pytest.mark.parametrize("rows", [200, 2_000])
def test_days_that_vary_raise_few_false_alerts(rows):
    """25 features x 90 days, 10 quarters: alerts below .2 % of feature-days and on less than 5 % of days."""
    rng = np.random.default_rng(rows)
    found = np.array([alerts(rng, rows, days=90) for _ in range(10)])
    assert found.mean() < 0.002
    assert found.any(axis=2).mean() < 0.05


@pytest.mark.parametrize(("window", "reference"), [(7, 98), (3, 84), (14, 196)])
@pytest.mark.parametrize("rows", [200, 2_000])
def test_windows_of_days_that_vary_raise_few_false_alerts(rows, window, reference):
    """The bars of single days hold for windows too, from the fewest reference days on: 10 quarters each."""
    rng = np.random.default_rng([rows, window])
    found = np.array([alerts(rng, rows, days=90, reference=reference, window=window) for _ in range(10)])
    assert found.mean() < 0.002
    assert found.any(axis=2).mean() < 0.05


@pytest.mark.parametrize("rows", [200, 2_000])
def test_half_a_deviation_is_found_within_a_week(rows):
    """On 3 of 25 features of that world, in 90 % of the cases or more; 40 repeats."""
    rng = np.random.default_rng(rows)
    found = [alerts(rng, rows, days=12, shift_from=5)[5:, :3].any(axis=0) for _ in range(40)]
    assert np.mean(found) >= 0.90


@pytest.mark.parametrize(("n", "m"), [(1_000, 1_000), (2_000, 50), (2_000, 100), (2_000, 200), (2_000, 2_000)])
@pytest.mark.parametrize("cells", [6, 10, 50])
def test_identical_data_alarm_at_most_at_eight_percent(cells, n, m):
    """A single comparison at a nominal 5 % that asks for no effect: 30 baselines, 20 tables each."""
    rng = np.random.default_rng(n + m + cells)
    settings = DriftSettings(fdr=0.05, min_debiased_psi=-10.0)
    mix, verdicts = np.full(cells, 1 / cells), []
    grid = grid_of(1, cells, granularity="")
    for _ in range(30):
        baseline = baseline_from_summaries(grid, [(("", ""), summary_of(grid, rng.multinomial(n, mix)[None]))])
        for _ in range(20):
            table = summary_of(grid, rng.multinomial(m, mix)[None])
            verdicts.append(judge_single(baseline, table, settings=settings).features[0].verdict)
    assert np.mean([verdict is Verdict.DRIFTED for verdict in verdicts]) <= 0.08
