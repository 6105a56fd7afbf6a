"""Aggregations: many series to one a group, or to some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql.errors import ExecutionFailed
from monitor_core.metrics.promql.frame import NAME, Frame, counted, empty, only, without
from monitor_core.metrics.promql.over_time import sorted_quantile
from monitor_core.metrics.promql.results import Labels
from monitor_core.metrics.promql.sums import group_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Groups", "aggregate", "count_values", "extremes", "general_text", "grouped", "number_text"]

Groups = tuple[list[Labels], "NDArray[np.intp]"]
"""The labels of each group, and the group of each series."""


def grouped(frame: Frame, names: Sequence[str], *, without_names: bool) -> Groups:
    """Say which group each series belongs to."""
    wanted = frozenset(names)
    places: dict[Labels, int] = {}
    if without_names:
        left_out = wanted | {NAME}
        keys = [without(labels, left_out) for labels in frame.labels]
    else:
        keys = [only(labels, wanted) for labels in frame.labels]
    number = np.array([places.setdefault(key, len(places)) for key in keys], dtype=np.intp)
    return list(places), number


def aggregate(operator: str, frame: Frame, groups: Groups, parameter: Floats | None, *, compat: int) -> Frame:
    """Make one series of each group.

    Parameters
    ----------
    operator
        ``sum``, ``avg``, ``min``, ``max``, ``count``, ``group``, ``stddev``, ``stdvar`` or ``quantile``.
    frame
        The series.
    groups
        Where each belongs.
    parameter
        One number a step, for ``quantile``.
    compat
        3, or 2 for the way of Prometheus 2.42.
    """
    labels, number = groups
    if not labels:
        return empty(frame.steps)
    counts = counted(frame.present, number, len(labels)).astype(np.float64)
    with np.errstate(all="ignore"):
        values = _AGGREGATES[operator](frame, number, counts, parameter)
    if compat != 3 and operator in {"stddev", "stdvar"}:
        values = np.where(counts == 1, 0.0, values)  # also of one infinity or NaN
    unnamed = np.zeros(len(labels), dtype=bool)
    np.logical_or.at(unnamed, number, frame.unnamed)
    return Frame(labels, values, counts > 0, unnamed)


def _sum(frame: Frame, number: NDArray[np.intp], counts: Floats, _: Floats | None) -> Floats:
    total, error = group_sums(frame.values, frame.present, number, len(counts))
    return np.where(np.isinf(total), total, total + error)


def _average(frame: Frame, number: NDArray[np.intp], counts: Floats, _: Floats | None) -> Floats:
    total, error = group_sums(frame.values, frame.present, number, len(counts))
    if not np.isinf(total).any():
        return np.asarray(total / counts + error / counts)
    shares, rest = group_sums(frame.values / counts[number], frame.present, number, len(counts))
    return np.where(np.isinf(total), np.where(np.isinf(shares), shares, shares + rest), (total + error) / counts)


def _variance(frame: Frame, number: NDArray[np.intp], counts: Floats, _: Floats | None) -> Floats:
    away = frame.values - _average(frame, number, counts, None)[number]
    total, error = group_sums(away * away, frame.present, number, len(counts))
    return np.asarray((total + error) / counts)


def _extreme(function: np.ufunc) -> Callable[[Frame, NDArray[np.intp], Floats, Floats | None], Floats]:
    def of_groups(frame: Frame, number: NDArray[np.intp], counts: Floats, _: Floats | None) -> Floats:
        found = np.full(counts.shape, np.nan)
        function.at(found, number, np.where(frame.present, frame.values, np.nan))
        return found

    return of_groups


def _quantile(frame: Frame, number: NDArray[np.intp], counts: Floats, parameter: Floats | None) -> Floats:
    assert parameter is not None
    found = np.full(counts.shape, np.nan)
    for group in range(len(counts)):
        rows = np.flatnonzero(number == group)
        table, there = frame.values[rows].T, frame.present[rows].T
        some = np.flatnonzero(there.any(axis=1))
        # Values that are there come first, whatever they are: NaN among them has a place of its own.
        order = np.argsort(~there[some], axis=1, kind="stable")
        table = np.take_along_axis(np.where(there, table, np.nan)[some], order, axis=1)
        found[group, some] = sorted_quantile(table, there[some].sum(axis=1), parameter[some])
    return found


_AGGREGATES: dict[str, Callable[[Frame, NDArray[np.intp], Floats, Floats | None], Floats]] = {
    "sum": _sum,
    "avg": _average,
    "min": _extreme(np.fmin),
    "max": _extreme(np.fmax),
    "count": lambda _frame, _number, counts, _: counts,
    "group": lambda _frame, _number, counts, _: np.ones(counts.shape),
    "stddev": lambda *given: np.sqrt(_variance(*given)),
    "stdvar": _variance,
    "quantile": _quantile,
}


def extremes(frame: Frame, groups: Groups, many: Floats, *, largest: bool) -> Frame:
    """Keep the `many` largest (or smallest) of each group at each step; NaN only where nothing else is left.

    The order of the series is that of their values at the last step; of equals, the earlier one is kept.
    """
    if np.isnan(many).any():
        raise ExecutionFailed("Parameter value is NaN")
    wrong = many[np.abs(many) >= 2.0**63]
    if len(wrong):
        raise ExecutionFailed(f"Scalar value {wrong[0]:g} overflows int64")
    wanted = np.trunc(many)
    _, number = groups
    if not len(number):
        return frame
    keep = np.zeros(frame.present.shape, dtype=bool)
    order: list[int] = []
    for group in range(int(number.max(initial=-1)) + 1):
        rows = np.flatnonzero(number == group)
        values, there = frame.values[rows], frame.present[rows]
        ranked = _ranked(values, there, largest=largest)
        keep[rows] = there & (ranked < wanted)
        order += rows[np.argsort(ranked[:, -1], kind="stable")].tolist()
    return Frame(frame.labels, frame.values, keep, frame.unnamed).rows(order).filled()


def _ranked(values: Floats, there: NDArray[np.bool_], *, largest: bool) -> NDArray[np.intp]:
    """Rank of each series at each step: values, then NaN, then what is not there."""
    key = np.where(there, -values if largest else values, np.inf)
    kind = np.where(there, np.isnan(values), 2)
    order = np.lexsort((np.where(kind == 0, key, 0.0), kind), axis=0)
    ranked = np.empty(order.shape, dtype=np.intp)
    np.put_along_axis(ranked, order, np.arange(len(order))[:, None], axis=0)
    return ranked


def number_text(value: float) -> str:
    """Write a number the way Go's `FormatFloat(value, 'f', -1, 64)` does.

    Examples
    --------
    >>> number_text(1e21), number_text(0.1), number_text(float("inf")), number_text(-2.0)
    ('1000000000000000000000', '0.1', '+Inf', '-2')
    """
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(np.format_float_positional(value, unique=True, trim="-"))


def count_values(label: str, frame: Frame, names: Sequence[str], *, without_names: bool, most: int) -> Frame:
    """Count how often each value comes in each group; the value becomes a label."""
    labels, number = grouped(frame, names, without_names=without_names)
    if not labels:
        return empty(frame.steps)
    rows, columns = np.nonzero(frame.present)
    distinct, which = np.unique(frame.values[rows, columns], return_inverse=True)
    if len(distinct) > most:
        raise ExecutionFailed(f"count_values gives more than {most} series")
    pairs, place = np.unique(number[rows] * len(distinct) + which, return_inverse=True)
    counts = np.zeros((len(pairs), frame.steps))
    np.add.at(counts, (place, columns), 1)
    unnamed = np.zeros(len(pairs), dtype=bool)
    np.logical_or.at(unnamed, place, frame.unnamed[rows])
    replaced = frozenset({label})
    named = [
        tuple(sorted((*without(labels[pair // len(distinct)], replaced), (label, number_text(float(value))))))
        for pair, value in zip(pairs.tolist(), distinct[pairs % len(distinct)], strict=True)
    ]
    return _summed(Frame(named, counts, counts > 0, unnamed))


def _summed(frame: Frame) -> Frame:
    """Add up series with the same labels: groups that differed only in the label that was replaced."""
    places: dict[Labels, int] = {}
    number = np.array([places.setdefault(labels, len(places)) for labels in frame.labels], dtype=np.intp)
    if len(places) == len(frame.labels):
        return frame
    return aggregate("sum", frame, (list(places), number), None, compat=3)


def general_text(value: float) -> str:
    """Write a number the way Go's ``%g`` does: short, with an exponent where it is large or small.

    Examples
    --------
    >>> general_text(1.01), general_text(1e21), general_text(float("nan"))
    ('1.01', '1e+21', 'NaN')
    """
    if np.isnan(value) or np.isinf(value):
        return number_text(value)
    return repr(value).removesuffix(".0")
