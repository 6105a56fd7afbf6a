from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.snapshots.dates import instants


def iso(column):
    return [None if np.isnat(moment) else str(moment) for moment in instants(column).astype("datetime64[s]")]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_every_unit_give_the_same_moment(unit):
    """Units differ between writers, moments do not."""
    column = pa.array([datetime(2026, 11, 21, 5, 30, tzinfo=UTC), None], pa.timestamp(unit, tz="UTC"))
    assert iso(column) == ["2026-11-21T05:30:00", None]


def test_a_time_zone_is_turned_into_utc():
    """Arrow holds moments in UTC whatever zone they are shown in."""
    column = pa.array([datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("us", tz="Asia/Tokyo"))
    assert iso(column) == ["2026-01-01T00:00:00"]


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
def test_dates_begin_at_midnight(kind):
    """A day is read as its first moment."""
    assert iso(pa.array([date(2026, 11, 21), None], kind)) == ["2026-11-21T00:00:00", None]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1900, "1900-01-01T00:00:00"),
        (2015, "2015-01-01T00:00:00"),
        (2200, "2200-01-01T00:00:00"),
        (2201, "1970-01-01T00:36:41"),
        (202602, "2026-02-01T00:00:00"),
        (20260228, "2026-02-28T00:00:00"),
        (20260230, None),
        (1_700_000_000, "2023-11-14T22:13:20"),
        (1_700_000_000_000, "2023-11-14T22:13:20"),
        (1_700_000_000_000_000, "2023-11-14T22:13:20"),
        (1_700_000_000_000_000_000, "2023-11-14T22:13:20"),
        (-1, "1969-12-31T23:59:59"),
        (-(2**63), "1677-09-21T00:12:43"),
    ],
)
def test_whole_numbers_are_years_months_days_or_unix_time(number, expected):
    """Which, their size tells."""
    assert iso(pa.array([number])) == [expected]


def test_numbers_as_text_and_as_floats_mean_the_same():
    """A CSV of years may come as text, a column with gaps as floats."""
    assert iso(pa.array([2015.0, None, float("nan"), float("inf")])) == ["2015-01-01T00:00:00", None, None, None]
    assert iso(pa.array(["2015", "20260228"])) == ["2015-01-01T00:00:00", "2026-02-28T00:00:00"]


def test_a_fraction_of_unix_seconds_is_kept():
    """time.time() gives seconds with a fraction."""
    assert instants(pa.array([1_700_000_000.25]))[0] == np.datetime64("2023-11-14T22:13:20.250000")


def test_unsigned_numbers_beyond_int64_are_no_dates():
    """They overflow silently where nobody looks."""
    assert iso(pa.array([2**64 - 1, 2015], pa.uint64())) == [None, "2015-01-01T00:00:00"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21", "2026-11-21T00:00:00"),
        ("2026-11", "2026-11-01T00:00:00"),
        (" 2026-11-21 05:30 ", "2026-11-21T05:30:00"),
        ("2026-11-21T05:30:00.123456789Z", "2026-11-21T05:30:00"),
        ("2026-11-21T05:30:00+02:00", "2026-11-21T03:30:00"),
        ("9999-12-31", "9999-12-31T00:00:00"),
        ("2026-02-30", None),
        ("21.11.2026", None),
        ("11/21/2026", None),
        ("yesterday", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_text_is_read_as_iso_8601_only(text, expected, kind):
    """Other ways of writing a date can be read in two ways."""
    assert iso(pa.array([text, None]).cast(kind)) == [expected, None]


def test_one_odd_value_does_not_spoil_the_others():
    """The slow way reads what the fast way cannot."""
    column = pa.array(["2026-01-01", "2026-01-01T00:00:00Z", "2026-02-30", "9999-12-31", "2026-01-02T00:00:00.1234567"])
    assert [value is None for value in iso(column)] == [False, False, True, False, False]


@pytest.mark.parametrize("column", [pa.array([True]), pa.array([[1]]), pa.array([b"x"]), pa.nulls(1)])
def test_other_types_hold_no_dates(column):
    """They give NaT, not an error."""
    assert iso(column) == [None]


def test_moments_outside_the_calendar_are_missing():
    """Years before 1 and after 9999 have no label."""
    column = pa.array([2**60, -(2**60)], pa.timestamp("s"))
    assert iso(column) == [None, None]
    assert instants(pa.chunked_array([], pa.int64())).size == 0


@given(st.lists(st.datetimes(datetime(1700, 1, 1), datetime(2260, 1, 1)), max_size=20), st.integers(-720, 840))  # noqa: DTZ001
def test_iso_text_with_any_offset_reads_as_the_same_moment(moments, minutes):
    """Text and timestamp of one moment agree."""
    sign, size = "-" if minutes < 0 else "+", abs(minutes)
    shift = timedelta(minutes=minutes)
    texts = [f"{(moment + shift).isoformat()}{sign}{size // 60:02}:{size % 60:02}" for moment in moments]
    expected = pa.array(moments, pa.timestamp("us"))
    assert (instants(pa.array(texts, pa.string())) == instants(expected)).all()
