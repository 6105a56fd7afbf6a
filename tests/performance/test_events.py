"""Blocks of single rows."""

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.errors import InvalidInput
from monitor_core.performance.events import cell_words, decode, encode, flags, recorded_in
from monitor_core.performance.granules import UNDATED
from monitor_core.performance.keys import keys_of


def rows(entity):
    return pa.table(
        {
            "entity": entity,
            "key": keys_of(entity),
            "predicted": pa.array([1, 0, -1], pa.int8()),
            "score": [0.25, np.nan, 0.5],
            "segment": pa.array([1, 0, 2], pa.int32()),
            "moment": [5, UNDATED, 7],
            "label": pa.array([-1, 1, 0], pa.int8()),
            "observed": [UNDATED, 9, UNDATED],
            "cell:age": pa.array([0, 1, 0], pa.uint16()),
        }
    )


@pytest.mark.parametrize("entity", [pa.array([7, 8, 9]), pa.array(["a", "b", "c"])])
def test_a_block_comes_back_as_it_was(entity):
    """Nothing is said where nothing was."""
    payload = encode(rows(entity), recorded=42, segments=["", "north", "south"], cells={"age": ("young", "old")})
    table = decode(payload)
    assert recorded_in(table) == 42
    assert flags(table, "predicted").tolist() == [1, 0, -1]
    assert flags(table, "label").tolist() == [-1, 1, 0]
    assert table.column("score").to_pylist() == [0.25, None, 0.5]
    assert table.column("segment").to_pylist() == ["north", "", "south"]
    assert table.column("observed").to_pylist() == [None, 9, None]
    assert table.column("key").to_pylist() == keys_of(entity).tolist()
    assert cell_words(table.schema.field("cell:age")) == ("young", "old")


def test_only_some_columns_are_read():
    """The key is always there, though for numbers it is not even written."""
    payload = encode(rows(pa.array([7, 8, 9])), recorded=1, segments=["", "a", "b"], cells={"age": ("x", "y")})
    assert set(decode(payload, ["label"]).column_names) == {"label", "key"}
    assert decode(payload, ()).column_names == ["key"]


def test_columns_without_a_value_take_no_room():
    """A block of predictions has no labels."""
    table = rows(pa.array([7, 8, 9])).select(["entity", "key", "predicted", "score"])
    table = table.set_column(3, "score", pa.array([np.nan] * 3))
    assert decode(encode(table, recorded=1)).column_names == ["entity", "predicted", "key"]
    assert flags(decode(encode(table, recorded=1)), "label").tolist() == [-1, -1, -1]


def test_the_same_rows_are_the_same_bytes():
    """Whoever writes them."""
    assert encode(rows(pa.array([7, 8, 9])).select([0, 1, 2]), recorded=1) == encode(
        rows(pa.array([7, 8, 9])).select([0, 1, 2]), recorded=1
    )


@pytest.mark.parametrize("payload", [b"", b"nonsense", None])
def test_other_bytes_are_refused(payload):
    """And so is a cut block, or one of another format."""
    good = encode(rows(pa.array([7, 8, 9])).select([0, 1, 2]), recorded=1)
    with pytest.raises(InvalidInput, match="block of events"):
        decode(good[: len(good) // 2] if payload is None else payload)
