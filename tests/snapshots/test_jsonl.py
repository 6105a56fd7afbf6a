import json

import pytest

from monitor_core.errors import Refused
from monitor_core.snapshots.sources import open_source


def source_of(save, *lines):
    return open_source(
        save("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "x.jsonl")
    )


def test_keys_may_be_missing_and_come_late(lab, save):
    """A key that a line lacks is a missing value."""
    got = lab.read_all(source_of(save, {"a": 1}, {"a": 2, "b": "x"}, {"b": "y"})).to_pydict()
    assert got == {"a": [1, 2, None], "b": [None, "x", "y"]}


def test_types_that_change_far_down_are_seen(lab, save):
    """Whole numbers in the first block, a decimal in the last."""
    lines = [{"a": n, "pad": "x" * 200} for n in range(60_000)]
    got = lab.read_all(source_of(save, *lines, {"a": 0.5, "pad": ""}))
    assert str(got.schema.field("a").type) == "double"
    assert got.num_rows == 60_001


def test_text_among_numbers_is_reported_with_its_row(lab, save):
    """It counts as missing and is not lost in silence."""
    source = source_of(save, *[{"a": n} for n in range(99)], {"a": "n/a"})
    assert source.findings[0].message == (
        "column 'a': 1 of 100 values is not a number and counts as missing (first: row 100, 'n/a')"
    )
    assert lab.read_all(source).column("a").null_count == 1


def test_many_texts_among_numbers_make_text(lab, save):
    """Nothing is thrown away when the share is large; the finding says why."""
    source = source_of(save, {"a": 1}, {"a": "x"}, {"a": 2}, {"a": True})
    assert lab.read_all(source).to_pydict() == {"a": ["1", "x", "2", "true"]}
    assert "is read as text: 50.0% of 4 values are not numbers" in source.findings[0].message


def test_nested_values_are_left_out_and_named(lab, save):
    """A list is no feature."""
    source = source_of(save, {"a": [1, 2], "b": 1}, {"a": [3], "b": 2})
    assert "column 'a' holds lists or objects and is left out" in source.findings[0].message
    assert lab.read_all(source).to_pydict() == {"a": [None, None], "b": [1, 2]}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"a": 1', "row 3: Expecting ',' delimiter"),
        ("[1, 2]", "row 3 is a list; expected one JSON object"),
        ("17", "row 3 is a int; expected one JSON object"),
        ('{"a": 1, "a": 2}', "row 3: the key 'a' occurs twice"),
        ('{"a": ' + "[" * 100_000, "row 3: the value is nested too deeply"),
    ],
)
def test_a_line_that_is_no_object_is_refused_with_its_row(line, reason, save):
    """Row and cause."""
    with pytest.raises(Refused, match=reason):
        source_of(save, {"a": 1}, {"a": 2}, line)


def test_a_byte_that_is_not_utf_8_is_named(save):
    """Row, byte and value."""
    with pytest.raises(Refused, match="row 2, byte 7 of the line: 0xff is not UTF-8 text"):
        open_source(save(b'{"a": "x"}\n{"a": "\xff"}\n', "x.jsonl"))


def test_a_broken_surrogate_does_not_break_the_reader(lab, save):
    """JSON can spell half a character; it is replaced."""
    assert lab.read_all(source_of(save, '{"a": "\\ud800"}', {"a": "x"})).to_pydict() == {"a": ["?", "x"]}


def test_not_a_number_and_infinity_are_read(lab, save):
    """Python writes them, though JSON has none."""
    got = lab.read_all(source_of(save, '{"a": NaN}', '{"a": Infinity}', '{"a": 1.5}')).column("a").to_pylist()
    assert got[1:] == [float("inf"), 1.5]


def test_large_whole_numbers_do_not_overflow(lab, save):
    """An id of 20 digits is kept as text, digit by digit."""
    got = lab.read_all(source_of(save, '{"a": 12345678901234567890, "b": 1}', '{"a": 7, "b": 2}'))
    assert got.column("a").to_pylist() == ["12345678901234567890", "7"]


def test_blank_lines_and_a_byte_order_mark_are_passed_over(lab, save):
    """They hold no row."""
    assert lab.read_all(open_source(save('\ufeff{"a": 1}\r\n\r\n{"a": 2}\r\n'))).to_pydict() == {"a": [1, 2]}
