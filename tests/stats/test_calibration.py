"""How often the statistics cry wolf, and what they see: simulations over counts, with their repeats stated."""

import numpy as np
import pytest
from scipy import special

from monitor_core.stats import (
    benjamini_hochberg,
    combine_tail,
    ks_bounds,
    psi_table,
    rao_scott,
    reference_spread,
)

pytestmark = pytest.mark.calibration

REPEATS = 20_000
DECILES = np.full(10, 0.1)
ZIPF = 1 / np.arange(1, 51) / (1 / np.arange(1, 51)).sum()
MIXES = {
    "deciles": DECILES,
    "deciles and .1 % missing": np.append(0.999 * DECILES, 0.001),
    "6 categories": np.full(6, 1 / 6),
    "6 uneven categories": np.array([0.8, 0.1, 0.05, 0.03, 0.015, 0.005]),
    "50 even categories": np.full(50, 0.02),
    "50 Zipf categories": ZIPF,
}


def quiet(mix, n, m, *, seed):
    """PSI and tests of pairs that share one law."""
    rng = np.random.default_rng(seed)
    return psi_table(rng.multinomial(n, mix, REPEATS), rng.multinomial(m, mix, REPEATS))


@pytest.mark.parametrize("m", [50, 100, 200, 1_000, 2_000, 20_000])
@pytest.mark.parametrize("mix", MIXES)
def test_one_quiet_pair_in_a_hundred_has_p_below_one_percent(mix, m):
    """H0 rate of p < .01 lies in .007-.013 at every size, also where cells are small."""
    rate = (quiet(MIXES[mix], 10_000, m, seed=m).p_value < 0.01).mean()
    assert 0.007 <= rate <= 0.013


@pytest.mark.parametrize(("n", "m"), [(200, 200), (1_000, 50), (200, 20_000), (1_000, 20_000)])
def test_the_level_holds_whichever_side_is_small(n, m):
    """Also for a baseline smaller than the window."""
    rates = [(quiet(mix, n, m, seed=n + m).p_value < 0.01).mean() for mix in MIXES.values()]
    assert all(0.007 <= rate <= 0.013 for rate in rates), rates


@pytest.mark.parametrize("n", [1_000, 20_000])
@pytest.mark.parametrize("m", [100, 200, 1_000, 20_000])
def test_debiased_psi_is_about_zero_when_nothing_changed(n, m):
    """Mean within .006 for ten cells, from 1,000 baseline and 100 current rows on."""
    assert abs(quiet(DECILES, n, m, seed=7).debiased.mean()) <= 0.006


@pytest.mark.parametrize(("n", "m"), [(1_000, 1_000), (2_000, 50), (2_000, 100), (2_000, 200), (2_000, 2_000)])
@pytest.mark.parametrize("mix", MIXES)
def test_identical_data_alarm_at_most_at_eight_percent(mix, n, m):
    """At a nominal 5 %."""
    assert (quiet(MIXES[mix], n, m, seed=n + m).p_value < 0.05).mean() <= 0.08


@pytest.mark.parametrize("seed", range(5))
def test_mirror_data_have_the_same_statistics(seed):
    """Up and down by one deviation: the cells in reverse order, the same figures."""
    rng = np.random.default_rng(seed)
    baseline = rng.multinomial(1_000, DECILES)
    current = rng.multinomial(200, moved(np.array(1.0)))
    up, down = psi_table(baseline, current), psi_table(baseline[::-1], current[::-1])
    assert float(up.psi) == pytest.approx(float(down.psi))
    assert float(up.p_value) == pytest.approx(float(down.p_value), rel=1e-9)


FAMILIES = {
    "normal": lambda rng, size: rng.normal(size=size),
    "lognormal": lambda rng, size: rng.lognormal(size=size),
    "t3": lambda rng, size: rng.standard_t(3, size=size),
    "uniform": lambda rng, size: rng.uniform(size=size),
    "Poisson": lambda rng, size: rng.poisson(3, size=size).astype(float),
    "zero-inflated": lambda rng, size: np.where(rng.random(size) < 0.6, 0.0, rng.lognormal(size=size)),
}
FAULTS = {
    "unit x 100": lambda values, _: 100 * values,
    "sentinel 1e6": lambda values, hit: np.where(hit, 1e6, values),
    "sentinel -999": lambda values, hit: np.where(hit, -999.0, values),
    "missing": lambda values, hit: np.where(hit, np.nan, values),
}


def decile_counts(edges, *samples):
    """Rows between the edges, outer cells open, missing in a cell of its own."""
    return [
        np.bincount(
            np.where(np.isnan(values), edges.size + 1, np.searchsorted(edges, values, side="right")),
            minlength=edges.size + 2,
        )
        for values in samples
    ]


def decile_edges(baseline):
    """Deciles, and above a tied one its successor: an atom has a cell of its own."""
    deciles = np.quantile(baseline, np.arange(1, 10) / 10, method="inverted_cdf")
    values, counts = np.unique(baseline, return_counts=True)
    tied = np.intersect1d(deciles, values[counts > 1])
    return np.unique(np.concatenate([deciles, np.nextafter(tied, np.inf)]))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("m", [1_000, 5_000])
