"""A query's tree as a query of tantivy: exact, or wider where rows must be looked at afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import tantivy
from tantivy import FieldType, Occur
from tantivy import Query as Found

from monitor_core.logs.index.documents import guarded
from monitor_core.logs.index.schema import analyzer
from monitor_core.logs.query.evaluate import number
from monitor_core.logs.query.fields import CONTEXT, KEYWORDS, TEXTS, level_number
from monitor_core.logs.query.moments import span
from monitor_core.logs.query.tree import And, Compare, Everything, Has, Is, Like, Node, Not, Or, Words
from monitor_core.logs.query.words import is_glob

if TYPE_CHECKING:
    from datetime import datetime

    from monitor_core.logs.query.tree import Operator

__all__ = ["Target", "is_exact", "translate"]

_ANALYZER = analyzer()


@dataclass(frozen=True, slots=True)
class Target:
    """The index a query is translated for."""

    index: tantivy.Index
    kind: str
    now: datetime


def is_exact(node: Node) -> bool:
    """Whether the index alone answers this; else rows found must be looked at, one by one.

    Regular expressions and stars in context values are looked up in the lines themselves.
    """
    match node:
        case And(parts) | Or(parts):
            return all(map(is_exact, parts))
        case Not(part):
            return is_exact(part)
        case Like():
            return False
        case Is(field, value, is_quoted):
            return is_quoted or not field.startswith(CONTEXT) or not is_glob(value)
    return True


def translate(node: Node, target: Target) -> Found:  # noqa: C901, PLR0911 - one line a kind of node
    """Return what finds every row that answers the tree; no other ones when `is_exact`."""
    match node:
        case Everything():
            return Found.all_query()
        case And(parts):
            return _all_of([translate(part, target) for part in parts])
        case Or(parts):
            return _any_of([translate(part, target) for part in parts])
        case Not(part):
            if not is_exact(part):
                return Found.all_query()
            return Found.boolean_query([(Occur.Must, Found.all_query()), (Occur.MustNot, translate(part, target))])
        case Words():
            return _anywhere(node, target)
        case Has(field):
            return _has(field, target)
        case Like(field):
            return _has(field, target)
        case Compare():
            return _compare(node, target)
        case Is():
            return _is(node, target)


def _all_of(parts: list[Found]) -> Found:
    return Found.boolean_query([(Occur.Must, part) for part in parts])


def _any_of(parts: list[Found]) -> Found:
    return Found.boolean_query([(Occur.Should, part) for part in parts]) if parts else Found.empty_query()


def _anywhere(node: Words, target: Target) -> Found:
    fields = (*TEXTS, "words")
    if not node.is_quoted and is_glob(node.text):
        return _any_of([_glob(field, _small(node.text), target) for field in fields])
    found = [_phrase(field, node.text, target) for field in fields]
    return _any_of([*found, _term("trace_id", node.text.lower(), target)])


def _phrase(field: str, text: str, target: Target) -> Found:
    tokens = _ANALYZER.analyze(text)
    if len(tokens) > 1:
        return Found.phrase_query(target.index.schema, field, list(tokens))
    return _term(field, tokens[0], target) if tokens else Found.empty_query()


def _term(field: str, value: str | float, target: Target) -> Found:
    return Found.term_query(target.index.schema, field, value)


def _glob(field: str, pattern: str, target: Target) -> Found:
    """Stars over the terms of a field: tantivy walks its dictionary with an automaton."""
    parts = [re.sub(r"([^\w\s])", r"\\\1", part) for part in re.split(r"\*+", pattern)]
    return Found.regex_query(target.index.schema, field, "(?s:.)*".join(parts))


def _has(field: str, target: Target) -> Found:
    if field.startswith(CONTEXT):
        there = Found.exists_query(field)
        return Found.boolean_query([(Occur.Must, there)])
    if field == "level":
        return _integers("level", 1, None, target)
    if field in {"ts", "kind", "file"}:
        return Found.all_query()
    return _term("has", field, target)


def _is(node: Is, target: Target) -> Found:
    field, value = node.field, node.value
    glob = not node.is_quoted and is_glob(value)
    if field == "ts":
        start, end = _span(value, target)
        return _integers("ts", start, end - 1, target)
    if field == "level":
        return _term("level", level_number(value) or 0, target)
    if field in TEXTS:
        return _glob(field, _small(value), target) if glob else _phrase(field, value, target)
    if field == "kind":
        return _kind(value, target, glob=glob)
    if field in KEYWORDS:
        text = value.lower() if field == "trace_id" else value
        return _glob(field, text, target) if glob else _term(field, text, target)
    return _has(field, target) if glob else _context(field, value, target, is_text=node.is_quoted)


def _kind(value: str, target: Target, *, glob: bool) -> Found:
    from monitor_core.logs.query.words import matcher  # noqa: PLC0415

    same = matcher(value).fullmatch(target.kind) if glob else value == target.kind
    return Found.all_query() if same else Found.empty_query()


def _context(field: str, value: str, target: Target, *, is_text: bool) -> Found:
    found = [_term(field, guarded(value), target)]
    figure = None if is_text else number(value)
    if figure is not None and -(2**63) <= figure < 2**63:
        found.append(_term(field, figure, target))
    if not is_text and value.lower() in {"true", "false"}:
        found.append(_term(field, value.lower() == "true", target))
    return _any_of(found)


def _compare(node: Compare, target: Target) -> Found:
    if node.field == "ts":
        start, end = _span(node.value, target)
        bounds = {"<": (None, start - 1), "<=": (None, end - 1), ">": (end, None), ">=": (start, None)}
        return _integers("ts", *bounds[node.operator], target)
    if node.field == "level":
        level = level_number(node.value) or 0
        levels = {"<": (None, level - 1), "<=": (None, level), ">": (level + 1, None), ">=": (level, None)}
        return _integers("level", *levels[node.operator], target)
    return _number_range(node.field, node.operator, node.value, target)


def _number_range(field: str, operator: Operator, value: str, target: Target) -> Found:
    """Ask by tantivy's own language, as `range_query` knows no path into JSON; only our own signs reach it.

    One side at a time: two bounds of different types end the process's thread (tantivy .25-.27).
    """
    figure = number(value)
    if figure is None:
        raise AssertionError(f"the parser let {value!r} pass as a number")
    text = str(figure) if isinstance(figure, int) else format(figure, "f")
    path = ".".join(re.sub(r"([^\w])", r"\\\1", part) for part in field.split("."))
    return target.index.parse_query(f"{path}:{operator}{text}", ["message"])


def _integers(field: str, low: int | None, high: int | None, target: Target) -> Found:
    return Found.range_query(target.index.schema, field, FieldType.Integer, lower_bound=low, upper_bound=high)


def _span(text: str, target: Target) -> tuple[int, int]:
    found = span(text, target.now)
    if found is None:
        raise AssertionError(f"the parser let {text!r} pass as a time")
    return found


def _small(text: str) -> str:
    return "".join(map(str.lower, text))
