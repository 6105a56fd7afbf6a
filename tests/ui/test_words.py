from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor_core.drift.results import RunSummary
from monitor_core.ui.words import age, run_status, size
from monitor_core.values import ModelRef, Severity, Verdict

RUN = RunSummary(
    run_id="r",
    ref=ModelRef("m", "1"),
    baseline_id="b",
    baseline_number=1,
    baseline_rows=10,
    baseline_first=None,
    baseline_last=None,
    segment_column="",
    first_granule="2015",
    last_granule="2018",
    n_granules=4,
    n_features=25,
    n_rows=100,
    severity=Severity.NONE,
    verdict=Verdict.STABLE,
    n_drifted=0,
    n_unconfirmed=0,
    n_undecided=0,
    created_at=datetime(2026, 11, 21, tzinfo=UTC),
    created_by="",
    settings={},
)


@pytest.mark.parametrize(
    ("changes", "word", "colour"),
    [
        ({}, "No drift", "green"),
        ({"n_drifted": 2, "severity": Severity.HIGH}, "2 of 25 drifting", "red"),
        ({"n_drifted": 1, "severity": Severity.LOW}, "1 of 25 drifting", "orange"),
        ({"n_unconfirmed": 3}, "3 unconfirmed", "orange"),
        ({"n_undecided": 25}, "Not enough data", "gray"),
    ],
)
def test_the_badge_says_what_the_latest_granule_says(changes, word, colour):
    """One state, one word, one colour."""
    assert run_status(replace(RUN, **changes))[:2] == (word, colour)


@pytest.mark.parametrize(
    ("changes", "word", "colour"),
    [
        ({}, "2 absent", "orange"),
        ({"n_drifted": 2, "severity": Severity.HIGH}, "2 of 25 drifting, 2 absent", "red"),
    ],
)
def test_absent_columns_count(changes, word, colour):
    """Data that do not come are not quiet."""
    assert run_status(replace(RUN, **changes), n_absent=2)[:2] == (word, colour)


def test_a_moment_to_come_is_now():
    """Clocks of two machines may differ."""
    assert age(datetime(2027, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)) == "under 1 s"


def test_sizes_go_up_to_the_largest_unit():
    """Nothing is shown as thousands of terabytes in bytes."""
    assert size(2**55) == "32768.0 TiB"
