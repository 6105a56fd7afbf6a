import base64
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.figures.spark import spark_svg, spark_uri
from monitor_core.figures.theme import DARK, LIGHT


def line(svg):
    """Return the points of the drawn line, piece by piece."""
    path = re.findall(r'<path d="([^"]*)"', svg)[1]
    return [[tuple(map(float, p.split(","))) for p in piece.split(" L")] for piece in path.split("M") if piece.strip()]


@given(st.lists(st.floats(0, 100), min_size=2, max_size=400))
def test_the_largest_value_reaches_the_top(values):
    """However long the series, its spike is drawn."""
    heights = [y for piece in line(spark_svg(values, dark=False)) for _, y in piece]
    assert min(heights) == pytest.approx(4 if max(values) > 0 else 100)


def test_values_lie_at_their_place_in_time():
    """The first at the left edge, the last at the right one, zero on the ground."""
    assert line(spark_svg([0.0, 1.0, 0.5], dark=False)) == [[(0, 100), (300, 4), (600, 52)]]


def test_a_gap_stays_a_gap():
    """Nothing is drawn across missing values."""
    pieces = line(spark_svg([1.0, 1.0, np.nan, 1.0, 1.0], dark=False))
    assert [len(piece) for piece in pieces] == [2, 2]


@pytest.mark.parametrize("values", [[np.nan, np.nan], [0.0, 0.0], [1.0]])
def test_series_without_a_shape_are_drawn_without_fault(values):
    """Nothing known, nothing but zero, one value."""
    assert spark_svg(values, dark=False).startswith("<svg")


def test_the_colour_follows_the_appearance():
    """Light and dark differ."""
    assert LIGHT.primary in spark_svg([1.0, 2.0], dark=False)
    assert DARK.primary in spark_svg([1.0, 2.0], dark=True)


def test_the_address_holds_the_picture():
    """An image needs no request."""
    head, _, body = spark_uri([1.0, 2.0], dark=False).partition(",")
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(body).decode() == spark_svg([1.0, 2.0], dark=False)
