"""Any object becomes JSON, within bounds."""

import json
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.logs.plain import Converter, Limits, cut, cut_middle


def plain(value, **limits):
    return Converter(Limits(**limits)).mapping({"v": value})["v"]


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: float


class Hostile:
    def __repr__(self):
        raise ZeroDivisionError

    @property
    def __class__(self):
        raise RuntimeError("no class")


class Word(str):
    __slots__ = ()

    def __str__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (2**63 - 1, 2**63 - 1),
        (2**63, "9223372036854775808"),
        (10**5000, "<int of 16610 bits>"),
        (b"caf\xc3\xa9\xff", "café\\xff"),
        (bytearray(b"x"), "x"),
        (np.float64(0.5), 0.5),
        (np.float32("nan"), "NaN"),
        (np.int8(-3), -3),
        (np.bool_(True), True),
        (np.array([1, 2]), [1, 2]),
        (np.zeros((300, 2)), "<array float64 (300, 2)>"),
        (pd.Timestamp("2026-11-23T10:00Z"), "2026-11-23T10:00:00+00:00"),
        (pd.NaT, "NaT"),
        (datetime(2026, 11, 23, tzinfo=UTC), "2026-11-23T00:00:00+00:00"),
        (date(2026, 11, 23), "2026-11-23"),
        (timedelta(seconds=90), 90.0),
        (Decimal("1.10"), "1.10"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("/data"), "/data"),
        (Colour.RED, "red"),
        (Point(1, 2.5), {"x": 1, "y": 2.5}),
        (ValueError("bad"), "ValueError: bad"),
        (int, "int"),
        (Word("kept"), "kept"),
        ({3}, [3]),
        (deque([1]), [1]),
        (OrderedDict(a=1), {"a": 1}),
        ({1: "a", "1": "b", None: "c"}, {"1": "a", "1#2": "b", "None": "c"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_known_kinds(value, expected):
    """What services log is converted, not printed."""
    assert plain(value) == expected


def test_objects_that_fail_are_named():
    """An object that cannot be printed says what it is and what happened."""
    assert plain(Hostile()).startswith("<Hostile: ")


def test_a_cycle_is_marked():
    """A list that holds itself ends at once."""
    cycle = [1]
    cycle.append(cycle)
    assert plain(cycle) == [1, "<list: cycle>"]


def test_the_same_object_twice_is_no_cycle():
    """Shared is not cyclic."""
    shared = [1]
    assert plain([shared, shared]) == [[1], [1]]


def test_depth_ends_with_a_mark():
    """Below the deepest level stands what is there."""
    deep = {"a": {"b": {"c": 1}}}
    assert plain(deep, depth=3) == {"a": {"b": "<dict of 1>"}}


def test_many_keys_and_items_end_with_a_count():
    """What was left out is counted."""
    assert plain(dict.fromkeys("abcd", 1), keys=2) == {"a": 1, "b": 1, "…": "2 more"}
    assert plain(list(range(5)), keys=2) == [0, 1, "…3 more"]


def test_all_levels_together_are_bounded():
    """A wide and deep structure ends where the record's budget does."""
    wide = {str(i): {str(j): list(range(50)) for j in range(50)} for i in range(50)}
    assert len(json.dumps(plain(wide))) < 40_000


def test_a_generator_is_not_consumed():
    """Logging an iterator leaves it as it is."""
    items = iter([1, 2])
    assert "iterator" in plain(items)
    assert list(items) == [1, 2]


@given(st.text(), st.integers(8, 60))
def test_cut_text_fits(text, limit):
    """What is kept has at most the limit, and is the text's beginning."""
    kept = cut(text, limit)
    assert kept == text or text.startswith(kept.rpartition("…")[0])
    assert len(kept.rpartition("…[")[0].encode("utf-8", "surrogatepass")) <= limit or kept == text


@given(st.text(min_size=100), st.integers(20, 60))
def test_cut_middle_keeps_both_ends(text, limit):
    """Beginning and end stand, and little more than the limit."""
    kept = cut_middle(text, limit)
    assert len(kept.encode("utf-8", "surrogatepass")) <= limit + 40
    assert kept[0] == text[0] or len(text[0].encode("utf-8", "surrogatepass")) > limit // 4
