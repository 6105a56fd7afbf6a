import numpy as np
import pytest

from monitor_core.drift.results import CellState
from monitor_core.ui.reading import (
    SORTS,
    absent,
    attention,
    awaiting,
    default_cell,
    drifted_shares,
    leaders,
    narrow,
    spans,
)
from monitor_core.values import Severity

STATES = tuple(CellState)


def test_attention_names_the_drifted_feature_and_since_when(matrix):
    """The stretch that led here begins with its first unconfirmed granule."""
    run = matrix(25, 30)
    found = attention(run)
    assert [one.feature for one in found] == ["feature_000"]
    assert (found[0].since, found[0].lasting) == (run.granules[15], 15)


def test_drift_comes_before_absence_before_doubt(matrix):
    """The worst is on top, whatever its PSI."""
    run = matrix(6, 6)
    run.state[:, -1] = STATES.index(CellState.STABLE)
    run.state[1, -1] = STATES.index(CellState.UNCONFIRMED)
    run.state[2, -1] = STATES.index(CellState.ABSENT)
    run.state[4, -1] = STATES.index(CellState.DRIFTED)
    assert [one.state for one in attention(run)] == [CellState.DRIFTED, CellState.ABSENT, CellState.UNCONFIRMED]


def test_leaders_use_the_latest_granule_that_could_be_computed(matrix):
    """A gap at the end does not hide a feature."""
    run = matrix(5, 10)
    run.psi[2, -3:] = np.nan
    run.psi[2, -4] = 9.0
    first = leaders(run, 2)[0]
    assert (first.feature, first.granule, first.psi) == ("feature_002", run.granules[-4], 9.0)
    assert not np.isnan(first.history).any()


def test_features_that_were_never_computed_do_not_lead(matrix):
    """No value, no rank."""
    run = matrix(3, 5)
    run.psi[:] = np.nan
    assert leaders(run, 3) == ()


def test_the_share_of_drifted_features_is_given_for_each_granule(matrix):
    """Unconfirmed cells do not count."""
    run = matrix(10, 30)
    run.state[:, 7] = STATES.index(CellState.DRIFTED)
    shares = drifted_shares(run)
    assert (shares[7], shares[15], shares[16]) == (1.0, 0.0, 0.1)


@pytest.mark.parametrize(("n", "fits"), [(1, ("All",)), (30, ("14", "All")), (400, ("14", "30", "60", "90", "All"))])
def test_only_ranges_that_fit_are_offered(n, fits):
    """A button that changes nothing is not shown."""
    assert spans(n) == fits


def test_the_controls_narrow_rows_and_columns(matrix):
    """Search, range and filter work together."""
    run = matrix(25, 30)
    view = narrow(run, span="14", only_drifted=True, search="FEATURE_0")
    assert list(view.rows) == [0]
    assert list(view.columns) == list(range(16, 30))


def test_sorting_by_psi_puts_drifted_features_first(matrix):
    """Evidence before size."""
    run = matrix(25, 30)
    run.psi[7, -1] = 5.0
    view = narrow(run, sort=SORTS[1])
    assert list(view.rows[:2]) == [0, 7]


def test_sorting_by_importance_puts_unknown_features_last(matrix):
    """Importance comes from the model's description, and may be partial."""
    run = matrix(4, 3)
    view = narrow(run, sort=SORTS[2], importance={"feature_002": 0.7, "feature_001": 0.2})
    assert list(view.rows) == [2, 1, 0, 3]


def test_the_worst_cell_of_the_latest_granule_is_open_at_first(matrix):
    """Nobody has to click to see the point."""
    run = matrix(25, 30)
    assert default_cell(run) == ("feature_000", run.granules[-1])


def test_absent_features_are_counted_in_the_latest_granule(matrix):
    """Earlier gaps are history."""
    run = matrix(6, 6)
    run.state[:, -1] = STATES.index(CellState.STABLE)
    run.state[1:3, -1] = STATES.index(CellState.ABSENT)
    assert absent(run) == 2


def test_significant_cells_that_wait_for_calibration_are_told_apart(matrix):
    """Stable with a low severity; nothing else."""
    run = matrix(6, 6)
    run.severity[2, 0] = Severity.LOW.rank
    run.severity[0, -1] = Severity.LOW.rank  # drifted
    assert np.argwhere(awaiting(run)).tolist() == [[2, 0]]
