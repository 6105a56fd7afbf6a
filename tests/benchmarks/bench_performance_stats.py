"""How often the statistics of performance are wrong, and how soon they are right: python <this file> [repeats].

The worlds are also those of `tests/stats/test_calibration_performance.py`, which repeats a part of this.
"""

import itertools
import sys

import numpy as np
from scipy import special

from monitor_core import stats

F1 = (0.3, 0.5, 0.6, 0.72, 0.85, 0.95)
SHARES = (0.05, 0.1358, 0.3)
CASES = (10, 50, 167)
"""54 settings of independent rows: F1, share of rows that are relevant, relevant rows expected."""

F_STAR = 0.5625
SHARE = stats.relevant_share(precision=0.68, recall=0.76, prevalence=0.10)
LABELS = (50, 200, 1_000)
HISTORY, YEAR, THRESHOLD = 90, 365, 20.0
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
CHUNK = 2_000


def binomial_pmf(k, n, p):
    """Probability of k of n, for arrays."""
    return np.exp(
        special.gammaln(n + 1)
        - special.gammaln(k + 1)
        - special.gammaln(n - k + 1)
        + special.xlogy(k, p)
        + special.xlog1py(n - k, -p)
    )


def exact_coverage(f1, share, expected):
    """Coverage of the 95 % interval, added up over every outcome of n independent rows."""
    rows = round(expected / share)
    cases = np.arange(rows + 1)
    chance = binomial_pmf(cases, rows, share)
    kept = chance > 1e-13
    cases, chance = cases[kept][:, None], chance[kept][:, None]
    hits = np.arange(cases.max() + 1)[None, :]
    possible = hits <= cases
    weight = chance * np.where(possible, binomial_pmf(np.minimum(hits, cases), cases, stats.f_star_from_f1(f1)), 0.0)
    _, low, high = stats.f1_intervals(hits, np.maximum(cases - hits, 0))
    return float((weight * ((low <= f1) & (f1 <= high))).sum())


def mean_share(centre, sd):
    """F* of days whose logit is normal around `centre`."""
    return float(special.expit(centre + sd * NODES) @ WEIGHTS / WEIGHTS.sum())


def centre_for(f_star, sd):
    """Centre of the days' logits that gives F* overall."""
    low, high = -8.0, 8.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if mean_share(middle, sd) < f_star else (low, middle)
    return 0.5 * (low + high)


def moods(rng, repeats, days, memory=0.0):
    """Standard normal mood of each day, correlated with the day before by `memory`."""
    mood = rng.standard_normal((repeats, days))
    for day in range(1, days):
        mood[:, day] = memory * mood[:, day - 1] + np.sqrt(1 - memory**2) * mood[:, day]
    return mood


def clustered_coverage(rng, repeats, *, days, cases, sd, f1, memory=0.0):
    """Coverage of the 95 % interval, naive and with the design effect, where days vary."""
    f_star = float(stats.f_star_from_f1(f1))
    relevant = rng.poisson(cases, (repeats, days)).astype(float)
    hits = rng.binomial(
        relevant.astype(int), special.expit(centre_for(f_star, sd) + sd * moods(rng, repeats, days, memory))
    )
    effects = design_effects(hits.astype(float), relevant)
    total_hits, total = hits.sum(axis=1), relevant.sum(axis=1)

    def covered(**kwargs):
        _, low, high = stats.f1_intervals(total_hits, total - total_hits, **kwargs)
        return float(((low <= f1) & (f1 <= high)).mean())

    return covered(), covered(deff=effects.deff, dof=effects.dof)


def design_effects(hits, relevant):
    """Design effect of many independent windows of the same length."""
    from monitor_core.stats.clusters import _many

    return _many(hits, relevant, hits.shape[1])


