"""Error rates of the domain classifier, at length: python tests/benchmarks/bench_multivariate.py [worlds]."""

import sys
import time

import numpy as np
import pyarrow as pa

from monitor_core.drift.multivariate import multivariate, reference_aucs
from monitor_core.values import Verdict

FEATURES, BASELINE, ROWS, QUIET, CHANGED = 10, 4_000, 1_000, 20, 10


def granule(rng, rho, mood):
    """Rows of one day: the first two features correlate, every mean wanders from day to day by `mood`."""
    values = rng.normal(size=(ROWS, FEATURES))
    values[:, 1] = rho * values[:, 0] + np.sqrt(1 - rho**2) * values[:, 1]
    values += mood * rng.normal(size=FEATURES)
    return pa.table({f"f{i}": values[:, i] for i in range(FEATURES)})


def world(rng, references, mood):
    """Shares of quiet and of changed days called drifted, in one world with its own references."""
    days = [granule(rng, 0.8, mood) for _ in range(references)]
    aucs = reference_aucs(days, n_baseline=BASELINE, n_current=ROWS, rng_seed=int(rng.integers(2**31)))
    baseline = pa.concat_tables(days)
    baseline = baseline.take(rng.choice(baseline.num_rows, BASELINE, replace=False))
    return [
        [
            multivariate(baseline, granule(rng, rho, mood), aucs, rng_seed=number).verdict is Verdict.DRIFTED
            for number in range(repeats)
        ]
        for rho, repeats in ((0.8, QUIET), (0.4, CHANGED))
    ]


def main(worlds):
    """Print one line a setting."""
    for references, mood in ((14, 0.0), (28, 0.0), (28, 0.1)):
        rng, start = np.random.default_rng(1), time.perf_counter()
        found = [world(rng, references, mood) for _ in range(worlds)]
        quiet, changed = (np.array([part[side] for part in found]) for side in (0, 1))
        print(
            f"{references} references, daily mean sd {mood}: false positives {quiet.mean():.4f} of {quiet.size}, "
            f"correlation .8 to .4 found {changed.mean():.4f} of {changed.size}, {time.perf_counter() - start:.0f} s"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
