"""The words of an advice against the file reviewed by eye; ``make golden`` writes it anew."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.performance import Evidence, advise
from monitor_core.performance.advice_phrases import percent

GOLDEN = Path(__file__).parent.parent / "golden" / "advice.txt"

HEALTHY = {"current": (900, 700), "baseline": (900, 700), "predictions": 6_000, "labelled": 5_800}
FALLEN = {**HEALTHY, "current": (300, 500)}
BACK = {**FALLEN, "previous": (880, 720), "sustained": True}
MONEY = {
    "false_positives": 200,
    "false_negatives": 300,
    "cost_false_positive": 2,
    "cost_false_negative": 10,
    "predictions_per_day": 1_000,
}
NAMES = {"model": "churn", "version": "2.0.0", "previous_version": "1.9.0"}

CASES = {
    "flagship": {
        "current": (84, 83),
        "baseline": (450, 350),
        "previous": (430, 380),
        "predictions": 1_234,
        "labelled": 1_234,
    },
    "roll back": {**BACK, **NAMES, "drift_share": 0.04, "worst_psi": 0.12},
    "roll back, in money, on the same rows": {
        **BACK,
        **NAMES,
        **MONEY,
        "previous": None,
        "paired": (4000, 20, 60, 100, 60, 150, 30, 600),
    },
    "retrain: no previous version": {**FALLEN, "sustained": True},
    "retrain: previous version unfit": {
        **BACK,
        **NAMES,
        "previous": (20, 15),
        "previous_age_days": 200,
        "drift_share": 0.4,
        "worst_psi": 0.55,
    },
    "retrain: not better": {**BACK, "previous": (300, 480), "cost_false_positive": 3},
    "watch: faulty input": {**FALLEN, "data_fault": "age: 12 % missing", "drift_share": 0.05, "worst_psi": 0.399999},
    "watch: sure, not sustained": {**BACK, "sustained": False},
    "watch: likely by more than 5 %": {**HEALTHY, "current": (700, 700), "sustained": True},
    "watch: likely, not surely by much": {**HEALTHY, "current": (750, 700)},
    "watch: drift": {**HEALTHY, "drift_share": 0.36, "worst_psi": 0.2, "previous": (880, 720), **MONEY, **NAMES}
    | {"false_positives": 400, "false_negatives": 300},
    "keep": {**HEALTHY, "drift_share": 0.02, "worst_psi": 0.05},
    "keep: bare baseline, clustered, partial, above": {
        **HEALTHY,
        "baseline": None,
        "baseline_f1": 0.70,
        "design_effect": 2.5,
        "labelled": 4_000,
    },
    "not enough: three things": {
        **HEALTHY,
        "current": (10, 5),
        "labelled": 60,
        "predictions": 600,
        "labels_per_day": 12,
    },
    "not enough: nothing yet": {"current": (0, 0), "predictions": 0, "labelled": 0},
    "not enough: no relevant case": {**HEALTHY, "current": (0, 0), "labels_per_day": 50, "data_fault": True},
}


def _text(name, fields):
    advice = advise(Evidence(**fields))
    lines = [f"== {name}: {advice.action}, severity {advice.severity.value}, level {advice.level}"]
    lines += [f"- {reason}" for reason in advice.reasons]
    lines += [f"* missing: {item}" for item in advice.missing]
    lines += [f"$ {advice.command}"] if advice.command else []
    return "\n".join(lines)


def test_words_are_as_reviewed():
    """What people read has not changed by a character."""
    written = "\n\n".join(_text(name, fields) for name, fields in CASES.items()) + "\n"
    if os.environ.get("MONITOR_WRITE_GOLDEN"):
        GOLDEN.write_text(written, encoding="utf-8")
    assert written == GOLDEN.read_text(encoding="utf-8"), f"{GOLDEN.name} differs; if so meant: make golden"


@given(st.floats(0, 1))
def test_percent_stays_on_its_side_of_the_bounds(probability):
    """No rounding makes a probability look as if it reached a bound that it did not, or the other way round."""
    said = percent(probability)
    shown = float(said.split()[-2]) / 100
    for bound in (0.8, 0.9, 0.95):
        if said.startswith("just under"):
            assert (shown > bound or probability < bound) or probability >= bound
        else:
            assert (shown >= bound) == (probability >= bound)


@pytest.mark.parametrize(("probability", "said"), [(0.95, "95.0 %"), (0.9499999, "just under 95 %"), (0.9, "90.0 %")])
def test_percent_at_bounds(probability, said):
    """The bound itself is reached."""
    assert percent(probability) == said
