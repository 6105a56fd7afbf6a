"""A performance report as plain text: the form that the original system's users know, with what was missing in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.drift.text import plain, table
from monitor_core.reports.performance_sections import head, metric_table, sections
from monitor_core.reports.performance_words import ACTIONS, change, interval, origin, undefined

if TYPE_CHECKING:
    from monitor_core.reports.performance_document import MetricLine, PerformanceDocument
    from monitor_core.reports.performance_section import Section

__all__ = ["render"]

_RULE = "=" * 40


def render(document: PerformanceDocument) -> str:
    """Write the whole report as text."""
    parts = [
        [_RULE, "MODEL PERFORMANCE REPORT", _RULE, *_facts(head(document), mark="")],
        _baseline(document),
        _production(document),
        [f"STATUS: {document.status}"],
        _advice(document),
        ["RECOMMENDATIONS:", *(f"{place}. {step}" for place, step in enumerate(document.steps, start=1))],
        *(_section(section) for section in sections(document)),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + f"\n{_RULE}\n"


def _baseline(document: PerformanceDocument) -> list[str]:
    baseline = document.found.baseline
    if baseline is None:
        return ["BASELINE PERFORMANCE:", "- None: there is nothing to hold F1 against"]
    held = {metric.name: metric for metric in baseline.metrics}
    lines = [f"BASELINE PERFORMANCE ({plain(origin(baseline))}):"]
    for line in document.lines:
        if metric := held.get(line.metric.name):
            bounds = interval(metric)
            lines.append(f"- {line.title}: {undefined(metric)}{'' if bounds == 'n/a' else f' ({bounds})'}")
    if (counts := baseline.counts) is not None:
        lines.append(f"- Counts: {counts.true_positives:,} true positives, {counts.errors:,} errors")
    return lines


def _production(document: PerformanceDocument) -> list[str]:
    window = document.found.window
    granules = window.span.granules if window.span else 0
    last = f" (Last {granules:,} {document.word.capitalize()}{'' if granules == 1 else 's'})" if granules else ""
    counts = window.counts
    said = (
        f"{counts.true_positives:,} true positives, {counts.false_positives:,} false positives,"
        f" {counts.false_negatives:,} false negatives, {counts.true_negatives:,} true negatives"
    )
    return [
        f"PRODUCTION PERFORMANCE{last}:",
        *(f"- {line.title}: {_figure(line)}" for line in document.lines),
        f"- Counts: {said}",
        *(f"- {plain(note)}" for note in metric_table(document).notes),
    ]


def _figure(line: MetricLine) -> str:
    metric = line.metric
    if metric.estimate is None:
        return undefined(metric)
    moved = change(line)
    parts = [f"{undefined(metric)}{f' ({moved})' if moved else ''}"]
    if metric.low is not None:
        parts.append(f"95 % interval {interval(metric)}")
    parts.append(line.basis)
    if metric.badge:
        parts.append(metric.badge)
    return ", ".join(parts)


def _advice(document: PerformanceDocument) -> list[str]:
    advice = document.found.advice
    lines = [f"ADVICE: {ACTIONS.get(advice.action, advice.action)}"]
    lines += [f"- {plain(reason)}" for reason in advice.reasons]
    lines += [f"- Missing: {plain(item)}" for item in advice.missing]
    if advice.command:
        lines.append(f"- To roll back, run: {plain(advice.command)}")
    return [*lines, f"- Evidence: {document.found.evidence_sha256}"]


def _section(section: Section) -> list[str]:
    lines = [f"{section.title.upper()}:", *map(plain, section.lead), *_facts(section.facts, mark="- ")]
    if section.columns:
        rows = [[plain(cell, limit=80) for cell in row] for row in section.rows]
        lines += table(section.names, rows) if rows else ["(none)"]
    return [*lines, *(f"- {plain(note)}" for note in section.notes)]


def _facts(facts: object, *, mark: str) -> list[str]:
    assert isinstance(facts, dict)
    return [f"{mark}{plain(name)}: {plain(value)}" for name, value in facts.items()]
