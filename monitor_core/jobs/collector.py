"""The collector: one process at a time that scrapes metrics."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from monitor_core.errors import MonitorError
from monitor_core.jobs.lease import LEASE_SECONDS, Leases
from monitor_core.jobs.owner import this_process
from monitor_core.jobs.perform import BEAT_SECONDS
from monitor_core.jobs.supervisor import is_loopback
from monitor_core.jobs.token import token_path
from monitor_core.metrics.scrape.scraping import Scraping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Engine

    from monitor_core.clock import Clock
    from monitor_core.metrics.store.writer import StoreWriter
    from monitor_core.settings import Settings

__all__ = ["COLLECTOR", "Collector"]

COLLECTOR = "collector"
"""The name of the lease of the process that scrapes."""

_WAIT_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Collector:
    """Scrape while holding the collector's lease; a second collector waits until it is free.

    Parameters
    ----------
    engine
        The database that holds the lease.
    settings
        What is scraped, and where the samples go.
    now
        The clock.
    beside
        What else the holder of the lease does (see `Scraping`).
    owner
        Name of this process.
    beat_seconds
        How often the lease is renewed.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        now: Clock,
        *,
        beside: Sequence[Callable[[StoreWriter, threading.Event], None]] = (),
        owner: str = "",
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self._settings = settings
        self._beside = beside
        self.owner = owner or this_process()
        self._beat_seconds = beat_seconds
        self._leases = Leases(engine, now)
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask `run` to end soon; safe to call from a signal handler or another thread."""
        self._stop.set()

    def run(self) -> None:
        """Scrape until stopped; on losing the lease, stop scraping and wait for it again."""
        while not self._stop.is_set():
            if not self._has_lease():
                self._stop.wait(_WAIT_SECONDS)
                continue
            _log.info("collector %s has the lease", self.owner)
            try:
                self._collect()
            except MonitorError as error:
                _log.warning("metrics cannot be collected: %s", error)
                self._stop.wait(_WAIT_SECONDS)
            finally:
                with suppress(SQLAlchemyError):
                    self._leases.release(COLLECTOR, self.owner)

    def _collect(self) -> None:
        """Scrape in a thread, renew the lease in this one."""
        scraping = Scraping(self._settings, own_headers=self._own_headers, beside=self._beside)
        failed: list[MonitorError] = []

        def work() -> None:
            try:
                scraping.run()
            except MonitorError as error:
                failed.append(error)

        thread = threading.Thread(target=work, name="scraping", daemon=True)
        thread.start()
        try:
            self._hold(thread)
        finally:
            scraping.stop()
            thread.join()
        if failed:
            raise failed[0]

    def _hold(self, thread: threading.Thread) -> None:
        """Renew the lease until told to stop, until it is lost, or until scraping ends."""
        renewed_at = time.monotonic()
        while thread.is_alive() and not self._stop.wait(self._beat_seconds):
            try:
                if not self._leases.renew(COLLECTOR, self.owner):
                    _log.warning("collector %s lost the lease", self.owner)
                    return
                renewed_at = time.monotonic()
            except SQLAlchemyError as error:
                _log.warning("the lease could not be renewed: %s", type(error).__name__)
                if time.monotonic() - renewed_at > LEASE_SECONDS - self._beat_seconds:
                    return

    def _has_lease(self) -> bool:
        try:
            return self._leases.acquire(COLLECTOR, self.owner)
        except SQLAlchemyError as error:
            _log.warning("the database did not answer: %s", type(error).__name__)
            return False

    def _own_headers(self) -> Mapping[str, str]:
        """Let the collector in where reading the app's own metrics needs the token."""
        if is_loopback(self._settings.host):
            return {}
        with suppress(OSError):
            return {
                "Authorization": f"Bearer {token_path(self._settings.data_dir).read_text(encoding='ascii').strip()}"
            }
        return {}
