"""One query at work: from each part of its tree to numbers at all steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql import aggregate, calls, matching, relabel
from monitor_core.metrics.promql.checks import kind_of
from monitor_core.metrics.promql.elementwise import COMPARISONS, OPERATORS
from monitor_core.metrics.promql.frame import NAME, Frame, empty, unique, without
from monitor_core.metrics.promql.limits import Budget, Limits
from monitor_core.metrics.promql.notes import Notes
from monitor_core.metrics.promql.selecting import Source, inner_steps, moments, windows_of
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
    from numpy.typing import NDArray

    from monitor_core.metrics.promql.reader import SeriesReader
    from monitor_core.metrics.promql.windows import Windows

    Floats = NDArray[np.float64]
    Stamps = NDArray[np.int64]

__all__ = ["Evaluation"]

SETS = frozenset({"and", "or", "unless"})


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
        return calls.call(self, node, steps)

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

    # -- parts that functions share ------------------------------------------------------------------------------------

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
