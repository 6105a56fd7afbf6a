"""Functions that change labels only, and the labels of what is absent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from monitor_core.metrics.promql.errors import BadQuery, ExecutionFailed
from monitor_core.metrics.promql.frame import NAME, Frame, unique
from monitor_core.metrics.promql.lexer import quoted
from monitor_core.metrics.promql.reader import MatchKind, compiled, labels_of
from monitor_core.metrics.promql.syntax import Node, RangeSelector, Selector

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor_core.metrics.promql.results import Labels

__all__ = ["absent_labels", "checked_name", "join", "replace"]

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_REFERENCE = re.compile(r"\$(?:\$|([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\})")


def valid_name(name: str, compat: int) -> bool:
    """Tell whether a label may be called so: any text in Prometheus 3, letters and digits before."""
    return bool(name) if compat == 3 else bool(_NAME.fullmatch(name))


def replace(frame: Frame, texts: Sequence[str], *, compat: int) -> Frame:
    """Evaluate ``label_replace``: target, replacement, source, expression."""
    target, replacement, source, pattern = texts
    try:
        expression = compiled(pattern)
    except BadQuery:
        raise ExecutionFailed(f"invalid regular expression in label_replace(): {pattern}") from None
    if not valid_name(target, compat):
        raise ExecutionFailed(f"invalid destination label name in label_replace(): {target}")

    def changed(labels: Labels) -> str | None:
        match = expression.match(dict(labels).get(source, ""))
        return None if match is None else _expanded(replacement, match, expression.groupindex)

    return _with_label(frame, target, changed)


def _expanded(replacement: str, match: re.Match[str], names: dict[str, int]) -> str:
    def group(reference: re.Match[str]) -> str:
        name = reference.group(1) or reference.group(2)
        if name is None:
            return "$"
        number = int(name) if name.isdecimal() and len(name) < 9 else names.get(name, -1)
        if not 0 <= number <= len(match.groups()):
            return ""
        return match.group(number) or ""

    return _REFERENCE.sub(group, replacement)


def join(frame: Frame, texts: Sequence[str], *, compat: int) -> Frame:
    """Evaluate ``label_join``: target, separator, sources."""
    target, separator, *sources = texts
    for source in sources:
        if not valid_name(source, compat):
            raise ExecutionFailed(f"invalid source label name in label_join(): {source}")
    if not valid_name(target, compat):
        raise ExecutionFailed(f"invalid destination label name in label_join(): {target}")

    def joined(labels: Labels) -> str:
        values = dict(labels)
        return separator.join(values.get(source, "") for source in sources)

    return _with_label(frame, target, joined)


def _with_label(frame: Frame, target: str, value_of: Callable[[Labels], str | None]) -> Frame:
    changed: list[Labels] = []
    unnamed = frame.unnamed.copy()
    for row, labels in enumerate(frame.labels):
        value = value_of(labels)
        if value is None:
            changed.append(labels)
            continue
        changed.append(labels_of({**dict(labels), target: value}))
        if target == NAME:
            unnamed[row] = False
    return unique(Frame(changed, frame.values, frame.present, unnamed))


def absent_labels(node: Node) -> Labels:
    """Give the labels that a selector fixes: each compared with ``=``, and once only."""
    selector = node.selector if isinstance(node, RangeSelector) else node
    if not isinstance(selector, Selector):
        return ()
    found: dict[str, str] = {}
    seen: set[str] = set()
    for matcher in selector.matchers:
        if matcher.name == NAME:
            continue
        if matcher.kind is MatchKind.EQUAL and matcher.name not in seen:
            found[matcher.name] = matcher.value
            seen.add(matcher.name)
        else:
            found.pop(matcher.name, None)
    return labels_of(found)


def checked_name(name: str, compat: int) -> str:
    """Give back the label name of ``count_values``, or refuse it."""
    if not valid_name(name, compat):
        raise ExecutionFailed(f"invalid label name {quoted(name)}")
    return name
