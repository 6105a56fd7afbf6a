"""Reading selectors and what may follow an operand: ranges, ``@``, ``offset``."""

from __future__ import annotations

import math
from dataclasses import replace

from monitor_core.metrics.promql.cursor import Cursor
from monitor_core.metrics.promql.errors import BadQuery
from monitor_core.metrics.promql.lexer import TokenKind, duration_ms, unquoted
from monitor_core.metrics.promql.reader import Matcher, MatchKind, compiled
from monitor_core.metrics.promql.syntax import Node, RangeSelector, Selector, Subquery

__all__ = ["SelectionReading"]


class SelectionReading(Cursor):
    """Reads selectors."""

    def selector(self) -> Node:
        """Read a selector without what follows it."""
        start = self.word.start
        name = "" if self.at_mark("{") else self.next().text
        matchers = self.matchers() if self.at_mark("{") else []
        if name:
            matchers.append(Matcher("__name__", MatchKind.EQUAL, name))
        return Selector(name, tuple(matchers), start)

    def matchers(self) -> list[Matcher]:
        """Read the conditions in braces."""
        self.next()
        found: list[Matcher] = []
        while not self.at_mark("}"):
            found.append(self.matcher())
            if self.at_mark(","):
                self.next()
            elif not self.at_mark("}"):
                raise self.unexpected("label matching", '"," or "}"')
        self.next()
        return found

    def matcher(self) -> Matcher:
        """Read one condition."""
        label = self.word
        if label.kind not in {TokenKind.IDENTIFIER, TokenKind.STRING} or (
            label.kind is TokenKind.STRING and self.compat != 3
        ):
            raise self.unexpected("label matching", 'identifier or "}"')
        self.next()
        if label.kind is TokenKind.STRING and (self.at_mark(",") or self.at_mark("}")):
            return Matcher("__name__", MatchKind.EQUAL, unquoted(self.query, label))
        name = unquoted(self.query, label) if label.kind is TokenKind.STRING else label.text
        if not self.at(TokenKind.OPERATOR):
            raise self.unexpected("label matching", "label matching operator")
        kind = MatchKind(self.next().text)
        if not self.at(TokenKind.STRING):
            raise self.unexpected("label matching", "string")
        matcher = Matcher(name, kind, unquoted(self.query, self.next()))
        if kind in {MatchKind.REGEX, MatchKind.NOT_REGEX}:
            try:
                compiled(matcher.value)
            except BadQuery as bad:
                raise self.error(label.start, bad.message) from None
        return matcher

    def modified(self, node: Node) -> Node:
        """Read ranges, `@` and `offset` after an operand."""
        while True:
            if self.at_mark("["):
                node = self.bracketed(node)
            elif self.at_mark("@"):
                node = self.at_modifier(node)
            elif self.at_keyword("offset"):
                node = self.offset(node)
            elif self.at_keyword("smoothed", "anchored"):
                raise self.error(node.start, f"{self.word.text.lower()} modifier is experimental and not enabled")
            else:
                return node
            self.deeper(node.start)

    def bracketed(self, node: Node) -> Node:
        """Read a range or the brackets of a subquery."""
        bracket = self.next()
        range_ms = self.duration("subquery or range" if self.ahead().text == ":" else "subquery selector")
        if range_ms <= 0:
            raise self.error(bracket.start + 1, "duration must be greater than 0")
        if self.at_mark(":"):
            self.next()
            step = None if self.at_mark("]") else self.duration("subquery selector", 'duration or "]"')
            if step is not None and step <= 0:
                raise self.error(bracket.start + 1, "duration must be greater than 0")
            self.expect_mark("]", "subquery selector")
            return Subquery(node, range_ms, step, node.start)
        if not self.at_mark("]"):
            raise self.error(self.word.start, "experimental duration expression is not enabled")
        self.next()
        if not isinstance(node, Selector):
            raise self.error(bracket.start, "ranges only allowed for vector selectors")
        if node.offset_ms:
            raise self.error(bracket.start, "no offset modifiers allowed before range")
        if node.at is not None:
            raise self.error(bracket.start, "no @ modifiers allowed before range")
        return RangeSelector(node, range_ms, node.start)

    def duration(self, context: str, expected: str = "duration") -> int:
        """Read a duration; numbers are seconds."""
        token = self.word
        if token.kind is TokenKind.DURATION:
            found = duration_ms(self.query, self.next())
            if not found and self.compat != 3:
                raise self.error(token.start, "duration must be greater than 0")
            return found
        if token.kind is TokenKind.NUMBER and self.compat == 3:
            value = self.number(self.next())
            if not abs(value) < 9_223_372_036:
                raise self.error(token.start, "duration out of range")
            return int(value * 1000)
        if token.kind in {TokenKind.OPERATOR, TokenKind.IDENTIFIER, TokenKind.AGGREGATOR} or token.text == "(":
            raise self.error(token.start, "experimental duration expression is not enabled")
        raise self.unexpected(context, expected)

    def offset(self, node: Node) -> Node:
        """Read ``offset``."""
        self.next()
        sign = 1
        if (
            self.word.kind is TokenKind.OPERATOR
            and self.word.text in {"+", "-"}
            and (self.compat == 3 or self.word.text == "-")
        ):
            sign = -1 if self.next().text == "-" else 1
        offset = sign * self.duration("offset")
        target = node.selector if isinstance(node, RangeSelector) else node
        if not isinstance(target, Selector | Subquery):
            kinds = "an instant vector selector or range vector selector or a subquery"
            raise self.error(node.start, f"offset modifier must be preceded by {kinds}")
        if target.offset_ms:
            raise self.error(node.start, "offset may not be set multiple times")
        changed = replace(target, offset_ms=offset)
        return replace(node, selector=changed) if isinstance(node, RangeSelector) else changed  # type: ignore[arg-type]  # a selector inside of a range

    def at_modifier(self, node: Node) -> Node:
        """Read ``@``."""
        self.next()
        moment = self.moment(node)
        target = node.selector if isinstance(node, RangeSelector) else node
        if not isinstance(target, Selector | Subquery):
            kinds = "an instant vector selector or range vector selector or a subquery"
            raise self.error(node.start, f"@ modifier must be preceded by {kinds}")
        if target.at is not None:
            raise self.error(node.start, "@ <timestamp> may not be set multiple times")
        changed = replace(target, at=moment)
        return replace(node, selector=changed) if isinstance(node, RangeSelector) else changed  # type: ignore[arg-type]  # as above

    def moment(self, node: Node) -> int | str:
        """Read the moment after ``@``, in milliseconds."""
        token = self.word
        if token.kind is TokenKind.IDENTIFIER and token.text.lower() in {"start", "end"}:
            self.next()
            self.expect_mark("(", "@")
            self.expect_mark(")", "@")
            return token.text.lower()
        sign = 1
        if token.kind is TokenKind.OPERATOR and token.text in {"+", "-"}:
            sign = -1 if self.next().text == "-" else 1
        if self.word.kind is TokenKind.NUMBER:
            seconds = sign * self.number(self.next())
        elif self.word.kind is TokenKind.DURATION and self.compat == 3:
            seconds = sign * duration_ms(self.query, self.next()) / 1000
        else:
            raise self.unexpected("@", "timestamp")
        if not abs(seconds) < 9.2e15:
            raise self.error(node.start, f"timestamp out of bounds for @ modifier: {seconds:f}")
        return math.floor(abs(seconds * 1000) + 0.5) * (1 if seconds >= 0 else -1)
