"""What a performance report says, before it is written in any form."""

from dataclasses import replace

import pytest

from monitor_core.performance.advice import Evidence, advise
from monitor_core.reports.performance_document import build


def line(document, name):
    return next(item for item in document.lines if item.metric.name == name)


def test_changes_are_against_the_baseline(document):
    """Relative, and for the worse by the metric's own direction."""
    f1 = line(document, "f1")
    assert (round(f1.change, 4), f1.is_worse, f1.baseline) == (-0.0704, True, 0.72)
    assert line(document, "brier").change is None


def test_a_loss_gets_worse_by_rising(findings):
    """As the Brier score does."""
    held = (*findings.baseline.metrics, replace(findings.window.metrics[5], estimate=0.10))
    risen = build(replace(findings, baseline=replace(findings.baseline, metrics=held)))
    assert (round(line(risen, "brier").change, 3), line(risen, "brier").is_worse) == (0.182, True)


def test_calibration_has_no_relative_change(findings):
    """An intercept may be 0 or negative."""
    held = (replace(findings.window.metrics[8], estimate=0.02),)
    moved = build(replace(findings, baseline=replace(findings.baseline, metrics=held)))
    assert line(moved, "calibration_intercept").change is None


@pytest.mark.parametrize(
    ("state", "has_baseline", "status"),
    [("full", True, "MODERATE DEGRADATION"), ("not_enough", True, "NOT ENOUGH DATA"), ("full", False, "NO BASELINE")],
)
def test_status_is_the_size_where_there_is_one(findings, bare, state, has_baseline, status):
    """By size alone; the advice goes by the evidence."""
    advice = findings.advice if has_baseline else bare.advice
    shown = build(replace(findings, window=replace(findings.window, state=state), advice=advice))
    assert shown.status == status


def test_a_faulty_feed_is_mended_first(findings):
    """Its step is another one than that of watching."""
    faulty = advise(
        Evidence(current=(300, 500), baseline=(900, 700), predictions=6000, labelled=5800, data_fault="age is empty")
    )
    assert build(replace(findings, advice=faulty)).steps[0].startswith("Fix the feed first")


def test_sentence_is_what_decided(document):
    """The advice's first reason."""
    assert document.sentence == document.found.advice.reasons[0]
