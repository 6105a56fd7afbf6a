"""The parts of a performance report in reading order: facts, tables and notes, the same in text, Markdown and HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor_core.reports.numbers import MISSING, fixed, percent
from monitor_core.reports.performance_document import counted
from monitor_core.reports.performance_words import (
    ACTIONS,
    STATES,
    change,
    coverage,
    drops,
    interval,
    level,
    moment,
    span,
    undefined,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor_core.performance.results import WindowMetrics
    from monitor_core.reports.performance_document import PerformanceDocument

__all__ = ["Section", "head", "metric_table", "sections"]

_MOST = 20
"""Corrections, decisions and segments that are listed; the JSON form has all that were found."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a report.

    Attributes
    ----------
    key
        For links and for the chart that belongs to it.
    lead
        Sentences before the rest.
    facts
        Named values.
    columns, rows
        A table; a column whose name begins with ``#`` holds numbers (the mark is not shown).
    notes
        Sentences after the rest.
    """

    key: str
    title: str
    lead: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names as they are shown."""
        return tuple(name.removeprefix("#") for name in self.columns)


def head(document: PerformanceDocument) -> Mapping[str, str]:
    """Say what the report is about, and as of when; names among the values are as the user wrote them."""
    found, window = document.found, document.found.window
    facts = {
        "Date": f"{document.as_of:%Y-%m-%d}",
        "Model": f"{found.model.title or document.ref.model_id} ({document.ref.model_id})",
        "Model Version": document.ref.version,
        "Window": span(window.span, document.word),
        "Label coverage": coverage(window),
        "Not due yet": counted(window.immature, "prediction"),
        "As of": moment(document.as_of),
    }
    if window.segment:
        facts["Segment"] = window.segment
    if found.model.owner:
        facts["Owner"] = found.model.owner
    if found.model.is_example:
        facts["Note"] = "this model is the example that comes with Bellwether; its data are made up"
    return facts


def sections(document: PerformanceDocument) -> tuple[Section, ...]:
    """Return every part but the head, the metrics of the window and the advice, which each form writes in its way."""
    parts = (
        _level,
        _windows,
        _over_time,
        _evidence,
        _estimate,
        _labels,
        _previous,
        _goes_with,
        _slices,
        _segments,
        _corrections,
        _deployments,
        _decisions,
        _settings,
    )
    return tuple(section for part in parts for section in part(document))


def metric_table(document: PerformanceDocument) -> Section:
    """Return the metrics of the window beside the baseline's as a table."""
    rows = tuple(
        (
            line.title,
            undefined(line.metric),
            change(line),
            interval(line.metric),
            fixed(line.baseline),
            f"{line.metric.n:,}",
            line.metric.badge if line.metric.estimate is not None else "",
        )
        for line in document.lines
    )
    columns = ("Metric", "#Value", "#Change", "#95 % interval", "#Baseline", "#Cases", "Note")
    window = document.found.window
    return Section(
        "metrics",
        "Metrics",
        columns=columns,
        rows=rows,
        notes=(*map(_sentence, window.reasons), *_bounds(window), *_clustered(window)),
    )


def _level(document: PerformanceDocument) -> Iterator[Section]:
    found = document.found.window.probabilities
    if found:
        lead = ("The size names the level; how sure the fall is say the probabilities.",)
        facts = {f"F1 has fallen {name}": value for name, value in drops(found).items()}
        yield Section("probabilities", "How sure", lead, facts)


def _windows(document: PerformanceDocument) -> Iterator[Section]:
    columns = (
        "Window",
        "Granules",
        "#F1",
        "#95 % interval",
        "#Relevant",
        "#Labelled",
        "#Due",
        "State",
        "Level by size",
    )
    rows = tuple(_window_row(name, window, document.word) for name, window in document.found.windows)
    if rows:
        yield Section("windows", "Windows", columns=columns, rows=rows)


def _window_row(name: str, window: WindowMetrics | None, word: str) -> tuple[str, ...]:
    if window is None:
        return (name, "not available at this granularity", *[""] * 7)
    f1 = window.metric("f1")
    return (
        name,
        span(window.span, word),
        undefined(f1),
        interval(f1),
        f"{f1.n:,}",
        f"{window.counts.labelled:,}",
        f"{window.due:,}",
        STATES[window.state],
        level(window.severity) if window.relative_drop is not None else MISSING,
    )


def _over_time(document: PerformanceDocument) -> Iterator[Section]:
    shown = document.found.rolling
    known = [i for i, value in enumerate(shown.estimate) if value is not None]
    if not known:
        return
    matured = [i for i in known if shown.matured[i]]
    facts = {"Window": f"{counted(shown.window, document.word)} that end at each {document.word}"}
    for name, places in (("Lowest", matured), ("Highest", matured)):
        if places:
            pick = (min if name == "Lowest" else max)(places, key=lambda i: shown.estimate[i] or 0.0)
            facts[name] = f"{fixed(shown.estimate[pick])}, window to {shown.granules[pick]}"
    if matured:
        last = matured[-1]
        facts["Latest matured"] = f"{fixed(shown.estimate[last])}, window to {shown.granules[last]}"
    yield Section("rolling", "F1 over time", facts=facts)


