"""The text report against files reviewed by eye, and what it must never do."""

import math
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor_core import ModelMonitor

GOLDEN = Path(__file__).parent.parent / "golden" / "performance_monitor_report.txt"
BASELINE = {"f1": 0.72, "precision": 0.68, "recall": 0.76}


@pytest.fixture
def monitor():
    return ModelMonitor(
        ":memory:", BASELINE, "1.0.0", baseline_counts=(450, 350), now=lambda: datetime(2025, 11, 14, tzinfo=UTC)
    )


def _fill(monitor, tp, fp, fn, tn):
    pairs = [(1, 1)] * tp + [(0, 1)] * fp + [(1, 0)] * fn + [(0, 0)] * tn
    for number, (actual, predicted) in enumerate(pairs):
        day = f"2025-11-{1 + number % 14:02d}"
        monitor.store_production_label(str(number), day, "2025-11-14", actual, predicted, 0.25 + 0.5 * predicted)


def test_report_is_as_reviewed(monitor):
    """The document's example, with what was missing from it."""
    _fill(monitor, 84, 43, 40, 1067)
    written = monitor.generate_performance_report(monitor.calculate_rolling_metrics(), "2025-11-14")
    if os.environ.get("MONITOR_WRITE_GOLDEN"):
        GOLDEN.write_text(written, encoding="utf-8")
    assert written == GOLDEN.read_text(encoding="utf-8"), f"{GOLDEN.name} differs; if so meant: make golden"


@pytest.mark.parametrize("part", ["MODEL PERFORMANCE REPORT", "BASELINE", "PRODUCTION", "STATUS", "RECOMMENDATIONS"])
@pytest.mark.parametrize(
    "metrics",
    [
        {"f1": 0.67, "precision": 0.63, "recall": 0.72, "predictions": 1234},
        {"f1": 0.67},
        {"insufficient_data": True, "count": 12},
        {"f1": math.nan, "precision": None},
        {},
    ],
)
def test_sections_are_there(monitor, metrics, part):
    """Metrics that a caller made, whatever they hold, give the known sections."""
    assert part in monitor.generate_performance_report(metrics, "2025-11-14")


def test_metrics_of_the_document(monitor):
    """The figures of the original's example, from metrics made by hand."""
    metrics = {"f1": 0.67, "precision": 0.63, "recall": 0.72, "predictions": 1234}
    report = monitor.generate_performance_report(metrics, "2025-11-14")
    for line in (
        "Date: 2025-11-14",
        "Model Version: 1.0.0",
        "- F1 Score: 0.72",
        "- F1 Score: 0.67 (↓ 7%)",
        "- Predictions: 1,234",
        "STATUS: MODERATE DEGRADATION",
    ):
        assert line in report.splitlines()


def test_a_size_alone_is_called_so(monitor):
    """Without counts nobody can say more, and the report does not pretend."""
    report = monitor.generate_performance_report({"f1": 0.60}, "2025-11-14")
    assert "STATUS: SEVERE DEGRADATION" in report
    assert "By size alone" in report


def test_not_enough_data_is_no_verdict(monitor):
    """The status says so, and so does the only recommendation."""
    report = monitor.generate_performance_report(monitor.calculate_rolling_metrics(), "2025-11-14")
    assert "STATUS: INSUFFICIENT DATA" in report
    assert "100 are needed" in report


def test_text_of_callers_stays_on_its_line(monitor):
    """A date with a line break in it makes no new section."""
    report = monitor.generate_performance_report({"f1": 0.7}, "2025-11-14\nSTATUS: FINE")
    assert "STATUS: FINE" not in report.splitlines()