def year_with_alarm(rng, repeats, labels, *, baseline=None, sd=0.0, memory=0.0, bound=True):
    """Share of years without change in which the sequential alarm goes off.

    `baseline` relevant cases stand behind the null (None: it is known); where days vary (`sd`), evidence is tempered by
    the design effect of the 90 days before.
    """
    alarms = 0
    for start in range(0, repeats, CHUNK):
        size = min(CHUNK, repeats - start)
        null = np.full(size, F_STAR)
        if baseline is not None:
            hits = rng.binomial(baseline, F_STAR, size)
            estimate, low, _ = stats.wilson_intervals(hits, baseline)
            null = low if bound else estimate
        relevant = rng.binomial(labels, SHARE, (size, HISTORY + YEAR))
        mood = sd * moods(rng, size, HISTORY + YEAR, memory) if sd else 0.0
        right = rng.binomial(relevant, special.expit(centre_for(F_STAR, sd) + mood))
        days = np.stack([right, relevant], axis=-1)
        deff = 1.0
        if sd:
            deff = design_effects(right[:, :HISTORY].astype(float), relevant[:, :HISTORY].astype(float)).deff[:, None]
        evidence = stats.e_process(days[:, HISTORY:], f_star=null, deff=deff)
        alarms += int((evidence >= THRESHOLD).any(axis=1).sum())
    return alarms / repeats


def plain_rule(rng, repeats, labels, *, window=30, drop=0.05, baseline=800):
    """Share of years without change in which a 30-day F1 lies more than 5 % below the baseline's on some day."""
    known = stats.f1_from_f_star(rng.binomial(baseline, F_STAR, repeats) / baseline)
    relevant = rng.binomial(labels, SHARE, (repeats, YEAR + window))
    hits = rng.binomial(relevant, F_STAR)
    sums = [np.cumsum(side, axis=1)[:, window:] - np.cumsum(side, axis=1)[:, :-window] for side in (hits, relevant)]
    f1 = stats.f1_from_f_star(sums[0] / np.maximum(sums[1], 1))
    return float((f1 < (1 - drop) * known[:, None]).any(axis=1).mean())


def median_delay(rng, repeats, labels, *, drop=0.10, quiet=180, days=400, f1=0.72, null=None):
    """Median days from the change to the alarm, where the baseline is known (or the null is given)."""
    before = float(stats.f_star_from_f1(f1))
    after = float(stats.f_star_from_f1(f1 * (1 - drop)))
    relevant = rng.binomial(labels, SHARE, (repeats, quiet + days))
    share = np.where(np.arange(quiet + days) < quiet, before, after)
    pairs = np.stack([rng.binomial(relevant, share), relevant], axis=-1)
    found = stats.e_process(pairs, f_star=before if null is None else null)[:, quiet:] >= THRESHOLD
    delay = np.where(found.any(axis=1), found.argmax(axis=1) + 1, np.inf)
    return float(np.median(delay))


def ranking_coverage(rng, repeats, *, ones, zeros, shift):
    """Coverage of the 95 % intervals of ROC AUC and average precision, scores normal and `shift` sd apart."""
    y = np.repeat([1, 0], [ones, zeros])
    grid = np.linspace(-10, 10 + shift, 200_001)
    hit, alarm = special.ndtr(shift - grid), special.ndtr(-grid)
    truth = (
        float(special.ndtr(shift / np.sqrt(2))),
        float(-np.trapezoid(ones * hit / np.maximum(ones * hit + zeros * alarm, 1e-300), hit)),
    )
    covered = np.zeros(2)
    for _ in range(repeats):
        score = rng.standard_normal(y.size) + shift * y
        found = stats.roc_auc(y, score), stats.average_precision(y, score)
        covered += [result.low <= value <= result.high for result, value in zip(found, truth, strict=True)]
    return covered / repeats


def show_ranking(rng, repeats):
    """Print how often the intervals of ROC AUC and average precision hold the truth."""
    for ones, zeros, shift in itertools.product((20, 200), (20, 200, 2_000), (0.5, 1.0, 2.0)):
        area, precision = ranking_coverage(rng, repeats, ones=ones, zeros=zeros, shift=shift)
        print(f"{ones} positives, {zeros} negatives, {shift=}: ROC AUC {area:.4f}, average precision {precision:.4f}")


