"""All targets, each in its rhythm, until told to stop."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
import zlib
from typing import TYPE_CHECKING

from monitor_core.metrics.scrape.target import TargetScraper, owner_of
from monitor_core.metrics.store.database import FILE
from monitor_core.metrics.store.writer import StoreWriter
from monitor_core.settings import Target, read_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from monitor_core.settings import Settings

    Beside = Callable[[StoreWriter, threading.Event], None]

__all__ = ["OWN_JOB", "Scraping", "all_targets", "next_due"]

OWN_JOB = "bellwether"
"""The job under which the app scrapes itself."""

_TIDY_SECONDS = 60.0
_SNAP_SECONDS = 0.02
_log = logging.getLogger(__name__)


def all_targets(settings: Settings) -> tuple[Target, ...]:
    """Return what is scraped: the configured targets, and the app itself; nothing where a server is asked instead.

    Examples
    --------
    >>> from monitor_core.settings import Settings
    >>> [(target.job, target.url) for target in all_targets(Settings())]
    [('bellwether', 'http://127.0.0.1:8501/metrics')]
    """
    if settings.metrics.prometheus_url:
        return ()
    named = read_targets(settings.metrics.targets)
    own = Target(OWN_JOB, f"{settings.url}/metrics")
    is_named = any(owner_of(target) == owner_of(own) for target in named)
    return (*named, own) if settings.metrics.scrape_self and not is_named else named


class Scraping:
    """Scrapes every target in a thread of its own and keeps the store in order.

    Parameters
    ----------
    settings
        Targets, rhythm, bounds, and where the store lies.
    own_headers
        Called at each scrape of the app itself: headers that let it in.
    beside
        What else is done while scraping (rules are evaluated), each in a thread of its own: called with the writing
        side of the store and an event that is set when it is time to end.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        own_headers: Callable[[], Mapping[str, str]] = dict,
        beside: Sequence[Beside] = (),
    ) -> None:
        self._settings = settings
        self._own_headers = own_headers
        self._beside = beside
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask `run` to end soon."""
        self._stop.set()

    def run(self) -> None:
        """Scrape until stopped."""
        targets = all_targets(self._settings)
        writer = StoreWriter(self._settings.data_dir / FILE, max_series=self._settings.metrics.max_series)
        try:
            writer.forget_targets([owner_of(target) for target in targets])
            threads = [
                threading.Thread(target=self._follow, args=(target, writer), name=target.job, daemon=True)
                for target in targets
            ]
            threads += [
                threading.Thread(target=work, args=(writer, self._stop), name="beside", daemon=True)
                for work in self._beside
            ]
            for thread in threads:
                thread.start()
            self._tidy(writer)
            for thread in threads:
                thread.join()
        finally:
            writer.close()

    def _tidy(self, writer: StoreWriter) -> None:
        while not self._stop.is_set():
            try:
                writer.tidy(round(time.time() * 1000), self._settings.metrics.keep_days * 86_400_000)
            except sqlite3.Error as error:
                _log.warning("the store of metrics could not be tidied: %s", error)
            self._stop.wait(_TIDY_SECONDS)

    def _follow(self, target: Target, writer: StoreWriter) -> None:
        """Scrape one target at once, then at its moments of a fixed grid."""
        metrics = self._settings.metrics
        headers = self._own_headers if target.url == f"{self._settings.url}/metrics" else dict
        scraper = TargetScraper(target, writer, metrics, headers=headers)
        shift = _shift(owner_of(target), metrics.scrape_interval)
        due, was_up = time.time(), None
        while not self._stop.wait(max(0.0, due - time.time())):
            now = time.time()
            at = due if abs(now - due) <= min(_SNAP_SECONDS, metrics.scrape_interval / 100) else now
            try:
                state = scraper.scrape(at)
            except sqlite3.Error as error:
                _log.warning("a scrape of %s could not be written: %s", target.job, error)
            else:
                if state.health != was_up and (was_up is not None or state.error):
                    _log.info("target %s at %s is %s %s", state.job, state.instance, state.health.value, state.error)
                was_up = state.health
            due = next_due(time.time(), metrics.scrape_interval, shift)
        scraper.close()


def next_due(now: float, interval: float, shift: float) -> float:
    """Return the next moment of the grid ``k * interval + shift`` after `now`.

    Examples
    --------
    >>> next_due(100.0, 15.0, 4.0), next_due(109.0, 15.0, 4.0)
    (109.0, 124.0)
    """
    steps = (now - shift) // interval + 1
    return round(steps * interval + shift, 3)


def _shift(owner: str, interval: float) -> float:
    """Spread targets over the interval, the same way at every start."""
    return zlib.crc32(owner.encode()) / 2**32 * interval
