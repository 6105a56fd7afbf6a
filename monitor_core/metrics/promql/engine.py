"""Answers PromQL from any `SeriesReader`."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.errors import InvalidInput
from monitor_core.metrics.promql.checks import kind_of
from monitor_core.metrics.promql.errors import BadQuery
from monitor_core.metrics.promql.evaluation import Evaluation
from monitor_core.metrics.promql.limits import Limits
from monitor_core.metrics.promql.parser import parse
from monitor_core.metrics.promql.results import Answer, Grid, Matrix, Scalar, String, Value, Vector
from monitor_core.metrics.promql.syntax import Kind, Node

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor_core.metrics.promql.frame import Frame
    from monitor_core.metrics.promql.reader import SeriesReader

__all__ = ["Engine", "Limits"]

DEFAULT_LIMITS = Limits()
_tree = lru_cache(maxsize=256)(parse)
"""Trees are immutable; pages, panels and rules ask the same again and again, and reading is half of a small query."""


class Engine:
    """Evaluates PromQL with the semantics of Prometheus 3.

    Parameters
    ----------
    reader
        Gives stored samples.
    limits
        What one query may take.
    lookback
        Seconds for which a value holds when no newer one comes.
    subquery_step
        Seconds between the steps of a subquery that names no step (Prometheus's evaluation interval).
    compat
        3. 2 is for tests only: the semantics of Prometheus 2.42, which Debian packages.
    delayed_names
        Drop metric names when the query is done, as ``--enable-feature=promql-delayed-name-removal`` does.
    experimental
        Answer experimental functions too, as ``--enable-feature=promql-experimental-functions`` does.

    Examples
    --------
    >>> from monitor_core.metrics.promql import MemoryReader
    >>> reader = MemoryReader()
    >>> reader.add({"__name__": "requests_total", "job": "api"}, range(0, 120_000, 15_000), range(8))
    >>> answer = Engine(reader).query("sum by (job) (rate(requests_total[1m]))", 105.0)
    >>> [(dict(labels), round(float(value), 4)) for labels, value in zip(answer.value.labels, answer.value.values)]
    [({'job': 'api'}, 0.0667)]
    """

    def __init__(
        self,
        reader: SeriesReader,
        *,
        limits: Limits = DEFAULT_LIMITS,
        lookback: float = 300.0,
        subquery_step: float = 60.0,
        compat: int = 3,
        delayed_names: bool = False,
        experimental: bool = False,
    ) -> None:
        if compat not in {2, 3}:
            raise InvalidInput(f"compat is {compat!r}; 2 and 3 are allowed")
        self._reader = reader
        self._limits = limits
        self._lookback_ms = round(lookback * 1000)
        self._subquery_step_ms = round(subquery_step * 1000)
        self._compat = compat
        self._delayed_names = delayed_names
        self._experimental = experimental

    def query(self, text: str, time: float) -> Answer:
        """Answer a query at one moment.

        Parameters
        ----------
        text
            PromQL.
        time
            Seconds since 1970; milliseconds count.

        Returns
        -------
        Answer
            With a `Vector`, `Scalar`, `String` or `Matrix`.

        Raises
        ------
        QueryFailed
            `BadQuery`, `ExecutionFailed` or `QueryTimeout`.
        """
        moment = _milliseconds(time, "time")
        tree = self._parsed(text)
        steps = np.array([moment], dtype=np.int64)
        evaluation = self._evaluation(text, moment, moment)
        return _answer(evaluation, _instant(evaluation, tree, steps))

    def query_range(self, text: str, start: float, end: float, step: float) -> Answer:
        """Answer a query at `start`, `start` + `step`, ... up to `end`.

        Parameters
        ----------
        text
            PromQL that gives numbers: an instant vector or a scalar.
        start, end
            Seconds since 1970; milliseconds count.
        step
            Seconds between two steps.

        Returns
        -------
        Answer
            With a `Grid`, its series sorted by their labels.

        Raises
        ------
        QueryFailed
            `BadQuery`, `ExecutionFailed` or `QueryTimeout`.
        """
        first, last = _milliseconds(start, "start"), _milliseconds(end, "end")
        steps = self._steps(first, last, _milliseconds(step, "step"))
        tree = self._parsed(text)
        kind = kind_of(tree)
        if kind not in {Kind.SCALAR, Kind.VECTOR}:
            allowed = "must be Scalar or instant Vector"
            raise BadQuery(f'invalid expression type "{kind}" for range query, {allowed}')
        evaluation = self._evaluation(text, first, last)
        if kind is Kind.SCALAR:
            frame = evaluation.of_steps(evaluation.scalar(tree, steps))
        else:
            frame = evaluation.finished(evaluation.vector(tree, steps)).filled()
        return _answer(evaluation, _grid(frame, steps))

    def _steps(self, first: int, last: int, step: int) -> NDArray[np.int64]:
        if step <= 0:
            raise BadQuery("zero or negative query resolution step widths are not accepted. Try a positive integer")
        if last < first:
            raise BadQuery("end timestamp must not be before start time")
        most = self._limits.steps
        if (last - first) // step >= most:
            cause = f"exceeded maximum resolution of {most:,} points per timeseries"
            raise BadQuery(f"{cause}. Try decreasing the query resolution (?step=XX)")
        return np.arange(first, last + 1, step, dtype=np.int64)

    def _parsed(self, text: str) -> Node:
        most = self._limits.characters
        if len(text) > most:
            raise BadQuery(f"a query of {len(text)} characters is too long, {most} are allowed")
        return _tree(text, max_depth=self._limits.depth, experimental=self._experimental, compat=self._compat)

    def _evaluation(self, text: str, start: int, end: int) -> Evaluation:
        return Evaluation(
            self._reader,
            text,
            limits=self._limits,
            start=start,
            end=end,
            lookback_ms=self._lookback_ms,
            subquery_step_ms=self._subquery_step_ms,
            compat=self._compat,
            delayed_names=self._delayed_names,
        )


def _milliseconds(seconds: float, name: str) -> int:
    if not math.isfinite(seconds) or abs(seconds) > 9e12:
        raise BadQuery(f'invalid parameter "{name}": {seconds} is not a time in seconds')
    return round(seconds * 1000)


def _answer(evaluation: Evaluation, value: Value) -> Answer:
    notes = evaluation.notes
    return Answer(value, notes.warnings, notes.infos, evaluation.budget.samples)


def _instant(evaluation: Evaluation, tree: Node, steps: NDArray[np.int64]) -> Value:
    moment = int(steps[0])
    match kind_of(tree):
        case Kind.SCALAR:
            return Scalar(moment, float(evaluation.scalar(tree, steps)[0]))
        case Kind.STRING:
            return String(moment, evaluation.text(tree))
        case Kind.MATRIX:
            return _matrix(evaluation, tree, steps)
        case Kind.VECTOR:
            frame = evaluation.finished(evaluation.vector(tree, steps)).filled()
            return Vector(tuple(frame.labels), moment, frame.values[:, 0].copy())


def _matrix(evaluation: Evaluation, tree: Node, steps: NDArray[np.int64]) -> Matrix:
    given = evaluation.windows(tree, steps)
    spans = [(int(first), int(last)) for first, last in zip(given.first[:, 0], given.last[:, 0], strict=True)]
    rows = sorted((row for row, (first, last) in enumerate(spans) if last > first), key=lambda row: given.labels[row])
    return Matrix(
        tuple(given.labels[row] for row in rows),
        tuple(given.stamps[slice(*spans[row])].copy() for row in rows),
        tuple(given.values[slice(*spans[row])].copy() for row in rows),
    )


def _grid(frame: Frame, steps: NDArray[np.int64]) -> Grid:
    order = sorted(range(len(frame.labels)), key=frame.labels.__getitem__)
    ordered = frame.rows(order)
    values = np.where(ordered.present, ordered.values, np.nan)
    return Grid(tuple(ordered.labels), steps, values.T, ordered.present.T)
