"""Labels as text, and an index that finds series by them."""

from __future__ import annotations

import json
from bisect import insort
from typing import TYPE_CHECKING

from monitor_core.metrics.promql.reader import MatchKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor_core.metrics.promql.reader import Matcher
    from monitor_core.metrics.promql.results import Labels

__all__ = ["LabelIndex", "labels_from_text", "text_of_labels"]


def text_of_labels(labels: Labels) -> str:
    """Write labels in their one form.

    Examples
    --------
    >>> text_of_labels((("__name__", "up"), ("job", "api")))
    '{"__name__":"up","job":"api"}'
    """
    return json.dumps(dict(labels), ensure_ascii=False, separators=(",", ":"))


def labels_from_text(text: str) -> Labels:
    """Undo `text_of_labels`."""
    return tuple(json.loads(text).items())


class LabelIndex:
    """Which series carry which labels; grows, and is never written to disk.

    Examples
    --------
    >>> from monitor_core.metrics.promql.reader import Matcher
    >>> index = LabelIndex()
    >>> index.add(7, (("__name__", "up"), ("job", "api")))
    >>> index.find([Matcher("job", MatchKind.NOT_EQUAL, "web")])
    [7]
    """

    def __init__(self) -> None:
        self.labels: dict[int, Labels] = {}
        self._order: list[tuple[Labels, int]] = []
        self._by_value: dict[str, dict[str, set[int]]] = {}

    def add(self, series: int, labels: Labels) -> None:
        """Put one series in."""
        self.labels[series] = labels
        insort(self._order, (labels, series))
        for name, value in labels:
            self._by_value.setdefault(name, {}).setdefault(value, set()).add(series)

    def names(self) -> Iterable[str]:
        """Give the names of all labels."""
        return self._by_value.keys()

    def values(self, name: str) -> Iterable[str]:
        """Give all values of a label."""
        return self._by_value.get(name, {}).keys()

    def find(self, matchers: Sequence[Matcher]) -> list[int]:
        """Give the series that fulfil all conditions, in the order of their labels."""
        found: set[int] | None = None
        for matcher in sorted(matchers, key=lambda matcher: matcher.kind is not MatchKind.EQUAL):
            if found is not None and not found:
                return []
            found = self._narrowed(matcher, found)
        if found is None or len(found) == len(self._order):
            return [series for _, series in self._order]
        return sorted(found, key=self.labels.__getitem__)

    def _narrowed(self, matcher: Matcher, found: set[int] | None) -> set[int]:
        by_value = self._by_value.get(matcher.name, {})
        if matcher.kind is MatchKind.EQUAL and matcher.value:
            here = by_value.get(matcher.value, set())
            return set(here) if found is None else found & here
        if matcher.accepts(""):  # those without the label fulfil it, too: take away the others
            kept = set(self.labels) if found is None else set(found)
            for value, here in by_value.items():
                if not matcher.accepts(value):
                    kept -= here
            return kept
        accepted = [here for value, here in by_value.items() if matcher.accepts(value)]
        together: set[int] = set().union(*accepted)
        return together if found is None else found & together
