"""How far a job is: what the work reports, written now and then, and where it learns that it should stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor_core.errors import Cancelled

if TYPE_CHECKING:
    from monitor_core.jobs.queue import Job, JobQueue

__all__ = ["Progress", "Reporter", "Stopped", "part"]

Progress = Callable[[float, str], None]
"""Takes the share done (0..1) and a note; may raise `monitor_core.errors.Cancelled`."""

WRITE_EVERY_SECONDS = 0.5


class Stopped(Cancelled):
    """The worker is being stopped; the job goes back to the queue."""


class Reporter:
    """The progress callback of one attempt of a job.

    Every call looks whether the worker is being stopped; the database is written, and asked whether someone
    cancelled, at most every half second, so that work may call this as often as it likes.

    Parameters
    ----------
    queue, job
        Where to write.
    is_stopping
        Says whether the worker has been told to stop.
    echo
        Also told each time something is written (the command line's progress).
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        queue: JobQueue,
        job: Job,
        *,
        is_stopping: Callable[[], bool] = lambda: False,
        echo: Progress | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._job = job
        self._is_stopping = is_stopping
        self._echo = echo
        self._clock = clock
        self._written_at = -WRITE_EVERY_SECONDS

    def __call__(self, share: float, note: str) -> None:
        """Report; raises `Cancelled`, `Stopped`, or `Conflict` when another worker has the job."""
        if self._is_stopping():
            raise Stopped("the worker is being stopped")
        if self._clock() - self._written_at < WRITE_EVERY_SECONDS:
            return
        self._written_at = self._clock()
        if self._queue.progress(self._job, share, note):
            raise Cancelled("cancelled", hint="the job can be retried")
        if self._echo is not None:
            self._echo(share, note)


def part(progress: Progress, start: float, end: float) -> Progress:
    """Let a step that counts from 0 to 1 fill `start`..`end` of the whole.

    Examples
    --------
    >>> part(lambda share, note: print(f"{share:.2f} {note}"), 0.5, 0.9)(0.5, "half of the second step")
    0.70 half of the second step
    """

    def report(share: float, note: str) -> None:
        progress(start + (end - start) * min(max(share, 0.0), 1.0), note)

    return report
