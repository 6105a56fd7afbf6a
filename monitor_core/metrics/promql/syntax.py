"""The tree of a query: what was written, and at which character."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from monitor_core.metrics.promql.reader import Matcher

__all__ = [
    "Aggregation",
    "Binary",
    "Call",
    "Cardinality",
    "Kind",
    "Matching",
    "Node",
    "Number",
    "Paren",
    "RangeSelector",
    "Selector",
    "Subquery",
    "Text",
    "Unary",
    "place",
    "without_parens",
]


class Kind(StrEnum):
    """What an expression gives; the words are those of Prometheus's messages."""

    SCALAR = "scalar"
    STRING = "string"
    VECTOR = "instant vector"
    MATRIX = "range vector"


@dataclass(frozen=True, slots=True)
class Number:
    """``1.5``, ``0x1F``, ``Inf``, ``5m`` (seconds)."""

    value: float
    start: int


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text."""

    value: str
    start: int


@dataclass(frozen=True, slots=True)
class Selector:
    """``name{label="value"} @ at offset 5m``: the latest value of each series.

    Attributes
    ----------
    name
        The metric's name outside the braces, or empty; it is also among `matchers`.
    at
        Milliseconds since 1970, ``start`` or ``end`` of the query, or None.
    offset_ms
        How long before; negative for later.
    """

    name: str
    matchers: tuple[Matcher, ...]
    start: int
    at: int | str | None = None
    offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class RangeSelector:
    """``selector[5m]``; `at` and `offset_ms` stand in the selector."""

    selector: Selector
    range_ms: int
    start: int


@dataclass(frozen=True, slots=True)
class Subquery:
    """``expression[30m:1m]``; a step of None is the engine's default."""

    body: Node
    range_ms: int
    step_ms: int | None
    start: int
    at: int | str | None = None
    offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A function and what it is given."""

    name: str
    arguments: tuple[Node, ...]
    start: int


@dataclass(frozen=True, slots=True)
class Aggregation:
    """``sum by (job) (...)``; `parameter` is the first argument of topk, quantile and the like."""

    operator: str
    body: Node
    parameter: Node | None
    labels: tuple[str, ...]
    without: bool
    start: int


class Cardinality(StrEnum):
    """How many series on each side may belong together."""

    ONE_TO_ONE = "one-to-one"
    MANY_TO_ONE = "many-to-one"
    ONE_TO_MANY = "one-to-many"
    MANY_TO_MANY = "many-to-many"


@dataclass(frozen=True, slots=True)
class Matching:
    """Which series of the two sides belong together."""

    cardinality: Cardinality = Cardinality.ONE_TO_ONE
    on: bool = False
    labels: tuple[str, ...] = ()
    include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binary:
    """Two expressions and an operator; `returns_bool` after the word ``bool``."""

    operator: str
    left: Node
    right: Node
    matching: Matching
    returns_bool: bool
    start: int
    operator_start: int


@dataclass(frozen=True, slots=True)
class Unary:
    """A sign before an expression."""

    operator: str
    body: Node
    start: int


@dataclass(frozen=True, slots=True)
class Paren:
    """An expression in parentheses."""

    body: Node
    start: int


Node: TypeAlias = Number | Text | Selector | RangeSelector | Subquery | Call | Aggregation | Binary | Unary | Paren


def without_parens(node: Node) -> Node:
    """Give what stands inside of any parentheses."""
    while isinstance(node, Paren):
        node = node.body
    return node


def place(text: str, start: int) -> str:
    r"""Say a place as ``line:column``, both from 1.

    Examples
    --------
    >>> place("sum(\n  x)", 7)
    '2:3'
    """
    before = text[:start]
    return f"{before.count(chr(10)) + 1}:{start - before.rfind(chr(10))}"
