"""Where a fall shows: against the version before, with the mix of features, in slices and segments. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.reports.numbers import MISSING, fixed, percent
from monitor_core.reports.performance_section import MOST, Section, more, sentence
from monitor_core.reports.performance_words import STATES, drops, interval, span, undefined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor_core.reports.performance_document import PerformanceDocument

__all__ = ["goes_with", "previous", "segments", "slices"]


def previous(document: PerformanceDocument) -> Iterator[Section]:
    """Compare with the version that served before."""
    shown = document.found.comparison
    if shown is None:
        return
    rows = tuple(
        (
            window.ref.version,
            span(window.span, document.word),
            undefined(window.metric("f1")),
            interval(window.metric("f1")),
            f"{window.counts.relevant:,}",
            f"{window.counts.labelled:,}",
        )
        for window in (shown.current, shown.other)
    )
    other = shown.other.ref.version
    facts = {f"F1 is lower than that of {other} {name}": value for name, value in drops(shown.probabilities).items()}
    advice = document.found.advice
    if advice.loss_stay is not None and advice.loss_roll is not None:
        facts["Expected loss"] = (
            f"staying {advice.loss_stay:.4g}, rolling back {advice.loss_roll:.4g} ({advice.loss_unit})"
        )
    how = (
        f"On the {sum(shown.cells):,} labelled rows that both predicted."
        if shown.method == "paired"
        else "Each on rows of its own: whatever else differs between those counts, too."
    )
    columns = ("Version", "Granules", "#F1", "#95 % interval", "#Relevant", "#Labelled")
    yield Section("previous", "Against the previous version", (how,), facts, columns, rows)


def goes_with(document: PerformanceDocument) -> Iterator[Section]:
    """Say which changed mix a fall goes with."""
    shown = document.found.goes_with
    if shown.reason and not shown.links:
        yield Section("goes-with", "What it goes with", (sentence(shown.reason),))
        return
    columns = ("Feature", "#PSI, debiased", "#F1 with the baseline's mix", "#Goes with the mix", "#Importance")
    rows = tuple(
        (
            link.feature,
            fixed(link.psi_debiased),
            fixed(link.f1_reweighted),
            MISSING if link.explained is None else f"{100 * link.explained:.0f}%",
            fixed(link.importance),
        )
        for link in shown.links[:MOST]
    )
    notes = tuple(f"{link.feature}: {link.sentence()}" for link in shown.links[:3])
    lead = ("Goes with, never because: shares of a fall that a changed mix of a feature would account for.",)
    yield Section("goes-with", "What it goes with", lead, columns=columns, rows=rows, notes=notes)


def slices(document: PerformanceDocument) -> Iterator[Section]:
    """List the slices that do worst."""
    shown = document.found.slices
    if shown.reason and not shown.slices:
        yield Section("slices", "Worst slices", (sentence(shown.reason),))
        return
    if not shown.slices:
        lead = f"No slice of {shown.rows:,} labelled rows is worse than the rest by more than chance and 10 %."
        yield Section("slices", "Worst slices", (lead,))
        return
    columns = ("Slice", "#F1", "#95 % interval", "#Elsewhere", "#Worse by", "#Relevant", "#p (adj.)")
    rows = tuple(
        (
            item.name,
            fixed(item.f1),
            f"{fixed(item.low)} to {fixed(item.high)}",
            fixed(item.f1_elsewhere),
            percent(item.effect),
            f"{item.relevant:,}",
            "<0.001" if item.p_adjusted < 0.001 else f"{item.p_adjusted:.3f}",
        )
        for item in shown.slices
    )
    lead = f"{shown.rows:,} labelled rows from {shown.first} to {shown.last}; p allows for every slice looked at."
    yield Section("slices", "Worst slices", (lead,), columns=columns, rows=rows)


def segments(document: PerformanceDocument) -> Iterator[Section]:
    """List the segments."""
    windows = document.found.segments
    if not windows:
        return
    columns = ("Segment", "#F1", "#95 % interval", "#Relevant", "#Labelled", "#Due", "State")
    rows = tuple(
        (
            window.segment,
            undefined(window.metric("f1")),
            interval(window.metric("f1")),
            f"{window.counts.relevant:,}",
            f"{window.counts.labelled:,}",
            f"{window.due:,}",
            STATES[window.state],
        )
        for window in windows[:MOST]
    )
    yield Section("segments", "Segments", columns=columns, rows=rows, notes=more(windows, "segments"))
