"""Read pages of metrics, the second time quickly: a line's series is known by its text.

The first time, a line is read by `prometheus_client.parser`. From then on the text before the value leads straight to
the number of its series, so that a page of ten thousand lines takes a few milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql.reader import labels_of
from monitor_core.metrics.scrape.grammar import (
    EXEMPLAR,
    BadPage,
    end_of_series,
    floats,
    parsed,
    shown,
    without_exemplar,
)
from monitor_core.metrics.sources import Metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from monitor_core.metrics.promql.results import Labels

    Numbering = Callable[[Sequence[Labels]], Mapping[Labels, int]]

__all__ = ["PageReader", "Samples"]


@dataclass(slots=True)
class Samples:
    """What a page says.

    Attributes
    ----------
    count
        Lines with a sample.
    series, values
        Number and value of each sample that has the moment of the scrape.
    lone
        Samples with a moment of their own: number, milliseconds, value.
    exemplars
        New exemplars by number of series: labels, value, milliseconds (0: of the scrape).
    metadata
        What is new about metrics.
    left_out
        Samples of series that were left out.
    """

    count: int
    series: NDArray[np.int64]
    values: NDArray[np.float64]
    lone: list[tuple[int, int, float]] = field(default_factory=list)
    exemplars: dict[int, tuple[Labels, float, int]] = field(default_factory=dict)
    metadata: dict[str, Metadata] = field(default_factory=dict)
    left_out: int = 0


class PageReader:
    r"""Reads the pages of one target.

    Parameters
    ----------
    labels
        Labels of the target, put on each series; where a series has one of that name, its own becomes ``exported_...``.
    numbering
        Gives numbers to the labels of new series; negative ones are left out.

    Examples
    --------
    >>> numbers = {}
    >>> numbered = lambda wanted: {item: numbers.setdefault(item, len(numbers)) for item in wanted}
    >>> reader = PageReader({"job": "api"}, numbered)
    >>> read = reader.read('hits_total{code="200"} 3\nup 1\n', is_openmetrics=False)
    >>> read.series.tolist(), read.values.tolist()
    ([0, 1], [3.0, 1.0])
    >>> list(numbers)[0]
    (('__name__', 'hits_total'), ('code', '200'), ('job', 'api'))
    """

    def __init__(self, labels: Mapping[str, str], numbering: Numbering) -> None:
        self._known = _Known(dict(labels), numbering)

    def read(self, text: str, *, is_openmetrics: bool) -> Samples:
        """Read a page; raises `BadPage`, and then nothing of it counts."""
        lines = text.split("\n")
        if is_openmetrics and not text.rstrip("\n").endswith("# EOF"):
            raise BadPage("the page breaks off: it does not end with # EOF")
        if not is_openmetrics and lines[-1]:
            raise BadPage("the page breaks off: its last line has no end")
        made = _Reading(self._known, is_openmetrics=is_openmetrics)
        known, comments = self._known.numbers, self._known.comments
        names, values, odd = made.names, made.values, made.odd
        for number, line in enumerate(lines):
            if not line or line[0] == "#":
                if line and line not in comments:
                    made.comment(line, number)
                continue
            series, _, value = line.rpartition(" ")
            if series in known:
                names.append(series)
                values.append(value)
            else:
                odd(line, number)
        return made.finished()

    def forget_left_out(self) -> None:
        """Ask again for the series that were left out: there is room now."""
        known = self._known
        known.numbers = {text: number for text, number in known.numbers.items() if number >= 0}

    def keep_only(self, numbers: frozenset[int]) -> None:
        """Forget the lines of series that have ended."""
        known = self._known
        known.numbers = {text: number for text, number in known.numbers.items() if number in numbers or number < 0}
        known.exemplars = {text: tail for text, tail in known.exemplars.items() if text in known.numbers}

    @property
    def lines(self) -> int:
        """How many lines are known."""
        return len(self._known.numbers)


@dataclass(slots=True)
class _Known:
    """What earlier pages said, by the text of lines."""

    labels: dict[str, str]
    numbering: Numbering
    numbers: dict[str, int] = field(default_factory=dict)
    told: dict[str, Metadata] = field(default_factory=dict)
    comments: set[str] = field(default_factory=set)
    exemplars: dict[str, str] = field(default_factory=dict)


class _Reading:
    """One page being read."""

    def __init__(self, known: _Known, *, is_openmetrics: bool) -> None:
        self.known = known
        self.is_openmetrics = is_openmetrics
        self.names: list[str] = []
        self.values: list[str] = []
        self.stamped: list[tuple[str, str, int]] = []
        self.new: dict[str, Labels] = {}
        self.tails: list[tuple[str, str, int]] = []
        self.metadata: dict[str, Metadata] = {}

    def odd(self, line: str, number: int) -> None:
        """Read a line that is new, or has more than a series and a value."""
        sample, tail = line, ""
        if self.is_openmetrics and EXEMPLAR in line:
            sample, tail = without_exemplar(line)
        end = end_of_series(sample)
        series, rest = sample[:end].rstrip(), sample[end:].split()
        if not 1 <= len(rest) <= 2:
            raise BadPage(f"line {number + 1}: {shown(line)} is not a series and its value")
        if series not in self.known.numbers and series not in self.new:
            self.new[series] = self._labels(series, line, number)
        if len(rest) == 2:
            self.stamped.append((series, rest[0], self._moment(rest[1], number)))
        else:
            self.names.append(series)
            self.values.append(rest[0])
        if tail and self.known.exemplars.get(series) != tail:
            self.tails.append((series, tail, number))

    def comment(self, line: str, number: int) -> None:
        """Read what a line that begins with ``#`` says about a metric."""
        words = line.split(None, 3)
        if len(words) < 3 or words[1] not in {"TYPE", "HELP", "UNIT"}:
            return
        name, said = words[2].strip('"'), words[3] if len(words) > 3 else ""
        told = self.metadata.get(name) or self.known.told.get(name) or Metadata("unknown", "")
        match words[1]:
            case "TYPE":
                if said not in _KINDS:
                    raise BadPage(f"line {number + 1}: {shown(said)} is not a type of metric")
                told = Metadata("unknown" if said == "untyped" else said, told.help, told.unit)
            case "HELP":
                told = Metadata(told.kind, said.replace("\\n", "\n").replace("\\\\", "\\"), told.unit)
            case "UNIT":
                told = Metadata(told.kind, told.help, said)
        self.metadata[name] = told
        self.known.comments.add(line)

    def finished(self) -> Samples:
        """Give numbers to what is new, and put everything together."""
        values = floats(self.values, self.names)
        lone_values = floats([value for _, value, _ in self.stamped], [name for name, _, _ in self.stamped])
        exemplars = [(series, tail, self._exemplar(tail, number)) for series, tail, number in self.tails]
        known = self.known.numbers
        if self.new:
            numbers = self.known.numbering(list(dict.fromkeys(self.new.values())))
            known.update({text: numbers[labels] for text, labels in self.new.items()})
        self.known.told.update(self.metadata)
        self.known.exemplars.update({series: tail for series, tail, _ in exemplars})
        series = np.fromiter(map(known.__getitem__, self.names), dtype=np.int64, count=len(self.names))
        held = series >= 0
        lone = [
            (known[name], at, value)
            for (name, _, at), value in zip(self.stamped, lone_values.tolist(), strict=True)
            if known[name] >= 0
        ]
        return Samples(
            count=len(self.names) + len(self.stamped),
            series=series[held],
            values=values[held],
            lone=lone,
            exemplars={known[name]: found for name, _, found in exemplars if known[name] >= 0},
            metadata=self.metadata,
            left_out=len(series) - int(held.sum()) + len(self.stamped) - len(lone),
        )

    def _labels(self, series: str, line: str, number: int) -> Labels:
        name, labels = parsed(f"{series} 0", line, number)
        for label, value in self.known.labels.items():
            if labels.get(label):
                own = labels.pop(label)
                free = f"exported_{label}"
                while free in labels:
                    free = f"exported_{free}"
                labels[free] = own
            labels[label] = value
        return labels_of({**labels, "__name__": name})

    def _moment(self, text: str, number: int) -> int:
        try:
            stamp = float(text) * (1000 if self.is_openmetrics else 1)
            return round(stamp)
        except (ValueError, OverflowError):
            raise BadPage(f"line {number + 1}: {shown(text)} is not a timestamp") from None

    def _exemplar(self, tail: str, number: int) -> tuple[Labels, float, int]:
        """Read ``{trace_id="a"} 0.5 1700000000.1``."""
        end = end_of_series(tail)
        rest = tail[end:].split()
        if not 1 <= len(rest) <= 2:
            raise BadPage(f"line {number + 1}: {shown(tail)} is not an exemplar")
        _, labels = parsed(f"x{tail[:end]} 0", tail, number)
        value = float(floats([rest[0]], [tail])[0])
        return labels_of(labels), value, self._moment(rest[1], number) if len(rest) == 2 else 0


_KINDS = frozenset(
    {"counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset", "unknown", "untyped"}
)
