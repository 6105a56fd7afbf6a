"""One query at work: from each part of its tree to numbers at all steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql import aggregate, histogram, matching, relabel, windows
from monitor_core.metrics.promql.checks import kind_of
from monitor_core.metrics.promql.elementwise import CALENDAR, COMPARISONS, MATHS, OPERATORS, clamped, rounded
from monitor_core.metrics.promql.frame import NAME, Frame, empty, metric_name, union, unique, without
from monitor_core.metrics.promql.limits import Budget, Limits
from monitor_core.metrics.promql.notes import Notes
from monitor_core.metrics.promql.selecting import Source, inner_steps, moments, windows_of
from monitor_core.metrics.promql.sorting import by_label, by_value
from monitor_core.metrics.promql.syntax import (
    Aggregation,
    Binary,
    Call,
    Kind,
    Node,
    Number,
    Paren,
    RangeSelector,
    Selector,
    Subquery,
    Text,
    Unary,
    without_parens,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from monitor_core.metrics.promql.reader import SeriesReader
    from monitor_core.metrics.promql.windows import Windows

    Floats = NDArray[np.float64]
    Stamps = NDArray[np.int64]

__all__ = ["Evaluation"]

SETS = frozenset({"and", "or", "unless"})
KEEP_NAMES = frozenset({"last_over_time", "first_over_time"})
SORTS = frozenset({"sort", "sort_desc", "sort_by_label", "sort_by_label_desc"})
COUNTER_ENDINGS = ("_total", "_sum", "_count", "_bucket")
INEFFECTIVE = "sort is ineffective for range queries since results are always ordered by labels"
FORCED = (
    "input to histogram_quantile needed to be fixed for monotonicity (see "
    "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
)


class Evaluation:
    """Evaluates the tree of one query.

    Parameters
    ----------
    reader
        Where samples come from.
    query
        The text, for the places in notes.
    limits
        What it may take.
    start, end
        First and last step of the whole query, for ``@ start()`` and ``@ end()``.
    lookback_ms, subquery_step_ms
        How long a value holds; the step of subqueries that name none.
    compat
        3, or 2 for the way of Prometheus 2.42.
    delayed_names
        Whether names are dropped only when the query is done (a switch of Prometheus 3, off there by default).
    """

    def __init__(
        self,
        reader: SeriesReader,
        query: str,
        *,
        limits: Limits,
        start: int,
        end: int,
        lookback_ms: int,
        subquery_step_ms: int,
        compat: int,
        delayed_names: bool,
    ) -> None:
        self.budget = Budget(limits)
        self.source = Source(reader, self.budget, lookback_ms=lookback_ms, compat=compat)
        self.notes = Notes(query)
        self.start, self.end = start, end
        self.subquery_step_ms = subquery_step_ms
        self.compat = compat
        self.delayed_names = delayed_names

    # -- kinds of values -----------------------------------------------------------------------------------------------

    def scalar(self, node: Node, steps: Stamps) -> Floats:
        """Evaluate what gives one number a step."""
        self.budget.tick()
        match node:
            case Number():
                return np.full(len(steps), node.value)
            case Paren():
                return self.scalar(node.body, steps)
            case Unary():
                value = self.scalar(node.body, steps)
                return -value if node.operator == "-" else value
            case Binary():
                return self.scalars(node, steps)
        assert isinstance(node, Call), f"{node} is no scalar"  # the checks let nothing else through
        if node.name == "scalar":
            return self.single(node, steps)
        return steps / 1000 if node.name == "time" else np.full(len(steps), np.pi)

    def vector(self, node: Node, steps: Stamps) -> Frame:
        """Evaluate what gives series."""
        self.budget.tick()
        match node:
            case Paren():
                return self.vector(node.body, steps)
            case Selector():
                return self.source.instant(node, moments(node, steps, self.start, self.end))[0]
            case Unary():
                return self.signed(node, steps)
            case Binary():
                return self.binary(node, steps)
            case Aggregation():
                return self.aggregation(node, steps)
        assert isinstance(node, Call), f"{node} is no instant vector"  # the checks let nothing else through
        return self.call(node, steps)

    def signed(self, node: Unary, steps: Stamps) -> Frame:
        """Evaluate a sign before series."""
        frame = self.vector(node.body, steps)
        if node.operator == "+":
            return frame
        return self.nameless(Frame(frame.labels, -frame.values, frame.present, frame.unnamed))

    def windows(self, node: Node, steps: Stamps) -> Windows:
        """Evaluate what gives a range before each step."""
        node = without_parens(node)
        if isinstance(node, RangeSelector):
            ends = moments(node.selector, steps, self.start, self.end)
            return self.source.ranges(node.selector, node.range_ms, steps, ends)
        assert isinstance(node, Subquery)
        ends = moments(node, steps, self.start, self.end)
        step_ms = node.step_ms or self.subquery_step_ms
        inner = inner_steps(node, ends, step_ms, self.budget, compat=self.compat)
        frame = self.vector(node.body, inner) if len(inner) else empty(0)
        self.budget.room_for(len(frame.labels) * len(steps))
        series = [
            (labels, inner[there], values[there])
            for labels, values, there in zip(frame.labels, frame.values, frame.present, strict=True)
        ]
        return windows_of(series, frame.unnamed, steps, ends, node.range_ms, compat=self.compat)

    def nameless(self, frame: Frame) -> Frame:
        """Drop the metrics' names: at once, or marked to be dropped in the end."""
        if self.delayed_names:
            return Frame(frame.labels, frame.values, frame.present, np.ones(len(frame.labels), dtype=bool))
        name = frozenset({NAME})
        return unique(
            Frame([without(labels, name) for labels in frame.labels], frame.values, frame.present, frame.unnamed)
        )

    def finished(self, frame: Frame) -> Frame:
        """Drop the names that were marked."""
        if not frame.unnamed.any():
            return unique(frame)
        name = frozenset({NAME})
        pairs = zip(frame.labels, frame.unnamed, strict=True)
        labels = [without(labels, name) if unnamed else labels for labels, unnamed in pairs]
        return unique(Frame(labels, frame.values, frame.present, frame.unnamed))

    # -- operators -----------------------------------------------------------------------------------------------------

    def scalars(self, node: Binary, steps: Stamps) -> Floats:
        """Evaluate an operator between two numbers a step."""
        left, right = self.scalar(node.left, steps), self.scalar(node.right, steps)
        with np.errstate(all="ignore"):
            if node.operator in OPERATORS:
                return OPERATORS[node.operator](left, right)
            return COMPARISONS[node.operator](left, right).astype(np.float64)

    def binary(self, node: Binary, steps: Stamps) -> Frame:
        """Evaluate an operator with series on at least one side."""
        scalar_first = kind_of(node.left) is Kind.SCALAR
        if scalar_first or kind_of(node.right) is Kind.SCALAR:
            scalar = self.scalar(node.left if scalar_first else node.right, steps)
            frame = self.vector(node.right if scalar_first else node.left, steps)
            result = matching.with_scalar(node, frame, scalar, scalar_first=scalar_first)
            return result if matching.keeps_name(node, self.compat) else self.nameless(result)
        left, right = self.vector(node.left, steps), self.vector(node.right, steps)
        if node.operator in SETS:
            return matching.set_operation(node, left, right)
        return matching.between(node, left, right, compat=self.compat, most=self.budget.limits.samples)

    def aggregation(self, node: Aggregation, steps: Stamps) -> Frame:
        """Evaluate an aggregation."""
        if node.operator == "count_values":
            return self.count_values(node, steps)
        parameter = None if node.parameter is None else self.scalar(node.parameter, steps)
        frame = self.vector(node.body, steps)
        if node.operator == "quantile" and parameter is not None and node.parameter is not None:
            self.check_quantile(parameter, node.parameter)
        groups = aggregate.grouped(frame, node.labels, without_names=node.without)
        if node.operator in {"topk", "bottomk"}:
            assert parameter is not None
            return aggregate.extremes(frame, groups, parameter, largest=node.operator == "topk")
        return aggregate.aggregate(node.operator, frame, groups, parameter, compat=self.compat)

    def count_values(self, node: Aggregation, steps: Stamps) -> Frame:
        """Evaluate ``count_values``."""
        label = relabel.checked_name(self.text(node.parameter), self.compat)
        frame = self.vector(node.body, steps)
        most = self.budget.limits.series
        return aggregate.count_values(label, frame, node.labels, without_names=node.without, most=most)

    # -- functions -----------------------------------------------------------------------------------------------------

    def text(self, node: Node | None) -> str:
        """Give the text of an argument."""
        assert node is not None
        inner = without_parens(node)
        assert isinstance(inner, Text)
        return inner.value

    def single(self, node: Call, steps: Stamps) -> Floats:
        """Evaluate ``scalar``: the value where there is one series only, else NaN."""
        frame = self.vector(node.arguments[0], steps)
        if not frame.labels:
            return np.full(len(steps), np.nan)
        row = frame.present.argmax(axis=0)
        value = frame.values[row, np.arange(len(steps))]
        return np.where(frame.present.sum(axis=0) == 1, value, np.nan)

    def call(self, node: Call, steps: Stamps) -> Frame:
        """Evaluate a function that gives series."""
        name = node.name
        special: dict[str, Callable[[Call, Stamps], Frame]] = {
            "absent": self.absent,
            "absent_over_time": self.absent_over_time,
            "timestamp": self.timestamp,
            "vector": self.constant,
            "label_replace": self.relabelled,
            "label_join": self.relabelled,
            "histogram_quantile": self.histogram_quantile,
            "histogram_quantiles": self.histogram_quantiles,
            "histogram_fraction": self.histogram_fraction,
        }
        if name in special:
            return special[name](node, steps)
        if name in windows.WINDOW_FUNCTIONS:
            return self.over_windows(node, steps)
        if name in CALENDAR and not node.arguments:
            return self.of_steps(CALENDAR[name](np.floor(steps / 1000)))
        frame = self.vector(node.arguments[0], steps)
        if name in SORTS:
            return self.sorted(node, frame)
        return self.nameless(self.elementwise(node, frame, steps))

    def elementwise(self, node: Call, frame: Frame, steps: Stamps) -> Frame:
        """Evaluate a function of each value by itself."""
        name, others = node.name, [self.scalar(argument, steps) for argument in node.arguments[1:]]
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

    def over_windows(self, node: Call, steps: Stamps) -> Frame:
        """Evaluate a function of a range."""
        ranged = next(argument for argument in node.arguments if kind_of(argument) is Kind.MATRIX)
        others = [argument for argument in node.arguments if argument is not ranged]
        parameters = tuple(self.scalar(argument, steps) for argument in others)
        given = self.windows(ranged, steps)
        tick = self.budget.tick
        values, present = windows.apply(node.name, given, parameters, compat=self.compat, tick=tick)
        frame = Frame(given.labels, values, present, given.unnamed).filled()
        if node.name == "quantile_over_time" and frame.labels:
            self.check_quantile(parameters[0], others[0])
        if node.name in {"rate", "increase"} and self.compat == 3:
            self.note_counters(frame, ranged)
        return frame if node.name in KEEP_NAMES else self.nameless(frame)

    def note_counters(self, frame: Frame, ranged: Node) -> None:
        """Say which metrics do not look like counters."""
        for name in sorted({metric_name(labels) for labels in frame.labels}):
            if name and not name.endswith(COUNTER_ENDINGS):
                said = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket"
                self.notes.info(f'{said}: "{name}"', ranged.start)

    def check_quantile(self, q: Floats, node: Node) -> None:
        """Warn of quantiles outside of 0 to 1."""
        if self.compat != 3:
            return
        for value in np.unique(q[~((q >= 0) & (q <= 1))]).tolist():
            number = aggregate.general_text(value)
            self.notes.warning(f"quantile value should be between 0 and 1, got {number}", node.start)

    def of_steps(self, values: Floats) -> Frame:
        """Give a frame of one series without labels."""
        there = np.ones((1, len(values)), dtype=bool)
        return Frame([()], values[None, :], there, np.zeros(1, dtype=bool))

    def constant(self, node: Call, steps: Stamps) -> Frame:
        """Evaluate ``vector``."""
        return self.of_steps(self.scalar(node.arguments[0], steps))

    def timestamp(self, node: Call, steps: Stamps) -> Frame:
        """Evaluate ``timestamp``: of a selector when its samples were taken, of all else the step."""
        inner = without_parens(node.arguments[0])
        if isinstance(inner, Selector):
            frame, stamps = self.source.instant(inner, moments(inner, steps, self.start, self.end))
            return self.nameless(Frame(frame.labels, stamps / 1000, frame.present, frame.unnamed))
        frame = self.vector(inner, steps)
        values = np.broadcast_to(steps / 1000, frame.values.shape)
        return self.nameless(Frame(frame.labels, values, frame.present, frame.unnamed))

    def absent(self, node: Call, steps: Stamps) -> Frame:
        """Evaluate ``absent``."""
        frame = self.vector(node.arguments[0], steps)
        return self.missing(without_parens(node.arguments[0]), frame.present)

    def absent_over_time(self, node: Call, steps: Stamps) -> Frame:
        """Evaluate ``absent_over_time``."""
        given = self.windows(node.arguments[0], steps)
        return self.missing(without_parens(node.arguments[0]), given.last > given.first)

    def missing(self, node: Node, there: NDArray[np.bool_]) -> Frame:
        """Give 1 at each step at which no series is there."""
        frame = self.of_steps(np.ones(there.shape[1]))
        labels = relabel.absent_labels(node)
        return Frame([labels], frame.values, ~np.asarray(there.any(axis=0, keepdims=True)), frame.unnamed).filled()

    def relabelled(self, node: Call, steps: Stamps) -> Frame:
        """Evaluate ``label_replace`` and ``label_join``."""
        frame = self.vector(node.arguments[0], steps)
        texts = [self.text(argument) for argument in node.arguments[1:]]
        function = relabel.replace if node.name == "label_replace" else relabel.join
        return function(frame, texts, compat=self.compat)

    def sorted(self, node: Call, frame: Frame) -> Frame:
        """Evaluate the sorting functions, which matter at one step only."""
        if frame.steps != 1:
            if self.compat == 3:
                self.notes.warning(INEFFECTIVE, node.start)
            return frame
        if node.name in {"sort", "sort_desc"}:
            return by_value(frame, descending=node.name == "sort_desc")
        names = [self.text(argument) for argument in node.arguments[1:]]
        return by_label(frame, names, descending=node.name == "sort_by_label_desc")

    # -- histograms ----------------------------------------------------------------------------------------------------

    def buckets(self, node: Node, steps: Stamps) -> tuple[Frame, list[histogram.Histogram]]:
        """Evaluate the buckets and put those of each histogram together."""
        frame = self.vector(node, steps)
        found, bad = histogram.histograms(frame, by_name=True)
        for name, text in dict.fromkeys(bad) if self.compat == 3 else ():
            said = 'bucket label "le" is missing or has a malformed value'
            named = f' for metric name "{name}"' if name else ""
            self.notes.warning(f'{said} of "{text}"{named}', node.start)
        return frame, found

    def histogram_quantile(self, node: Call, steps: Stamps) -> Frame:
        """Evaluate ``histogram_quantile``."""
        q_node, buckets_node = node.arguments
        q = self.scalar(q_node, steps)
        self.check_quantile(q, q_node)
        frame, found = self.buckets(buckets_node, steps)
        return self.nameless(self.quantiles(frame, found, q, buckets_node))

    def quantiles(self, frame: Frame, found: list[histogram.Histogram], q: Floats, node: Node) -> Frame:
        """Give one quantile a step of each histogram."""
        forced: list[bool] = []

        def of_steps(bounds: Floats, counts: Floats, steps: NDArray[np.intp]) -> Floats:
            values, lifted = histogram.quantile(q[steps], bounds, counts, compat=self.compat)
            forced.append(lifted)
            return values

        result = histogram.over_buckets(frame, found, of_steps)
        if any(forced) and self.compat == 3:
            names = sorted({metric_name(one.labels) for one in found} - {""}) if self.delayed_names else []
            named = f' for metric name "{names[0]}"' if names else ""
            self.notes.info(FORCED + named, node.start)
        return result

    def histogram_quantiles(self, node: Call, steps: Stamps) -> Frame:
        """Evaluate ``histogram_quantiles``."""
        buckets_node, label_node, *q_nodes = node.arguments
        label = self.text(label_node)
        qs = [self.scalar(q_node, steps) for q_node in q_nodes]
        for q, q_node in zip(qs, q_nodes, strict=True):
            self.check_quantile(q, q_node)
        frame, found = self.buckets(buckets_node, steps)
        result = empty(len(steps))
        for q in qs:
            part = self.quantiles(frame, found, q, buckets_node)
            result = union(result, histogram.labelled(part, label, q))
        return self.nameless(result)

    def histogram_fraction(self, node: Call, steps: Stamps) -> Frame:
        """Evaluate ``histogram_fraction``."""
        low, high = (self.scalar(argument, steps) for argument in node.arguments[:2])
        frame, found = self.buckets(node.arguments[2], steps)

        def of_steps(bounds: Floats, counts: Floats, which: NDArray[np.intp]) -> Floats:
            return histogram.fraction(low[which], high[which], bounds, counts)

        return self.nameless(histogram.over_buckets(frame, found, of_steps))
