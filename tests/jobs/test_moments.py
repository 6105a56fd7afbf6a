"""Moments as people write them."""

from datetime import UTC, datetime

import pytest

from monitor_core.errors import InvalidInput
from monitor_core.jobs.moments import read_moment

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


def test_none_is_none():
    """Nobody asked."""
    assert read_moment(None, NOW) is None


def test_a_date_is_its_end_and_today_is_now():
    """Today's end has not come."""
    assert read_moment("2026-11-22", NOW) == datetime(2026, 11, 22, 23, 59, 59, 999999, tzinfo=UTC)
    assert read_moment("2026-11-23", NOW) == NOW


def test_a_moment_is_utc_unless_it_says_otherwise():
    """As `performance report` writes it, it can be read."""
    assert read_moment("2026-11-22T05:30", NOW) == datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
    assert read_moment("2026-11-22 05:30:00.000001 UTC", NOW) == datetime(2026, 11, 22, 5, 30, 0, 1, tzinfo=UTC)
    assert read_moment("2026-11-22 05:30:00.000001+01:00", NOW) == datetime(2026, 11, 22, 4, 30, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01"])
def test_what_is_no_read_moment(text):
    """The value is named."""
    with pytest.raises(InvalidInput, match="no moment"):
        read_moment(text, NOW)
