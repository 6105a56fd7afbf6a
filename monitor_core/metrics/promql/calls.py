"""The functions of PromQL at work, all but those of histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql import classic, over_time, relabel
from monitor_core.metrics.promql.checks import kind_of
from monitor_core.metrics.promql.elementwise import CALENDAR, MATHS, clamped, rounded
from monitor_core.metrics.promql.frame import Frame, metric_name
from monitor_core.metrics.promql.selecting import moments
from monitor_core.metrics.promql.sorting import by_label, by_value
from monitor_core.metrics.promql.syntax import Call, Kind, Node, Selector, without_parens

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from monitor_core.metrics.promql.evaluation import Evaluation

    Stamps = NDArray[np.int64]

__all__ = ["call"]

KEEP_NAMES = frozenset({"last_over_time", "first_over_time"})
SORTS = frozenset({"sort", "sort_desc", "sort_by_label", "sort_by_label_desc"})
COUNTER_ENDINGS = ("_total", "_sum", "_count", "_bucket")
INEFFECTIVE = "sort is ineffective for range queries since results are always ordered by labels"


def call(work: Evaluation, node: Call, steps: Stamps) -> Frame:
    """Evaluate a function that gives series."""
    name = node.name
    if name in SPECIAL:
        return SPECIAL[name](work, node, steps)
    if name in over_time.WINDOW_FUNCTIONS:
        return over_windows(work, node, steps)
    if name in CALENDAR and not node.arguments:
        return work.of_steps(CALENDAR[name](np.floor(steps / 1000)))
    frame = work.vector(node.arguments[0], steps)
    if name in SORTS:
        return in_order(work, node, frame)
    return work.nameless(elementwise(work, node, frame, steps))


def elementwise(work: Evaluation, node: Call, frame: Frame, steps: Stamps) -> Frame:
    """Evaluate a function of each value by itwork."""
    name, others = node.name, [work.scalar(argument, steps) for argument in node.arguments[1:]]
    present, values = frame.present, frame.values
    with np.errstate(all="ignore"):
        if name in MATHS:
            values = MATHS[name](values)
        elif name in CALENDAR:
            values = CALENDAR[name](values)
        elif name == "round":
            values = rounded(values, others[0] if others else np.ones(len(steps)))
        else:
            low = others[0] if name in {"clamp", "clamp_min"} else np.full(len(steps), -np.inf)
            high = others[-1] if name in {"clamp", "clamp_max"} else np.full(len(steps), np.inf)
            values, present = clamped(values, low, high), present & ~(high < low)
    return Frame(frame.labels, values, present, frame.unnamed).filled()


def over_windows(work: Evaluation, node: Call, steps: Stamps) -> Frame:
    """Evaluate a function of a range."""
    ranged = next(argument for argument in node.arguments if kind_of(argument) is Kind.MATRIX)
    others = [argument for argument in node.arguments if argument is not ranged]
    parameters = tuple(work.scalar(argument, steps) for argument in others)
    given = work.windows(ranged, steps)
    tick = work.budget.tick
    values, present = over_time.apply(node.name, given, parameters, compat=work.compat, tick=tick)
    frame = Frame(given.labels, values, present, given.unnamed).filled()
    if node.name == "quantile_over_time" and frame.labels:
        work.check_quantile(parameters[0], others[0])
    if node.name in {"rate", "increase"} and work.compat == 3:
        note_counters(work, frame, ranged)
    return frame if node.name in KEEP_NAMES else work.nameless(frame)


def note_counters(work: Evaluation, frame: Frame, ranged: Node) -> None:
    """Say which metrics do not look like counters."""
    for name in sorted({metric_name(labels) for labels in frame.labels}):
        if name and not name.endswith(COUNTER_ENDINGS):
            said = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket"
            work.notes.info(f'{said}: "{name}"', ranged.start)


def constant(work: Evaluation, node: Call, steps: Stamps) -> Frame:
    """Evaluate ``vector``."""
    return work.of_steps(work.scalar(node.arguments[0], steps))


def timestamp(work: Evaluation, node: Call, steps: Stamps) -> Frame:
    """Evaluate ``timestamp``: of a selector when its samples were taken, of all else the step."""
    inner = without_parens(node.arguments[0])
    if isinstance(inner, Selector):
        frame, stamps = work.source.instant(inner, moments(inner, steps, work.start, work.end))
        return work.nameless(Frame(frame.labels, stamps / 1000, frame.present, frame.unnamed))
    frame = work.vector(inner, steps)
    values = np.broadcast_to(steps / 1000, frame.values.shape)
    return work.nameless(Frame(frame.labels, values, frame.present, frame.unnamed))


def absent(work: Evaluation, node: Call, steps: Stamps) -> Frame:
    """Evaluate ``absent``."""
    frame = work.vector(node.arguments[0], steps)
    return missing(work, without_parens(node.arguments[0]), frame.present)


def absent_over_time(work: Evaluation, node: Call, steps: Stamps) -> Frame:
    """Evaluate ``absent_over_time``."""
    given = work.windows(node.arguments[0], steps)
    return missing(work, without_parens(node.arguments[0]), given.last > given.first)


def missing(work: Evaluation, node: Node, there: NDArray[np.bool_]) -> Frame:
    """Give 1 at each step at which no series is there."""
    frame = work.of_steps(np.ones(there.shape[1]))
    labels = relabel.absent_labels(node)
    return Frame([labels], frame.values, ~np.asarray(there.any(axis=0, keepdims=True)), frame.unnamed).filled()


def relabelled(work: Evaluation, node: Call, steps: Stamps) -> Frame:
    """Evaluate ``label_replace`` and ``label_join``."""
    frame = work.vector(node.arguments[0], steps)
    texts = [work.text(argument) for argument in node.arguments[1:]]
    function = relabel.replace if node.name == "label_replace" else relabel.join
    return function(frame, texts, compat=work.compat)


def in_order(work: Evaluation, node: Call, frame: Frame) -> Frame:
    """Evaluate the sorting functions, which matter at one step only."""
    if frame.steps != 1:
        if work.compat == 3:
            work.notes.warning(INEFFECTIVE, node.start)
        return frame
    if node.name in {"sort", "sort_desc"}:
        return by_value(frame, descending=node.name == "sort_desc")
    names = [work.text(argument) for argument in node.arguments[1:]]
    return by_label(frame, names, descending=node.name == "sort_by_label_desc")


SPECIAL: dict[str, Callable[[Evaluation, Call, Stamps], Frame]] = {
    "absent": absent,
    "absent_over_time": absent_over_time,
    "timestamp": timestamp,
    "vector": constant,
    "label_replace": relabelled,
    "label_join": relabelled,
    "histogram_quantile": classic.histogram_quantile,
    "histogram_quantiles": classic.histogram_quantiles,
    "histogram_fraction": classic.histogram_fraction,
}
"""Functions that are more than a change of each value or window."""
