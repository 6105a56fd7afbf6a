"""How much granules differ by themselves."""

import numpy as np
import pytest

from monitor_core import stats
from monitor_core.drift.baseline import Baseline, ReferenceGranules
from monitor_core.drift.calibrate import calibrate
from monitor_core.drift.grid import FeatureGrid, Grid
from monitor_core.drift.measures import Comparator
from monitor_core.drift.results import Calibration, FeatureKind
from monitor_core.drift.summary import TableSummary
from monitor_core.settings import DriftSettings

WIDTHS = (10, 25)


@pytest.fixture
def baseline():
    """Two features, of 10 and 25 cells; 60 days that differ."""
    rng = np.random.default_rng(1)
    numeric = FeatureKind.NUMERIC
    grid = Grid(
        tuple(FeatureGrid(f"x{n}", numeric, "feature", "double", np.arange(n - 1.0), (), np.arange(n)) for n in WIDTHS),
        "day",
    )
    days = [[rng.multinomial(500, rng.dirichlet(np.full(n, 30.0))) for n in WIDTHS] for _ in range(60)]
    cells = np.array([np.concatenate([np.append(part, 0) for part in day]) for day in days])
    total = [np.sum([day[place] for day in days], axis=0) for place in range(2)]
    reference = ReferenceGranules(tuple(f"d{i:02}" for i in range(60)), np.full(60, 500), cells)
    return Baseline(grid, {"": summary(grid, total)}, {"": reference})


def summary(grid, parts):
    empty = TableSummary.empty(grid)
    cells = np.concatenate(parts)
    return TableSummary(grid, int(parts[0].sum()), cells, empty.tallies, empty.sums, empty.extremes)


def test_each_feature_is_measured_on_its_own_cells(baseline):
    """Features of different widths give what `stats.reference_spread` gives for each."""
    spread = calibrate(baseline, "", settings=DriftSettings())
    cells, ends = baseline.reference().cells, np.cumsum([0, *(n + 1 for n in WIDTHS)])
    for place in range(2):
        alone = stats.reference_spread(cells[:, ends[place] : ends[place + 1]])
        assert spread.rho[place] == pytest.approx(float(alone.rho))
        assert spread.relative_variance[place] == pytest.approx(float(alone.relative_variance))


def test_p_values_are_corrected_at_the_rows_of_the_day(baseline):
    """The p-value is that of Rao and Scott with the mean scaled to the day's rows."""
    spread = calibrate(baseline, "", settings=DriftSettings())
    rng = np.random.default_rng(2)
    day = summary(baseline.grid, [rng.multinomial(2_000, np.full(n, 1 / n)) for n in WIDTHS])
    measures = Comparator(baseline).measure([day])
    p, dof = spread.p_values(measures)
    mean = 9.0 * (1 + 1_999 * spread.rho[0])
    variance = mean**2 * spread.relative_variance[0]
    expected = stats.rao_scott(float(measures.chi2[0, 0]), mean=mean, variance=variance, cells=10, days=60)
    assert (dof[0, 0], p[0, 0]) == pytest.approx(expected)
    assert p[0, 0] > measures.plain_p[0, 0]


@pytest.mark.parametrize(
    ("some", "enough", "level"),
    [(14, 56, Calibration.CALIBRATED), (14, 61, Calibration.SOME), (61, 70, Calibration.NONE)],
)
def test_the_number_of_days_decides_how_far_to_trust(baseline, some, enough, level):
    """Sixty days against other thresholds."""
    spread = calibrate(baseline, "", settings=DriftSettings(calibrated_some=some, calibrated_from=enough))
    assert spread.calibration is level
    assert spread.n_granules == 60
    assert (spread.rho > 0).any() == (level is not Calibration.NONE)


@pytest.mark.parametrize(
    ("length", "enough", "level"),
    [(4, 56, Calibration.CALIBRATED), (4, 61, Calibration.SOME), (5, 56, Calibration.NONE)],
)
def test_windows_are_measured_against_windows(baseline, length, enough, level):
    """Fourteen or more that cover enough days are trusted; twelve are not used."""
    spread = calibrate(baseline, "", settings=DriftSettings(calibrated_from=enough), length=length)
    assert (spread.calibration, spread.n_granules) == (level, 60 // length)
    if level is not Calibration.NONE:
        joined = stats.reference_windows(baseline.reference().cells[:, : WIDTHS[0] + 1], length)
        assert spread.rho[0] == pytest.approx(float(stats.reference_spread(joined).rho))


def test_a_segment_without_days_is_uncalibrated(baseline):
    """No reference granules, plain p-values."""
    assert calibrate(baseline, "x", settings=DriftSettings()).calibration is Calibration.NONE
