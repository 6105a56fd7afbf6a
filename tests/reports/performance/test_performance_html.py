"""The HTML form: whole in one file, harmless, and about the same figures as the others."""

import re
from html.parser import HTMLParser

import pytest

from monitor_core.drift.text import plain
from monitor_core.reports import performance_html


class Reader(HTMLParser):
    """Collects tags, attributes and text of the body."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


def read(document):
    reader = Reader()
    reader.feed(performance_html.render(document))
    return reader


def test_nothing_is_loaded_from_elsewhere(document):
    """No address of another host, no script, no style sheet, no font or picture to fetch."""
    written, reader = performance_html.render(document), read(document)
    assert not set(reader.tags) & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not re.search(r"https?:|url\((?!#)|@import|//\w", re.sub(r"<!doctype[^>]*>", "", written))
    assert "default-src 'none'" in written


def test_figures_and_reasons_are_there(document):
    """What decided, every reason, every metric."""
    text = " ".join(read(document).text)
    for reason in document.found.advice.reasons:
        assert reason in text
    for line in document.lines:
        assert line.title in text
    assert document.found.evidence_sha256 in text


def test_charts_have_band_shading_levels_and_marks(document):
    """And words for those who cannot see them."""
    written = performance_html.render(document)
    for kind in ('class="band"', 'class="unripe"', 'class="level held"', 'class="level severe"', 'class="event"'):
        assert kind in written
    attributes = read(document).attributes
    assert all(label for name, label in attributes if name == "aria-label")
    assert len([1 for name, value in attributes if (name, value) == ("role", "img")]) == 4


def test_identifiers_are_unique_and_links_lead_somewhere(document):
    """A page that says where it points."""
    attributes = read(document).attributes
    ids = [value for name, value in attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value for name, value in attributes if name == "aria-labelledby"} <= set(ids)


def test_hostile_names_stay_text(hostile):
    """As many tags as with a harmless name, and the name itself as text."""
    name, document = hostile
    reader = read(document)
    assert not set(reader.tags) & {"script", "img", "b"}
    assert not [key for key, _ in reader.attributes if key.startswith("on")]
    assert plain(name)[:60] in "".join(reader.text)


def test_both_appearances_phone_and_paper(document):
    """Of one file."""
    written = performance_html.render(document)
    for rule in ("prefers-color-scheme: dark", "max-width: 600px", "@media print"):
        assert rule in written


def test_a_report_about_nothing(bare_document):
    """Says what is missing; no chart without data."""
    text = " ".join(read(bare_document).text)
    assert "NOT ENOUGH EVIDENCE" in text
    assert "no prediction has matured" in text
    assert "over-time" not in performance_html.render(bare_document).split("</style>")[1]


@pytest.mark.parametrize("times", [1, 2])
def test_the_same_document_gives_the_same_bytes(document, times):
    """However often it is written."""
    assert {performance_html.render(document) for _ in range(times)} == {performance_html.render(document)}
