"""The text form of a drift report, shared by saved runs and the `DriftDetector`. Pure."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["layout", "plain", "table"]

_RULE = "=" * 40
_JOINERS = "\u200c\u200d"  # shape letters in Persian, Hindi and emoji; harmless
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def plain(text: str, *, limit: int | None = None) -> str:
    r"""Return `text` on one line with nothing invisible in it: names come from users' files.

    Control characters, direction marks and line separators are written as escapes; with `limit`, a longer text ends in
    an ellipsis.

    Examples
    --------
    >>> plain("rsi\n14"), plain("a very long name", limit=8)
    ('rsi\\n14', 'a very …')
    """
    shown = "".join(_visible(character) for character in text)
    return shown if limit is None or len(shown) <= limit else shown[: limit - 1] + "…"


def _visible(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _UNSEEN:
        return character
    return character.encode("unicode_escape").decode("ascii")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay cells out in columns under `header`, as wide as their widest cell on screen.

    Examples
    --------
    >>> print(*table(["Feature", "PSI"], [["rsi_14", "0.28"]]), sep=chr(10))
    Feature | PSI
    --------|-----
    rsi_14  | 0.28
    """
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(_width, column)) for column in columns]
    lines = [" | ".join(_pad(cell, width) for cell, width in zip(row, widths, strict=True)) for row in (header, *rows)]
    lines.insert(1, "-|-".join("-" * width for width in widths))
    return [line.rstrip() for line in lines]


def layout(
    head: Mapping[str, str], summary: Mapping[str, str], verdict: str, results: Sequence[str], notes: Sequence[str] = ()
) -> str:
    """Put the parts in the known order, under the title DATA DRIFT DETECTION REPORT."""
    parts = [
        _RULE,
        "DATA DRIFT DETECTION REPORT",
        _RULE,
        *(f"{name}: {value}" for name, value in head.items()),
        "",
        "SUMMARY:",
        *(f"- {name}: {value}" for name, value in summary.items()),
        "",
        "VERDICT:",
        verdict,
        "",
        "DETAILED RESULTS:",
        *results,
    ]
    if notes:
        parts += ["", "REASONS:", *(f"- {note}" for note in notes)]
    return "\n".join([*parts, _RULE, ""])


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    bare = sum(bool(unicodedata.combining(character)) or character in _JOINERS for character in text)
    return len(text) + wide - bare


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
