"""Dropping what is past its time."""

from datetime import timedelta

import pytest

from monitor_core.jobs.pruning import chores, prune_all
from monitor_core.jobs.queue import JobQueue
from monitor_core.runtime import open_services
from monitor_core.settings import load


@pytest.fixture
def services(tmp_path, clock):
    with open_services(load(environ={}, arguments={"data_dir": tmp_path}), now=clock) as opened:
        yield opened


def test_it_is_asked_for_once_a_day(services, clock):
    """Also when the worker looks every few seconds."""
    queue = JobQueue(services.engine, services.now)
    for _ in range(3):
        chores(services, queue)
        clock.advance(hours=11)
        if job := queue.claim("me"):
            queue.finish(job)
    assert len(queue.list()) == 1
    chores(services, queue)
    assert len(queue.list()) == 2


def test_finished_jobs_go_after_their_days(services, clock):
    """Those that wait stay."""
    queue = JobQueue(services.engine, services.now)
    queue.enqueue("work")
    queue.finish(queue.claim("me"))
    queue.enqueue("other")
    clock.advance(days=services.settings.retention.jobs_days)
    assert prune_all(services)["jobs"] == 0
    clock.moment += timedelta(seconds=1)
    assert prune_all(services)["jobs"] == 1
    assert [job.kind for job in queue.list()] == ["other"]
