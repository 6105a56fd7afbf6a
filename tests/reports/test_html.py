"""The HTML form: whole in one file, harmless, small, and about the same figures as the others."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from monitor_core.drift.results import CellState
from monitor_core.drift.text import plain
from monitor_core.reports import html
from monitor_core.reports.document import build


class Reader(HTMLParser):
    """Collects tags, attributes and text of the body."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


def read(document):
    reader = Reader()
    reader.feed(html.render(document))
    return reader


def test_nothing_is_loaded_from_elsewhere(document):
    """No address of another host, no script, no style sheet, no font or picture to fetch."""
    written, reader = html.render(document), read(document)
    assert not set(reader.tags) & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not re.search(r"https?:|url\((?!#)|@import|//\w", re.sub(r"<!doctype[^>]*>", "", written))
    assert "default-src 'none'" in written


def test_figures_are_those_of_the_document(document):
    """Badge, tiles and table say what the document says."""
    text = " ".join(read(document).text)
    assert document.sentence in text
    assert f"{document.n_drifted} (22%)" in text
    for line in document.features:
        assert line.name in text


def test_both_appearances(document):
    """Dark is a matter of the reader's system."""
    assert "prefers-color-scheme: dark" in html.render(document)


def test_tables_have_headers_with_scope(document):
    """A screen reader can tell what a cell belongs to."""
    reader = read(document)
    assert reader.attributes.count(("scope", "row")) >= 9 + 12
    assert reader.tags.count("caption") == 1


def test_charts_have_words(document):
    """Every drawing that says something has a label."""
    images = re.findall(r"<svg class=\"(?:heat|chart|spark)\"[^>]*>", html.render(document))
    assert len(images) > 10
    assert all('role="img" aria-label="' in image for image in images)


def test_hostile_names_are_text(hostile, document):
    """No name adds an element or an attribute, and each is there to be read."""
    name, evil = hostile
    reader = read(evil)
    allowed = set(read(document).tags)
    assert set(reader.tags) <= allowed
    assert not [key for key, _ in reader.attributes if key.startswith("on")]
    assert plain(name, limit=60) in "".join(reader.text)


def test_links_inside_the_file_have_targets(document):
    """Each link of the table leads to a card."""
    attributes = read(document).attributes
    targets = {value for key, value in attributes if key == "id"}
    links = {value.removeprefix("#") for key, value in attributes if key == "href"}
    assert links
    assert links <= targets


def test_identifiers_are_unique(document):
    """No two elements share an id."""
    found = [value for key, value in read(document).attributes if key == "id"]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("flicker", [False, True])
def test_two_megabytes_for_a_hundred_features_over_a_year(run, model, granules, details, flicker):
    """The bound holds in a quiet year and when each cell differs from its neighbour."""
    rng = np.random.default_rng(5)
    quiet, alarm = granules[0].features[0], granules[-1].features[1]
    year = [
        replace(
            granules[0],
            granule=str(np.datetime64("2026-01-01") + day),
            features=tuple(
                replace(alarm if flicker and rng.random() < 0.5 else quiet, name=f"a_feature_with_a_name_{number:03}")
                for number in range(100)
            ),
        )
        for day in range(365)
    ]
    long = replace(
        details["rsi_14"],
        trend_granules=tuple(day.granule for day in year),
        trend_psi=rng.random(365),
        trend_noise_q99=rng.random(365),
    )
    shown = {item.name: replace(long, drift=item) for item in year[0].features}
    assert len(html.render(build(run, model, year, shown))) < 2_000_000


def test_a_very_long_run_is_cut_and_says_so(run, model, granules):
    """More granules than fit are not drawn, and the reader is told."""
    hours = [replace(granules[0], granule=f"{2026 + place // 1000}-{place % 1000:03}") for place in range(400)]
    assert "Drawn are the latest 366 of 400 days." in html.render(build(run, model, hours, {}))


def test_details_of_a_constant_do_not_fail(run, model, granules, details):
    """Nothing to draw is no reason to fail: empty shares, one edge, all-missing trend."""
    cell = details["rsi_14"]
    empty = replace(
        cell,
        distribution=replace(
            cell.distribution, edges=np.array([1.0, 1.0]), baseline=np.array([1.0]), current=np.array([0.0])
        ),
        trend_psi=np.full(12, np.nan),
        trend_noise_q99=np.full(12, np.nan),
    )
    assert "NaN" not in html.render(build(run, model, granules, {"rsi_14": empty})).replace("NaNs", "")


def test_reasons_without_chart_are_kept(document):
    """A lost or constant column has no chart, but its reason stands in the report."""
    text = " ".join(read(document).text)
    assert "the column is not in the data." in text
    assert [line.detail for line in document.features if line.drift.state is CellState.ABSENT] == [None]