def _evidence(document: PerformanceDocument) -> Iterator[Section]:
    shown = document.found.sequential
    if shown.reason:
        yield Section("evidence", "Sequential evidence", (_sentence(shown.reason),))
        return
    alarm = shown.first_alarm
    facts = {
        "Alarm": f"{alarm}" if alarm else "has not gone off",
        "Evidence now": f"{shown.e_values[-1]:,.3g} (alarm at {shown.threshold:g})" if shown.e_values else MISSING,
        "Error rate": f"{shown.guarantee}, design effect {shown.design_effect:.2f}",
    }
    if shown.acknowledged_at is not None:
        facts["Acknowledged"] = moment(shown.acknowledged_at)
    for drop, after in shown.expected_delay.items():
        facts[f"A fall of {100 * drop:g} % is found after"] = _delay(
            after, shown.expected_delay_large_baseline.get(drop), document.word
        )
    smallest = shown.smallest_drop
    facts[f"Smallest fall found within one {document.word}"] = percent(smallest) if smallest is not None else "none"
    yield Section("evidence", "Sequential evidence", facts=facts)


def _delay(after: float | None, larger: float | None, word: str) -> str:
    text = "not to be found" if after is None else f"about {counted(round(after), word)}"
    if larger is not None and larger != after:
        text += f"; {round(larger):,} if the baseline were known exactly"
    return text


def _estimate(document: PerformanceDocument) -> Iterator[Section]:
    shown = document.found.estimated
    known = [i for i, value in enumerate(shown.estimate) if value is not None]
    if not known:
        yield Section("estimate", "Estimate without labels", (_sentence(shown.badge or "no estimate"),))
        return
    last = known[-1]
    facts = {
        "Latest": f"{fixed(shown.estimate[last])} ({fixed(shown.low[last])} to {fixed(shown.high[last])}),"
        f" {document.word} {shown.granules[last]}",
        "Own error": f"{fixed(shown.mean_error)} on average where labels came",
        "Truth within the band": percent(shown.covered, 0),
        "Calibrator": shown.calibrator,
    }
    if shown.suspected_from is not None:
        facts["Concept drift suspected"] = f"from {shown.suspected_from} on: the truth lay outside the band three times"
    yield Section("estimate", "Estimate without labels", (_sentence(shown.badge),) if shown.badge else (), facts)


def _labels(document: PerformanceDocument) -> Iterator[Section]:
    shown = document.found.delays
    facts = {"Predictions are due after": f"{counted(shown.horizon, document.word)} ({shown.horizon_from})"}
    if shown.delays:
        wanted = [delay for delay in (0, 1, 3, 7, 14, 30, 60, 90) if delay <= shown.delays[-1]]
        share = dict(zip(shown.delays, shown.arrived, strict=True))
        for delay in wanted:
            if delay in share:
                facts[f"Within {counted(delay, document.word)}"] = f"{percent(share[delay])} of the labels"
        facts["Seen delays"] = f"{shown.n:,}"
    yield Section("labels", "When labels arrive", facts=facts)


def _previous(document: PerformanceDocument) -> Iterator[Section]:
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


def _goes_with(document: PerformanceDocument) -> Iterator[Section]:
    shown = document.found.goes_with
    if shown.reason and not shown.links:
        yield Section("goes-with", "What it goes with", (_sentence(shown.reason),))
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
        for link in shown.links[:_MOST]
    )
    notes = tuple(f"{link.feature}: {link.sentence()}" for link in shown.links[:3])
    lead = ("Goes with, never because: shares of a fall that a changed mix of a feature would account for.",)
    yield Section("goes-with", "What it goes with", lead, columns=columns, rows=rows, notes=notes)


def _slices(document: PerformanceDocument) -> Iterator[Section]:
    shown = document.found.slices
    if shown.reason and not shown.slices:
        yield Section("slices", "Worst slices", (_sentence(shown.reason),))
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


def _segments(document: PerformanceDocument) -> Iterator[Section]:
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
        for window in windows[:_MOST]
    )
    yield Section("segments", "Segments", columns=columns, rows=rows, notes=_more(windows, "segments"))


def _corrections(document: PerformanceDocument) -> Iterator[Section]:
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
        for item in listed[:_MOST]
    )
    yield Section("corrections", "Corrections", columns=columns, rows=rows, notes=_more(listed, "corrections"))


def _deployments(document: PerformanceDocument) -> Iterator[Section]:
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
        for item in listed[:_MOST]
    )
    columns = ("Version", "Stage", "Since", "Until", "By")
    yield Section("deployments", "Deployments", columns=columns, rows=rows, notes=_more(listed, "deployments"))


def _decisions(document: PerformanceDocument) -> Iterator[Section]:
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
        for item in listed[:_MOST]
    )
    columns = ("When", "Who", "Decision", "Advised", "Why", "Evidence")
    yield Section("decisions", "Decision history", columns=columns, rows=rows, notes=_more(listed, "decisions"))


def _settings(document: PerformanceDocument) -> Iterator[Section]:
    found = document.found.settings
    facts = {name: f"{getattr(found, name):g}" for name in sorted(found.__dataclass_fields__)}
    yield Section("settings", "Settings", facts=facts)


def _more(listed: Sequence[object], noun: str) -> tuple[str, ...]:
    hidden = len(listed) - _MOST
    return (f"And {hidden:,} more {noun}.",) if hidden > 0 else ()


def _bounds(window: WindowMetrics) -> Iterator[str]:
    if window.f1_bounds is not None:
        worst, best = window.f1_bounds
        yield f"If every label still missing were wrong, F1 would be {worst:.3f}; if right, {best:.3f}."


def _clustered(window: WindowMetrics) -> Iterator[str]:
    if window.design_effect >= 1.05:
        source = {"granules": "granules", "blocks": "blocks of 7 granules", "entities": "entities"}
        kind = source.get(window.design_effect_from, window.design_effect_from)
        yield (
            f"Rows are not independent: design effect {window.design_effect:.1f} (by {kind}); every interval allows for"
            " it."
        )


def _sentence(text: str) -> str:
    """Return a text as a sentence."""
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith((".", "!", "?")) else f"{whole}."
