"""The Markdown form, read back by a parser."""

import pytest
from markdown_it import MarkdownIt

from monitor_core.drift.text import plain
from monitor_core.reports import markdown

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")


def tokens(document):
    found = []
    for token in PARSER.parse(markdown.render(document)):
        found += [token, *(token.children or ())]
    return found


def test_tables_hold_every_feature(document):
    """One row a feature in the table that GitHub draws."""
    codes = [token.content for token in tokens(document) if token.type == "code_inline"]
    assert codes[:9] == [line.name for line in document.features]


def test_hostile_names_have_no_effect(hostile):
    """No tag, link, emphasis or extra cell comes out of a name."""
    name, document = hostile
    kinds = {token.type for token in tokens(document)}
    assert not kinds & {"html_inline", "html_block", "link_open", "em_open", "image"}
    rows = [line for line in markdown.render(document).splitlines() if " DRIFT |" in line]
    assert len(rows) == 1
    assert plain(name).strip() in {token.content.strip() for token in tokens(document) if token.type == "code_inline"}


def test_segments_have_a_table(hostile):
    """Where a column was followed its values are listed."""
    _, document = hostile
    assert "## Segments by" in markdown.render(document)


@pytest.mark.parametrize("name", ["a", "`", "``x", "a`b", " ", "", "|", "\\"])
def test_code_spans_read_back(name):
    """A parser reads the same name out of the span that was written."""
    inline = PARSER.parseInline(markdown.code(name))[0].children
    assert [token.type for token in inline] == ["code_inline"]
    assert inline[0].content.strip() == name.strip()
