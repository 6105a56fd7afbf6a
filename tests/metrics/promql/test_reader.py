"""Matchers and the series held in memory."""

from __future__ import annotations

import time

import numpy as np
import pytest

from monitor_core.errors import InvalidInput
from monitor_core.metrics.promql import STALE, BadQuery, Matcher, MatchKind, MemoryReader
from monitor_core.metrics.promql.reader import is_stale, labels_of


def held(**labels: str) -> MemoryReader:
    reader = MemoryReader()
    reader.add({"__name__": "up", **labels}, [0, 1000, 2000], [1.0, 2.0, 3.0])
    return reader


def test_samples_are_given_from_first_to_last_moment_both_included():
    (found,) = held().select([], 1000, 2000)
    assert found[1].tolist() == [1000, 2000]
    assert found[2].tolist() == [2.0, 3.0]


def test_series_without_samples_in_that_time_are_left_out():
    assert held().select([], 5000, 6000) == []


def test_series_come_in_the_order_of_their_labels():
    reader = held(job="b")
    reader.add({"__name__": "up", "job": "a"}, [0], [1.0])
    assert [dict(labels)["job"] for labels, _, _ in reader.select([], 0, 10)] == ["a", "b"]


def test_later_samples_of_the_same_moment_replace():
    reader = held()
    reader.add({"__name__": "up"}, [1000, 3000], [9.0, 4.0])
    (found,) = reader.select([], 0, 9000)
    assert found[1].tolist() == [0, 1000, 2000, 3000]
    assert found[2].tolist() == [1.0, 9.0, 3.0, 4.0]


@pytest.mark.parametrize(("timestamps", "values"), [([0, 0], [1, 2]), ([2, 1], [1, 2]), ([0], [1, 2])])
def test_samples_out_of_order_or_of_other_length_are_refused(timestamps, values):
    with pytest.raises(InvalidInput, match="samples of"):
        MemoryReader().add({"__name__": "up"}, timestamps, values)


@pytest.mark.parametrize(
    ("kind", "value", "given", "accepted"),
    [
        (MatchKind.EQUAL, "a", "a", True),
        (MatchKind.EQUAL, "", "", True),
        (MatchKind.NOT_EQUAL, "a", "", True),
        (MatchKind.REGEX, "a|b", "b", True),
        (MatchKind.REGEX, "a|b", "ab", False),
        (MatchKind.REGEX, "a.b", "a\nb", True),
        (MatchKind.NOT_REGEX, "5..", "200", True),
        (MatchKind.NOT_REGEX, "5..", "503", False),
        (MatchKind.REGEX, "(?i:pro).*", "Production", True),
    ],
)
def test_a_matcher_compares_the_whole_value(kind, value, given, accepted):
    assert Matcher("label", kind, value).accepts(given) is accepted


def test_an_expression_that_makes_other_engines_hang_is_answered_at_once():
    started = time.perf_counter()
    assert not Matcher("label", MatchKind.REGEX, "(a+)+b").accepts("a" * 50_000)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("pattern", ["(", "(?:a{1000}){1000}", "[", "a**", r"(?=a)"])
def test_expressions_that_do_not_compile_are_refused(pattern):
    with pytest.raises(BadQuery, match="error parsing regexp"):
        Matcher("label", MatchKind.REGEX, pattern).accepts("a")


def test_the_stale_marker_is_one_nan_of_many():
    assert is_stale(np.array([STALE, np.nan, 0.0])).tolist() == [True, False, False]


def test_empty_labels_are_the_same_as_none():
    assert labels_of({"b": "", "a": "1"}) == (("a", "1"),)
