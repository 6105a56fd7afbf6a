"""The tree of a query: what rows must be like, and what is wanted of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "And",
    "Compare",
    "Everything",
    "Has",
    "Is",
    "Like",
    "Node",
    "Not",
    "Operator",
    "Or",
    "Query",
    "Timeline",
    "Top",
    "Words",
]

Operator = Literal["<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Everything:
    """Every row."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words that follow each other anywhere: message, exception, logger, trace id or a text of the context.

    Attributes
    ----------
    is_quoted
        Written in quotes: a star is no pattern then.
    """

    text: str
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Is:
    """A field equals a value (a text field: contains its words); unquoted, a star stands for anything."""

    field: str
    value: str
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Compare:
    """A field's time, level or number stands in an order to a value."""

    field: str
    operator: Operator
    value: str


@dataclass(frozen=True, slots=True)
class Has:
    """A field is there and not empty."""

    field: str


@dataclass(frozen=True, slots=True)
class Like:
    """A regular expression (RE2) is found in a field."""

    field: str
    pattern: str


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of two or more."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not this."""

    part: Node


Node = Everything | Words | Is | Compare | Has | Like | And | Or | Not


@dataclass(frozen=True, slots=True)
class Top:
    """The most frequent values of a field."""

    count: int
    field: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Rows counted per step of time, in one line or one a value of a field."""

    step_seconds: int
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query."""

    where: Node
    stage: Top | Timeline | None = None
