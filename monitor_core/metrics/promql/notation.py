"""Series written down for tests: ``requests_total{job="api"} 0+10x5 _ stale``.

The notation of Prometheus's own tests and of ``promtool test rules``: numbers, ``_`` for no sample, ``stale`` for the
stale marker, ``a+bxn`` for a, a+b, ... (n more), ``axn`` for a and n repetitions, ``_xn`` for n gaps.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.errors import InvalidInput
from monitor_core.metrics.promql.parser import parse
from monitor_core.metrics.promql.reader import STALE, MatchKind, labels_of
from monitor_core.metrics.promql.syntax import Selector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor_core.metrics.promql.reader import MemoryReader
    from monitor_core.metrics.promql.results import Labels

__all__ = ["add_series", "labels_from", "parse_series", "parse_values"]

_NUMBER = r"[+-]?(?:inf|nan|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)"
_ITEM = re.compile(
    rf"(?P<gap>_)(?:x(?P<gaps>[0-9]+))?|(?P<stale>stale)(?:x(?P<stales>[0-9]+))?"
    rf"|(?P<start>{_NUMBER})(?:(?P<change>[+-]{_NUMBER.removeprefix('[+-]?')})?x(?P<times>[0-9]+))?",
    re.IGNORECASE,
)
MOST = 1_000_000


def labels_from(text: str) -> Labels:
    """Read labels written like a selector with ``=`` only; ``{}`` has none.

    Examples
    --------
    >>> labels_from('up{job="api"}')
    (('__name__', 'up'), ('job', 'api'))
    """
    text = text.strip()
    if not text.replace(" ", "").strip("{}"):
        return ()
    if text.startswith("{"):  # a selector must select something
        text = "_" + text
        found = _matchers(text)
        return labels_of(pair for pair in found if pair != ("__name__", "_"))
    return labels_of(_matchers(text))


def _matchers(text: str) -> list[tuple[str, str]]:
    named = text.startswith("_{") and "__name__" in text
    tree = parse(text.removeprefix("_") if named else text)
    if not isinstance(tree, Selector) or any(matcher.kind is not MatchKind.EQUAL for matcher in tree.matchers):
        raise InvalidInput(f'{text!r} does not name a series; written is name{{label="value"}}')
    return [(matcher.name, matcher.value) for matcher in tree.matchers]


def parse_values(text: str) -> NDArray[np.float64]:
    """Read the values of a series; gaps are NaN, and so is the stale marker (`STALE`, told apart by its bits).

    Examples
    --------
    >>> parse_values("1 2+3x2 5x1").tolist()
    [1.0, 2.0, 5.0, 8.0, 5.0, 5.0]
    """
    found: list[float] = []
    for item in text.split():
        match = _ITEM.fullmatch(item)
        if match is None:
            raise InvalidInput(f"{item!r} is no value; written are 1.5, 1+2x3, _, _x3, stale")
        parts = match.groupdict()
        times = int(parts["gaps"] or parts["stales"] or parts["times"] or 0)
        if len(found) + times > MOST:
            raise InvalidInput(f"{item!r} makes more than {MOST} values")
        found += _values(parts, times)
    return np.array(found, dtype=np.float64)


GAP = np.array([0x7FF8000000000BAD], dtype=np.uint64).view(np.float64)[0]
"""The NaN that stands for no sample while values are read."""


def _values(parts: dict[str, str | None], times: int) -> list[float]:
    if parts["gap"]:
        return [GAP] * max(1, times)
    if parts["stale"]:
        return [STALE] * (times + 1)
    start, change = float(parts["start"] or 0), float(parts["change"] or 0)
    values = [start]
    for _ in range(times):  # added one by one, as Prometheus does
        values.append(values[-1] + change)
    return values


def parse_series(text: str) -> tuple[Labels, NDArray[np.int64], NDArray[np.float64]]:
    """Read a series: its labels, the number of each sample (gaps are counted, not given) and the values.

    Examples
    --------
    >>> labels, numbers, values = parse_series('up{job="api"} 1 _ 0x1')
    >>> dict(labels), numbers.tolist(), values.tolist()
    ({'__name__': 'up', 'job': 'api'}, [0, 2, 3], [1.0, 0.0, 0.0])
    """
    end = _end_of_labels(text)
    values = parse_values(text[end:])
    numbers = np.flatnonzero(values.view(np.uint64) != np.uint64(0x7FF8000000000BAD))
    return labels_from(text[:end]), numbers, values[numbers]


def _end_of_labels(text: str) -> int:
    quote = ""
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote and text[place - 1] != "\\" else quote
        elif character in "\"'`":
            quote = character
        elif character == "}":
            return place + 1
        elif character.isspace() and "{" not in text[:place] and not text[place:].lstrip().startswith("{"):
            return place
    raise InvalidInput(f"{text!r} has labels but no values")


def add_series(reader: MemoryReader, text: str, interval_ms: int) -> None:
    """Put a written series into a reader, its first sample at 0."""
    labels, numbers, values = parse_series(text)
    if len(values):
        reader.add(dict(labels), numbers * interval_ms, values)
    elif not labels:
        raise InvalidInput(f"{text!r} names no series")
