"""Granules as numbers."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.errors import InvalidInput
from monitor_core.performance.calendar import code_of, codes_of, granules_a_year, granules_in
from monitor_core.performance.granules import Granules
from monitor_core.values import Granularity

KINDS = ("hour", "day", "week", "month", "year")


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None)
@given(moment=st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)))  # noqa: DTZ001 - made aware below
def test_codes_are_those_of_granules_one_by_one(kind, moment):
    granularity = Granularity.parse(kind)
    label = granularity.label(moment.replace(tzinfo=UTC))
    expected = Granules(granularity).code(label)
    assert codes_of([label], granularity)[0] == expected == code_of(label, granularity)


@pytest.mark.parametrize("kind", KINDS)
def test_neighbours_differ_by_one(kind):
    """Across years, leap days and the 53rd week."""
    granularity = Granularity.parse(kind)
    hours = 24 * 365 * 8 if kind != "hour" else 24 * 3
    moments = (
        datetime(2019, 12, 20, tzinfo=UTC) + timedelta(hours=h) for h in range(0, hours, 1 if kind == "hour" else 24)
    )
    labels = list(dict.fromkeys(granularity.label(moment) for moment in moments))
    assert set(np.diff(codes_of(labels, granularity)).tolist()) == {1}


def test_blocks_of_rows_are_numbered_from_0():
    granularity = Granularity.parse("rows:500")
    assert codes_of(["#00000001", "#00000012"], granularity).tolist() == [0, 11]
    assert code_of("#00000012", granularity) == 11


@pytest.mark.parametrize(
    ("label", "kind"), [("2026-13", "month"), ("12", "rows:500"), ("2026-W60", "week"), ("", "day")]
)
def test_what_is_no_label_is_refused(label, kind):
    with pytest.raises(InvalidInput, match="is not the label"):
        code_of(label, Granularity.parse(kind))


def test_windows_of_days_exist_where_granules_are_short_enough():
    found = {
        kind: [granules_in(days, Granularity.parse(kind)) for days in (7, 30, 90)] for kind in (*KINDS, "rows:100")
    }
    assert found == {
        "hour": [168, 720, 2160],
        "day": [7, 30, 90],
        "week": [1, 4, 13],
        "month": [None, 1, 3],
        "year": [None, None, None],
        "rows:100": [None, None, None],
    }


def test_a_year_holds_as_many_granules_as_it_does():
    assert [granules_a_year(Granularity.parse(kind)) for kind in KINDS] == [8760, 365, 52, 12, 1]
