import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.snapshots.kinds import MOMENT, Evidence, Kind, convert, decide


def learn(*pieces, expected=None):
    """Return type and findings of a column that comes in pieces."""
    evidence, row = Evidence(), 1
    for piece in pieces:
        evidence.add(pa.array(piece, pa.string()), first_row=row)
        row += len(piece)
    kind, findings = decide("x", evidence, expected=expected)
    return kind, [finding.message for finding in findings]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", "+3", None], pa.int64()),
        (["1", "2.5"], pa.float64()),
        (["1e5", ".5", "-inf", "nan"], pa.float64()),
        (["true", "False"], pa.bool_()),
        (["2026-01-01", "2026-01-02T03:04:05Z"], MOMENT),
        (["a", "b"], pa.string()),
        (["0x10", "0x20"], pa.string()),
        (["007", "123"], pa.string()),
        (["12345678901234567890", "1"], pa.string()),
        (["2026-02-30", "2026-02-31"], pa.string()),
        (["01.02.2026"], pa.string()),
        ([None, None], pa.null()),
        ([], pa.null()),
    ],
)
def test_the_type_follows_from_all_values(values, kind):
    """Numbers, truth values, dates, text."""
    assert learn(values)[0] == kind


@pytest.mark.parametrize(
    ("values", "expected", "kind"),
    [
        (["007", "123"], "numeric", pa.float64()),
        (["1", "2"], "categorical", pa.string()),
        ([None], "categorical", pa.string()),
        ([None], "datetime", MOMENT),
        ([None], "boolean", pa.bool_()),
    ],
)
def test_the_baseline_settles_what_values_leave_open(values, expected, kind):
    """Codes, numbers used as categories, columns without values."""
    assert learn(values, expected=expected)[0] == kind


def test_a_type_that_changes_late_is_seen():
    """Whole numbers for a long while, then a decimal, then text."""
    kind, messages = learn(["1"] * 5_000, ["2.5"] * 10, ["oops"])
    assert kind == pa.float64()
    assert messages == [
        "column 'x': 1 of 5,011 values is not a number and counts as missing (first: row 5,011, 'oops')"
    ]


def test_a_stray_value_among_dates_counts_as_missing():
    """It is named with its row."""
    kind, messages = learn(["2026-01-01"] * 99 + ["soon"])
    assert kind == MOMENT
    assert "1 of 100 values is not a date" in messages[0]


def test_more_than_a_few_strays_make_text():
    """Nothing is thrown away."""
    kind, messages = learn(["1"] * 90 + ["x"] * 10)
    assert kind == pa.string()
    assert "read as text: 10.0% of 100 values are not numbers (first: row 91, 'x')" in messages[0]


def test_long_text_columns_stop_being_looked_at():
    """After 50,000 texts the answer is settled; the count goes on."""
    evidence = Evidence()
    evidence.add(pa.array([f"name {n}" for n in range(60_000)]), first_row=1)
    evidence.add(pa.array(["1"] * 10), first_row=60_001)
    assert evidence.counts == {Kind.TEXT: 60_010}


def test_conversion_keeps_what_fits_and_drops_the_rest():
    """Strays become missing, in every target type."""
    values = pa.array([" 1", "+2", "0x10", "2.5", "true", "2026-01-01", None])
    assert convert(values, pa.int64()).to_pylist() == [1, 2, None, None, None, None, None]
    assert convert(values, pa.float64()).to_pylist() == [1, 2, None, 2.5, None, None, None]
    assert convert(values, pa.bool_()).to_pylist() == [None, None, None, None, True, None, None]
    assert convert(values, MOMENT)[5].as_py().year == 2026
    assert convert(values, pa.null()).null_count == 7


def test_typed_values_are_converted_too():
    """JSON brings types of its own, block by block."""
    assert convert(pa.array([1, 2]), pa.float64()).to_pylist() == [1.0, 2.0]
    assert convert(pa.array([True]), pa.string()).to_pylist() == ["true"]
    assert convert(pa.array([True]), pa.float64()).to_pylist() == [None]
    assert convert(pa.array([[1]]), pa.string()).to_pylist() == [None]


words = st.sampled_from(["1", "-7", "2.5", "1e3", "007", "true", "2026-01-01", "x", "1,5", "", " 3 ", "0x1f", "nan"])


@given(st.lists(st.none() | words | st.text(max_size=5), max_size=40), st.integers(1, 7))
def test_pieces_do_not_matter_and_nothing_is_lost(values, size):
    """Any cut gives the same type; values that do not fit are exactly those reported."""
    whole = learn(values)
    assert learn(*[values[at : at + size] for at in range(0, len(values), size)]) == whole
    array = pa.array(values, pa.string())
    got = convert(array, whole[0])
    if not whole[1]:
        assert got.null_count == array.null_count
