"""Series written down."""

from __future__ import annotations

import numpy as np
import pytest

from monitor_core.errors import InvalidInput
from monitor_core.metrics.promql import MemoryReader
from monitor_core.metrics.promql.notation import add_series, labels_from, parse_series, parse_values
from monitor_core.metrics.promql.reader import is_stale


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1 2 3", [1, 2, 3]),
        ("0+10x3", [0, 10, 20, 30]),
        ("5-2x2", [5, 3, 1]),
        ("7x2", [7, 7, 7]),
        ("-2.5e1+.5x1", [-25, -24.5]),
        ("+Inf -inf", [np.inf, -np.inf]),
        ("1 _ 3", [1, np.nan, 3]),
        ("_x2 3", [np.nan, np.nan, 3]),
    ],
)
def test_values(text, values):
    assert np.array_equal(parse_values(text), values, equal_nan=True)


def test_gaps_nan_and_stale_are_three_things():
    _, numbers, values = parse_series("x 1 _ NaN stale stalex1")
    assert numbers.tolist() == [0, 2, 3, 4, 5]
    assert is_stale(values).tolist() == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("up", {"__name__": "up"}),
        ('up{job="a b", x=`}`}', {"__name__": "up", "job": "a b", "x": "}"}),
        ("{}", {}),
        (' {job="a"}', {"job": "a"}),
        ('{__name__="up",job="a"}', {"__name__": "up", "job": "a"}),
        ('{job=""}', {}),
    ],
)
def test_labels(text, labels):
    assert dict(labels_from(text)) == labels


@pytest.mark.parametrize("text", ["up 1 two", "up", 'up{job=~"a"} 1', "up 1x9999999", "up 1+x3"])
def test_what_is_not_written_that_way_is_refused(text):
    with pytest.raises(InvalidInput):
        parse_series(text)


def test_samples_start_at_zero_and_follow_at_the_interval():
    reader = MemoryReader()
    add_series(reader, "up 1 _ 3", 15_000)
    ((_, timestamps, values),) = reader.select([], 0, 100_000)
    assert timestamps.tolist() == [0, 30_000]
    assert values.tolist() == [1.0, 3.0]
