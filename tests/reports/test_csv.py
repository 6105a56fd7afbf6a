"""The CSV form."""

import csv as reader
import io

import pytest

from monitor_core.reports import csv
from monitor_core.reports.records import COLUMNS


def rows_of(document):
    return list(reader.DictReader(io.StringIO(csv.render(document))))


def test_one_line_for_each_result(document):
    """Twelve days of nine features."""
    rows = rows_of(document)
    assert len(rows) == 108
    assert tuple(rows[0]) == COLUMNS


def test_figures_are_exact(document):
    """Numbers read back to the same value; what cannot be computed is empty."""
    row = next(row for row in rows_of(document) if row["name"] == "rsi_14" and row["granule"] == "2026-11-21")
    assert float(row["psi"]) == next(line.drift.psi for line in document.features if line.name == "rsi_14")
    missing = next(row for row in rows_of(document) if row["name"] == "constant")
    assert missing["psi"] == ""


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1"])  # noqa: RUF001 - the full-width sign is the case
def test_formulas_are_guarded(text):
    """Text that a spreadsheet would run gets an apostrophe."""
    assert csv.guard(text) == f"'{text}"


@pytest.mark.parametrize("value", [-1.5, 0, None, True, "rsi_14", "a=b", ""])
def test_other_values_are_untouched(value):
    """Negative numbers stay numbers."""
    assert csv.guard(value) is value


def test_hostile_names_read_back(hostile):
    """Quotes, commas and line breaks survive; formulas are guarded."""
    name, document = hostile
    assert {row["name"] for row in rows_of(document)} == {csv.guard(name)}
    assert {row["segment"] for row in rows_of(document)} == {"", csv.guard(name)}