def test_faults_of_the_feed_are_found(family, fault, m):
    """Units, sentinels and missing values, 50 days each: significant and large enough on 95 % of them or more."""
    rng = np.random.default_rng(m)
    baseline = FAMILIES[family](rng, 2_000)
    edges = decile_edges(baseline)
    faulty = FAULTS[fault](FAMILIES[family](rng, (50, m)), rng.random((50, m)) < 0.1)
    (before,) = decile_counts(edges, baseline)
    table = psi_table(before, decile_counts(edges, *faulty))
    found = (table.p_value < 0.01) & (table.debiased >= 0.02)
    assert found.mean() >= 0.95


@pytest.mark.parametrize("side", [0, 1], ids=["baseline", "current"])
@pytest.mark.parametrize(("rows", "share"), [(1_000, 0.97), (2_000, 1.0)])
def test_one_outlier_changes_next_to_nothing(side, rows, share):
    """One value of 1e6 moves PSI and the KS distance by less than .005, 400 repeats.

    At 1,000 rows not quite always: any exchanged baseline row moves the deciles by a rank, and with them a few rows.
    """
    rng = np.random.default_rng(rows)
    changes = []
    for _ in range(400):
        pair = [rng.normal(size=rows), rng.normal(size=rows)]
        spoiled = [values.copy() for values in pair]
        spoiled[side][0] = 1e6
        changes.append(np.abs(np.subtract(psi_and_ks(*spoiled), psi_and_ks(*pair))).max())
    assert np.mean(np.array(changes) < 0.005) >= share


def psi_and_ks(baseline, current):
    """Both distances, on cells of the baseline's own."""
    knots = np.unique(baseline)
    counts = decile_counts(decile_edges(baseline), baseline, current)
    low, _ = ks_bounds(*(count[:-1] for count in decile_counts(knots, baseline, current)), knots)
    return float(psi_table(*counts).psi), float(low)


# A world of days that vary: the mean of each feature wanders (AR .7, deviation .1) with a weekly rhythm (.1).
FEATURES, REFERENCE_DAYS, DAYS = 25, 84, 90


def moved(mean):
    """Chances of the baseline's ten deciles for normal values of this mean."""
    edges = special.ndtri(np.arange(1, 10) / 10)
    below = special.ndtr(edges - mean[..., None])
    return np.diff(below, axis=-1, prepend=0.0, append=1.0)


def daily_means(rng, days):
    """One mean a feature and day."""
    shocks = rng.normal(size=(FEATURES, days))
    mood = shocks.copy()
    for day in range(1, days):
        mood[:, day] = 0.7 * mood[:, day - 1] + np.sqrt(1 - 0.7**2) * shocks[:, day]
    phase = rng.integers(0, 7, size=(FEATURES, 1))
    return 0.1 * mood + 0.1 * np.sin(2 * np.pi * (np.arange(days) + phase) / 7)


def alerts(rng, rows, *, days=DAYS, shift_from=None):
    """Which feature alerts on which day: corrected p, BH at .01, debiased PSI of .02, two of three days."""
    means = daily_means(rng, REFERENCE_DAYS + days)
    if shift_from is not None:
        means[:3, REFERENCE_DAYS + shift_from :] += 0.5
    counts = rng.multinomial(rows, moved(means))
    history, current = counts[:, :REFERENCE_DAYS], counts[:, REFERENCE_DAYS:]
    table = psi_table(history.sum(axis=1)[:, None], current)
    spread = reference_spread(history)
    mean, variance = (value[:, None] for value in spread.at(rows, 9.0))
    _, p = rao_scott(table.chi2, mean=mean, variance=variance, cells=table.dof + 1, days=REFERENCE_DAYS)
    adjusted = benjamini_hochberg(combine_tail(p, table.tail_p).T).T
    hit = (adjusted <= 0.01) & (table.debiased >= 0.02)
    recent = np.stack([np.pad(hit, ((0, 0), (lag, 0)))[:, :days] for lag in range(3)]).sum(axis=0)
    return hit & (recent >= 2)


@pytest.mark.parametrize("rows", [200, 2_000])
def test_days_that_vary_raise_few_false_alerts(rows):
    """Below .2 % of feature-days and 5 % of days, over 40 quarters."""
    rng = np.random.default_rng(rows)
    found = np.array([alerts(rng, rows) for _ in range(40)])
    assert found.mean() < 0.002
    assert found.any(axis=1).mean() < 0.05


@pytest.mark.parametrize("rows", [200, 2_000])
def test_half_a_deviation_is_found_within_a_week(rows):
    """On 3 of 25 features in the same world, in 90 % of the cases or more; 150 repeats."""
    rng = np.random.default_rng(rows)
    found = [alerts(rng, rows, days=20, shift_from=5)[:3, 5:12].any(axis=1) for _ in range(150)]
    assert np.mean(found) >= 0.90
