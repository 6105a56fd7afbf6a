"""One part of a performance report, and the words that parts share. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["MOST", "Section", "more", "sentence"]

MOST = 20
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


def more(listed: Sequence[object], noun: str) -> tuple[str, ...]:
    """Say how many of a long list are not shown; nothing when all are."""
    hidden = len(listed) - MOST
    return (f"And {hidden:,} more {noun}.",) if hidden > 0 else ()


def sentence(text: str) -> str:
    """Return a text as a sentence."""
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith((".", "!", "?")) else f"{whole}."
