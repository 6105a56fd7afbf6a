"""How text is cut into words, and what a star stands for."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import re2

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MAX_WORD_BYTES", "contains", "is_glob", "matcher", "words"]

MAX_WORD_BYTES = 256
"""Longer words are not found by word (a regular expression finds them)."""

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """Cut text into its words: letters and digits, in small letters.

    Small letter by letter, as the index does it: a final sigma is like any other.

    Examples
    --------
    >>> words("Connection to db_1 REFUSED: Ärger")
    ['connection', 'to', 'db', '1', 'refused', 'ärger']
    """
    return ["".join(map(str.lower, word)) for word in _WORD.findall(text)]


def contains(text: str, wanted: Sequence[str]) -> bool:
    """Say whether the wanted words follow each other in the text."""
    found = words(text)
    return any(found[start : start + len(wanted)] == list(wanted) for start in range(len(found) - len(wanted) + 1))


def is_glob(text: str) -> bool:
    """Say whether a star stands in the text."""
    return "*" in text


@lru_cache(maxsize=256)
def matcher(pattern: str) -> Any:
    """Return what a pattern with stars matches; for `fullmatch`, in linear time whatever the stars (RE2).

    Examples
    --------
    >>> bool(matcher("api_*").fullmatch("api_predict")), bool(matcher("api_*").fullmatch("rapi_"))
    (True, False)
    """
    return re2.compile("(?s)" + ".*".join(map(re2.escape, re.split(r"\*+", pattern))))
