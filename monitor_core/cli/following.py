"""Waiting for a job: followed while a worker does it, done here and now when there is no worker."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from monitor_core.errors import Cancelled, InvalidInput, Refused
from monitor_core.jobs import commands
from monitor_core.jobs.handlers import HANDLERS
from monitor_core.jobs.lease import WORKER, Leases
from monitor_core.jobs.owner import this_process
from monitor_core.jobs.perform import perform
from monitor_core.jobs.queue import JobState

if TYPE_CHECKING:
    from monitor_core.jobs.queue import Job
    from monitor_core.runtime import Services

__all__ = ["Line", "ended_well", "wait_for"]

_POLL_SECONDS = 0.2


class Line:
    """Progress on stderr: one line that is drawn over on a terminal, a line a step elsewhere."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._last = ""

    def __call__(self, share: float, note: str) -> None:
        """Show how far it is."""
        if self._is_terminal:
            sys.stderr.write(f"\r\033[K{share:4.0%}  {note}")
            sys.stderr.flush()
        elif note and note != self._last:
            sys.stderr.write(f"{share:4.0%}  {note}\n")
        self._last = note

    def end(self) -> None:
        """Leave the line."""
        if self._is_terminal and self._last:
            sys.stderr.write("\r\033[K")


def wait_for(services: Services, job_id: str) -> Job:
    """Return the job once it has ended.

    A living worker does it and is followed; without one this process claims the job and does it, so that
    commands work when no app is running. A worker that dies meanwhile is stood in for.
    """
    queue, leases, line = commands.queue(services), Leases(services.engine, services.now), Line()
    try:
        while not (job := queue.get(job_id)).state.is_final:
            if job.state is JobState.QUEUED and not leases.is_live(WORKER):
                claimed = queue.claim(this_process(), job_id=job_id)
                if claimed is not None:
                    perform(services, queue, claimed, HANDLERS, echo=line)
                    continue
            line(job.progress, job.note or f"{job.state.value}")
            time.sleep(_POLL_SECONDS)
    finally:
        line.end()
    return job


def ended_well(job: Job) -> Job:
    """Return a job that is done; raise for one that failed or was cancelled, with its reasons."""
    if job.state is JobState.CANCELLED:
        raise Cancelled(f"job {job.job_id} was cancelled", hint=f"jobs retry {job.job_id}")
    if job.state is JobState.FAILED:
        error = job.error
        if error is None:
            raise InvalidInput(f"job {job.job_id} failed for a reason that was not kept")
        raise Refused(error.message, reasons=error.reasons, hint=error.hint)
    return job
