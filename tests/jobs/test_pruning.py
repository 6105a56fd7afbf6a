"""Dropping what is past its time."""

from datetime import timedelta

import pytest

from monitor_core.jobs.pruning import chores, prune_all
from monitor_core.jobs.queue import JobQueue
from monitor_core.performance.store import PerformanceStore
from monitor_core.runtime import open_services
from monitor_core.settings import load
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.sources import open_source
from monitor_core.values import ModelRef


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


def test_single_rows_go_by_the_setting_of_their_model(services, clock):
    """The counts they led to stay."""
    services.models.add("churn", version="1", actor="ann")
    services.models.set_thresholds("churn", {"keep_events_days": 10}, actor="ann")
    ref = ModelRef("churn", "1")
    services.deliveries.take_in(
        open_source({"id": ["a"], "when": ["2026-11-01"], "predicted": [1], "label": [1]}),
        Roles(
            (
                ("id", Role.ENTITY_ID),
                ("when", Role.TIMESTAMP),
                ("predicted", Role.PREDICTION),
                ("label", Role.LABEL),
            )
        ),
        ref,
        kind="labelled",
        granularity=services.models.get("churn").granularity,
        settings=services.settings.performance,
        idempotency_key="k",
        actor="ann",
    )
    clock.advance(days=10)
    assert prune_all(services)["closed_granules"] == 0
    clock.advance(days=1)
    assert prune_all(services)["closed_granules"] == 1
    store = PerformanceStore(services.engine)
    assert (store.rows(ref).num_rows, store.series(ref).true_positives.tolist()) == (0, [1])
