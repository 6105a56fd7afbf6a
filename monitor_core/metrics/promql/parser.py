"""From the words of a query to its tree.

Written here, not taken from a package: `promql-parser` ends the whole process on deep nesting, panics on ``x @ -5``
and knows no places, which Prometheus's warnings and errors name.
"""

from __future__ import annotations

import math
from dataclasses import replace

from monitor_core.metrics.promql.checks import check
from monitor_core.metrics.promql.errors import BadQuery
from monitor_core.metrics.promql.lexer import (
    AGGREGATORS,
    Token,
    TokenKind,
    duration_ms,
    parse_error,
    quoted,
    tokens,
    unquoted,
)
from monitor_core.metrics.promql.reader import Matcher, MatchKind, compiled
from monitor_core.metrics.promql.syntax import (
    Aggregation,
    Binary,
    Call,
    Cardinality,
    Matching,
    Node,
    Number,
    Paren,
    RangeSelector,
    Selector,
    Subquery,
    Text,
    Unary,
)

__all__ = ["parse"]

PRECEDENCE = {
    "or": 1, "and": 2, "unless": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "atan2": 5, "^": 6,
}  # fmt: skip
SET_OPERATORS = frozenset({"and", "or", "unless"})
WITH_PARAMETER = frozenset({"topk", "bottomk", "count_values", "quantile"})
FILLS = frozenset({"fill", "fill_left", "fill_right"})
NAMES = frozenset({TokenKind.IDENTIFIER, TokenKind.METRIC})


def parse(query: str, *, max_depth: int = 100, experimental: bool = False, compat: int = 3) -> Node:
    """Give the tree of a query, its types checked.

    Parameters
    ----------
    query
        PromQL.
    max_depth
        How deep expressions may stand in each other.
    experimental
        Whether Prometheus's experimental functions may be used.
    compat
        3, or 2 for what Prometheus 2.42 knows.

    Raises
    ------
    BadQuery
        With line and column, in Prometheus's words.
    """
    try:
        query.encode()
    except UnicodeEncodeError:
        raise BadQuery("1:1: parse error: invalid UTF-8 in the query") from None
    reading = _Reading(query, max_depth=max_depth, compat=compat)
    tree = reading.whole()
    check(tree, query, experimental=experimental, compat=compat)
    return tree


