import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor_core.errors import Refused
from monitor_core.snapshots.parquet import open_parquet
from monitor_core.snapshots.sources import open_source


def test_text_that_repeats_comes_as_dictionaries(tmp_path):
    """Names that all differ would make dictionaries as long as the column."""
    path = tmp_path / "x"
    pq.write_table(pa.table({"city": ["Ulm", "Bonn"] * 50, "name": [f"n{n}" for n in range(100)]}), path)
    source = open_parquet(path)
    kinds = [pa.types.is_dictionary(kind) for kind in source.schema.types]
    assert kinds == [True, False]
    (batch,) = source.shards()[0].batches(["name", "city"])
    assert [pa.types.is_dictionary(kind) for kind in batch.schema.types] == [False, True]


def test_each_row_group_is_a_shard(tmp_path):
    """Threads share a file by its row groups."""
    path = tmp_path / "x"
    pq.write_table(pa.table({"a": range(100)}), path, row_group_size=30)
    rows = [[batch.num_rows for batch in shard.batches(["a"])] for shard in open_parquet(path).shards()]
    assert rows == [[30], [30], [30], [10]]


def test_wide_reads_come_in_short_slices(tmp_path):
    """Memory stays that of fifty columns and 131,072 rows."""
    path = tmp_path / "x"
    pq.write_table(pa.table({f"c{n}": pa.nulls(20_000, pa.int8()) for n in range(1_000)}), path)
    (shard,) = open_parquet(path).shards()
    assert max(batch.num_rows for batch in shard.batches([f"c{n}" for n in range(1_000)])) == 131_072 // 20


def test_a_column_beside_one_whose_name_begins_the_same(tmp_path):
    """Asking for "a" gives "a" alone, though Arrow also finds "a.b"."""
    path = tmp_path / "x"
    pq.write_table(pa.table({"a": [1], "a.b": ["x"]}), path)
    (batch,) = open_parquet(path).shards()[0].batches(["a"])
    assert batch.to_pydict() == {"a": [1]}


def test_a_repeated_name_is_refused(tmp_path):
    """Parquet allows it, a monitored table does not."""
    path = tmp_path / "x"
    pq.write_table(pa.Table.from_arrays([pa.array(["x"]), pa.array(["y"])], names=["a", "a"]), path)
    with pytest.raises(Refused, match="2 columns are named 'a'"):
        open_source(path)


def test_damage_in_the_data_names_the_row(tmp_path):
    """The footer is whole, a page in the middle is not."""
    path = tmp_path / "x"
    pq.write_table(pa.table({"a": pa.array(range(100_000)).cast(pa.float64())}), path, row_group_size=25_000)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 60_000] = b"\xff" * 60_000
    path.write_bytes(data)
    source = open_parquet(path)
    with pytest.raises(Refused, match=r"the data cannot be read from row [0-9,]+ on"):
        [batch for shard in source.shards() for batch in shard.batches(["a"])]


def test_text_that_is_not_utf_8_is_refused(tmp_path):
    """Arrow hands it out unchecked, and Python fails on it much later."""
    path = tmp_path / "x"
    broken = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")])
    pq.write_table(pa.table({"a": broken, "b": [1]}), path, use_dictionary=False)
    source = open_parquet(path)
    with pytest.raises(Refused, match=r"[Ii]nvalid UTF"):
        list(source.shards()[0].batches(["a"]))
