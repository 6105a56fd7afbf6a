"""Text that people typed, made harmless for places where Streamlit would read Markdown."""

from __future__ import annotations

import re

__all__ = ["plain"]

_JOINER = "\u2060"
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_LINKED = re.compile(r"(?i)(https?|ftp|mailto|www)(?=[:.])|(?<=\w)(?=@\w)|:(?=[\w+-])")
_LONGEST = 120


def plain(text: object, *, limit: int = _LONGEST) -> str:
    r"""Return `text` so that any Streamlit command that reads Markdown shows it letter by letter.

    Every ASCII punctuation mark is escaped, which disarms emphasis, HTML, links, ``:red[...]`` and formulas.
    Links, e-mail addresses, emoji codes and icons are found by Streamlit in the finished text, where no
    escape helps: an invisible word joiner (U+2060) splits them. Control and bidirectional characters become a
    space; longer text ends in an ellipsis after `limit` characters.

    Examples
    --------
    >>> plain("**x**")
    '\\*\\*x\\*\\*'
    >>> plain("price_usd")
    'price\\_usd'
    """
    shown = _CONTROL.sub(" ", str(text))
    if len(shown) > limit:
        shown = shown[: limit - 1] + "…"
    split = _LINKED.sub(lambda found: found[0] + _JOINER, shown)
    return _PUNCTUATION.sub(r"\\\1", split)
