"""How often the statistics of performance are wrong, and how soon they are right.

The worlds are those of `tests/benchmarks/bench_performance_stats.py`, which repeats them at length.
"""

import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest

from monitor_core import stats

pytestmark = pytest.mark.calibration

_spec = importlib.util.spec_from_file_location(
    "bench_performance_stats", Path(__file__).parents[1] / "benchmarks" / "bench_performance_stats.py"
)
worlds = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(worlds)

REPEATS = 4_000


def test_coverage_of_the_f1_interval_is_exact():
    """Between .944 and .962 in all of 54 settings, every outcome of independent rows added up."""
    settings = list(itertools.product(worlds.F1, worlds.SHARES, worlds.CASES))
    found = {setting: worlds.exact_coverage(*setting) for setting in settings}
    assert len(found) == 54
    assert min(found.values()) >= 0.944
    assert max(found.values()) <= 0.962


@pytest.mark.parametrize("days", [7, 30, 90])
@pytest.mark.parametrize("cases", [27, 136])
def test_coverage_where_days_vary(days, cases):
    """At least .945 (the noise of 4,000 repeats apart), where the naive interval holds as little as 68 %."""
    rng = np.random.default_rng(days)
    found = [worlds.clustered_coverage(rng, REPEATS, days=days, cases=cases, sd=0.3, f1=f1) for f1 in (0.5, 0.72)]
    naive, ours = zip(*found, strict=True)
    assert min(ours) >= 0.945 - 0.008
    assert max(naive) < min(ours)


@pytest.mark.parametrize(("cases", "sd"), [(27, 0.3), (136, 0.3), (27, 0.6)])
def test_coverage_where_days_resemble_the_day_before(cases, sd):
    """At least .92 over 90 days whose moods correlate by one half, where the naive interval holds 47 to 79 %."""
    rng = np.random.default_rng(3)
    naive, ours = worlds.clustered_coverage(rng, REPEATS, days=90, cases=cases, sd=sd, f1=0.72, memory=0.5)
    assert ours >= 0.92
    assert naive < 0.80


@pytest.mark.parametrize("labels", worlds.LABELS)
def test_years_without_change_are_quiet(labels):
    """At most one in twenty with an alarm, the baseline known or estimated from 800 relevant cases."""
    rng = np.random.default_rng(labels)
    assert worlds.year_with_alarm(rng, 2_000, labels) <= 0.05
    assert worlds.year_with_alarm(rng, 2_000, labels, baseline=800) <= 0.05


@pytest.mark.parametrize("labels", worlds.LABELS)
def test_years_whose_days_vary_are_quiet(labels):
    """Tempered by the design effect of the 90 days before; without it nearly every year at 1,000 labels alarms."""
    rng = np.random.default_rng(labels)
    assert worlds.year_with_alarm(rng, 2_000, labels, sd=0.3) <= 0.05


@pytest.mark.parametrize(("labels", "after_quiet", "fresh"), [(50, 60, 68), (200, 20, 24), (1_000, 6, 7)])
def test_a_drop_of_ten_percent_is_found_in_time(labels, after_quiet, fresh):
    """Median delay against a known baseline."""
    rng = np.random.default_rng(labels)
    assert worlds.median_delay(rng, 1_000, labels, quiet=180, days=150) <= after_quiet
    assert worlds.median_delay(rng, 1_000, labels, quiet=0, days=150) <= fresh


@pytest.mark.parametrize(("labels", "drop"), [(50, 0.10), (50, 0.20), (200, 0.05), (200, 0.10), (1_000, 0.05)])
@pytest.mark.parametrize("bound", [1.0, 0.97])
def test_the_expected_delay_is_about_the_median(labels, drop, bound):
    """Within 12 % or a day of 1,000 simulated changes."""
    null = worlds.F_STAR * bound
    found = worlds.median_delay(np.random.default_rng(1), 1_000, labels, drop=drop, null=null, days=300)
    expected = stats.expected_delay(drop, f1=0.72, f_star=null, relevant=labels * worlds.SHARE)
    assert expected == pytest.approx(found, rel=0.12, abs=1.0)
