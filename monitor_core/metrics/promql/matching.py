"""Operators between two sides: which series belong together, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql.elementwise import COMPARISONS, OPERATORS
from monitor_core.metrics.promql.errors import ExecutionFailed
from monitor_core.metrics.promql.frame import NAME, Frame, counted, empty, only, said, union, unique, without
from monitor_core.metrics.promql.syntax import Binary, Cardinality, Matching

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor_core.metrics.promql.results import Labels

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["between", "set_operation", "with_scalar"]

MANY_TO_MANY = "many-to-many matching not allowed: matching labels must be unique on one side"
MUST_BE_EXPLICIT = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
MUST_BE_UNIQUE = "multiple matches for labels: grouping labels must ensure unique matches"


def _key(labels: Labels, matching: Matching) -> Labels:
    names = frozenset(matching.labels)
    return only(labels, names) if matching.on else without(labels, names | {NAME})


def _numbered(frame: Frame, matching: Matching, places: dict[Labels, int]) -> NDArray[np.intp]:
    keys = (_key(labels, matching) for labels in frame.labels)
    return np.array([places.setdefault(key, len(places)) for key in keys], dtype=np.intp)


def set_operation(node: Binary, left: Frame, right: Frame) -> Frame:
    """Evaluate ``and``, ``or``, ``unless``."""
    places: dict[Labels, int] = {}
    of_left = _numbered(left, node.matching, places)
    of_right = _numbered(right, node.matching, places)
    if node.operator == "or":
        hidden = counted(left.present, of_left, len(places))[of_right] > 0
        rest = Frame(right.labels, right.values, right.present & ~hidden, right.unnamed).filled()
        return unique(union(left, rest))
    there = counted(right.present, of_right, len(places))[of_left] > 0
    present = left.present & (there if node.operator == "and" else ~there)
    return Frame(left.labels, left.values, present, left.unnamed).filled()


def _operated(operator: str, left: Floats, right: Floats, *, returns_bool: bool) -> tuple[Floats, Mask | None]:
    """Give values, and for a comparison that filters also what stays."""
    with np.errstate(all="ignore"):
        if operator in OPERATORS:
            return OPERATORS[operator](left, right), None
        holds = COMPARISONS[operator](left, right)
    if returns_bool:
        return holds.astype(np.float64), None
    return np.broadcast_to(left, holds.shape), holds


def keeps_name(node: Binary, compat: int) -> bool:
    """Tell whether the metric's name survives the operator: where series are filtered (and, in 2.42, after atan2)."""
    if node.operator == "atan2":
        return compat != 3
    return node.operator in COMPARISONS and not node.returns_bool


