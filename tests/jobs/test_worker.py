"""The worker, with small handlers of its own."""

import logging
import threading
import time
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from monitor_core.clock import now
from monitor_core.errors import InvalidInput, Refused, Unavailable
from monitor_core.jobs.lease import WORKER, Leases
from monitor_core.jobs.queue import JobError, JobQueue, JobState
from monitor_core.jobs.worker import Worker


def refuse(services, job, progress):
    raise Refused("file 'a.csv' was refused", reasons=["row 1", "row 2"], hint="mend it")


def complain(services, job, progress):
    raise InvalidInput("no such column", hint="check the names")


def crash(services, job, progress):
    raise ZeroDivisionError("secret detail")


def unreachable(services, job, progress):
    raise Unavailable("the source is down")


def locked(services, job, progress):
    raise OperationalError("UPDATE", {}, Exception("database is locked"))


def endless(services, job, progress):
    while True:
        progress(0.1, "still at it")
        time.sleep(0.01)


HANDLERS = {
    "echo": lambda _services, job, _progress: dict(job.params),
    "refuse": refuse,
    "complain": complain,
    "crash": crash,
    "unreachable": unreachable,
    "locked": locked,
    "endless": endless,
}


@pytest.fixture
def services(engine):
    return SimpleNamespace(engine=engine, now=now)


@pytest.fixture
def queue(engine):
    return JobQueue(engine, now)


@pytest.fixture
def worker(services):
    return Worker(services, HANDLERS)


def wait_until(condition, seconds=15.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def running(worker):
    thread = threading.Thread(target=worker.run)
    thread.start()
    yield worker
    worker.stop()
    thread.join(timeout=15)
    assert not thread.is_alive()


class TestOutcomes:
    """Every way a job can go is written down."""

    def outcome(self, worker, queue, kind):
        job_id = queue.enqueue(kind, params={"a": 1})
        assert worker.run_pending() == 1
        return queue.get(job_id)

    def test_a_result_is_kept(self, worker, queue):
        """What the handler returns."""
        job = self.outcome(worker, queue, "echo")
        assert (job.state, job.result) == (JobState.DONE, {"a": 1})

    def test_a_refusal_keeps_every_reason(self, worker, queue):
        """For the page to list."""
        job = self.outcome(worker, queue, "refuse")
        expected = JobError("file 'a.csv' was refused", "mend it", ("row 1", "row 2"))
        assert (job.state, job.error) == (JobState.FAILED, expected)

    def test_a_known_error_keeps_message_and_hint(self, worker, queue):
        """As raised."""
        assert self.outcome(worker, queue, "complain").error == JobError("no such column", "check the names")

    def test_an_unknown_error_is_named_without_its_detail(self, worker, queue, caplog):
        """The detail is in the worker's output only."""
        with caplog.at_level(logging.ERROR):
            job = self.outcome(worker, queue, "crash")
        assert job.state is JobState.FAILED
        assert job.error.message == "unexpected error: ZeroDivisionError"
        assert "secret detail" in caplog.text

    @pytest.mark.parametrize("kind", ["unreachable", "locked"])
    def test_a_passing_failure_waits_for_another_attempt(self, worker, queue, kind):
        """A source or database that is down now may be up later."""
        job = self.outcome(worker, queue, kind)
        assert (job.state, job.attempt) == (JobState.QUEUED, 1)
        assert job.not_before > now()

    def test_an_unknown_kind_fails(self, worker, queue):
        """It does not block what comes after."""
        assert "'mystery' are not known" in self.outcome(worker, queue, "mystery").error.message


class TestRunning:
    """The process."""

    @pytest.mark.usefixtures("running")
    def test_it_takes_jobs_as_they_come(self, queue):
        """Without being told."""
        job_id = queue.enqueue("echo")
        wait_until(lambda: queue.get(job_id).state is JobState.DONE)
        assert queue.get(job_id).error is None

    @pytest.mark.usefixtures("running")
    def test_a_running_job_can_be_cancelled(self, queue):
        """Its progress callback raises."""
        job_id = queue.enqueue("endless")
        wait_until(lambda: queue.get(job_id).state is JobState.RUNNING)
        queue.cancel(job_id)
        wait_until(lambda: queue.get(job_id).state is JobState.CANCELLED)

    def test_told_to_stop_it_gives_back_job_and_lease(self, running, queue, engine):
        """The job waits, no attempt is lost."""
        job_id = queue.enqueue("endless")
        wait_until(lambda: queue.get(job_id).state is JobState.RUNNING)
        running.stop()
        wait_until(lambda: queue.get(job_id).state is JobState.QUEUED)
        wait_until(lambda: Leases(engine, now).holder(WORKER) is None)
        assert queue.get(job_id).attempt == 0

    def test_a_second_worker_waits_its_turn(self, running, services, engine):
        """It begins when the first is gone."""
        wait_until(lambda: Leases(engine, now).is_live(WORKER))
        second = Worker(services, HANDLERS, owner="second")
        thread = threading.Thread(target=second.run)
        thread.start()
        time.sleep(0.3)
        assert Leases(engine, now).holder(WORKER).owner == running.owner
        running.stop()
        wait_until(lambda: (held := Leases(engine, now).holder(WORKER)) is not None and held.owner == "second")
        second.stop()
        thread.join(timeout=15)

    def test_a_worker_that_loses_its_lease_stops_working(self, services, queue, engine):
        """Its job goes back to the queue and nothing more is begun."""
        worker, leases = Worker(services, HANDLERS, beat_seconds=0.05), Leases(engine, now)
        job_id = queue.enqueue("endless")
        thread = threading.Thread(target=worker.run)
        thread.start()
        wait_until(lambda: queue.get(job_id).state is JobState.RUNNING)
        leases.release(WORKER, worker.owner)
        assert leases.acquire(WORKER, "elsewhere/1/1")
        wait_until(lambda: queue.get(job_id).state is JobState.QUEUED)
        time.sleep(0.3)
        assert queue.get(job_id).state is JobState.QUEUED
        worker.stop()
        thread.join(timeout=15)
        assert leases.holder(WORKER).owner == "elsewhere/1/1"

    def test_jobs_of_dead_workers_are_taken_over(self, worker, queue):
        """At the first round, when the owner is known to be dead."""
        machine, pid, _ = worker.owner.split("/")
        job_id = queue.enqueue("echo")
        queue.claim(f"{machine}/{pid}/1.00")
        thread = threading.Thread(target=worker.run)
        thread.start()
        wait_until(lambda: queue.get(job_id).state is JobState.DONE)
        worker.stop()
        thread.join(timeout=15)
        assert queue.get(job_id).attempt == 2
