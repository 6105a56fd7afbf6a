import codecs
import gc
import gzip
import pickle
import stat
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from monitor_core.errors import Cancelled, Refused
from monitor_core.settings import SnapshotSettings
from monitor_core.snapshots.files import open_upload
from monitor_core.snapshots.sources import open_source

FORMATS = ["csv", "jsonl", "parquet", "arrow", "stream", "gz:csv", "gz:jsonl", "zip:csv", "zip:parquet", "zip:arrow"]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_table(form, table, save, lab):
    """Values, order and missing values survive, whatever the file is called."""
    source = open_source(save(lab.encode(table, form), "no-hint-in-the-name"))
    got = lab.read_all(source).to_pydict()
    assert got == table.to_pydict()
    assert source.findings == ()


@pytest.mark.parametrize("form", FORMATS)
def test_a_part_of_the_columns_can_be_read_again(form, table, save, lab):
    """Each shard can be read as often as wanted."""
    source = open_source(save(lab.encode(table, form)))
    for _ in range(2):
        rows = [row for shard in source.shards() for batch in shard.batches(["visits"]) for row in batch.to_pylist()]
        assert rows == table.select(["visits"]).to_pylist()


@pytest.mark.parametrize("form", FORMATS)
def test_columns_come_in_the_order_asked_for(form, table, save, lab):
    """Whatever their order in the file."""
    source, names = open_source(save(lab.encode(table, form))), table.schema.names[::-2]
    rows = [row for shard in source.shards() for batch in shard.batches(names) for row in batch.to_pylist()]
    assert rows == table.select(names).to_pylist()
    assert next(iter(source.shards()[0].batches(names))).schema.names == names


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_cut_short_is_refused_with_a_reason(form, table, save, lab):
    """Half a file never passes for a whole one."""
    data = lab.encode(table, form)
    with pytest.raises(Refused) as caught:
        lab.read_all(open_source(save(data[: len(data) * 6 // 10], "cut.dat")))
    assert "cut" in caught.value.message or "part" in caught.value.message
    assert caught.value.reasons


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes"),
        (b"\n\n  \n", "no header line"),
        (pickle.dumps([1]), "a Python pickle"),
        (b"FEA1xxxx", "Feather version 1"),
        (b"\x89HDF\r\n", "an HDF5 file"),
        (b"<!DOCTYPE html><html>", "HTML or XML"),
        (b'[{"a": 1}]', "one JSON list; expected one JSON object a line"),
        (codecs.BOM_UTF16_LE + "a,b\n1,2\n".encode("utf-16-le"), "UTF-16"),
        (b"a,b\n1,\x00\x01\n", "byte 6 is 0"),
        (b"PAR1 but then nothing", "its footer or first rows cannot be read"),
        (b"ARROW1\0\0 but then nothing", "its schema cannot be read"),
        (b"\x1f\x8b but then nothing", "after 0 expanded bytes"),
        (b"PK\x03\x04 but then nothing", "File is not a zip file"),
    ],
)
def test_what_is_not_read_is_refused_by_name(data, reason, save):
    """A reason says what the file is, or where it breaks."""
    with pytest.raises(Refused, match=reason):
        open_source(save(data))


def test_the_format_is_told_by_content_not_by_name(table, save, lab):
    """A Parquet file called .csv is a Parquet file."""
    assert open_source(save(lab.encode(table, "parquet"), "x.csv")).n_rows == table.num_rows


def test_the_members_of_a_zip_are_one_table(save, lab):
    """Months in one archive make one snapshot, in the order of the archive."""
    parts = [lab.small_table(seed=seed) for seed in range(3)]
    data = lab.archive({f"{n}.csv": lab.encode(part, "csv") for n, part in enumerate(parts)})
    source = open_source(save(data))
    assert source.n_rows == 600
    assert lab.read_all(source).column("age").to_pylist() == pa.concat_tables(parts).column("age").to_pylist()


def test_members_may_be_of_different_formats_and_number_types(save, lab):
    """Whole numbers in one file and decimals in the next are decimals."""
    whole, decimal = pa.table({"x": [1, 2], "c": ["a", "b"]}), pa.table({"x": [1.5], "c": ["c"]})
    data = lab.archive({"1.csv": lab.encode(whole, "csv"), "2.parquet": lab.encode(decimal, "parquet")})
    assert lab.read_all(open_source(save(data))).to_pydict() == {"x": [1.0, 2.0, 1.5], "c": ["a", "b", "c"]}


def test_text_files_that_differ_in_a_kind_agree_on_text(save, lab):
    """Only the second file shows that the numbers of the first are codes."""
    data = lab.archive({"1.csv": b"zip\n89073\n", "2.csv": b"zip\n01067\n"})
    assert lab.read_all(open_source(save(data))).to_pydict() == {"zip": ["89073", "01067"]}


def test_binary_files_that_differ_in_a_kind_are_refused(save, lab):
    """The reason names column, both files and both types."""
    one, two = pa.table({"x": [1]}), pa.table({"x": ["a"]})
    data = lab.archive({"1": lab.encode(one, "parquet"), "2": lab.encode(two, "parquet")})
    with pytest.raises(Refused, match=r"column 'x' is int64 in '1' and .*string.* in '2'"):
        open_source(save(data))


def test_files_with_other_columns_are_refused(save, lab):
    """Each difference names file and column."""
    data = lab.archive({"1.csv": b"a,b\n1,2\n", "2.csv": b"a,c\n1,2\n"})
    with pytest.raises(Refused) as caught:
        open_source(save(data))
    assert caught.value.reasons == (
        "'2.csv' has no column 'b', which '1.csv' has",
        "'2.csv' has a column 'c', which '1.csv' has not",
    )


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"../evil.csv": b"a\n1\n"}, "leads out of the archive"),
        ({"/etc/evil.csv": b"a\n1\n"}, "leads out of the archive"),
        ({"..\\evil.csv": b"a\n1\n"}, "leads out of the archive"),
        ({"C:\\evil.csv": b"a\n1\n"}, "leads out of the archive"),
        ({link("link.csv"): b"/etc/passwd"}, "is a link"),
        ({"inner.zip": b"PK"}, "is an archive itself"),
        ({}, "the archive is empty"),
        ({"__MACOSX/._a.csv": b"x"}, "the archive is empty"),
        ({"xl/workbook.xml": b"<x/>", "[Content_Types].xml": b"<x/>"}, "a spreadsheet"),
    ],
)
def test_a_dangerous_archive_is_refused(members, reason, save, lab, tmp_path):
    """Nothing is written outside the folder, nothing nested is followed."""
    before = set(tmp_path.parent.iterdir())
    with pytest.raises(Refused, match=reason):
        open_source(save(lab.archive(members)))
    assert set(tmp_path.parent.iterdir()) == before


