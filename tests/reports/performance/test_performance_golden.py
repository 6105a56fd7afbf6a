"""Each format against the file reviewed by eye; ``make golden`` writes them anew."""

import os
import re
from pathlib import Path

import pytest

from monitor_core.reports.performance import FORMATS, SUFFIXES, render

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.mark.parametrize("form", FORMATS)
def test_report_is_as_reviewed(form, document):
    """The report of the fixed findings has not changed by a byte, the theme's colours apart."""
    payload = re.sub(rb"<style>.*</style>", b"<style></style>", render(document, format=form), flags=re.DOTALL)
    path = GOLDEN / f"performance_report.{SUFFIXES[form]}"
    if os.environ.get("MONITOR_WRITE_GOLDEN"):
        path.write_bytes(payload)
    assert payload.decode() == path.read_text(encoding="utf-8"), f"{path.name} differs; if so meant: make golden"
