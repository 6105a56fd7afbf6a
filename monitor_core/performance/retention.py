"""Drop single predictions and labels past their time; the counts they led to stay."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from monitor_core.performance.batches import lock_model
from monitor_core.storage.schema import performance_closed, performance_event

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine

__all__ = ["drop_events"]

_PREDICTING = ("prediction", "labelled")
_AT_ONCE = 20


def drop_events(engine: Engine, model_id: str, *, keep_days: int, now: datetime) -> int:
    """Drop the single rows of granules whose latest prediction was recorded more than `keep_days` ago.

    Such a granule is closed: its counts are final, and late labels or predictions for it are refused with that reason.
    Labels that wait for a prediction are dropped at the same age.

    Parameters
    ----------
    keep_days
        0 keeps everything.

    Returns
    -------
    int
        Granules that were closed.
    """
    if not keep_days:
        return 0
    before = now - timedelta(days=keep_days)
    closed = 0
    while True:
        with engine.begin() as connection:
            lock_model(connection, model_id)
            found = _outdated(connection, model_id, before)
            if not found:
                _drop_waiting(connection, model_id, before)
                return closed
            of_granules = (performance_event.c.model_id == model_id) & performance_event.c.granule.in_(found)
            connection.execute(delete(performance_event).where(of_granules))
            rows = [{"model_id": model_id, "granule": granule, "closed_at": now} for granule in found]
            connection.execute(insert(performance_closed), rows)
            closed += len(found)


def _outdated(connection: Connection, model_id: str, before: datetime) -> list[str]:
    column = performance_event.c
    query = (
        select(column.granule)
        .where(column.model_id == model_id, column.kind.in_(_PREDICTING))
        .group_by(column.granule)
        .having(func.max(column.recorded_at) < before)
        .order_by(column.granule)
        .limit(_AT_ONCE)
    )
    return list(connection.scalars(query))


def _drop_waiting(connection: Connection, model_id: str, before: datetime) -> None:
    """Drop old labels of granules that no prediction was ever recorded for."""
    column = performance_event.c
    predicted = select(column.granule).where(column.model_id == model_id, column.kind.in_(_PREDICTING))
    connection.execute(
        delete(performance_event).where(
            column.model_id == model_id, column.recorded_at < before, column.granule.not_in(predicted)
        )
    )
