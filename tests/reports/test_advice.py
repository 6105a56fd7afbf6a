"""Next steps: the feed is suspected before the model is."""

import pytest

from monitor_core.drift.results import CellState
from monitor_core.reports.advice import STATUS, advise
from monitor_core.values import Severity

CASES = [
    ({"missing_share": 0.12}, "Check the feed: values missing"),
    ({"unseen_share": 0.2}, "Check the feed: unknown levels"),
    ({"out_of_range_share": 0.2}, "Check the feed: out of range"),
    ({"severity": Severity.HIGH}, "Review, consider retraining"),
    ({"severity": Severity.MODERATE}, "Watch"),
]


@pytest.mark.parametrize(("changes", "expected"), CASES)
def test_drift(make_drift, changes, expected):
    """Missing, unknown and out-of-range values point at the feed; else size decides."""
    assert advise(make_drift(state=CellState.DRIFTED, psi=0.15, **changes), word="day") == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (CellState.STABLE, "-"),
        (CellState.UNCONFIRMED, "Wait for the next week"),
        (CellState.UNDECIDED, "See reason"),
        (CellState.ABSENT, "Restore the column"),
    ],
)
def test_other_states(make_drift, state, expected):
    """Only drift asks for more than patience."""
    assert advise(make_drift(state=state), word="week") == expected


def test_each_state_has_a_word():
    """No state is without a status."""
    assert set(STATUS) == set(CellState)
