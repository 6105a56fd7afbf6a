"""What happened to a version: corrections, deployments, decisions; and the settings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.reports.numbers import MISSING, fixed
from monitor_core.reports.performance_section import MOST, Section, more
from monitor_core.reports.performance_words import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor_core.reports.performance_document import PerformanceDocument

__all__ = ["corrections", "decisions", "deployments", "settings"]


def corrections(document: PerformanceDocument) -> Iterator[Section]:
    """List what later deliveries changed of what was known."""
    listed = document.found.corrections
    if not listed:
        return
    columns = ("Recorded", "By", document.word.capitalize(), "#Rows", "#F1 before", "#F1 after")
    rows = tuple(
        (
            f"{item.recorded_at:%Y-%m-%d %H:%M}",
            item.recorded_by,
            item.granule,
            f"{item.rows:,}",
            fixed(item.f1_before),
            fixed(item.f1_after),
        )
        for item in listed[:MOST]
    )
    yield Section("corrections", "Corrections", columns=columns, rows=rows, notes=more(listed, "corrections"))


def deployments(document: PerformanceDocument) -> Iterator[Section]:
    """List which version served when."""
    listed = document.found.deployments
    if not listed:
        return
    rows = tuple(
        (
            item.ref.version,
            item.stage,
            f"{item.started_at:%Y-%m-%d %H:%M}",
            f"{item.ended_at:%Y-%m-%d %H:%M}" if item.ended_at else "",
            item.created_by,
        )
        for item in listed[:MOST]
    )
    columns = ("Version", "Stage", "Since", "Until", "By")
    yield Section("deployments", "Deployments", columns=columns, rows=rows, notes=more(listed, "deployments"))


def decisions(document: PerformanceDocument) -> Iterator[Section]:
    """List what was decided, by whom and why."""
    listed = document.found.decisions
    if not listed:
        yield Section("decisions", "Decision history", ("No decision has been recorded.",))
        return
    rows = tuple(
        (
            f"{item.decided_at:%Y-%m-%d %H:%M}",
            item.decided_by,
            ACTIONS.get(item.action, item.action),
            ACTIONS.get(item.advised, item.advised) or MISSING,
            item.reason,
            item.evidence_sha256[:12],
        )
        for item in listed[:MOST]
    )
    columns = ("When", "Who", "Decision", "Advised", "Why", "Evidence")
    yield Section("decisions", "Decision history", columns=columns, rows=rows, notes=more(listed, "decisions"))


def settings(document: PerformanceDocument) -> Iterator[Section]:
    """Give the thresholds in force."""
    found = document.found.settings
    facts = {name: f"{getattr(found, name):g}" for name in sorted(found.__dataclass_fields__)}
    yield Section("settings", "Settings", facts=facts)
