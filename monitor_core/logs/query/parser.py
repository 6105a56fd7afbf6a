"""Read a query.

::

    query  = [ any ] { "|" stage }
    any    = all { "or" all }
    all    = one { [ "and" ] one }
    one    = ( "not" | "-" ) one | "(" any ")" | test | text | "*"
    test   = field ( ":" | "=" | "!=" ) ( value | "*" | "(" values ")" )
           | field ":" "~" text-in-quotes
           | field ( "<" | "<=" | ">" | ">=" ) value
    stage  = "top" number field | "timeline" duration [ "by" field ]

Every refusal names a column and what to write instead; size, depth and number of terms are bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.logs.query.errors import QueryError
from monitor_core.logs.query.fields import canonical, nearest
from monitor_core.logs.query.reading import MAX_BYTES, Reader
from monitor_core.logs.query.stages import read_stage
from monitor_core.logs.query.terms import comparison, equality, pattern, text_term
from monitor_core.logs.query.tree import And, Everything, Has, Node, Not, Or, Query

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MAX_DEPTH", "MAX_TERMS", "parse"]

MAX_DEPTH = 64
"""How deep parentheses and negations may nest."""

MAX_TERMS = 100
"""How many terms a query may have."""


def parse(text: str, *, context: Iterable[str] = ()) -> Query:
    """Read a query; an empty one asks for everything.

    Parameters
    ----------
    context
        Names in `context`, without it, that rows are known to have: to offer them for a field that is unknown.

    Raises
    ------
    QueryError
        It cannot be read; with the column and a suggestion.

    Examples
    --------
    >>> parse("timeout level>=WARNING").where
    And(parts=(Words(text='timeout', is_quoted=False), Compare(field='level', operator='>=', value='WARNING')))
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise QueryError(
            f"the query has {size:,} bytes, {MAX_BYTES:,} are allowed", column=MAX_BYTES + 1, hint="search for less"
        )
    return _Parser(Reader(text), tuple(context)).query()


class _Parser:
    def __init__(self, reader: Reader, context: tuple[str, ...]) -> None:
        self._read = reader
        self._context = context
        self._terms = 0

    def query(self) -> Query:
        read = self._read
        where: Node = Everything() if read.at_end() or read.peek() == "|" else self._any(0)
        stage = None
        if read.take("|"):
            stage = read_stage(read, self._field_name)
        if not read.at_end():
            raise self._surplus()
        return Query(where, stage)

    def _surplus(self) -> QueryError:
        found = self._read.peek()
        if found == ")":
            return self._read.error("this ) closes nothing", "remove it, or put it in quotes")
        if found == "|":
            return self._read.error("only one | is allowed", "remove it, or put it in quotes")
        return self._read.error(f"{found!r} is not expected here", "put text with signs in quotes")

    def _any(self, depth: int) -> Node:
        parts = [self._all(depth)]
        while self._read.keyword("or"):
            parts.append(self._all(depth))
        return _joined(Or, parts)

    def _all(self, depth: int) -> Node:
        parts = [self._one(depth)]
        while self._read.keyword("and") or self._starts_term():
            parts.append(self._one(depth))
        return _joined(And, parts)

    def _starts_term(self) -> bool:
        read = self._read
        return not read.at_end() and read.peek() not in ")|" and not read.is_keyword("or")

    def _one(self, depth: int) -> Node:
        read = self._read
        if depth > MAX_DEPTH:
            raise read.error(f"more than {MAX_DEPTH} levels deep", "remove parentheses")
        if read.keyword("not") or read.minus():
            return Not(self._one(depth + 1))
        if read.take("("):
            inner = self._any(depth + 1)
            self._close()
            return inner
        if read.at_end() or read.is_keyword("and", "or") or read.peek() in ")|":
            what = "the query ends" if read.at_end() else f"{read.peek_word()!r} stands"
            raise read.error(f"{what} where something to search for is expected", "add a word, or quote this one")
        self._count()
        return self._term(depth)

    def _close(self) -> None:
        if not self._read.take(")"):
            raise self._read.error("a parenthesis is not closed", "add )")

    def _count(self) -> None:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise self._read.error(f"more than {MAX_TERMS} terms", "search for fewer")

    def _term(self, depth: int) -> Node:
        read = self._read
        read.skip()
        start = read.position
        if read.peek() == '"':
            return text_term(read, start, read.quoted(), is_quoted=True)
        word = read.word()
        if not word:
            raise read.error(
                f"{read.peek()!r} stands where something to search for is expected", "put text with signs in quotes"
            )
        operator = read.operator()
        if not operator:
            return Everything() if word == "*" else text_term(read, start, word, is_quoted=False)
        field = self._known(word, start)
        if operator in {":", "=", "!="}:
            found = self._equals(field, depth)
            return Not(found) if operator == "!=" else found
        return comparison(read, field, operator)

    def _equals(self, field: str, depth: int) -> Node:
        read = self._read
        if read.take("~"):
            return pattern(read, field)
        if read.take("("):
            inner = self._values_any(field, depth + 1)
            self._close()
            return inner
        if read.is_star():
            return Has(field)
        return equality(read, field)

    def _values_any(self, field: str, depth: int) -> Node:
        parts = [self._values_all(field, depth)]
        while self._read.keyword("or"):
            parts.append(self._values_all(field, depth))
        return _joined(Or, parts)

    def _values_all(self, field: str, depth: int) -> Node:
        parts = [self._value(field, depth)]
        while self._read.keyword("and"):
            parts.append(self._value(field, depth))
        if self._starts_term():
            raise self._read.error(
                "values of a field are joined by words", f'write "or" or "and" between them: {field}:(a or b)'
            )
        return _joined(And, parts)

    def _value(self, field: str, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._read.error(f"more than {MAX_DEPTH} levels deep", "remove parentheses")
        if self._read.keyword("not"):
            return Not(self._value(field, depth + 1))
        if self._read.take("("):
            inner = self._values_any(field, depth + 1)
            self._close()
            return inner
        self._count()
        return Has(field) if self._read.is_star() else equality(self._read, field)

    def _field_name(self) -> str:
        self._read.skip()
        start = self._read.position
        word = self._read.word()
        if not word:
            raise self._read.error("a field is expected", "for example context.ticker")
        return self._known(word, start)

    def _known(self, word: str, start: int) -> str:
        name = canonical(word)
        if name is None:
            found = nearest(word, self._context)
            hint = f"nearest: {', '.join(found)}" if found else f"context.{word}, or quotes around text with signs"
            raise QueryError(f"unknown field {word!r}", column=start + 1, hint=hint)
        return name


def _joined(kind: type[And | Or], parts: list[Node]) -> Node:
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, kind) else (part,))]
    return flat[0] if len(flat) == 1 else kind(tuple(flat))
