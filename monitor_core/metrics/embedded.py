"""The store of our own as a source."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor_core.metrics.sources import Exemplar, Metadata, SourceHealth, SourceKind, TargetHealth, TargetState
from monitor_core.metrics.store.database import FILE, PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from monitor_core.clock import Clock
    from monitor_core.metrics.promql.engine import Engine
    from monitor_core.metrics.promql.reader import Matcher
    from monitor_core.metrics.promql.results import Answer, Labels
    from monitor_core.metrics.store.reader import StoreReader
    from monitor_core.settings import Settings

__all__ = ["EmbeddedSource"]

_MISSED_SCRAPES = 4


class EmbeddedSource:
    """Answers from what the collector has scraped.

    Parameters
    ----------
    settings
        Where the store lies, and what is scraped.
    now
        The clock.
    compat
        2 in tests only (see `Engine`).
    """

    kind = SourceKind.EMBEDDED
    name = "built-in store"

    def __init__(self, settings: Settings, now: Clock, *, compat: int = 3) -> None:
        self._settings = settings
        self._now = now
        self._compat = compat
        self._lock = threading.Lock()
        self._made: tuple[StoreReader, Engine] | None = None

    def query(self, text: str, time: float) -> Answer:
        """Answer a query at one moment."""
        return self._opened()[1].query(text, time)

    def query_range(self, text: str, start: float, end: float, step: float) -> Answer:
        """Answer a query at many moments."""
        return self._opened()[1].query_range(text, start, end, step)

    def series(self, matchers: Sequence[str], start: float, end: float) -> tuple[Labels, ...]:
        """Give the series that any of the selectors finds in a time."""
        return tuple(sorted(labels for _, labels in self._found(matchers, start, end)))

    def label_names(self, matchers: Sequence[str], start: float, end: float) -> tuple[str, ...]:
        """Give the names of labels."""
        return tuple(sorted({name for _, labels in self._found(matchers, start, end) for name, _ in labels}))

    def label_values(self, name: str, matchers: Sequence[str], start: float, end: float) -> tuple[str, ...]:
        """Give the values that a label has."""
        found = (dict(labels).get(name) for _, labels in self._found(matchers, start, end))
        return tuple(sorted({value for value in found if value}))

    def metadata(self, metric: str = "") -> Mapping[str, tuple[Metadata, ...]]:
        """Give what services say about their metrics."""
        query = "SELECT name, kind, help, unit FROM metadata WHERE ? IN ('', name) ORDER BY name"
        return {str(row[0]): (Metadata(*map(str, row[1:])),) for row in self._opened()[0].rows(query, (metric,))}

    def exemplars(self, text: str, start: float, end: float) -> tuple[Exemplar, ...]:
        """Give the latest exemplar of each series that the query looks at."""
        from monitor_core.metrics.promql.parser import parse  # noqa: PLC0415 - loaded at the first question
        from monitor_core.metrics.promql.selectors import selectors  # noqa: PLC0415 - as above
        from monitor_core.metrics.store.labels import labels_from_text  # noqa: PLC0415 - as above

        reader, _ = self._opened()
        index = reader.index()
        wanted = {number for selector in selectors(parse(text)) for number in index.find(selector.matchers)}
        rows = reader.rows(
            "SELECT series, labels, value, at_ms FROM exemplar WHERE at_ms BETWEEN ? AND ? ORDER BY series, at_ms",
            (round(start * 1000), round(end * 1000)),
        )
        return tuple(
            Exemplar(index.labels[number], labels_from_text(str(labels)), float(value), int(at))
            for number, labels, value, at in rows
            if number in wanted
        )

    def targets(self) -> tuple[TargetState, ...]:
        """Give what is scraped, with what the collector says about it."""
        from monitor_core.metrics.scrape.scraping import all_targets  # noqa: PLC0415 - loaded at the first question
        from monitor_core.metrics.scrape.target import first_state, owner_of  # noqa: PLC0415 - as above

        told = {str(owner): json.loads(str(state)) for owner, state in self._opened()[0].rows("SELECT * FROM target")}
        found = []
        for target in all_targets(self._settings):
            state = first_state(target, self._settings.metrics)
            if owner_of(target) in told:
                held = told[owner_of(target)]
                state = replace(TargetState(**{**held, "health": TargetHealth(held["health"])}), url=state.url)
            found.append(state)
        return tuple(sorted(found, key=lambda state: (state.job, state.instance)))

    def health(self) -> SourceHealth:
        """Tell whether the collector scrapes."""
        targets = self.targets()
        if not targets:
            return SourceHealth(is_up=False, message="nothing is scraped: name a target in metrics.targets")
        latest = max(target.scraped_at for target in targets)
        if not latest:
            return SourceHealth(is_up=False, message="nothing was scraped yet: `serve` starts the collector")
        age = self._now().timestamp() - latest
        if age > _MISSED_SCRAPES * self._settings.metrics.scrape_interval + self._settings.metrics.scrape_timeout:
            return SourceHealth(
                is_up=False, message=f"nothing was scraped for {age:,.0f} s: does the collector run? `serve` starts it"
            )
        return SourceHealth(is_up=True, message=_summary(targets))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made[0].close()

    def _opened(self) -> tuple[StoreReader, Engine]:
        with self._lock:
            if self._made is None:
                from monitor_core.metrics.promql.engine import Engine  # noqa: PLC0415 - loaded at the first question
                from monitor_core.metrics.store.reader import StoreReader  # noqa: PLC0415 - as above

                reader = StoreReader(self._settings.data_dir / FILE)
                self._made = reader, Engine(reader, compat=self._compat)
            return self._made

    def _found(self, matchers: Sequence[str], start: float, end: float) -> Iterable[tuple[int, Labels]]:
        """Give the series on pages that were written to in that time."""
        from monitor_core.metrics.promql.selectors import matchers_of  # noqa: PLC0415 - loaded at the first question

        reader, _ = self._opened()
        chosen: Sequence[Sequence[Matcher]] = [matchers_of(text) for text in matchers] or [()]
        index = reader.index()
        times = (round(end * 1000), round(start * 1000))
        rows = reader.rows(
            "SELECT page FROM chunk WHERE start_ms <= ?1 AND end_ms >= ?2 UNION "
            "SELECT page FROM head WHERE at_ms <= ?1 AND at_ms >= ?2 UNION "
            "SELECT series / ?3 FROM lone WHERE at_ms <= ?1 AND at_ms >= ?2",
            (*times, PAGE),
        )
        pages = {row[0] for row in rows}
        numbers = {number for one in chosen for number in index.find(one) if number // PAGE in pages}
        return [(number, index.labels[number]) for number in numbers]


def _summary(targets: Sequence[TargetState]) -> str:
    up = sum(target.health is TargetHealth.UP for target in targets)
    left_out = sum(target.left_out for target in targets)
    words = f"{up} of {len(targets)} targets up, {sum(target.samples for target in targets):,} series"
    return f"{words}; {left_out:,} series left out (metrics.max_series)" if left_out else words
