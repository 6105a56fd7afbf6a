"""Whether the parts of a query fit together: kinds of values, numbers of arguments, what is refused by name."""

from __future__ import annotations

from monitor_core.metrics.promql.functions import FUNCTIONS, NOT_IN_2, REFUSED, SMOOTHING, Signature
from monitor_core.metrics.promql.lexer import parse_error, quoted
from monitor_core.metrics.promql.syntax import (
    Aggregation,
    Binary,
    Call,
    Cardinality,
    Kind,
    Node,
    Number,
    Paren,
    RangeSelector,
    Selector,
    Subquery,
    Text,
    Unary,
)

__all__ = ["check", "kind_of"]

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
SETS = frozenset({"and", "or", "unless"})
OPERANDS = (Kind.SCALAR, Kind.VECTOR)
KINDS: dict[type[Node], Kind] = {
    Number: Kind.SCALAR,
    Text: Kind.STRING,
    Selector: Kind.VECTOR,
    Aggregation: Kind.VECTOR,
    RangeSelector: Kind.MATRIX,
    Subquery: Kind.MATRIX,
}
"""What a part gives, where that does not depend on what stands in it."""


def kind_of(node: Node) -> Kind:
    """Give the kind of value of a checked expression."""
    match node:
        case Call():
            return FUNCTIONS[node.name].gives if node.name in FUNCTIONS else Kind.VECTOR
        case Binary():
            sides = {kind_of(node.left), kind_of(node.right)}
            return Kind.SCALAR if sides == {Kind.SCALAR} else Kind.VECTOR
        case Unary() | Paren():
            return kind_of(node.body)
        case _:
            return KINDS[type(node)]


def check(node: Node, query: str, *, experimental: bool, compat: int) -> None:
    """Refuse a tree whose parts do not fit.

    Raises
    ------
    BadQuery
        In Prometheus's words, with line and column.
    """
    _Check(query, experimental=experimental, compat=compat).kind(node)


class _Check:
    def __init__(self, query: str, *, experimental: bool, compat: int) -> None:
        self.query = query
        self.experimental = experimental
        self.compat = compat

    def fail(self, start: int, message: str, *, hint: str = "") -> None:
        raise parse_error(self.query, start, message, hint=hint)

    def kind(self, node: Node) -> Kind:
        match node:
            case Paren():
                return self.kind(node.body)
            case Unary():
                return self.unary(node)
            case Binary():
                return self.binary(node)
            case Call():
                return self.call(node)
        self.fixed(node)
        return KINDS[type(node)]

    def fixed(self, node: Number | Text | Selector | RangeSelector | Subquery | Aggregation) -> None:
        match node:
            case Selector():
                self.selector(node)
            case RangeSelector():
                self.selector(node.selector)
            case Subquery():
                self.subquery(node)
            case Aggregation():
                self.aggregation(node)

    def expect(self, node: Node, wanted: Kind, context: str) -> None:
        found = self.kind(node)
        if found is not wanted:
            self.fail(node.start, f"expected type {wanted} in {context}, got {found}")

    def selector(self, node: Selector) -> None:
        if node.name:
            for matcher in node.matchers[:-1]:
                if matcher.name == "__name__":
                    names = f"{quoted(node.name)} or {quoted(matcher.value)}"
                    self.fail(node.start, f"metric name must not be set twice: {names}")
        elif all(matcher.accepts("") for matcher in node.matchers):
            self.fail(node.start, "vector selector must contain at least one non-empty matcher")

    def subquery(self, node: Subquery) -> None:
        found = self.kind(node.body)
        if found is not Kind.VECTOR:
            self.fail(node.start, f"subquery is only allowed on instant vector, got {found} instead")

    def unary(self, node: Unary) -> Kind:
        found = self.kind(node.body)
        if found not in OPERANDS:
            allowed = "unary expression only allowed on expressions of type scalar or instant vector"
            self.fail(node.start, f"{allowed}, got {quoted(found)}")
        return found

    def binary(self, node: Binary) -> Kind:
        left, right = self.kind(node.left), self.kind(node.right)
        scalars = left is right is Kind.SCALAR
        comparison = node.operator in COMPARISONS
        if node.returns_bool and not comparison:
            self.fail(node.operator_start, "bool modifier can only be used on comparison operators")
        if comparison and not node.returns_bool and scalars:
            self.fail(node.operator_start, "comparisons between scalars must use BOOL modifier")
        self.clauses(node)
        for side, found in ((node.left, left), (node.right, right)):
            if found not in OPERANDS:
                self.fail(side.start, "binary expression must contain only scalar and instant vector types")
        if node.operator in SETS and Kind.SCALAR in {left, right}:
            self.fail(node.start, f"set operator {quoted(node.operator)} not allowed in binary scalar expression")
        if Kind.SCALAR in {left, right} and node.matching.labels:
            self.fail(node.start, "vector matching only allowed between instant vectors")
        return Kind.SCALAR if scalars else Kind.VECTOR

    def clauses(self, node: Binary) -> None:
        both = set(node.matching.labels) & set(node.matching.include)
        if node.matching.on and both:
            name = quoted(min(both))
            self.fail(node.operator_start, f"label {name} must not occur in ON and GROUP clause at once")
        if node.operator in SETS and node.matching.cardinality is not Cardinality.MANY_TO_MANY:
            self.fail(node.start, f"no grouping allowed for {quoted(node.operator)} operation")

    def aggregation(self, node: Aggregation) -> None:
        self.expect(node.body, Kind.VECTOR, "aggregation expression")
        if node.parameter is not None:
            wanted = Kind.STRING if node.operator == "count_values" else Kind.SCALAR
            self.expect(node.parameter, wanted, "aggregation parameter")

    def call(self, node: Call) -> Kind:
        signature = self.signature(node)
        self.count(node, signature)
        for number, argument in enumerate(node.arguments):
            wanted = signature.takes[min(number, len(signature.takes) - 1)]
            self.expect(argument, wanted, f"call to function {quoted(node.name)}")
        return signature.gives

    def signature(self, node: Call) -> Signature:
        name = node.name
        if self.compat != 3 and name == "holt_winters":
            return SMOOTHING
        known = FUNCTIONS.get(name)
        if known is not None and self.compat != 3 and name in NOT_IN_2:
            known = None
        if name in REFUSED or (known is not None and known.experimental and not self.experimental):
            hint = REFUSED.get(name, "an experimental function of Prometheus")
            self.fail(node.start, f"function {quoted(name)} is not enabled", hint=hint)
        if known is None:
            self.fail(node.start, f"unknown function with name {quoted(name)}")
        assert known is not None
        return known

    def count(self, node: Call, signature: Signature) -> None:
        given, full = len(node.arguments), len(signature.takes)
        name = quoted(node.name)
        if signature.optional == 0:
            if given != full:
                self.fail(node.start, f"expected {full} argument(s) in call to {name}, got {given}")
            return
        if given < full - 1:
            self.fail(node.start, f"expected at least {full - 1} argument(s) in call to {name}, got {given}")
        most = full - 1 + signature.optional
        if signature.optional > 0 and given > most:
            self.fail(node.start, f"expected at most {most} argument(s) in call to {name}, got {given}")
