from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.errors import Cancelled
from monitor_core.snapshots.check import check_table
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.sources import open_source

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SHORT = {"id": Role.ENTITY_ID, "ts": Role.TIMESTAMP, "score": Role.SCORE, "label": Role.LABEL, "skip": Role.IGNORED}


def check(columns, *, roles=None, **options):
    source = open_source(columns)
    roles = roles or Roles(tuple((name, SHORT.get(name, Role.FEATURE)) for name in source.schema.names))
    return check_table(source, roles, now=NOW, **options)


def messages(result, severity=None):
    return [finding.message for finding in result.findings if severity in (None, finding.severity)]


def test_a_clean_table_has_no_findings(table):
    """Rows, columns and the span of dates are told."""
    source = open_source(table)
    roles = Roles(tuple((name, SHORT.get(name, Role.FEATURE)) for name in table.column_names))
    result = check_table(source, roles, now=NOW, needs_date=True)
    assert result.findings == ()
    assert (result.n_rows, result.n_columns, result.left_out) == (200, 8, ())
    assert (result.first, result.last) == (
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 9, 7, tzinfo=UTC),
    )


def test_one_row_is_enough():
    """Whether it is enough to judge is not for the check to say."""
    assert check({"a": [1]}).refusals == ()


def test_no_rows_are_refused():
    """A header alone is no data."""
    assert messages(check({"a": pa.array([], pa.int64())}), "refusal") == ["'table' has no rows; expected at least one"]


def test_a_table_without_monitored_columns_is_refused():
    """There would be nothing to judge."""
    assert "no column is monitored" in messages(check({"id": [1]}), "refusal")[0]


def test_a_needed_date_that_is_not_there_is_refused():
    """A fixed date for the file is an answer as well."""
    assert "no column says when a row is from" in messages(check({"a": [1]}, needs_date=True), "refusal")[0]
    dated = check({"a": [1]}, needs_date=True, roles=Roles((("a", Role.FEATURE),), fixed_date="2026-01-31"))
    assert dated.refusals == ()
    assert dated.first == dated.last == datetime(2026, 1, 31, tzinfo=UTC)


def test_a_column_with_a_role_that_is_absent_is_refused():
    """Remembered roles may name a column that is gone; an ignored one does not matter."""
    roles = Roles((("a", Role.FEATURE), ("score", Role.SCORE), ("skip", Role.IGNORED)))
    assert messages(check({"a": [1]}, roles=roles), "refusal") == ["column 'score' (score) is not in the file"]


@pytest.mark.parametrize(
    ("column", "values", "says"),
    [
        ("score", ["a", "b"], "column 'score' has the type string; as score allowed are: numeric"),
        ("a", [[1], [2]], "column 'a' has the type list<.*>; as feature allowed are"),
        ("ts", [True, False], "column 'ts' has the type bool; as timestamp allowed are"),
    ],
)
def test_a_type_that_a_role_does_not_allow_is_refused(column, values, says):
    """Type, role and what is allowed."""
    result = check({"x": [1, 2], column: values})
    assert any(pa.compute.match_substring_regex(pa.scalar(text), says).as_py() for text in messages(result, "refusal"))


def test_rows_without_a_readable_date_are_left_out_and_counted():
    """Unreadable ones with row and value, missing ones with their number."""
    days = ["2026-01-01"] * 8 + ["01/02/2026", None]
    result = check({"ts": days, "a": range(10)})
    assert result.refusals == ()
    assert result.left_out == ("2 rows without a readable date",)
    assert (
        "1 of 10 dates cannot be read and their rows are left out (first: row 9, '01/02/2026')" in messages(result)[0]
    )
    assert "1 of 10 dates are missing" in messages(result)[1]


def test_mostly_unreadable_dates_are_refused():
    """Half of a file is not the file."""
    result = check({"ts": ["01/02/2026"] * 6 + ["2026-01-01"] * 4, "a": range(10)})
    assert "6 of 10 dates cannot be read" in messages(result, "refusal")[0]


def test_dates_in_the_future_are_refused():
    """A day's grace is for local time."""
    soon = check({"ts": pa.array([NOW, NOW + timedelta(hours=23)]), "a": [1, 2]})
    assert soon.refusals == ()
    late = check({"ts": pa.array([NOW, NOW + timedelta(days=2)]), "a": [1, 2]})
    (refusal,) = late.refusals
    assert "1 of 2 dates lie in the future (first: row 2, '2026-11-25" in refusal.message
    assert (refusal.row, refusal.allowed, refusal.count) == (2, "up to 2026-11-23", 1)


def test_dates_before_1990_are_pointed_out():
    """Zero as Unix time is 1970."""
    assert "1 of 2 dates lie before 1990 (first: row 1, '0')" in messages(check({"ts": [0, 2026], "a": [1, 2]}))[0]