def show_coverage(rng, repeats):
    """Print the table of intervals."""
    exact = [exact_coverage(*setting) for setting in itertools.product(F1, SHARES, CASES)]
    print(f"independent rows, {len(exact)} settings, exact: {min(exact):.4f}-{max(exact):.4f}")
    wide = {
        setting: exact_coverage(*setting)
        for setting in itertools.product(
            (0.3, 0.4, 0.5, 0.6, 0.72, 0.8, 0.85, 0.9, 0.95),
            (0.02, 0.05, 0.1358, 0.3, 0.6),
            (10, 20, 30, 50, 100, 167, 300, 1_000),
        )
    }
    above = sorted({(f1, cases) for (f1, _, cases), value in wide.items() if value > 0.962})
    print(f"independent rows, {len(wide)} settings, exact: {min(wide.values()):.4f}-{max(wide.values()):.4f}, {above=}")
    for memory, lengths in ((0.0, (7, 14, 30, 90)), (0.5, (90,))):
        figures = [
            clustered_coverage(rng, repeats, days=days, cases=cases, sd=sd, f1=f1, memory=memory)
            for days, cases, sd, f1 in itertools.product(lengths, (7, 27, 136), (0.3, 0.6), (0.5, 0.72, 0.9))
        ]
        naive, ours = zip(*figures, strict=True)
        print(
            f"clustered days, {memory=}, {len(ours)} settings of {repeats} repeats: naive {min(naive):.3f}-"
            f"{max(naive):.3f}, ours {min(ours):.4f}-{max(ours):.4f}"
        )


def show_alarms(rng, repeats):
    """Print the tables of false alarms and delays."""
    for labels in LABELS:
        known = year_with_alarm(rng, repeats, labels)
        bounds = [f"{year_with_alarm(rng, repeats, labels, baseline=size):.4f}" for size in (100, 800, 5_000)]
        plug_in = [
            f"{year_with_alarm(rng, repeats, labels, baseline=size, bound=False):.3f}" for size in (100, 800, 5_000)
        ]
        varied = [
            f"{year_with_alarm(rng, repeats, labels, sd=0.3, memory=memory, baseline=size):.4f}"
            for memory, size in ((0.0, None), (0.5, None), (0.5, 800))
        ]
        print(
            f"{labels} labels a day: years with a false alarm, known {known:.4f}, lower bound {bounds}, plug-in "
            f"{plug_in}, varied days (independent; correlated .5; the same with a bound from 800) {varied}, plain rule "
            f"{plain_rule(rng, min(repeats, 4_000), labels):.3f}"
        )
        for quiet in (180, 0):
            delays = [
                median_delay(rng, min(repeats, 4_000), labels, drop=drop, quiet=quiet) for drop in (0.05, 0.10, 0.20)
            ]
            print(f"{labels} labels a day: median delay of a drop of 5, 10, 20 % after {quiet} quiet days {delays}")


def show_expected_delay(rng, repeats):
    """Print how far the formula is from simulation."""
    ratios, gaps = [], []
    for f1, bound, labels, drop in itertools.product((0.5, 0.72, 0.9), (1.0, 0.97), LABELS, (0.05, 0.10, 0.20)):
        null = float(stats.f_star_from_f1(f1)) * bound
        expected = stats.expected_delay(drop, f1=f1, f_star=null, relevant=labels * SHARE)
        if expected is None or expected > 400:
            continue
        found = median_delay(rng, repeats, labels, drop=drop, f1=f1, null=null, days=700)
        (ratios if found >= 10 else gaps).append(expected / found if found >= 10 else expected - found)
    print(f"expected delay over simulated, {len(ratios)} settings from 10 days: {min(ratios):.2f}-{max(ratios):.2f}")
    print(f"expected minus simulated, {len(gaps)} settings below 10 days: {min(gaps):.0f} to {max(gaps):.0f} days")


def main(repeats):
    """Print every figure."""
    rng = np.random.default_rng(20)
    show_coverage(rng, repeats)
    show_ranking(rng, min(repeats, 4_000))
    show_alarms(rng, repeats)
    show_expected_delay(rng, min(repeats, 2_000))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
