"""Evidence is checked when it is put together."""

import math

import numpy as np
import pytest

from monitor_core.errors import InvalidInput
from monitor_core.performance import Evidence

GOOD = {"current": (84, 83), "baseline": (450, 350), "predictions": 1234, "labelled": 1234}

BAD = [
    ("current", (84, -1)),
    ("current", (84, math.nan)),
    ("current", (84,)),
    ("current", 84),
    ("current", None),
    ("current", ("84", 83)),
    ("current", (True, 83)),
    ("baseline", (math.inf, 1)),
    ("previous", (1, 2, 3)),
    ("predictions", -1),
    ("predictions", None),
    ("labelled", math.nan),
    ("labelled", 1235),
    ("labelled", "many"),
    ("current", (1000, 235)),
    ("design_effect", 0.99),
    ("design_effect", math.inf),
    ("design_effect", None),
    ("baseline_design_effect", 0),
    ("previous_design_effect", 0.5),
    ("baseline_f1", 1.01),
    ("baseline_f1", 0.72),
    ("drift_share", 1.5),
    ("drift_share", -0.1),
    ("worst_psi", math.nan),
    ("data_fault", 3),
    ("data_fault", None),
    ("previous_age_days", -1),
    ("sustained", "yes"),
    ("sustained", None),
    ("switching_cost", -0.1),
    ("false_positives", 10),
    ("cost_false_positive", -1),
    ("cost_false_negative", math.inf),
    ("predictions_per_day", -1),
    ("labels_per_day", math.nan),
    ("paired", (1, 2, 3)),
    ("paired", (1,) * 7 + (-1,)),
    ("model", None),
    ("version", 2),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_invalid_evidence_is_refused_by_name(name, value):
    """The message names the field, the value and what is allowed."""
    with pytest.raises(InvalidInput) as caught:
        Evidence(**{**GOOD, name: value})
    assert name in str(caught.value)
    assert "allowed" in str(caught.value)
    shown = value[-1] if isinstance(value, tuple) else value
    assert str(shown) in str(caught.value)


def test_kinds_of_errors_must_add_up():
    """False positives and false negatives are the errors."""
    assert Evidence(**GOOD, false_positives=40, false_negatives=43).false_positives == 40
    with pytest.raises(InvalidInput, match="83"):
        Evidence(**GOOD, false_positives=40, false_negatives=44)


def test_counts_may_come_from_arrays():
    """NumPy's numbers are numbers."""
    counts = np.array([84, 83])
    held = Evidence(**{**GOOD, "current": (counts[0], counts[1])}, worst_psi=np.float64(0.1))
    assert held.relevant == 167


def test_coverage():
    """Labelled over due; unknown where nothing is due."""
    assert Evidence(**{**GOOD, "predictions": 2468}).coverage == 0.5
    assert Evidence(current=(0, 0), predictions=0, labelled=0).coverage is None