class _Reading:
    """Recursive descent; binary operators by precedence."""

    def __init__(self, query: str, *, max_depth: int, compat: int) -> None:
        self.query = query
        self.max_depth = max_depth
        self.compat = compat
        self.depth = 0
        self.words = tokens(query)
        self.position = 0

    # -- words ---------------------------------------------------------------------------------------------------------

    @property
    def word(self) -> Token:
        return self.words[self.position]

    def at(self, kind: TokenKind) -> bool:
        return self.word.kind is kind

    def next(self) -> Token:
        token = self.words[self.position]
        self.position += token.kind is not TokenKind.END
        return token

    def ahead(self) -> Token:
        return self.words[min(self.position + 1, len(self.words) - 1)]

    def at_mark(self, text: str) -> bool:
        return self.word.kind is TokenKind.MARK and self.word.text == text

    def at_keyword(self, *texts: str) -> bool:
        return self.word.kind is TokenKind.KEYWORD and self.word.text.lower() in texts

    def expect_mark(self, text: str, context: str) -> Token:
        if not self.at_mark(text):
            raise self.unexpected(context, quoted(text))
        return self.next()

    def error(self, start: int, message: str) -> BadQuery:
        return parse_error(self.query, start, message)

    def unexpected(self, context: str = "", expected: str = "") -> BadQuery:
        where = f" in {context}" if context else ""
        wanted = f", expected {expected}" if expected else ""
        return self.error(self.word.start, f"unexpected {self.word.said()}{where}{wanted}")

    def deeper(self, start: int) -> None:
        self.depth += 1
        if self.depth > self.max_depth:
            raise self.error(start, f"expressions nested deeper than {self.max_depth} are not allowed")

    # -- expressions ---------------------------------------------------------------------------------------------------

    def whole(self) -> Node:
        if self.at(TokenKind.END):
            raise BadQuery("unknown position: parse error: no expression found in input")
        node = self.expression()
        if not self.at(TokenKind.END):
            raise self.unexpected()
        return node

    def expression(self, lowest: int = 1) -> Node:
        self.deeper(self.word.start)
        before = self.depth
        left = self.signed()
        while self.word.kind is TokenKind.OPERATOR and PRECEDENCE[self.word.text.lower()] >= lowest:
            # A chain of operators leans to the left: each adds a level to the tree.
            self.deeper(self.word.start)
            left = self.binary(left)
        self.depth = before - 1
        return left

    def binary(self, left: Node) -> Node:
        operator = self.next()
        name = operator.text.lower()
        matching, returns_bool = self.modifiers(name)
        level = PRECEDENCE[name]
        right = self.expression(level if name == "^" else level + 1)
        return Binary(name, left, right, matching, returns_bool, left.start, operator.start)

    def modifiers(self, operator: str) -> tuple[Matching, bool]:
        returns_bool = self.at_keyword("bool")
        if returns_bool:
            self.next()
        cardinality = Cardinality.MANY_TO_MANY if operator in SET_OPERATORS else Cardinality.ONE_TO_ONE
        matching = Matching(cardinality)
        if self.at_keyword("on", "ignoring"):
            on = self.next().text.lower() == "on"
            matching = Matching(cardinality, on, self.grouping())
            if self.at_keyword("group_left", "group_right"):
                many = self.next().text.lower() == "group_left"
                include = self.grouping() if self.at_mark("(") else ()
                sided = Cardinality.MANY_TO_ONE if many else Cardinality.ONE_TO_MANY
                matching = replace(matching, cardinality=sided, include=include)
        if self.word.text.lower() in FILLS and self.ahead().text == "(" and self.word.kind is TokenKind.IDENTIFIER:
            raise self.error(self.word.start, "binop fill modifiers are experimental and not enabled")
        return matching, returns_bool

    def signed(self) -> Node:
        if self.word.kind is TokenKind.OPERATOR and self.word.text in {"+", "-"}:
            sign = self.next()
            return Unary(sign.text, self.expression(PRECEDENCE["^"]), sign.start)
        return self.modified(self.operand())

    def operand(self) -> Node:
        token = self.word
        node: Node
        match token.kind:
            case TokenKind.NUMBER:
                node = Number(self.number(self.next()), token.start)
            case TokenKind.DURATION if self.compat == 3:
                node = Number(duration_ms(self.query, self.next()) / 1000, token.start)
            case TokenKind.STRING:
                node = Text(unquoted(self.query, self.next()), token.start)
            case TokenKind.AGGREGATOR if self.ahead().text.lower() in {"(", "by", "without"}:
                node = self.aggregation()
            case TokenKind.IDENTIFIER if self.ahead().text == "(":
                node = self.call()
            case TokenKind.MARK if token.text == "(":
                self.next()
                node = Paren(self.expression(), token.start)
                self.expect_mark(")", "paren expression")
            case _ if self.starts_selector(token):
                node = self.selector()
            case _:
                raise self.unexpected()
        return node

    def starts_selector(self, token: Token) -> bool:
        names = {"and", "or", "unless", "by", "without", "offset", "smoothed", "anchored", *AGGREGATORS}
        return (
            token.kind in NAMES or (token.kind is TokenKind.MARK and token.text == "{") or token.text.lower() in names
        )

    def number(self, token: Token) -> float:
        text = token.text.lower()
        try:
            if text.startswith("0x"):
                return float(int(text, 16))
            if text.isdigit() and text[0] == "0" and not set(text) & {"8", "9"}:
                return float(int(text, 8))  # Go reads a leading zero as octal where it can
            return float(text)
        except OverflowError:
            raise self.error(token.start, f"error parsing number: {token.said()} is too large") from None

    def call(self) -> Node:
        name = self.next()
        arguments = self.arguments()
        return Call(name.text, arguments, name.start)

    def arguments(self) -> tuple[Node, ...]:
        self.expect_mark("(", "function call")
        found: list[Node] = []
        while not self.at_mark(")"):
            found.append(self.expression())
            if self.at_mark(","):
                comma = self.next()
                if self.at_mark(")"):
                    raise self.error(comma.start, "trailing commas not allowed in function call args")
            elif not self.at_mark(")"):
                raise self.unexpected()
        self.next()
        return tuple(found)

    def aggregation(self) -> Node:
        operator = self.next()
        name = operator.text.lower()
        without, labels, modified = self.by_or_without()
        arguments = self.arguments()
        if not modified:
            without, labels, _ = self.by_or_without()
        if name in {"limitk", "limit_ratio"}:
            switch = "must be enabled with --enable-feature=promql-experimental-functions"
            raise self.error(operator.start, f"{name}() is experimental and {switch}")
        if not arguments:
            raise self.error(operator.start, "no arguments for aggregate expression provided")
        wanted = 2 if name in WITH_PARAMETER else 1
        if len(arguments) != wanted:
            detail = f"wrong number of arguments for aggregate expression provided, expected {wanted}"
            raise self.error(operator.start, f"{detail}, got {len(arguments)}")
        parameter = arguments[0] if wanted == 2 else None
        return Aggregation(name, arguments[-1], parameter, labels, without, operator.start)

    def by_or_without(self) -> tuple[bool, tuple[str, ...], bool]:
        if not self.at_keyword("by", "without"):
            return False, (), False
        without = self.next().text.lower() == "without"
        return without, self.grouping(), True

    def grouping(self) -> tuple[str, ...]:
        self.expect_mark("(", "grouping opts")
        names: list[str] = []
        while not self.at_mark(")"):
            names.append(self.label_name())
            if self.at_mark(","):
                self.next()
            elif not self.at_mark(")"):
                raise self.unexpected("grouping opts", '"," or ")"')
        self.next()
        return tuple(names)

    def label_name(self) -> str:
        token = self.word
        if token.kind is TokenKind.STRING and self.compat == 3:
            return unquoted(self.query, self.next())
        words = {TokenKind.IDENTIFIER, TokenKind.KEYWORD, TokenKind.AGGREGATOR, TokenKind.OPERATOR, TokenKind.NUMBER}
        if token.kind in words and token.text.isidentifier():
            return self.next().text
        raise self.unexpected("grouping opts", "label")

    # -- selectors -----------------------------------------------------------------------------------------------------

    def selector(self) -> Node:
        start = self.word.start
        name = "" if self.at_mark("{") else self.next().text
        matchers = self.matchers() if self.at_mark("{") else []
        if name:
            matchers.append(Matcher("__name__", MatchKind.EQUAL, name))
        return Selector(name, tuple(matchers), start)

    def matchers(self) -> list[Matcher]:
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

    # -- what may follow an operand ------------------------------------------------------------------------------------

    def modified(self, node: Node) -> Node:
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
