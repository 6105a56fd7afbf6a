"""Carry out one claimed job and write down how it ended: the outer edge where every error becomes a reason."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from monitor_core.errors import Cancelled, Conflict, MonitorError, Refused, Unavailable
from monitor_core.jobs.progress import Reporter, Stopped
from monitor_core.jobs.queue import Job, JobError, JobQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from monitor_core.jobs.progress import Progress
    from monitor_core.runtime import Services

    Handler = Callable[[Services, Job, Progress], Mapping[str, Any]]

__all__ = ["BEAT_SECONDS", "perform"]

BEAT_SECONDS = 3.0
"""How often a worker says that it lives, also during long steps without progress."""

_log = logging.getLogger(__name__)


def perform(
    services: Services,
    queue: JobQueue,
    job: Job,
    handlers: Mapping[str, Handler],
    *,
    is_stopping: Callable[[], bool] = lambda: False,
    echo: Progress | None = None,
) -> Job:
    """Do the work of a claimed job and return it as it stands afterwards.

    Never raises for what goes wrong in the work: the reason is kept with the job. When the database itself
    is out of reach the job stays claimed and is given back once its heartbeat has grown old.
    """
    reporter = Reporter(queue, job, is_stopping=is_stopping, echo=echo)
    try:
        with _beating(queue, job):
            _settle(queue, job, _outcome(services, job, handlers, reporter))
    except SQLAlchemyError as error:
        _log.warning("job %s (%s): its end could not be written: %s", job.job_id, job.kind, type(error).__name__)
    return queue.get(job.job_id)


Outcome = dict[str, Any] | JobError | MonitorError
"""A result, the reason of a failure, or one of `Cancelled`, `Stopped`, `Unavailable`, `Conflict`."""


def _outcome(services: Services, job: Job, handlers: Mapping[str, Handler], reporter: Reporter) -> Outcome:
    work = handlers.get(job.kind)
    if work is None:
        return JobError(f"jobs of the kind {job.kind!r} are not known", hint="was it made by a newer version?")
    try:
        return dict(work(services, job, reporter))
    except (Cancelled, Unavailable) as error:
        return error
    except Exception as error:  # noqa: BLE001 - the outer edge of a job: report and carry on
        return _reason(job, error)


def _reason(job: Job, error: Exception) -> Outcome:
    match error:
        case OperationalError():
            _log.warning("job %s (%s): database: %s", job.job_id, job.kind, error.orig)
            return Unavailable("the database did not answer", hint="see `doctor`")
        case MonitorError():
            return JobError(error.message, error.hint, error.reasons if isinstance(error, Refused) else ())
        case MemoryError():
            return JobError("the machine ran out of memory", hint="make memory free or use a smaller file, then retry")
    _log.error("job %s (%s) failed unexpectedly", job.job_id, job.kind, exc_info=error)
    name = type(error).__name__
    return JobError(f"unexpected error: {name}", hint="the worker's output has the details; please report it")


def _settle(queue: JobQueue, job: Job, outcome: Outcome) -> None:
    match outcome:
        case dict():
            held = queue.finish(job, outcome)
        case JobError():
            held = queue.fail(job, outcome)
        case Stopped():
            held = queue.release(job)
        case Cancelled():
            held = queue.cancelled(job)
        case _:
            held = queue.postpone(job, JobError(outcome.message, outcome.hint))
    if not held:
        _log.warning("job %s (%s) had been given to another worker", job.job_id, job.kind)


@contextmanager
def _beating(queue: JobQueue, job: Job) -> Iterator[None]:
    """Send heartbeats from a thread until the block ends."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(BEAT_SECONDS):
            try:
                if not queue.beat(job):
                    return
            except (SQLAlchemyError, Conflict) as error:
                _log.warning("job %s: no heartbeat: %s", job.job_id, type(error).__name__)

    thread = threading.Thread(target=beat, name=f"beat-{job.job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
