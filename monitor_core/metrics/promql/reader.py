"""Where the engine reads from: a protocol, its matchers, and series held in memory."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from monitor_core.errors import InvalidInput
from monitor_core.metrics.promql.errors import BadQuery

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from monitor_core.metrics.promql.results import Labels

__all__ = ["STALE", "MatchKind", "Matcher", "MemoryReader", "Samples", "SeriesReader", "is_stale", "labels_of"]

STALE = np.array([0x7FF0000000000002], dtype=np.uint64).view(np.float64)[0]
"""The NaN that says a series has ended; every other NaN is a value."""

REGEX_BYTES = 1 << 20
"""Memory one expression may take when compiled: RE2 refuses what needs more."""


def is_stale(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which values are the stale marker.

    Examples
    --------
    >>> is_stale(np.array([1.0, np.nan, STALE])).tolist()
    [False, False, True]
    """
    return np.asarray(values.view(np.uint64) == np.uint64(0x7FF0000000000002))


def labels_of(given: Mapping[str, str] | Iterable[tuple[str, str]]) -> Labels:
    """Bring labels into their one form: sorted by name, empty values left out.

    Examples
    --------
    >>> labels_of({"job": "api", "__name__": "up", "zone": ""})
    (('__name__', 'up'), ('job', 'api'))
    """
    pairs = dict(given)
    return tuple(sorted((name, value) for name, value in pairs.items() if value))


class MatchKind(StrEnum):
    """How a label is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """Compile an expression that must match a whole value; time is linear in the length of what it is matched with."""
    import re2  # noqa: PLC0415  # only queries with an expression pay for it

    options = re2.Options()
    options.max_mem = REGEX_BYTES
    options.log_errors = False
    options.dot_nl = True
    try:
        return re2.compile(f"^(?:{pattern})$", options)
    except re2.error as error:
        detail = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise BadQuery(f"error parsing regexp: {detail}") from None


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label; a label that is absent counts as the empty text.

    Examples
    --------
    >>> Matcher("code", MatchKind.REGEX, "5..").accepts("503")
    True
    >>> Matcher("code", MatchKind.NOT_EQUAL, "200").accepts("")
    True
    """

    name: str
    kind: MatchKind
    value: str

    def accepts(self, value: str) -> bool:
        """Tell whether a label's value fulfils the condition."""
        match self.kind:
            case MatchKind.EQUAL:
                return value == self.value
            case MatchKind.NOT_EQUAL:
                return value != self.value
            case MatchKind.REGEX:
                return compiled(self.value).match(value) is not None
            case MatchKind.NOT_REGEX:
                return compiled(self.value).match(value) is None

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{self.kind}"{escaped}"'


Samples = tuple["Labels", "NDArray[np.int64]", "NDArray[np.float64]"]
"""One series: labels, int64 milliseconds that rise strictly, float64 values of the same length."""


class SeriesReader(Protocol):
    """Anything that gives stored samples."""

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Samples]:
        """Give the series that fulfil all conditions, with their samples from `start_ms` to `end_ms`, both included.

        Parameters
        ----------
        matchers
            All must hold; the metric's name is the label ``__name__``.
        start_ms, end_ms
            Milliseconds since 1970.

        Returns
        -------
        list
            In the order of the labels; series without samples in that time may be left out. Stale markers are
            given as they are (`STALE`).
        """
        ...


@dataclass(slots=True)
class _Stored:
    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(slots=True)
class MemoryReader:
    """Series held in memory: for rule tests, and wherever samples are already at hand.

    Examples
    --------
    >>> reader = MemoryReader()
    >>> reader.add({"__name__": "up", "job": "api"}, [0, 15_000], [1, 1])
    >>> [(dict(labels)["job"], values.tolist()) for labels, _, values in reader.select([], 0, 10_000)]
    [('api', [1.0])]
    """

    _series: dict[Labels, _Stored] = field(default_factory=dict)
    _order: list[Labels] = field(default_factory=list)

    def add(self, labels: Mapping[str, str], timestamps: ArrayLike, values: ArrayLike) -> None:
        """Add samples; those at a moment that is already there replace the older ones.

        Raises
        ------
        InvalidInput
            When timestamps do not rise strictly or the lengths differ.
        """
        key = labels_of(labels)
        stamps = np.asarray(timestamps, dtype=np.int64)
        numbers = np.asarray(values, dtype=np.float64)
        if stamps.shape != numbers.shape or stamps.ndim != 1:
            message = (
                f"samples of {dict(key)}: {stamps.shape} timestamps for {numbers.shape} values; one each is needed"
            )
            raise InvalidInput(message)
        if np.any(np.diff(stamps) <= 0):
            raise InvalidInput(f"samples of {dict(key)}: timestamps must rise strictly")
        held = self._series.get(key)
        if held is None:
            insort(self._order, key)
        self._series[key] = _Stored(stamps, numbers) if held is None else _merged(held, stamps, numbers)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Samples]:
        """Give the series that fulfil all conditions (see `SeriesReader.select`)."""
        found: list[Samples] = []
        for labels in self._order:
            values = dict(labels)
            if not all(matcher.accepts(values.get(matcher.name, "")) for matcher in matchers):
                continue
            held = self._series[labels]
            first, last = np.searchsorted(held.timestamps, [start_ms, end_ms + 1])
            if first < last:
                found.append((labels, held.timestamps[first:last], held.values[first:last]))
        return found

    def series(self) -> tuple[Labels, ...]:
        """Give the labels of everything held, sorted."""
        return tuple(self._order)


def _merged(held: _Stored, timestamps: NDArray[np.int64], values: NDArray[np.float64]) -> _Stored:
    stamps = np.concatenate([timestamps, held.timestamps])
    numbers = np.concatenate([values, held.values])
    kept, first = np.unique(stamps, return_index=True)
    return _Stored(kept, numbers[first])
