"""Reading the words of a query one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.metrics.promql.lexer import Token, TokenKind, parse_error, quoted, tokens

if TYPE_CHECKING:
    from monitor_core.metrics.promql.errors import BadQuery

__all__ = ["Cursor"]


class Cursor:
    """The words of a query and how far they are read.

    Parameters
    ----------
    query
        The text.
    max_depth
        How deep expressions may stand in each other.
    compat
        3, or 2 for what Prometheus 2.42 knows.
    """

    def __init__(self, query: str, *, max_depth: int, compat: int) -> None:
        self.query = query
        self.max_depth = max_depth
        self.compat = compat
        self.depth = 0
        self.words = tokens(query)
        self.position = 0

    @property
    def word(self) -> Token:
        """Give the word to be read next."""
        return self.words[self.position]

    def at(self, kind: TokenKind) -> bool:
        """Tell whether the next word is of a kind."""
        return self.word.kind is kind

    def next(self) -> Token:
        """Read a word."""
        token = self.words[self.position]
        self.position += token.kind is not TokenKind.END
        return token

    def ahead(self) -> Token:
        """Give the word after the next."""
        return self.words[min(self.position + 1, len(self.words) - 1)]

    def at_mark(self, text: str) -> bool:
        """Tell whether the next word is this mark."""
        return self.word.kind is TokenKind.MARK and self.word.text == text

    def at_keyword(self, *texts: str) -> bool:
        """Tell whether the next word is one of these keywords."""
        return self.word.kind is TokenKind.KEYWORD and self.word.text.lower() in texts

    def expect_mark(self, text: str, context: str) -> Token:
        """Read this mark, or refuse what stands there."""
        if not self.at_mark(text):
            raise self.unexpected(context, quoted(text))
        return self.next()

    def error(self, start: int, message: str) -> BadQuery:
        """Make the error for a place."""
        return parse_error(self.query, start, message)

    def unexpected(self, context: str = "", expected: str = "") -> BadQuery:
        """Make the error for the next word."""
        where = f" in {context}" if context else ""
        wanted = f", expected {expected}" if expected else ""
        return self.error(self.word.start, f"unexpected {self.word.said()}{where}{wanted}")

    def deeper(self, start: int) -> None:
        """Count a level of nesting."""
        self.depth += 1
        if self.depth > self.max_depth:
            raise self.error(start, f"expressions nested deeper than {self.max_depth} are not allowed")

    def number(self, token: Token) -> float:
        """Read the value of a number."""
        text = token.text.lower()
        try:
            if text.startswith("0x"):
                return float(int(text, 16))
            if text.isdigit() and text[0] == "0" and not set(text) & {"8", "9"}:
                return float(int(text, 8))  # Go reads a leading zero as octal where it can
            return float(text)
        except OverflowError:
            raise self.error(token.start, f"error parsing number: {token.said()} is too large") from None
