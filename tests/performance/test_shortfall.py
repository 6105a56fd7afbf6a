"""What is missing for a verdict."""

import pytest

from monitor_core.performance.calendar import code_of
from monitor_core.performance.counts import Counts
from monitor_core.performance.shortfall import Pace, shortfalls
from monitor_core.settings import PerformanceSettings
from monitor_core.values import Granularity

DAY = Granularity.parse("day")
ENOUGH = Counts(predictions=100, true_positives=20, false_positives=10, true_negatives=70)
FEW = Counts(predictions=60, true_positives=20, false_positives=10, true_negatives=30)


def pace(labelled=10.0, relevant=3.0, window=30, granularity=DAY, now="2026-11-21"):
    return Pace(labelled, relevant, window, code_of(now, granularity), granularity)


def missing(counts, *, due=None, deff=1.0, at=None):
    due = counts.predictions if due is None else due
    return shortfalls(counts, due=due, design_effect=deff, settings=PerformanceSettings(), pace=at or pace())


def test_enough_is_enough():
    """100 labelled, 30 relevant, half of the labels: each is just reached."""
    assert missing(ENOUGH, due=200) == ()


def test_each_shortfall_is_named():
    assert len(missing(FEW, due=200, deff=2.0)) == 3


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (pace(), "40 missing; expected by 2026-11-25, at 10.0 a day"),
        (pace(labelled=3.0), "40 missing; at 3.0 a day a window of 30 days never holds as many: choose a longer one"),
        (pace(labelled=0.0), "40 missing; none come at present"),
        (pace(window=None), "40 missing"),
        (
            pace(now="#00000009", granularity=Granularity.parse("rows:100")),
            "expected after 4 more blocks, at 10.0 a block",
        ),
        (pace(now="2026-W47", granularity=Granularity.parse("week")), "expected by 2026-W51, at 10.0 a week"),
    ],
)
def test_it_says_when(at, words):
    (reason,) = missing(FEW, at=at)
    assert reason.endswith(words)


def test_relevant_cases_weigh_by_the_design_effect():
    (reason,) = missing(ENOUGH, deff=1.5)
    assert reason.startswith("20 of 30 effective relevant cases: 10 missing; expected by 2026-11-25")
