"""Where recorded series go: memory, for tests, and the store that scrapes are kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from monitor_core.metrics.store.writer import LEFT_OUT, Batch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor_core.metrics.promql import Labels, MemoryReader
    from monitor_core.metrics.store.writer import StoreWriter

__all__ = ["MemorySink", "SampleSink", "StoreSink"]


class SampleSink(Protocol):
    """Takes what one rule records at one moment."""

    def record(self, rule: str, at_ms: int, samples: Mapping[Labels, float]) -> None:
        """Keep samples; the next question must see them.

        Parameters
        ----------
        rule
            The same for all samples of one rule.
        at_ms
            Milliseconds since 1970.
        samples
            By labels; `STALE` where a series ends.
        """
        ...


class MemorySink:
    """Keep samples in a `MemoryReader`."""

    def __init__(self, reader: MemoryReader) -> None:
        self._reader = reader

    def record(self, rule: str, at_ms: int, samples: Mapping[Labels, float]) -> None:  # noqa: ARG002 - of the protocol
        """Keep samples (see `SampleSink.record`)."""
        for labels, value in samples.items():
            self._reader.add(dict(labels), [at_ms], [value])


class StoreSink:
    """Keep samples beside the scraped ones, each rule as a source of its own; the limit on series holds here, too."""

    def __init__(self, writer: StoreWriter) -> None:
        self._writer = writer
        self._known: dict[str, dict[Labels, int]] = {}

    def record(self, rule: str, at_ms: int, samples: Mapping[Labels, float]) -> None:
        """Write the samples of one rule in one transaction (see `SampleSink.record`)."""
        if not samples:
            return
        owner = f"rule:{rule}"
        if owner not in self._known:
            self._known[owner] = self._writer.known(owner)
        known = self._known[owner]
        self._writer.follow(owner, 0)
        numbers = self._writer.numbers(owner, list(samples), known)
        kept = [(number, samples[labels]) for labels, number in numbers.items() if number != LEFT_OUT]
        known.update({labels: number for labels, number in numbers.items() if number != LEFT_OUT})
        if kept:
            series = np.array([number for number, _ in kept], dtype=np.int64)
            values = np.array([value for _, value in kept], dtype=np.float64)
            self._writer.write(owner, Batch(at_ms, series, values))
