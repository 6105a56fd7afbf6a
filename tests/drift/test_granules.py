"""Rows by granule and segment."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.drift.granules import plan_rows
from monitor_core.errors import InvalidInput
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.values import Granularity

DATED = Roles((("when", Role.TIMESTAMP),))


def groups(moments, granularity="day", **more):
    batch = pa.record_batch({"when": pa.array(moments)})
    plan = plan_rows(DATED, granularity=Granularity.parse(granularity), columns=["when"], **more)
    return plan.groups(batch, first_row=0)


@settings(deadline=None)
@given(
    st.lists(st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)), min_size=1, max_size=30),  # noqa: DTZ001
    st.sampled_from(["hour", "day", "week", "month", "year"]),
)
def test_labels_are_those_of_the_calendar(moments, granularity):
    """Every row lands in the granule that `Granularity.label` names, grouped without gaps."""
    found = groups(moments, granularity)
    order = np.arange(len(moments)) if found.order is None else found.order
    label = Granularity.parse(granularity).label
    for (granule, _), start, end in zip(found.keys, found.bounds[:-1], found.bounds[1:], strict=True):
        assert {label(moments[row].replace(tzinfo=UTC)) for row in order[start:end]} == {granule}
    assert len(set(found.keys)) == len(found.keys)
    assert found.bounds[-1] == len(moments)


def test_one_granule_needs_no_sorting():
    """The usual case costs nothing: rows stay where they are."""
    found = groups([datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in range(5)])
    assert found.keys == (("2026-01-01", ""),)
    assert found.order is None


def test_rows_in_order_of_time_need_no_sorting():
    """A file in order of time is cut, not sorted."""
    found = groups([datetime(2026, 1, day, tzinfo=UTC) for day in (1, 1, 2, 3)])
    assert found.order is None
    assert found.bounds.tolist() == [0, 2, 3, 4]


def test_rows_without_a_date_have_a_granule_of_their_own():
    """A missing date is nobody's granule, and is not lost."""
    found = groups([None, datetime(2026, 1, 1, tzinfo=UTC), None])
    assert dict(zip(found.keys, found.sizes.tolist(), strict=True)) == {("", ""): 2, ("2026-01-01", ""): 1}


def test_blocks_of_rows_are_numbered_from_one():
    """Blocks go on across batches and files."""
    plan = plan_rows(None, granularity=Granularity.parse("rows:100"), columns=["a"], rows_before=150)
    batch = pa.record_batch({"a": np.arange(120)})
    found = plan.groups(batch, first_row=30)
    assert found.keys == (("#00000002", ""), ("#00000003", ""))
    assert found.sizes.tolist() == [20, 100]


def test_a_fixed_date_gives_one_granule():
    """The whole file belongs to the granule of its date."""
    roles = Roles((("a", Role.FEATURE),), fixed_date="2026-11-21")
    plan = plan_rows(roles, granularity=Granularity.parse("week"), columns=["a"])
    assert plan.groups(pa.record_batch({"a": [1, 2]}), first_row=0).keys == (("2026-W47", ""),)


def test_granules_need_a_date():
    """Without a date there is a plain message, not a guess."""
    with pytest.raises(InvalidInput, match="need a date column"):
        plan_rows(Roles((("a", Role.FEATURE),)), granularity=Granularity.parse("day"), columns=["a"])


def test_unknown_segments_are_pooled():
    """Values that are not followed, empty ones and missing ones have names of their own."""
    plan = plan_rows(None, granularity=None, segment="s", segments=["x", "(empty)"], columns=["s"])
    found = plan.groups(pa.record_batch({"s": ["x", "new", None, "", "x"]}), first_row=0)
    sizes = dict(zip(found.keys, found.sizes.tolist(), strict=True))
    assert sizes == {("", "x"): 2, ("", "(other)"): 1, ("", "(missing)"): 1, ("", "(empty)"): 1}


@pytest.mark.parametrize("values", [[1, 2, 1], [True, False, True], pa.array([1, 2, 1]).dictionary_encode()])
def test_segments_of_any_type_go_by_their_text(values):
    """Numbers and truth values segment like texts."""
    plan = plan_rows(None, granularity=None, segment="s", segments=["1", "true"], columns=["s"])
    found = plan.groups(pa.record_batch({"s": pa.array(values)}), first_row=0)
    assert sorted(found.sizes.tolist()) == [1, 2]
