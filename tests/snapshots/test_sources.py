import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from monitor_core.errors import InvalidInput, NotFound, Refused
from monitor_core.settings import SnapshotSettings
from monitor_core.snapshots.sources import BATCH_ROWS, open_source, schema_reasons


def test_a_frame_becomes_a_table_without_its_index():
    """The index is no column; missing text stays missing."""
    source = open_source(pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=[7, 8]))
    assert source.schema.names == ["a", "b"]
    assert source.shards()[0].batches(["b"]).__next__().column(0).null_count == 1


def test_arrays_of_every_kind_become_columns():
    """NumPy, Arrow and plain lists may be mixed."""
    source = open_source({"a": np.arange(3), "b": pa.array(["x", "y", None]), "c": [True, None, False]})
    assert source.n_rows == 3
    assert [str(kind) for kind in source.schema.types] == ["int64", "string", "bool"]


def test_columns_come_in_the_order_asked_for():
    """Readers may want some columns only, in their own order, more than once."""
    (shard,) = open_source({"a": [1], "b": [2], "c": [3]}).shards()
    for _ in range(2):
        assert [batch.schema.names for batch in shard.batches(["c", "a"])] == [["c", "a"]]


def test_a_large_table_comes_in_shards_and_batches():
    """A shard is about a million rows, a batch 131,072."""
    source = open_source({"a": np.zeros(9 * BATCH_ROWS, np.int8)})
    sizes = [[batch.num_rows for batch in shard.batches(["a"])] for shard in source.shards()]
    assert [len(shard) for shard in sizes] == [8, 1]
    assert {size for shard in sizes for size in shard} == {BATCH_ROWS}


def test_an_empty_table_has_a_shard_without_rows():
    """Columns without rows are a table."""
    source = open_source({"a": pa.array([], pa.int64())})
    assert sum(batch.num_rows for shard in source.shards() for batch in shard.batches(["a"])) == 0


def test_dictionaries_stay_dictionaries():
    """Categories are counted by code, which is much faster."""
    source = open_source({"a": pa.array(["x", "y"]).dictionary_encode()})
    assert pa.types.is_dictionary(next(source.shards()[0].batches(["a"])).column(0).type)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"a": [1, 2], "b": [1]}, "columns differ in length: 'a' has 2, 'b' has 1"),
        ({"a": np.zeros((2, 2))}, r"column 'a': an array of shape \(2, 2\)"),
        ({"a": [1, "x"]}, "column 'a': .*allowed are values of one type"),
        ({}, "the table has no columns"),
        ({"": [1]}, "column 1 has no name"),
    ],
)
def test_what_is_no_table_is_refused_with_the_column(columns, reason):
    """The reason names column and cause."""
    with pytest.raises(Refused, match=reason):
        open_source(columns)


def test_a_frame_of_mixed_objects_is_refused():
    """pandas lets a column hold anything."""
    with pytest.raises(Refused, match="column 'a'"):
        open_source(pd.DataFrame({"a": [1, "x", {}]}))


def test_other_objects_are_an_error():
    """The message says what can be given."""
    with pytest.raises(InvalidInput, match="int is not a table"):
        open_source(3)


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    """The message names the path."""
    with pytest.raises(NotFound, match=r"nowhere\.csv"):
        open_source(tmp_path / "nowhere.csv")


def test_names_beyond_the_limits_are_refused():
    """Too many columns, and names that are too long or blank."""
    limits = SnapshotSettings(max_columns=2, max_name_length=5)
    assert "3 columns; allowed are up to 2" in schema_reasons(["a", "b", "c"], limits=limits)[0]
    assert "the name 'abcdef…' has 6 characters" in schema_reasons(["abcdef"], limits=limits)[0]
    assert schema_reasons(["ä", "b c"], limits=limits) == ()
