"""From the words of a query to its tree.

Written here, not taken from a package: `promql-parser` ends the whole process on deep nesting, panics on ``x @ -5``
and knows no places, which Prometheus's warnings and errors name.
"""

from __future__ import annotations

from dataclasses import replace

from monitor_core.metrics.promql.checks import check
from monitor_core.metrics.promql.errors import BadQuery
from monitor_core.metrics.promql.lexer import AGGREGATORS, Token, TokenKind, duration_ms, unquoted
from monitor_core.metrics.promql.selection import SelectionReading
from monitor_core.metrics.promql.syntax import (
    Aggregation,
    Binary,
    Call,
    Cardinality,
    Matching,
    Node,
    Number,
    Paren,
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


class _Reading(SelectionReading):
    """Recursive descent; binary operators by precedence."""

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