def test_an_archive_hidden_under_another_name_is_refused(save, lab):
    """Content decides, not the name."""
    inner = lab.archive({"a.csv": b"a\n1\n"})
    with pytest.raises(Refused, match="an archive inside an archive"):
        open_source(save(lab.archive({"data.csv": inner})))
    with pytest.raises(Refused, match="an archive inside an archive"):
        open_source(save(gzip.compress(gzip.compress(b"a\n1\n"))))


def test_a_packed_member_is_read(save, lab):
    """A zip of .csv.gz files is common."""
    source = open_source(save(lab.archive({"a.csv.gz": gzip.compress(b"a\n1\n")})))
    assert lab.read_all(source).to_pydict() == {"a": [1]}


def test_an_encrypted_member_is_refused(save, lab):
    """The flag says so before anything is read."""
    data = bytearray(lab.archive({"a.csv": b"a\n1\n"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Refused, match="is encrypted"):
        open_source(save(bytes(data)))


@pytest.mark.parametrize("packed", ["gz", "zip"])
def test_a_decompression_bomb_is_stopped(packed, save, lab, tmp_path):
    """100 MB of zeros in 100 KB are stopped at 64 MB."""
    zeros = b"a\n" + b"0\n" * 50_000_000
    data = gzip.compress(zeros, 9) if packed == "gz" else lab.archive({"a.csv": zeros})
    with pytest.raises(Refused, match="decompression bomb"):
        open_source(save(data))


def test_a_bomb_that_lies_about_its_size_is_stopped_too(save, lab):
    """The stated size is not believed."""
    data = bytearray(lab.archive({"a.csv": b"a\n" + b"0\n" * 50_000_000}))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(Refused):
        open_source(save(bytes(data)))


@pytest.mark.parametrize("packed", ["gz", "zip"])
def test_the_expanded_size_is_limited(packed, save, lab, tmp_path):
    """The message names the setting."""
    text = ("a\n" + "".join(f"{n * 7919 % 100_003}\n" for n in range(20_000))).encode()
    data = gzip.compress(text) if packed == "gz" else lab.archive({"a.csv": text})
    limits = SnapshotSettings(max_expanded_bytes=50_000)
    with pytest.raises(Refused, match=r"snapshots\.max_expanded_bytes"):
        open_source(save(data), limits=limits)


def test_temporary_files_go_with_the_source(save, monkeypatch, tmp_path):
    """Nothing stays behind when nobody holds the source or one of its shards."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    shards = open_source(save("a\n1\n")).shards()
    gc.collect()
    assert len(list(folder.iterdir())) == 1
    assert [batch.num_rows for shard in shards for batch in shard.batches(["a"])] == [1]
    del shards
    gc.collect()
    assert list(folder.iterdir()) == []


def test_temporary_files_go_with_a_refusal(save, monkeypatch, tmp_path):
    """A refused file leaves nothing."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(Refused):
        open_source(save("a,b\n1,2\n3\n"))
    assert list(folder.iterdir()) == []


def test_reading_can_be_cancelled(save, tmp_path):
    """Progress is told block by block, and may stop the work."""

    def stop(share, note):
        raise Cancelled(f"at {share}: {note}")

    (tmp_path / "work").mkdir()
    with pytest.raises(Cancelled, match="learning the types: 1 rows"):
        open_upload(save("a\n1\n"), tmp_path / "work", name="x", limits=SnapshotSettings(), progress=stop)


def test_the_census_file_opens_at_once(shared_data: Path):
    """Only the footer and first rows of a Parquet file are read."""
    source = open_source(shared_data / "employment_MA_reference.pq")
    assert (source.n_rows, len(source.schema)) == (68_785, 21)