def with_scalar(node: Binary, frame: Frame, scalar: Floats, *, scalar_first: bool) -> Frame:
    """Evaluate an operator between series and one number a step; names are left to the caller."""
    sides = (scalar[None, :], frame.values) if scalar_first else (frame.values, scalar[None, :])
    values, stays = _operated(node.operator, *sides, returns_bool=node.returns_bool)
    if stays is None:
        return Frame(frame.labels, values, frame.present, frame.unnamed)
    return Frame(frame.labels, frame.values, frame.present & stays, frame.unnamed).filled()


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Series of the "many" side beside those of the "one" side that share a key."""

    many: NDArray[np.intp]
    one: NDArray[np.intp]
    key: NDArray[np.intp]


def between(node: Binary, left: Frame, right: Frame, *, compat: int, most: int) -> Frame:
    """Evaluate an arithmetic operator or a comparison between two sets of series.

    Raises
    ------
    ExecutionFailed
        Where series match more than once, in Prometheus's words; or where pairs x steps are more than `most`.
    """
    swapped = node.matching.cardinality is Cardinality.ONE_TO_MANY
    many, one = (right, left) if swapped else (left, right)
    places: dict[Labels, int] = {}
    of_one = _numbered(one, node.matching, places)
    of_many = _numbered(many, node.matching, places)
    _one_is_unique(node, many, one, of_one, len(places), swapped=swapped)
    pairs = _paired(of_many, of_one, len(places))
    if len(pairs.many) * max(1, left.steps) > most:
        raise ExecutionFailed("query processing would load too many samples into memory in query execution")
    if not len(pairs.many):
        return empty(left.steps)
    sides = (one, pairs.one, many, pairs.many) if swapped else (many, pairs.many, one, pairs.one)
    first, second = sides[0].values[sides[1]], sides[2].values[sides[3]]
    met = many.present[pairs.many] & one.present[pairs.one]
    values, stays = _operated(node.operator, first, second, returns_bool=node.returns_bool)
    present = met if stays is None else met & stays
    if node.matching.cardinality is Cardinality.ONE_TO_ONE:
        _matched_once(pairs, met if compat == 3 else present, len(places))
    labels = [
        _result_labels(node, many.labels[m], one.labels[o], compat) for m, o in zip(pairs.many, pairs.one, strict=True)
    ]
    unnamed = many.unnamed[pairs.many] if keeps_name(node, compat) else np.zeros(len(labels), dtype=bool)
    checked = met if compat == 3 else present
    return _joined(labels, np.asarray(values), present, checked, unnamed)


def _one_is_unique(
    node: Binary, many: Frame, one: Frame, of_one: NDArray[np.intp], keys: int, *, swapped: bool
) -> None:
    # Nothing is matched, and nothing found wrong, where the other side is empty.
    counts = counted(one.present, of_one, keys) * many.present.any(axis=0)
    twice = np.argwhere(counts.T > 1)
    if not len(twice):
        return
    step, key = twice[0]
    rows = np.flatnonzero((of_one == key) & one.present[:, step])[:2]
    pair = ", ".join(sorted(said(one.labels[row]) for row in rows))
    group = said(_key(one.labels[rows[0]], node.matching))
    side = "left" if swapped else "right"
    found = f"found duplicate series for the match group {group} on the {side} hand-side of the operation"
    raise ExecutionFailed(f"{found}: [{pair}];{MANY_TO_MANY}")


def _paired(of_many: NDArray[np.intp], of_one: NDArray[np.intp], keys: int) -> _Pairs:
    order = np.argsort(of_one, kind="stable")
    begin = np.searchsorted(of_one[order], np.arange(keys + 1))
    sizes = (begin[1:] - begin[:-1])[of_many]
    many = np.repeat(np.arange(len(of_many)), sizes)
    number = np.arange(len(many)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    one = order[begin[of_many[many]] + number]
    return _Pairs(many, one, of_many[many])


def _matched_once(pairs: _Pairs, met: Mask, keys: int) -> None:
    if (counted(met, pairs.key, keys) > 1).any():
        raise ExecutionFailed(MUST_BE_EXPLICIT)


def _result_labels(node: Binary, many: Labels, one: Labels, compat: int) -> Labels:
    matching = node.matching
    labels = many if keeps_name(node, compat) else without(many, frozenset({NAME}))
    if matching.cardinality is Cardinality.ONE_TO_ONE:
        names = frozenset(matching.labels)
        return only(labels, names) if matching.on else without(labels, names)
    if not matching.include:
        return labels
    copied = only(one, frozenset(matching.include))
    return tuple(sorted((*without(labels, frozenset(matching.include)), *copied)))


def _joined(labels: list[Labels], values: Floats, present: Mask, checked: Mask, unnamed: Mask) -> Frame:
    """Put pairs with the same labels together; two at one step do not go."""
    if len(set(labels)) == len(labels):
        return Frame(labels, values, present, unnamed).filled()
    places: dict[Labels, int] = {}
    number = np.array([places.setdefault(key, len(places)) for key in labels], dtype=np.intp)
    if (counted(checked, number, len(places)) > 1).any():
        raise ExecutionFailed(MUST_BE_UNIQUE)
    result = Frame(labels, values, present, unnamed)
    return unique(result).filled()
