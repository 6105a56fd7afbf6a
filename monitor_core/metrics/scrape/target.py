"""One target: fetch its page, read it, write what it says, and say how it went."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql.reader import STALE, labels_of
from monitor_core.metrics.scrape.fetch import Fetcher, ScrapeFailed
from monitor_core.metrics.scrape.grammar import BadPage
from monitor_core.metrics.scrape.lines import PageReader
from monitor_core.metrics.sources import TargetHealth, TargetState
from monitor_core.metrics.store.writer import Batch
from monitor_core.settings import redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from monitor_core.metrics.promql.results import Labels
    from monitor_core.metrics.scrape.lines import Samples
    from monitor_core.metrics.store.writer import StoreWriter
    from monitor_core.settings import MetricsSettings, Target

__all__ = ["REPORTS", "TargetScraper", "first_state", "owner_of"]

REPORTS = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
)
"""Series about the scrape itself, as Prometheus names them."""

_AHEAD_MS = 600_000
"""How far in the future a sample's own moment may lie; Prometheus allows as much."""

_ROOM_FOR_ENDED = 1_000
_NONE = np.empty(0, dtype=np.int64)


def owner_of(target: Target) -> str:
    """Return the name under which the store knows a target.

    Examples
    --------
    >>> from monitor_core.settings import Target
    >>> owner_of(Target("api", "http://127.0.0.1:8000/metrics"))
    '["api", "127.0.0.1:8000"]'
    """
    return json.dumps([target.job, target.instance])


def first_state(target: Target, settings: MetricsSettings) -> TargetState:
    """Return the state of a target that was not scraped yet."""
    return TargetState(
        target.job,
        target.instance,
        redacted(target.url),
        interval=settings.scrape_interval,
        timeout=min(settings.scrape_timeout, settings.scrape_interval),
    )


class TargetScraper:
    """Scrapes one target again and again.

    Parameters
    ----------
    target
        What is scraped.
    writer
        Where the samples go.
    settings
        Timeout and bounds.
    headers
        Called at each scrape: headers to send along.
    """

    def __init__(
        self,
        target: Target,
        writer: StoreWriter,
        settings: MetricsSettings,
        *,
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self.target = target
        self.state = first_state(target, settings)
        self._owner = owner_of(target)
        self._writer = writer
        self._keep_ms = settings.keep_days * 86_400_000
        self._fetcher = Fetcher(
            target.url, timeout=self.state.timeout, max_bytes=settings.scrape_max_bytes, headers=headers
        )
        self._labels = {"job": target.job, "instance": target.instance}
        self._known = writer.known(self._owner)
        self._live = writer.live(self._owner)
        self._good = _NONE  # what lived at the last scrape that did not fail
        self._latest = _NONE
        reports = [labels_of({**self._labels, "__name__": name}) for name in REPORTS]
        self._known |= writer.numbers(self._owner, reports, self._known, always=True)
        self._reports = np.array([self._known[labels] for labels in reports], dtype=np.int64)
        self._live = np.setdiff1d(self._live, self._reports)
        self._reader = PageReader(self._labels, self._numbers)

    def scrape(self, at: float) -> TargetState:
        """Scrape once.

        Parameters
        ----------
        at
            The moment that the samples get, in seconds since 1970.

        Returns
        -------
        TargetState
            How it went; a failure is no exception.
        """
        begin = time.perf_counter()
        read, error = self._page()
        seconds = time.perf_counter() - begin
        at_ms = round(at * 1000)
        live, ended = self._change(_NONE if read is None else read.series)
        added = len(np.setdiff1d(live, self._good, assume_unique=True)) if live is not self._good else 0
        reports = _reports(read, seconds, added)
        self.state = self._told(read, error, at, seconds)
        batch = Batch(
            at_ms,
            np.concatenate([self._reports, _NONE if read is None else read.series, ended]),
            np.concatenate([reports, np.empty(0) if read is None else read.values, np.full(len(ended), STALE)]),
            lone=[] if read is None else self._in_time(read.lone, at_ms),
            exemplars=_dated(read, at_ms),
            metadata={} if read is None else read.metadata,
            state=self.state,
        )
        self._writer.write(self._owner, batch)
        self._live = live
        self._good = self._good if read is None else live
        self._latest = _NONE if read is None else read.series
        self._tidy(read)
        return self.state

    def close(self) -> None:
        """Close the connection to the target."""
        self._fetcher.close()

    def _page(self) -> tuple[Samples | None, str]:
        try:
            page = self._fetcher.fetch()
            return self._reader.read(page.text, is_openmetrics=page.is_openmetrics), ""
        except (ScrapeFailed, BadPage) as failure:
            return None, str(failure)

    def _change(self, series: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return which series live now and which have ended since the last scrape."""
        if np.array_equal(series, self._latest) and len(series):
            return self._live, _NONE
        live = np.unique(series)
        ended = np.setdiff1d(self._live, live, assume_unique=True)
        self._writer.follow(self._owner, len(live) + len(self._reports))
        return live, ended

    def _numbers(self, wanted: Sequence[Labels]) -> Mapping[Labels, int]:
        numbers = self._writer.numbers(self._owner, wanted, self._known)
        self._known.update({labels: number for labels, number in numbers.items() if number >= 0})
        return numbers

    def _in_time(self, lone: Sequence[tuple[int, int, float]], at_ms: int) -> list[tuple[int, int, float]]:
        """Leave out samples whose own moments lie in the future or before what is kept."""
        return [sample for sample in lone if at_ms - self._keep_ms <= sample[1] <= at_ms + _AHEAD_MS]

    def _told(self, read: Samples | None, error: str, at: float, seconds: float) -> TargetState:
        state = self.state
        return TargetState(
            state.job,
            state.instance,
            state.url,
            TargetHealth.DOWN if read is None else TargetHealth.UP,
            error,
            at,
            seconds,
            0 if read is None else read.count,
            0 if read is None else read.left_out,
            state.interval,
            state.timeout,
        )

    def _tidy(self, read: Samples | None) -> None:
        """Forget lines of ended series; ask again for those left out once there is room."""
        if read is None:
            return
        if read.left_out and self._writer.room():
            self._reader.forget_left_out()
        if self._reader.lines > 2 * read.count + _ROOM_FOR_ENDED:
            kept = frozenset(self._live.tolist())
            self._reader.keep_only(kept)


def _reports(read: Samples | None, seconds: float, added: int) -> NDArray[np.float64]:
    if read is None:
        return np.array([0.0, seconds, 0.0, 0.0, 0.0])
    return np.array([1.0, seconds, read.count, read.count - read.left_out, added], dtype=np.float64)


def _dated(read: Samples | None, at_ms: int) -> dict[int, tuple[Labels, float, int]]:
    found = {} if read is None else read.exemplars
    return {series: (labels, value, moment or at_ms) for series, (labels, value, moment) in found.items()}
