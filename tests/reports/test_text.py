"""The text form."""

import re

from monitor_core.reports import text


def test_known_landmarks(document):
    """What readers of the original look for is there."""
    written = text.render(document)
    for landmark in ("DATA DRIFT DETECTION REPORT", "Model Version: 1.0.0", "- Features Tested: 9", "- Severity: HIGH"):
        assert landmark in written
    assert re.search(r"^rsi_14 +\| 0\.\d{3} +\| 0\.3340 \|.* DRIFT +\|", written, re.MULTILINE)


def test_sizes_noise_and_baseline_are_told(document):
    """What was missing in the original: how many rows, how much noise, which baseline."""
    written = text.render(document)
    assert "- Features with Drift: 2 (22%)" in written
    assert "Baseline: no. 3, 20,000 rows, 2026-05-01 to 2026-07-31" in written
    assert "Noise" in written
    assert "2,000" in written


def test_hostile_names_stay_on_their_line(hostile):
    """A name can neither break a line nor turn the text around."""
    _, document = hostile
    written = text.render(document)
    assert not set(written) & set("\r\t\u202e\u2066")
    assert len([line for line in written.splitlines() if "| DRIFT" in line]) == 1
