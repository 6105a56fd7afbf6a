"""How a performance report tells the course: how sure a fall is, windows, evidence, the estimate, labels. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.reports.numbers import MISSING, fixed, percent
from monitor_core.reports.performance_document import counted
from monitor_core.reports.performance_section import Section, sentence
from monitor_core.reports.performance_words import STATES, drops, interval, level, moment, span, undefined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor_core.performance.results import WindowMetrics
    from monitor_core.reports.performance_document import PerformanceDocument

__all__ = ["estimate", "evidence", "labels", "over_time", "probabilities", "windows"]


def probabilities(document: PerformanceDocument) -> Iterator[Section]:
    """Give the probability of each size of a fall."""
    found = document.found.window.probabilities
    if found:
        lead = ("The size names the level; how sure the fall is say the probabilities.",)
        facts = {f"F1 has fallen {name}": value for name, value in drops(found).items()}
        yield Section("probabilities", "How sure", lead, facts)


def windows(document: PerformanceDocument) -> Iterator[Section]:
    """Give the usual windows side by side."""
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


def over_time(document: PerformanceDocument) -> Iterator[Section]:
    """Give the extremes of F1 over time; the chart belongs here."""
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


def evidence(document: PerformanceDocument) -> Iterator[Section]:
    """Give the evidence gathered day by day, and how soon falls are found."""
    shown = document.found.sequential
    if shown.reason:
        yield Section("evidence", "Sequential evidence", (sentence(shown.reason),))
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


def estimate(document: PerformanceDocument) -> Iterator[Section]:
    """Give the estimate without labels and how it was borne out."""
    shown = document.found.estimated
    known = [i for i, value in enumerate(shown.estimate) if value is not None]
    if not known:
        yield Section("estimate", "Estimate without labels", (sentence(shown.badge or "no estimate"),))
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
    yield Section("estimate", "Estimate without labels", (sentence(shown.badge),) if shown.badge else (), facts)


def labels(document: PerformanceDocument) -> Iterator[Section]:
    """Give when labels arrive and when predictions are due."""
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
