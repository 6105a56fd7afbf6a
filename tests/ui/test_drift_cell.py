import pytest

from monitor_core.drift.results import CellState
from monitor_core.ui.drift_cell import verdict_sentence
from monitor_core.values import Severity


def severity_of(state):
    return Severity.NONE if state is CellState.STABLE else Severity.HIGH


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (CellState.DRIFTED, "has drifted** (high): PSI 0.31 is significant and was confirmed"),
        (CellState.UNCONFIRMED, "may be drifting**: PSI 0.31 is significant, but not yet"),
        (CellState.STABLE, "No drift in news\\_sentiment**: PSI 0.31 is within what chance gives for 4,000 rows"),
        (CellState.UNDECIDED, "could not be judged** in this week"),
        (CellState.ABSENT, "is not in the data** of this week"),
    ],
)
def test_each_state_has_its_sentence(detail, state, says):
    """Verdict first, in words of the model's granule."""
    assert says in verdict_sentence(detail(state=state, severity=severity_of(state)).drift, "week")


def test_names_in_the_sentence_are_only_text(detail):
    """The sentence is Markdown, the name is not."""
    assert "<img" not in verdict_sentence(detail(name="<img src=x>").drift, "day").replace(r"\<img", "")


def test_a_significant_cell_whose_days_are_not_calibrated_is_not_within_noise(detail):
    """It does not alert, and it is said why."""
    said = verdict_sentence(detail(state=CellState.STABLE, severity=Severity.LOW).drift, "week")
    assert "has changed significantly**: PSI 0.31. Too few weeks of reference" in said
    assert "within what chance gives" not in said
