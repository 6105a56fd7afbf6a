"""Reporting progress."""

import pytest

from monitor_core.errors import Cancelled
from monitor_core.jobs.progress import Reporter, Stopped
from monitor_core.jobs.queue import JobQueue


@pytest.fixture
def queue(sqlite_engine, clock):
    made = JobQueue(sqlite_engine, clock)
    made.enqueue("work")
    return made


class Seconds:
    """Seconds that a test moves on."""

    value = 0.0

    def __call__(self):
        return self.value


def test_it_writes_at_most_every_half_second(queue):
    """Work may report as often as it likes."""
    job, seconds = queue.claim("me"), Seconds()
    report = Reporter(queue, job, clock=seconds)
    for step in range(10):
        seconds.value = step * 0.1
        report(step / 10, f"step {step}")
    assert queue.get(job.job_id).note == "step 5"


def test_a_cancellation_is_noticed(queue):
    """At the next write."""
    job = queue.claim("me")
    queue.cancel(job.job_id)
    with pytest.raises(Cancelled):
        Reporter(queue, job)(0.1, "")


def test_a_stopping_worker_is_noticed_at_every_call(queue):
    """Without waiting for the next write."""
    job, stopping = queue.claim("me"), []
    report = Reporter(queue, job, is_stopping=lambda: bool(stopping))
    report(0.1, "")
    stopping.append(True)
    with pytest.raises(Stopped):
        report(0.1, "")


def test_what_is_written_is_echoed(queue):
    """For the command line."""
    lines = []
    Reporter(queue, queue.claim("me"), echo=lambda share, note: lines.append((share, note)))(0.5, "half")
    assert lines == [(0.5, "half")]
