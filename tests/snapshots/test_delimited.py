import pytest

from monitor_core.errors import Refused
from monitor_core.snapshots.sources import open_source


def read(lab, save, text):
    return lab.read_all(open_source(save(text, "data.csv"))).to_pydict()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter, lab, save):
    """Comma, semicolon, tab and bar."""
    text = "a,b,c\n1,x y,2.5\n2,z,3.5\n".replace(",", delimiter)
    assert read(lab, save, text) == {"a": [1, 2], "b": ["x y", "z"], "c": [2.5, 3.5]}


def test_a_delimiter_inside_quotes_is_text(lab, save):
    """Quotes protect delimiters, quotes and line breaks."""
    text = 'a,b\n1,"x, ""y""\nz"\n2,w\n'
    assert read(lab, save, text) == {"a": [1, 2], "b": ['x, "y"\nz', "w"]}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_of_both_worlds_are_read(end, lab, save):
    """Files from Windows end lines in two characters."""
    assert read(lab, save, end.join(["a,b", "1,x", "2,y"])) == {"a": [1, 2], "b": ["x", "y"]}


def test_a_byte_order_mark_is_no_part_of_the_name(lab, save):
    """Excel writes one."""
    assert list(read(lab, save, "\ufeffid,b\n1,2\n")) == ["id", "b"]


def test_names_lose_the_spaces_around_them(lab, save):
    """A space after the comma is no part of the name, nor of a number."""
    assert read(lab, save, "id, größe\n1, 2.5\n") == {"id": [1], "größe": [2.5]}


def test_an_empty_line_in_a_single_column_is_a_missing_value(lab, save):
    """A row is never lost."""
    assert read(lab, save, "a\n1\n\n3\n") == {"a": [1, None, 3]}


@pytest.mark.parametrize("word", ["", "NA", "n/a", "NULL", "None", "NaN", '""'])
def test_the_usual_words_for_missing_are_missing(word, lab, save):
    """In numbers and in text."""
    assert read(lab, save, f"a,b\n1,x\n{word},{word}\n3,y\n") == {"a": [1, None, 3], "b": ["x", None, "y"]}


def test_a_header_alone_tells_the_columns(lab, save):
    """The table is empty, its columns are known."""
    source = open_source(save("a,b\n", "data.csv"))
    assert (source.schema.names, source.n_rows) == (["a", "b"], 0)


def test_rows_of_another_width_are_listed(lab, save):
    """Ten of them, with row number, width and text; the rest is counted."""
    text = "a,b\n1,2\n3\n" + "4,5,6\n" * 12
    with pytest.raises(Refused) as caught:
        open_source(save(text, "data.csv"))
    assert caught.value.reasons[0] == "row 2 has 1 value, the header has 2: '3'"
    assert caught.value.reasons[-1] == "and 3 more rows"


@pytest.mark.parametrize("rest", ["", "\n4,5\n", "\n" + "4,5\n" * 2_000_000, '""'])
def test_a_quote_that_never_closes_is_refused(rest, lab, save):
    """It swallows the rest of the file."""
    with pytest.raises(Refused, match="row 2: a quote is never closed; the value begins with 'x"):
        open_source(save(f'a,b\n1,2\n3,"x{rest}', "data.csv"))


@pytest.mark.parametrize("last", ['5" pipe', '"x"', '"x"""', '""', '"', 'x"'])
def test_a_last_value_with_quotes_in_it_is_read(last, lab, save):
    """Quotes that are closed, or stand inside a word, are no reason to refuse."""
    if last == '"':
        with pytest.raises(Refused, match="never closed"):
            open_source(save(f"a,b\n1,{last}", "data.csv"))
    else:
        assert read(lab, save, f"a,b\n1,{last}")["a"] == [1]


@pytest.mark.parametrize("rows", [0, 3, 700_000])
def test_the_first_byte_that_is_not_utf_8_is_named(rows, lab, save):
    """Line, byte and value, however far down."""
    text = b"a,b\n" + b"1,2\n" * rows + "3,München\n".encode("latin-1")
    with pytest.raises(Refused, match=f"line {rows + 2:,}, byte {4 * rows + 7:,}: 0xfc is not UTF-8 text"):
        open_source(save(text, "data.csv"))


def test_a_repeated_name_is_refused_with_both_places(lab, save):
    """Which of them is meant, nobody can know."""
    with pytest.raises(Refused, match=r"2 columns are named 'a' \(columns 1, 3\)"):
        open_source(save("a,b,a\n1,2,3\n", "data.csv"))


def test_a_column_without_a_name_is_refused(lab, save):
    """Its place is named."""
    with pytest.raises(Refused, match="column 2 has no name"):
        open_source(save("a,,c\n1,2,3\n", "data.csv"))


def test_a_file_without_a_header_is_refused(lab, save):
    """A first line of numbers is data."""
    with pytest.raises(Refused, match="has no header line"):
        open_source(save("1.5,2,3\n4,5,6\n", "data.csv"))


def test_decimal_commas_are_refused_with_an_example(lab, save):
    """Read as text they would be thousands of categories."""
    with pytest.raises(Refused, match=r"column 'b': 2 of 2 values are numbers with a comma \(first: row 1, '1,5'\)"):
        open_source(save("a;b\n1;1,5\n2;2,5\n", "data.csv"))


def test_five_thousand_columns_are_read(lab, save):
    """Width is no obstacle."""
    names = [f"c{n}" for n in range(5_000)]
    text = ",".join(names) + "\n" + "\n".join(",".join(str(n + row) for n in range(5_000)) for row in range(20))
    got = read(lab, save, text)
    assert len(got) == 5_000
    assert got["c4999"] == [4999 + row for row in range(20)]
