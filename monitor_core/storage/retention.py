"""Drop results and samples that are older than the settings keep, a few rows a transaction.

SQLite reuses the space of dropped rows but does not give it back to the disk; ``VACUUM`` does, on a stopped app.
PostgreSQL's autovacuum sees to it by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, tuple_

from monitor_core.storage.schema import baseline, drift_run, drift_sample, snapshot

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from monitor_core.settings import RetentionSettings

__all__ = ["Dropped", "prune"]

_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many of each were dropped."""

    runs: int = 0
    samples: int = 0
    """Granules whose sampled rows are gone."""


def prune(engine: Engine, keep: RetentionSettings, now: datetime) -> Dropped:
    """Drop runs and sampled rows past their time.

    The latest run of each model version stays, whatever its age, and so do the samples of uploads that a baseline was
    made of: without them the multivariate check has nothing to compare with.
    """
    runs = _drop_runs(engine, now - timedelta(days=keep.runs_days)) if keep.runs_days else 0
    samples = _drop_samples(engine, now - timedelta(days=keep.samples_days)) if keep.samples_days else 0
    return Dropped(runs, samples)


def _drop_runs(engine: Engine, before: datetime) -> int:
    column = drift_run.c
    by_version = select(column.model_id, column.version, func.max(column.created_at)).group_by(
        column.model_id, column.version
    )
    is_latest = tuple_(column.model_id, column.version, column.created_at).in_(by_version)
    query = select(column.run_id).where(column.created_at < before, ~is_latest)
    dropped = 0
    while True:
        with engine.begin() as connection:
            found = connection.scalars(query.order_by(column.created_at).limit(_AT_ONCE)).all()
            if not found:
                return dropped
            connection.execute(delete(drift_run).where(column.run_id.in_(found)))
            dropped += len(found)


def _drop_samples(engine: Engine, before: datetime) -> int:
    """Drop by the age of the upload; `origin` of a baseline names the upload that it was made of."""
    column = drift_sample.c
    dropped = 0
    while True:
        with engine.begin() as connection:
            origins = connection.scalars(select(baseline.c.origin)).all()
            needed = [origin["snapshot_id"] for origin in origins if "snapshot_id" in origin]
            query = (
                select(column.snapshot_id, column.granule)
                .join(snapshot, snapshot.c.snapshot_id == column.snapshot_id)
                .where(snapshot.c.uploaded_at < before, column.snapshot_id.not_in(needed))
                .limit(_AT_ONCE)
            )
            found = connection.execute(query).all()
            if not found:
                return dropped
            keys = [(row.snapshot_id, row.granule) for row in found]
            connection.execute(delete(drift_sample).where(tuple_(column.snapshot_id, column.granule).in_(keys)))
            dropped += len(keys)
