"""The selectors of a query, for questions about series instead of values."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from monitor_core.metrics.promql.errors import BadQuery
from monitor_core.metrics.promql.parser import parse
from monitor_core.metrics.promql.syntax import Selector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor_core.metrics.promql.reader import Matcher

__all__ = ["matchers_of", "selectors"]


def selectors(tree: Any) -> Iterator[Selector]:
    """Give every selector of a tree, from left to right.

    Examples
    --------
    >>> [found.name for found in selectors(parse("rate(a[5m]) / on (job) b"))]
    ['a', 'b']
    """
    if isinstance(tree, Selector):
        yield tree
    elif isinstance(tree, tuple | list):
        for item in tree:
            yield from selectors(item)
    elif is_dataclass(tree):
        for item in fields(tree):
            yield from selectors(getattr(tree, item.name))


def matchers_of(text: str) -> tuple[Matcher, ...]:
    """Read what stands in ``match[]``: one selector, nothing around it.

    Raises
    ------
    BadQuery
        For anything else.

    Examples
    --------
    >>> [str(matcher) for matcher in matchers_of('up{job="api"}')]
    ['job="api"', '__name__="up"']
    """
    tree = parse(text)
    if not isinstance(tree, Selector) or tree.offset_ms or tree.at is not None:
        raise BadQuery(f'invalid parameter "match[]": {text[:200]!r} is not a series selector')
    return tree.matchers
