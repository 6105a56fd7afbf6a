"""Which baselines can be made of what was counted (made and used: `test_service.py`)."""

import pytest

from monitor_core.drift.ranges import BASELINE_KINDS, check_kind
from monitor_core.errors import InvalidInput
from monitor_core.values import Granularity


@pytest.mark.parametrize("granularity", ["day", "hour"])
@pytest.mark.parametrize("kind", BASELINE_KINDS)
def test_days_and_hours_take_every_kind(kind, granularity):
    """Nothing is raised."""
    check_kind(kind, Granularity.parse(granularity))


@pytest.mark.parametrize("granularity", ["week", "month", "year", "rows:100"])
def test_only_days_and_hours_have_weekdays(granularity):
    """The message names the granularity."""
    with pytest.raises(InvalidInput, match=f"not of {granularity}"):
        check_kind("same_weekday", Granularity.parse(granularity))
    check_kind("rolling", Granularity.parse(granularity))


def test_an_unknown_kind_is_named_with_the_known_ones():
    """So that a slip is found."""
    with pytest.raises(InvalidInput, match="'seasonal' is not known") as caught:
        check_kind("seasonal", Granularity.parse("day"))
    assert caught.value.hint == "one of fixed, rolling, same_weekday"
