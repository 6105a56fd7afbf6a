"""The worker: one process at a time that takes jobs and does them."""

from __future__ import annotations

import logging
import signal
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from monitor_core.jobs.lease import LEASE_SECONDS, WORKER, Leases
from monitor_core.jobs.owner import is_dead, this_process
from monitor_core.jobs.perform import BEAT_SECONDS, perform
from monitor_core.jobs.queue import JobQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor_core.jobs.perform import Handler
    from monitor_core.runtime import Services

__all__ = ["Worker", "stop_on_signals"]

DEAD_AFTER = timedelta(seconds=90)
"""Age of a heartbeat from which a worker of another machine counts as dead."""

_SHORTEST_WAIT, _LONGEST_WAIT = 0.1, 1.0
_ROUND_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Worker:
    """Take jobs one after the other while holding the worker's lease.

    A second worker on the same database waits until the lease is free; it takes nothing over by accident.
    Told to stop, it gives the present job back unharmed and releases the lease.

    Parameters
    ----------
    services
        What the work needs.
    handlers
        The work by kind of job.
    chores
        Called every few seconds while the lease is held (schedules what is due).
    owner
        Name of this process.
    beat_seconds
        How often the lease is renewed.
    """

    def __init__(
        self,
        services: Services,
        handlers: Mapping[str, Handler],
        *,
        chores: Callable[[Services, JobQueue], None] = lambda _services, _queue: None,
        owner: str = "",
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self._services = services
        self._handlers = handlers
        self._chores = chores
        self.owner = owner or this_process()
        self._beat_seconds = beat_seconds
        self._queue = JobQueue(services.engine, services.now)
        self._leases = Leases(services.engine, services.now)
        self._stop = threading.Event()
        self._lost = threading.Event()

    def stop(self) -> None:
        """Ask `run` to end soon; safe to call from a signal handler or another thread."""
        self._stop.set()

    def run(self) -> None:
        """Work until stopped; on losing the lease, stop working and wait for it again."""
        while not self._stop.is_set():
            if not self._try_acquire():
                self._stop.wait(_LONGEST_WAIT)
                continue
            _log.info("worker %s has the lease", self.owner)
            self._lost.clear()
            keeper = threading.Thread(target=self._keep_lease, name="lease", daemon=True)
            keeper.start()
            try:
                self._work()
            finally:
                self._lost.set()
                keeper.join()
                self._give_back()

    def run_pending(self) -> int:
        """Do what waits now, without waiting for more; return how many jobs were begun."""
        begun = 0
        while not self._is_stopping() and self._next_job():
            begun += 1
        return begun

    def _work(self) -> None:
        wait, next_round = _SHORTEST_WAIT, 0.0
        while not self._is_stopping():
            try:
                if time.monotonic() >= next_round:
                    self._round()
                    next_round = time.monotonic() + _ROUND_SECONDS
                if self._next_job():
                    wait = _SHORTEST_WAIT
                    continue
            except SQLAlchemyError as error:
                _log.warning("the database did not answer: %s", type(error).__name__)
            self._stop.wait(wait)
            wait = min(wait * 1.5, _LONGEST_WAIT)

    def _next_job(self) -> bool:
        job = self._queue.claim(self.owner)
        if job is None:
            return False
        _log.info("job %s (%s) begins, attempt %d", job.job_id, job.kind, job.attempt)
        ended = perform(self._services, self._queue, job, self._handlers, is_stopping=self._is_stopping)
        _log.info("job %s (%s) is %s", job.job_id, job.kind, ended.state.value)
        return True

    def _round(self) -> None:
        """Give back the jobs of dead workers, then do the chores."""
        dead = [owner for owner in self._queue.owners() if is_dead(owner)]
        for job_id in self._queue.requeue_lost(DEAD_AFTER, besides=dead):
            _log.warning("job %s goes back to the queue: its worker stopped", job_id)
        self._chores(self._services, self._queue)

    def _is_stopping(self) -> bool:
        return self._stop.is_set() or self._lost.is_set()

    def _try_acquire(self) -> bool:
        try:
            return self._leases.acquire(WORKER, self.owner)
        except SQLAlchemyError as error:
            _log.warning("the database did not answer: %s", type(error).__name__)
            return False

    def _keep_lease(self) -> None:
        """Renew the lease; a lease that could not be renewed for its whole length is lost."""
        renewed_at = time.monotonic()
        while not self._lost.wait(self._beat_seconds):
            try:
                if not self._leases.renew(WORKER, self.owner):
                    break
                renewed_at = time.monotonic()
            except SQLAlchemyError as error:
                _log.warning("the lease could not be renewed: %s", type(error).__name__)
                if time.monotonic() - renewed_at > LEASE_SECONDS - self._beat_seconds:
                    break
        if not self._lost.is_set():
            _log.warning("worker %s lost the lease", self.owner)
            self._lost.set()

    def _give_back(self) -> None:
        try:
            self._leases.release(WORKER, self.owner)
        except SQLAlchemyError as error:
            _log.warning("the lease could not be released: %s", type(error).__name__)


def stop_on_signals(stop: Callable[[], None]) -> None:
    """Call `stop` on SIGTERM and SIGINT (only from the main thread)."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop())
