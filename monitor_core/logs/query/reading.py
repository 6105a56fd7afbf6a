"""Walk through the text of a query, sign by sign."""

from __future__ import annotations

from monitor_core.logs.query.errors import QueryError

__all__ = ["MAX_BYTES", "Reader", "is_plain_value", "is_plain_word"]

MAX_BYTES = 4096
"""How long a query may be."""

_WORD_ENDS = frozenset('()":|<>=~!')
_VALUE_ENDS = frozenset('()"|')
_VALUE_NOT_FIRST = frozenset("=<>~!:")
_KEYWORDS = frozenset(["and", "or", "not"])
_OPERATORS = ("<=", ">=", "!=", ":", "=", "<", ">")


def is_plain_word(text: str) -> bool:
    """Whether text may stand without quotes as something to search for.

    Examples
    --------
    >>> is_plain_word("db-1.example"), is_plain_word("-x"), is_plain_word("Not"), is_plain_word("a b")
    (True, False, False, False)
    """
    return (
        bool(text)
        and text[0] != "-"
        and not any(sign in _WORD_ENDS or sign.isspace() for sign in text)
        and text.lower() not in _KEYWORDS
    )


def is_plain_value(text: str) -> bool:
    """Whether text may stand without quotes after ``field:``.

    Examples
    --------
    >>> is_plain_value("10:30"), is_plain_value("-5"), is_plain_value("~x"), is_plain_value("")
    (True, True, False, False)
    """
    return (
        bool(text)
        and text[0] not in _VALUE_NOT_FIRST
        and not any(sign in _VALUE_ENDS or sign.isspace() for sign in text)
        and text.lower() not in _KEYWORDS
    )


class Reader:
    """The text of a query and where we are in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def error(self, message: str, hint: str, *, at: int | None = None) -> QueryError:
        """Return a refusal that points here, or to another position."""
        self.skip()
        return QueryError(message, column=(self.position if at is None else at) + 1, hint=hint)

    def skip(self) -> None:
        """Go past white space."""
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1

    def at_end(self) -> bool:
        """Whether nothing but white space is left."""
        self.skip()
        return self.position >= len(self.text)

    def peek(self) -> str:
        """Return the next sign that is not white space; "" at the end."""
        return "" if self.at_end() else self.text[self.position]

    def take(self, sign: str) -> bool:
        """Go past a sign if it is the next one."""
        if self.peek() != sign:
            return False
        self.position += 1
        return True

    def peek_word(self) -> str:
        """Return the next word, or the next sign when it is none."""
        return self._run(_WORD_ENDS) or self.peek()

    def is_keyword(self, *names: str) -> bool:
        """Whether one of these keywords comes next."""
        self.skip()
        return self._run(_WORD_ENDS).lower() in names

    def keyword(self, name: str) -> bool:
        """Go past a keyword if it is next."""
        if not self.is_keyword(name):
            return False
        self.position += len(name)
        return True

    def minus(self) -> bool:
        """Go past a minus that stands directly before what it negates."""
        if self.peek() != "-" or self.text[self.position + 1 : self.position + 2].strip() == "":
            return False
        self.position += 1
        return True

    def word(self) -> str:
        """Go past a word; "" when none comes."""
        self.skip()
        found = self._run(_WORD_ENDS)
        self.position += len(found)
        return found

    def operator(self) -> str:
        """Go past an operator; "" when none comes."""
        self.skip()
        for sign in _OPERATORS:
            if self.text.startswith(sign, self.position):
                self.position += len(sign)
                return sign
        return ""

    def is_star(self) -> bool:
        """Go past a star that stands alone."""
        self.skip()
        if self._run(_VALUE_ENDS) != "*":
            return False
        self.position += 1
        return True

    def value(self) -> tuple[str, bool]:
        """Go past a value; return it and whether it stood in quotes."""
        if self.peek() == '"':
            return self.quoted(), True
        found = self._run(_VALUE_ENDS)
        if not is_plain_value(found):
            what = f"{found!r} stands" if found else "nothing stands"
            raise self.error(f"{what} where a value is expected", "add one, or put it in quotes")
        self.position += len(found)
        return found, False

    def quoted(self) -> str:
        r"""Go past text in quotes; ``\"`` is a quote in it and ``\\`` a backslash, others stand for themselves."""
        start = self.position
        parts: list[str] = []
        at = start + 1
        while at < len(self.text) and self.text[at] != '"':
            if self.text[at] == "\\" and self.text[at + 1 : at + 2] in {'"', "\\"}:
                at += 1
            parts.append(self.text[at])
            at += 1
        if at >= len(self.text):
            raise self.error("a quote is not closed", 'add "', at=start)
        self.position = at + 1
        return "".join(parts)

    def _run(self, ends: frozenset[str]) -> str:
        at = self.position
        while at < len(self.text) and self.text[at] not in ends and not self.text[at].isspace():
            at += 1
        return self.text[self.position : at]
