"""The job queue, on every database."""

import threading
from datetime import timedelta

import pytest

from monitor_core.errors import Conflict, NotFound
from monitor_core.jobs.queue import JobError, JobQueue, JobState
from monitor_core.values import ModelRef

REF = ModelRef("churn", "1")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def queue(engine, clock):
    return JobQueue(engine, clock)


def claimed(queue, owner="me", **options):
    queue.enqueue("work", **options)
    return queue.claim(owner)


class TestEnqueue:
    """Asking for work."""

    def test_a_new_job_waits(self, queue, clock):
        """It is queued, with what was asked, by whom and when."""
        job = queue.get(queue.enqueue("work", ref=REF, params={"a": [1, "x"]}, requested_by="ann"))
        assert (job.state, job.ref, job.params, job.requested_by) == (JobState.QUEUED, REF, {"a": [1, "x"]}, "ann")
        assert (job.attempt, job.created_at, job.started_at) == (0, clock(), None)

    def test_the_same_request_twice_is_one_job(self, queue):
        """While the first still waits, the second returns its id."""
        assert queue.enqueue("work", ref=REF, params={"a": 1}) == queue.enqueue("work", ref=REF, params={"a": 1})

    @pytest.mark.parametrize("other", [{"ref": REF}, {"params": {"a": 2}}, {"ref": REF, "params": {"a": 1}}])
    def test_other_requests_are_other_jobs(self, queue, other):
        """Model, version and parameters tell requests apart."""
        first = queue.enqueue("work", params={"a": 1})
        assert queue.enqueue("work", **{"params": {"a": 1}, **other}) != first

    def test_a_running_job_does_not_swallow_a_new_request(self, queue):
        """What is asked after the work began may need a fresh look."""
        first = claimed(queue)
        assert queue.enqueue("work") != first.job_id

    def test_it_joins_the_callers_transaction(self, queue, engine):
        """Rolled back with the rest, the job never existed."""
        with engine.begin() as connection:
            queue.enqueue("work", connection=connection)
            connection.rollback()
        assert queue.list() == ()

    def test_unknown_jobs_are_not_found(self, queue):
        """The message names the id."""
        with pytest.raises(NotFound, match="'nope'"):
            queue.get("nope")


