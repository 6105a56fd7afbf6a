"""The named facts above the tables, the same in text, Markdown and HTML. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.reports.advice import CALIBRATION, counted
from monitor_core.reports.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor_core.reports.document import Document, FeatureLine

__all__ = ["drifted_granules", "head_facts", "setting_facts", "summary_facts"]


def head_facts(document: Document) -> Mapping[str, str]:
    """Say what was compared with what, when and by whom; names among the values are as the user wrote them."""
    run = document.run
    facts = {
        "Date": f"{run.created_at:%Y-%m-%d}",
        "Model": f"{document.model_title} ({run.ref.model_id})",
        "Model Version": run.ref.version,
        "Period": _period(document),
        "Baseline": _baseline(document),
        "Calibration": CALIBRATION[document.calibration].format(word=document.granule_word),
        "Run": f"{run.run_id}, {run.created_at:%Y-%m-%d %H:%M} UTC"
        + (f", by {run.created_by}" if run.created_by else ""),
    }
    if document.owner:
        facts["Owner"] = document.owner
    if document.run.left_out:
        facts["Left out"] = " ".join(document.run.left_out)
    if document.is_example:
        facts["Note"] = "this model is the example that comes with Bellwether; its data are made up"
    return facts


def summary_facts(document: Document) -> Mapping[str, str]:
    """Give the counts of features, of the latest granule unless they say otherwise."""
    n = document.n_features
    facts = {
        "Features Tested": f"{n:,}",
        "Features with Drift": f"{document.n_drifted:,} ({percent(document.n_drifted / n if n else None, 0)})",
        "Unconfirmed": f"{document.n_unconfirmed:,}",
        "Undecided": f"{document.n_undecided:,}",
    }
    if document.n_absent:
        facts["Absent"] = f"{document.n_absent:,}"
    if len(document.granules) > 1:
        facts["Drifted at some time"] = f"{document.n_drifted_ever:,}"
    facts["Severity"] = document.severity.upper()
    return facts


def setting_facts(document: Document) -> Mapping[str, str]:
    """Give the settings that the run was made with, in alphabetical order."""
    return {name: str(value) for name, value in sorted(document.run.settings.items())}


def drifted_granules(line: FeatureLine) -> str:
    """Write in how many granules a feature drifted, and when last: ``4, last 2026-11-18``."""
    return f"{line.n_drifted:,}, last {line.last_drifted}" if line.n_drifted else "0"


def _period(document: Document) -> str:
    labels = [line.granule for line in document.granules]
    if not labels:
        return "no data"
    span = f"{labels[0]} to {labels[-1]}" if len(labels) > 1 else labels[0]
    return f"{span} ({counted(len(labels), document.granule_word)}, {counted(document.n_rows, 'row')})"


def _baseline(document: Document) -> str:
    run = document.run
    text = f"no. {run.baseline_number}, {counted(run.baseline_rows, 'row')}"
    if run.baseline_first and run.baseline_last:
        span = f"{run.baseline_first} to {run.baseline_last}"
        text += f", {span if run.baseline_first != run.baseline_last else run.baseline_first}"
    return text
