"""Text, Markdown, CSV and JSON of a performance report."""

import csv
import io
import json
import re
from dataclasses import replace
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from monitor_core.drift.text import plain
from monitor_core.errors import InvalidInput
from monitor_core.performance.results import Span
from monitor_core.reports import (
    performance_csv,
    performance_json,
    performance_markdown,
    performance_text,
)
from monitor_core.reports.performance import FORMATS, filename, render
from monitor_core.reports.performance_document import build


@pytest.fixture(scope="module")
def schema():
    text = files("monitor_core.reports").joinpath("templates/performance.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


class TestText:
    """The known form."""

    def test_parts_of_the_original_are_there_in_order(self, document):
        """Whoever knows the old report finds his way."""
        written = performance_text.render(document)
        parts = [
            "MODEL PERFORMANCE REPORT",
            "Date: 2026-11-22",
            "Model Version: 2.0.0",
            "BASELINE PERFORMANCE",
            "PRODUCTION PERFORMANCE (Last 30 Days):",
            "- F1 Score: 0.669 (↓ 7%), 95 % interval 0.580 to 0.749, 167 relevant cases",
            "STATUS: MODERATE DEGRADATION",
            "ADVICE: ",
            "RECOMMENDATIONS:",
            "DECISION HISTORY:",
        ]
        places = [written.index(part) for part in parts]
        assert places == sorted(places)

    def test_names_stay_on_their_line(self, hostile):
        """No control character, no direction mark."""
        name, document = hostile
        written = performance_text.render(document)
        assert plain(name)[:60] in written
        assert not re.search("[\u202a-\u202e\u2066-\u2069\r\t]", written)

    def test_undefined_metrics_say_why(self, document):
        """Never a zero."""
        assert "- Calibration error: undefined: no scores" in performance_text.render(document)

    def test_long_lists_are_counted(self, document):
        """Of 22 corrections 20 are listed."""
        assert "- And 2 more corrections." in performance_text.render(document)


class TestMarkdown:
    """For tickets and chats."""

    def test_tables_are_whole(self, document):
        """Each line of a table has as many cells as its head."""
        for block in performance_markdown.render(document).split("\n\n"):
            lines = block.splitlines()
            if lines and lines[0].startswith("|"):
                assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1

    def test_names_are_no_markup(self, hostile):
        """No link, no tag, no cell of their own."""
        _, document = hostile
        written = performance_markdown.render(document)
        outside = re.sub(r"(`+).*?\1", "", written)
        assert not re.search(r"(?<!\\)<script|(?<!\\)\[link\]|(?<!\\)!\[", outside)


class TestCsv:
    """For spreadsheets."""

    def test_every_line_has_every_column(self, document):
        """And the sections that a machine looks for are there."""
        rows = list(csv.DictReader(io.StringIO(performance_csv.render(document))))
        assert tuple(rows[0]) == performance_csv.COLUMNS
        sections = {row["section"] for row in rows}
        assert {"window", "baseline", "probability", "rolling", "estimated", "truth", "evidence", "segment"} <= sections
        f1 = next(row for row in rows if (row["section"], row["name"]) == ("window", "f1"))
        assert (float(f1["estimate"]), f1["n"], f1["last"]) == (0.66932271, "167", "2026-11-16")

    def test_text_is_no_formula(self, hostile):
        """In any cell."""
        _, document = hostile
        for row in csv.reader(io.StringIO(performance_csv.render(document))):
            for cell in row:
                assert not cell.startswith(("=", "+", "@", "\t", "\r"))
                assert not (cell.startswith("-") and not re.fullmatch(r"-[\d.e+-]+", cell))


class TestJson:
    """For programs."""

    def test_fits_the_schema(self, document, bare_document, schema):
        """Full and empty."""
        for shown in (document, bare_document):
            assert list(schema.iter_errors(json.loads(performance_json.render(shown)))) == []

    def test_names_come_back_as_given(self, hostile, schema):
        """Whatever they hold."""
        name, document = hostile
        read = json.loads(performance_json.render(document))
        schema.validate(read)
        assert (read["model"]["title"], read["decisions"][0]["reason"]) == (name, name)

    def test_moment_is_whole(self, document):
        """To the microsecond: it reproduces the report."""
        assert json.loads(performance_json.render(document))["as_of"] == "2026-11-22T05:30:00.000250+00:00"

    def test_schema_version_is_the_schema_s(self, schema):
        """Code and schema name the same version."""
        assert schema.schema["properties"]["schema_version"]["const"] == performance_json.SCHEMA_VERSION


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_about_nothing_can_be_written(form, bare_document, findings, bare):
    """In every form; also halfway: labels, but no baseline."""
    assert render(bare_document, format=form)
    assert render(build(replace(findings, baseline=None, advice=bare.advice, comparison=None)), format=form)


def test_unknown_format(document):
    """Refused with the known ones."""
    with pytest.raises(InvalidInput, match="pdf"):
        render(document, format="pdf")


def test_file_names_are_harmless(document, bare_document, findings):
    """Of letters that every file system takes."""
    assert filename(document, "html") == "performance_vcp-classifier_2.0.0_2026-10-18_2026-11-16.html"
    assert filename(bare_document, "text") == "performance_vcp-classifier_2.0.0_none.txt"
    one = build(replace(findings, window=replace(findings.window, span=Span("#00000012", "#00000012", 1))))
    assert filename(one, "csv") == "performance_vcp-classifier_2.0.0_00000012.csv"