def test_repeated_rows_are_reported_with_both_rows():
    """The same id at the same moment; they are counted all the same."""
    result = check({"id": ["x", "y", "x"], "ts": ["2026-01-01"] * 3, "a": [1, 2, 3]})
    assert (
        "1 row repeats the id and date of an earlier row (first: rows 1 and 3, 'x')" in messages(result, "warning")[0]
    )
    assert result.refusals == ()


def test_scores_outside_0_to_1_and_infinite_values_are_reported():
    """Row and value of the first; NaN is missing, not infinite."""
    result = check({"score": [0.5, 1.5, float("nan"), float("inf")], "a": [1.0, -float("inf"), 2.0, 3.0]})
    said = messages(result, "warning")
    assert "column 'score': 1 of 4 values are infinite (first: row 4, inf)" in said
    assert "column 'score': 1 of 4 scores lie outside 0..1 (first: row 2, 1.5)" in said
    assert "column 'a': 1 of 4 values are infinite (first: row 2, -inf)" in said


def test_missing_and_constant_columns_are_reported():
    """All missing is a warning, half missing and constant good to know."""
    result = check(
        {"none": pa.nulls(4, pa.float64()), "half": [1, None, None, 3], "same": ["x"] * 4, "nan": [np.nan] * 4}
    )
    assert "column 'none' has no values at all" in messages(result, "warning")
    assert "column 'nan' has no values at all" in messages(result, "warning")
    assert "column 'half': 2 of 4 values are missing (50%)" in messages(result, "info")
    assert "column 'same' has one and the same value in every row" in messages(result, "info")


def test_many_columns_with_the_same_finding_make_one():
    """Five thousand constant columns are one line."""
    result = check({f"c{n}": [1, 1] for n in range(5_000)})
    assert len(result.findings) == 1
    assert result.findings[0].message.startswith("5,000 columns, each of which has one and the same value in every row")


def test_more_than_two_labels_are_named():
    """Whether that is right, the reader knows."""
    result = check({"a": [1, 2, 3], "label": ["yes", "no", "maybe"]})
    assert messages(result) == ["column 'label': 3 different labels ('maybe', 'no', 'yes', …)"]


def test_columns_are_compared_with_the_baseline():
    """Absent, extra and re-typed columns; what does not fit is left out by name."""
    expected = {"a": "numeric", "b": "numeric", "c": "categorical", "d": "boolean", "e": "numeric", "f": "numeric"}
    result = check(
        {"a": ["x", "y"], "c": ["x", "y"], "d": [0, 1], "e": [1, 2], "f": [1, 2], "new": [1, 2]}, expected=expected
    )
    assert messages(result, "warning") == [
        "column 'b' is in the baseline and not among the monitored columns of this file",
        "column 'a' is categorical, in the baseline numeric, and is left out",
    ]
    assert messages(result, "info") == ["column 'new' is not in the baseline and is left out"]
    assert result.left_out_columns == ("a", "new")
    assert result.roles.monitored == (("c", "feature"), ("d", "feature"), ("e", "feature"), ("f", "feature"))


def test_a_file_for_another_model_is_refused():
    """When more than half of the baseline's columns do not fit."""
    result = check({"z": [1, 2]}, expected={"a": "numeric", "b": "numeric", "c": "numeric"})
    assert "3 of the baseline's 3 columns are absent or of another kind" in messages(result, "refusal")[0]


def test_findings_of_the_reader_are_passed_on(save):
    """What became missing while reading is said in the same place."""
    source = open_source(save("a\n" + "1\n" * 99 + "x\n", "a.csv"))
    result = check_table(source, Roles((("a", Role.FEATURE),)), now=NOW)
    assert "1 of 100 values is not a number" in messages(result)[0]


def test_a_million_categories_are_no_obstacle():
    """Neither in time nor in memory."""
    result = check({"a": pa.array([f"v{n}" for n in range(1_000_000)]), "id": np.arange(1_000_000)})
    assert (result.n_rows, result.findings) == (1_000_000, ())


def test_odd_numbers_and_names_are_read():
    """Decimals, half floats, small unsigned numbers, names in any script."""
    result = check(
        {
            "größe 東京 🎈": pa.array([1, 2], pa.decimal128(5, 2)),
            "half": pa.array(np.array([1, 2], np.float16)),
            "tiny": pa.array([1, 255], pa.uint8()),
            "when": pa.array([2**61, 1], pa.timestamp("s")),
        }
    )
    assert result.findings == ()


def test_the_check_can_be_cancelled():
    """Progress is told batch by batch."""

    def stop(share, note):
        raise Cancelled(note)

    with pytest.raises(Cancelled, match="checking: 2 of 2 rows"):
        check({"a": [1, 2]}, progress=stop)
