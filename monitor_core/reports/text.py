"""A drift report as plain text: the form that the original system's users know, with what was missing in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.drift.text import layout, plain, table
from monitor_core.reports.advice import STATUS
from monitor_core.reports.facts import drifted_granules, head_facts, summary_facts
from monitor_core.reports.numbers import distance, fixed, p_value

if TYPE_CHECKING:
    from monitor_core.reports.document import Document, FeatureLine

__all__ = ["render"]

_NAME_LIMIT = 48


def render(document: Document) -> str:
    """Write the whole report as text, one line a feature, those that need attention first."""
    header = [
        "Feature Name",
        "KS Stat",
        "PSI",
        "Noise",
        "p (adj.)",
        "Rows",
        f"Drifted {document.granule_word}s",
        "Status",
        "Action",
    ]
    results = table(header, [_row(line) for line in document.features]) if document.features else ["(none)"]
    head = {name: plain(value) for name, value in head_facts(document).items()}
    return layout(head, summary_facts(document), plain(document.sentence), results, _notes(document))


def _row(line: FeatureLine) -> list[str]:
    drift = line.drift
    return [
        plain(drift.name, limit=_NAME_LIMIT),
        distance(drift.ks_low, drift.ks_high),
        fixed(drift.psi, 4),
        fixed(drift.noise_floor, 4),
        p_value(drift.p_adjusted),
        f"{drift.n_current:,}",
        drifted_granules(line),
        STATUS[drift.state],
        line.action,
    ]


def _notes(document: Document) -> list[str]:
    return [
        f"{plain(line.name, limit=_NAME_LIMIT)} ({line.telling_granule}): {plain('; '.join(line.telling.reasons))}"
        for line in document.features
        if line.telling.reasons
    ]
