"""Drop what is older than the settings keep, once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from monitor_core.jobs.queue import JobQueue
from monitor_core.performance.retention import drop_events
from monitor_core.storage import retention

if TYPE_CHECKING:
    from monitor_core.runtime import Services

__all__ = ["chores", "prune_all"]

PRUNE_EVERY = timedelta(days=1)


def prune_all(services: Services) -> dict[str, int]:
    """Drop what is past its time: uploads, kept rows, runs, samples, jobs, single rows; return how many of each."""
    now, kept = services.now(), services.settings.retention
    pruned = services.snapshots.prune(now)
    dropped = retention.prune(services.engine, kept, now)
    jobs = JobQueue(services.engine, services.now).prune(now - timedelta(days=kept.jobs_days))
    return {
        "expired_uploads": len(pruned.expired),
        "kept_rows": len(pruned.kept_rows),
        "leftovers": len(pruned.leftovers),
        "runs": dropped.runs,
        "samples": dropped.samples,
        "jobs": jobs,
        "closed_granules": _drop_events(services),
    }


def _drop_events(services: Services) -> int:
    """Drop single predictions and labels, by each model's own setting; return how many granules were closed."""
    return sum(
        drop_events(
            services.engine,
            model.model_id,
            keep_days=model.performance_settings(services.settings.performance).keep_events_days,
            now=services.now(),
        )
        for model in services.models.list(archived=True)
    )


def chores(services: Services, queue: JobQueue) -> None:
    """Ask for the daily pruning when it is due."""
    last = queue.last_asked("prune")
    if last is None or services.now() - last >= PRUNE_EVERY:
        queue.enqueue("prune", requested_by="schedule")
