"""Which granules belong together."""

from datetime import date, timedelta

import pytest

from monitor_core.drift.reach import Reach

DAYS = tuple((date(2026, 1, 1) + timedelta(days=day)).isoformat() for day in range(60))


def reach(kind="fixed", *, labels=DAYS, first=DAYS[0], last=DAYS[9], history=2):
    return Reach(labels, kind=kind, first=first, last=last, history=history)


class TestFixed:
    """One stored baseline for all."""

    def test_no_window(self):
        """The stored one is used."""
        assert reach().window(DAYS[30]) is None
        assert not reach().moves

    def test_history_lies_right_before(self):
        """As much as there is."""
        assert reach().with_history(DAYS[10:13]) == DAYS[8:13]
        assert reach().with_history(DAYS[0:2]) == DAYS[0:2]
        assert reach(history=0).with_history(DAYS[5:6]) == DAYS[5:6]

    def test_gaps_in_the_calendar_do_not_count(self):
        """The granules before are those that have data."""
        assert reach(labels=DAYS[::7]).with_history([DAYS[28]]) == (DAYS[14], DAYS[21], DAYS[28])


class TestRolling:
    """As many granules as the range had, ending before those that confirm."""

    def test_the_window_ends_before_the_history(self):
        """So that a change is not absorbed before it is confirmed."""
        assert reach("rolling").window(DAYS[30]) == DAYS[18:28]

    def test_a_young_series_uses_the_stored_baseline(self):
        """Until half the window is there."""
        assert reach("rolling").window(DAYS[6]) is None
        assert reach("rolling").window(DAYS[7]) == DAYS[0:5]

    @pytest.mark.parametrize("label", DAYS)
    def test_window_and_history_never_overlap(self, label):
        """For no granule."""
        one = reach("rolling")
        assert not set(one.window(label) or ()) & set(one.with_history([label]))


class TestSameWeekday:
    """Mondays with Mondays."""

    def test_the_window_holds_the_weekdays_of_the_range(self):
        """Ten days from a Thursday hold two Thursdays, Fridays and Saturdays, and one of each other day."""
        one = reach("same_weekday")
        assert one.window(DAYS[35]) == (DAYS[0], DAYS[7])
        assert one.window(DAYS[38]) == (DAYS[3],)

    def test_history_is_the_same_weekday_before(self):
        """A Saturday is not confirmed by a Friday."""
        assert reach("same_weekday").with_history([DAYS[35]]) == (DAYS[21], DAYS[28], DAYS[35])

    def test_a_weekday_that_the_range_lacks_uses_the_stored_baseline(self):
        """Better than nothing."""
        assert reach("same_weekday", last=DAYS[2]).window(DAYS[34]) is None

    def test_hours_go_by_weekday_and_hour(self):
        """Monday nine o'clock with Monday nine o'clock."""
        hours = tuple(f"{day}T{hour:02d}" for day in DAYS for hour in range(24))
        one = reach("same_weekday", labels=hours, first=hours[0], last=hours[14 * 24 - 1])
        assert one.window(f"{DAYS[35]}T09") == (f"{DAYS[0]}T09", f"{DAYS[7]}T09")


class TestWindows:
    """Several granules judged together."""

    def test_the_granules_of_a_window(self):
        """Itself and those with data before it."""
        one = Reach(DAYS[::2], kind="fixed", first="", last="", history=8, length=3)
        assert one.together(DAYS[10]) == (DAYS[6], DAYS[8], DAYS[10])
        assert one.together(DAYS[2]) == (DAYS[0], DAYS[2])

    def test_a_rolling_baseline_must_have_enough(self):
        """Half of its granules do not do when they are too few to know how much windows differ."""
        one = Reach(DAYS, kind="rolling", first=DAYS[0], last=DAYS[29], history=5, length=2, least=28)
        assert one.window(DAYS[32]) is None
        assert one.window(DAYS[33]) == DAYS[0:28]
