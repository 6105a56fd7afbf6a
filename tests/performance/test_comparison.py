"""Two versions side by side."""

from datetime import UTC, datetime

import numpy as np
import pytest

from monitor_core.performance.comparison import compare
from monitor_core.performance.maturity import maturity
from monitor_core.performance.series import series_of
from monitor_core.performance.windows import piece_of, window_metrics
from monitor_core.settings import PerformanceSettings
from monitor_core.stats import paired_probability_of_drop, probability_of_drop
from monitor_core.values import Granularity, ModelRef

NOW = datetime(2026, 11, 21, tzinfo=UTC)
YEAR, RULES = Granularity.parse("year"), PerformanceSettings()


def window(version, tp, errors):
    series = series_of(["2025"], tp=tp, fp=errors, tn=1_000)
    matured = maturity(series, granularity=YEAR, as_of=NOW, settings=RULES)
    piece = piece_of(series, matured, granularity=YEAR, window=1)
    return window_metrics(
        series, matured, piece, ref=ModelRef("churn", version), granularity=YEAR, as_of=NOW, settings=RULES
    )


NOTHING = np.zeros(8, dtype=np.int64)


def test_versions_without_common_rows_are_compared_apart():
    found = compare(window("2", 84, 83), window("1", 430, 380), NOTHING)
    assert found.method == "apart"
    assert found.cells == ()
    assert found.probabilities[0.05] == pytest.approx(probability_of_drop((84, 83), (430, 380), 0.05))
    assert found.probabilities[0.05] == pytest.approx(0.389101, abs=2e-6)


def test_common_rows_make_it_paired_and_surer():
    cells = np.array([9_000, 20, 30, 400, 300, 60, 50, 1_300])
    found = compare(window("2", 1_350, 790), window("1", 1_360, 770), cells)
    assert found.method == "paired"
    assert found.cells == tuple(cells.tolist())
    assert found.probabilities[0.0] == pytest.approx(paired_probability_of_drop(cells))
    apart = compare(found.current, found.other, NOTHING)
    assert abs(found.probabilities[0.0] - 0.5) > abs(apart.probabilities[0.0] - 0.5)


def test_common_rows_that_are_all_negative_do_not_pair():
    cells = np.array([500, 0, 0, 0, 0, 0, 0, 0])
    assert compare(window("2", 84, 83), window("1", 430, 380), cells).method == "apart"


def test_nothing_is_said_of_a_version_without_relevant_cases():
    found = compare(window("2", 0, 0), window("1", 430, 380), NOTHING)
    assert (found.probabilities, found.method) == ({}, "apart")
