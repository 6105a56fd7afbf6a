"""Each format against the file reviewed by eye; ``make golden`` writes them anew."""

import os
import re
from pathlib import Path

import pytest

from monitor_core.reports.drift import FORMATS, SUFFIXES, render

GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.mark.parametrize("form", FORMATS)
def test_report_is_as_reviewed(form, run, model, granules, details):
    """The report of the small run has not changed by a byte, the theme's colours apart."""
    written = render(run, model, granules, details, format=form)
    payload = re.sub(rb"<style>.*</style>", b"<style></style>", written, flags=re.DOTALL)
    path = GOLDEN / f"drift_report.{SUFFIXES[form]}"
    if os.environ.get("MONITOR_WRITE_GOLDEN"):
        path.write_bytes(payload)
    assert payload.decode() == path.read_text(encoding="utf-8"), f"{path.name} differs; if so meant: make golden"