class TestClaim:
    """Taking work."""

    def test_the_oldest_goes_first(self, queue, clock):
        """First come, first served."""
        first = queue.enqueue("work", params={"n": 1})
        clock.advance(seconds=1)
        second = queue.enqueue("work", params={"n": 2})
        assert [queue.claim("me").job_id, queue.claim("me").job_id, queue.claim("me")] == [first, second, None]

    def test_the_job_is_running(self, queue, clock):
        """Owner, attempt and moments are written."""
        job = claimed(queue)
        assert (job.state, job.owner, job.attempt, job.started_at) == (JobState.RUNNING, "me", 1, clock())
        assert queue.get(job.job_id) == job

    def test_a_named_job_can_be_taken(self, queue):
        """The command line runs its own request, not somebody else's."""
        queue.enqueue("work", params={"n": 1})
        second = queue.enqueue("work", params={"n": 2})
        assert queue.claim("me", job_id=second).job_id == second

    def test_what_is_not_due_waits(self, queue, clock):
        """`not_before` holds a job back."""
        queue.enqueue("work", not_before=clock() + MINUTE)
        assert queue.claim("me") is None
        clock.advance(minutes=1)
        assert queue.claim("me") is not None

    def test_each_job_goes_to_one_worker(self, queue):
        """Eight threads claim forty jobs: none twice, none left."""
        wanted = {queue.enqueue("work", params={"n": n}) for n in range(40)}
        taken: list[str] = []

        def work(name):
            while (job := queue.claim(name)) is not None:
                taken.append(job.job_id)

        threads = [threading.Thread(target=work, args=(f"worker {n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # On PostgreSQL a claim that loses a race may return None early; what is left is still there for the next.
        work("last")
        assert sorted(taken) == sorted(wanted)


class TestProgress:
    """What a worker reports."""

    def test_share_and_note_are_kept(self, queue):
        """The share is clipped to 0..1."""
        job = claimed(queue)
        assert queue.progress(job, 1.7, "counting") is False
        assert (queue.get(job.job_id).progress, queue.get(job.job_id).note) == (1.0, "counting")

    def test_it_learns_of_a_cancellation(self, queue):
        """True means: someone asked to stop."""
        job = claimed(queue)
        queue.cancel(job.job_id)
        assert queue.progress(job, 0.5, "") is True

    def test_a_worker_that_lost_its_job_must_stop(self, queue, clock):
        """Its writes reach nothing any more."""
        job = claimed(queue)
        clock.advance(minutes=5)
        queue.requeue_lost(MINUTE)
        again = queue.claim("other")
        with pytest.raises(Conflict, match="another worker"):
            queue.progress(job, 0.9, "late")
        assert (queue.beat(job), queue.finish(job), queue.fail(job, JobError("late"))) == (False, False, False)
        assert queue.get(job.job_id) == again

    def test_time_left_follows_the_rate(self, queue, clock):
        """A quarter done in one minute: three to go; nothing is said at the start."""
        job = claimed(queue)
        assert queue.get(job.job_id).seconds_left(clock()) is None
        queue.progress(job, 0.25, "")
        later = clock.advance(minutes=1)
        assert queue.get(job.job_id).seconds_left(later) == pytest.approx(180)
        assert queue.get(job.job_id).seconds_taken(later) == pytest.approx(60)


class TestEnds:
    """How a job ends."""

    def test_done_keeps_the_result(self, queue, clock):
        """The result, full progress and the moment."""
        job = claimed(queue)
        assert queue.finish(job, {"run_id": "r"})
        done = queue.get(job.job_id)
        assert (done.state, done.result, done.progress, done.finished_at) == (
            JobState.DONE,
            {"run_id": "r"},
            1.0,
            clock(),
        )

    def test_failed_keeps_the_reason(self, queue):
        """Message, hint and every reason come back."""
        job = claimed(queue)
        error = JobError("refused", "mend it", ("row 3", "row 9"))
        queue.fail(job, error)
        assert (queue.get(job.job_id).state, queue.get(job.job_id).error) == (JobState.FAILED, error)

    def test_waiting_jobs_are_cancelled_at_once(self, queue):
        """No worker is needed."""
        job_id = queue.enqueue("work")
        assert queue.cancel(job_id).state is JobState.CANCELLED
        assert queue.claim("me") is None

    def test_running_jobs_are_asked_to_stop(self, queue):
        """They are cancelled when their worker says so."""
        job = claimed(queue)
        assert (queue.cancel(job.job_id).state, queue.cancel(job.job_id).cancel_requested) == (JobState.RUNNING, True)
        queue.cancelled(job)
        assert queue.get(job.job_id).state is JobState.CANCELLED

    def test_what_ended_cannot_be_cancelled(self, queue):
        """The message says what it is."""
        job = claimed(queue)
        queue.finish(job)
        with pytest.raises(Conflict, match="is done"):
            queue.cancel(job.job_id)

    def test_a_failed_job_can_be_retried(self, queue):
        """With its parameters, all attempts and no trace of the old reason."""
        job = claimed(queue, params={"a": 1})
        queue.fail(job, JobError("no"))
        again = queue.retry(job.job_id)
        assert (again.state, again.attempt, again.error, again.params) == (JobState.QUEUED, 0, None, {"a": 1})
        assert queue.claim("me").attempt == 1

    def test_a_running_job_cannot_be_retried(self, queue):
        """Only failed and cancelled ones."""
        job = claimed(queue)
        with pytest.raises(Conflict, match="is running"):
            queue.retry(job.job_id)

    def test_a_released_job_loses_no_attempt(self, queue):
        """A stopped worker is nobody's fault."""
        job = claimed(queue, max_attempts=1)
        assert queue.release(job)
        again = queue.claim("other")
        assert (again.job_id, again.attempt) == (job.job_id, 1)

    def test_a_passing_failure_is_tried_again_later(self, queue, clock):
        """After 5 s, then 10 s; the reason stays visible; after the last attempt it fails."""
        job = claimed(queue, max_attempts=2)
        queue.postpone(job, JobError("source down"))
        assert (queue.get(job.job_id).state, queue.claim("me")) == (JobState.QUEUED, None)
        assert queue.get(job.job_id).error == JobError("source down")
        clock.advance(seconds=5)
        queue.postpone(queue.claim("me"), JobError("source down"))
        assert queue.get(job.job_id).state is JobState.FAILED


class TestLost:
    """Jobs whose worker died."""

    def test_an_old_heartbeat_gives_the_job_back(self, queue, clock):
        """The next attempt counts one more."""
        job = claimed(queue)
        clock.advance(seconds=61)
        assert queue.requeue_lost(MINUTE) == (job.job_id,)
        assert queue.claim("other").attempt == 2

    def test_a_beating_job_stays(self, queue, clock):
        """A heartbeat within the limit is a living worker."""
        job = claimed(queue)
        clock.advance(seconds=50)
        queue.beat(job)
        clock.advance(seconds=50)
        assert queue.requeue_lost(MINUTE) == ()

    def test_an_owner_known_to_be_dead_need_not_be_waited_for(self, queue):
        """Whatever the heartbeat says."""
        job = claimed(queue, owner="dead")
        assert queue.owners() == ("dead",)
        assert queue.requeue_lost(MINUTE, besides=["dead"]) == (job.job_id,)

    def test_a_job_that_kills_its_workers_fails(self, queue, clock):
        """After `max_attempts`, with the reason."""
        job = claimed(queue, max_attempts=2)
        for _ in range(2):
            clock.advance(minutes=2)
            queue.requeue_lost(MINUTE)
            queue.claim("next")
        failed = queue.get(job.job_id)
        assert failed.state is JobState.FAILED
        assert "stopped each time" in failed.error.message

    def test_a_cancelled_job_is_not_begun_again(self, queue, clock):
        """It was to stop anyway."""
        job = claimed(queue)
        queue.cancel(job.job_id)
        clock.advance(minutes=2)
        assert queue.requeue_lost(MINUTE) == ()
        assert queue.get(job.job_id).state is JobState.CANCELLED


class TestList:
    """Looking at jobs."""

    def test_newest_first_and_by_model(self, queue, clock):
        """One model version's, or all."""
        first = queue.enqueue("work", ref=REF)
        clock.advance(seconds=1)
        second = queue.enqueue("work", ref=ModelRef("churn", "2"))
        assert [job.job_id for job in queue.list()] == [second, first]
        assert [job.job_id for job in queue.list(REF)] == [first]
        assert [job.job_id for job in queue.list(limit=1)] == [second]

    def test_by_state_and_counted(self, queue):
        """Every state has a count."""
        queue.finish(claimed(queue))
        queue.enqueue("work")
        assert [job.state for job in queue.list(states=[JobState.DONE])] == [JobState.DONE]
        assert queue.counts() == {state: int(state in {JobState.DONE, JobState.QUEUED}) for state in JobState}

    def test_old_ends_are_pruned(self, queue, clock):
        """What waits or runs stays, however old."""
        queue.finish(claimed(queue))
        kept = queue.enqueue("work")
        assert queue.prune(clock.advance(days=1)) == 1
        assert [job.job_id for job in queue.list()] == [kept]

    def test_the_last_request_of_a_kind(self, queue, clock):
        """For what is due once a day."""
        assert queue.last_asked("work") is None
        queue.enqueue("work", params={"n": 1})
        later = clock.advance(hours=1)
        queue.enqueue("work", params={"n": 2})
        assert queue.last_asked("work") == later
