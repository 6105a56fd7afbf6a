"""Tables as numbers and codes for the classifier."""

from datetime import UTC, datetime, time
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.drift.matrix import feature_matrix


def one(values, kind=None):
    return pa.table({"x": pa.array(values, kind)})


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, None], pa.int8(), [1.0, np.nan]),
        ([True, None], pa.bool_(), [1.0, np.nan]),
        ([1.5, np.inf], pa.float32(), [1.5, np.inf]),
        ([Decimal("1.25"), None], pa.decimal128(8, 2), [1.25, np.nan]),
        ([datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), None], pa.timestamp("ns", "UTC"), [1e6, np.nan]),
        ([time(0, 0, 2), None], pa.time32("s"), [2.0, np.nan]),
        ([None, None], pa.string(), [np.nan, np.nan]),
        ([None, None], pa.null(), [np.nan, np.nan]),
    ],
)
def test_what_has_an_order_becomes_a_number(values, kind, expected):
    """Missing is NaN whatever the type."""
    matrix = feature_matrix(one(values, kind), one(values, kind))
    assert matrix.baseline[:, 0] == pytest.approx(expected, nan_ok=True)
    assert not matrix.categorical.any()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_text_becomes_codes_by_frequency(kind):
    """The most frequent level is 0; an unseen level has a code of its own; missing stays missing."""
    matrix = feature_matrix(one(["b", "b", "a", None], kind), one(["a", "new", None], kind))
    assert matrix.baseline[:, 0] == pytest.approx([0, 0, 1, np.nan], nan_ok=True)
    assert matrix.current[:, 0] == pytest.approx([1, 251, np.nan], nan_ok=True)
    assert matrix.categorical.tolist() == [True]


def test_rare_levels_share_a_code():
    """Beyond 250 levels the rest is one."""
    levels = [f"level {i:03}" for i in range(300)]
    matrix = feature_matrix(one(levels), one(levels[:1]))
    assert np.unique(matrix.baseline).size == 251


def test_the_kind_of_the_side_that_holds_values_counts():
    """A side that is all missing may have any type."""
    matrix = feature_matrix(one([None, None], pa.float64()), one(["a"]))
    assert matrix.names == ("x",)
    assert matrix.current[0, 0] == 251.0


@pytest.mark.parametrize("other", [one(["text"]), one([[1.0]]), one([b"raw"])])
def test_a_column_of_another_kind_is_left_out(other):
    """Numbers against text, lists or bytes: named, with both types."""
    matrix = feature_matrix(one([1.0]), other)
    assert matrix.names == ()
    assert "'x' of type double and" in matrix.left_out[0]
    assert matrix.baseline.shape == (1, 0)


def test_timestamps_of_two_units_are_one_scale():
    """Seconds on one side, nanoseconds on the other."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    matrix = feature_matrix(one([moment], pa.timestamp("s", "UTC")), one([moment], pa.timestamp("ns", "UTC")))
    assert matrix.baseline[0, 0] == matrix.current[0, 0]
