"""A performance report as Markdown (CommonMark with GitHub's tables), for tickets and chats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.reports.markdown import bullets, code, escape, grid
from monitor_core.reports.performance_sections import head, metric_table, sections
from monitor_core.reports.performance_words import ACTIONS, origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor_core.reports.performance_document import PerformanceDocument
    from monitor_core.reports.performance_section import Section

__all__ = ["render"]


def render(document: PerformanceDocument) -> str:
    """Write the report; names from the data cannot become markup, links or table cells of their own."""
    found = document.found
    baseline = "none" if found.baseline is None else origin(found.baseline)
    title = found.model.title or document.ref.model_id
    parts = [
        f"# Performance report: {escape(title)} {escape(document.ref.version)}",
        f"**{ACTIONS.get(found.advice.action, escape(found.advice.action))}** · {escape(document.sentence)}",
        bullets(head(document)),
        bullets({"Status by size": document.status, "Baseline": baseline}),
        *_section(metric_table(document)),
        "## Advice",
        "\n".join(f"- {escape(reason)}" for reason in found.advice.reasons),
        "\n".join(f"- Missing: {escape(item)}" for item in found.advice.missing),
        f"To roll back, run: {code(found.advice.command)}" if found.advice.command else "",
        "\n".join(f"{place}. {escape(step)}" for place, step in enumerate(document.steps, start=1)),
        f"Evidence: {code(found.evidence_sha256)}",
        *(part for section in sections(document) for part in _section(section)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    yield "\n\n".join(map(escape, section.lead))
    yield bullets(section.facts)
    if section.columns:
        yield grid(section.names, [[escape(cell) for cell in row] for row in section.rows])
    yield "\n".join(f"- {escape(note)}" for note in section.notes)
