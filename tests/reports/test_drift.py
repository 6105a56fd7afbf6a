"""The front of the reports room."""

from dataclasses import replace

import pytest

from monitor_core.errors import InvalidInput
from monitor_core.reports.drift import FORMATS, MEDIA_TYPES, SUFFIXES, filename, render


@pytest.mark.parametrize("form", FORMATS)
def test_repetition_gives_the_same_bytes(form, run, model, granules, details):
    """No clock, no order of a set, no address of an object gets in."""
    first = render(run, model, granules, details, format=form)
    assert first == render(run, model, tuple(reversed(granules)), dict(reversed(details.items())), format=form)


@pytest.mark.parametrize("form", FORMATS)
def test_empty_run(form, run, model):
    """A run without results still makes a report."""
    assert render(run, model, [], {}, format=form)


def test_unknown_format(run, model):
    """The error names what is allowed."""
    with pytest.raises(InvalidInput, match="text, html, markdown, csv, json"):
        render(run, model, [], {}, format="pdf")


def test_each_format_has_type_and_suffix():
    """A format can be served and saved."""
    assert set(FORMATS) == set(MEDIA_TYPES) == set(SUFFIXES)


def test_filename_of_a_period(run):
    """The name says model, version and period."""
    assert filename(run, "markdown") == "drift_vcp-classifier_1.0.0_2026-11-10_2026-11-21.md"


def test_filename_of_a_block_of_rows(run):
    """Signs that shells and addresses dislike are left out."""
    block = replace(run, first_granule="#00000012", last_granule="#00000012")
    assert filename(block, "csv") == "drift_vcp-classifier_1.0.0_00000012.csv"
