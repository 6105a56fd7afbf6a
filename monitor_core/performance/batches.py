"""The list of deliveries in the database, and what each did."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from monitor_core.errors import NotFound
from monitor_core.performance.binary import USUAL, Words
from monitor_core.performance.counts import Counts
from monitor_core.performance.results import Batch, Correction
from monitor_core.storage.schema import model as model_table
from monitor_core.storage.schema import performance_baseline as baseline_table
from monitor_core.storage.schema import performance_batch as table
from monitor_core.storage.schema import performance_closed, performance_count
from monitor_core.values import ModelRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection, RowMapping

__all__ = [
    "add",
    "corrections_in",
    "counted_segments",
    "last_words",
    "lock_model",
    "next_moment",
    "read_batch",
    "repeated",
    "state_of",
]


def lock_model(connection: Connection, model_id: str) -> None:
    """Wait until no other delivery of this model is written, and keep others waiting.

    On SQLite a writing transaction is alone anyway.
    """
    query = select(model_table.c.model_id).where(model_table.c.model_id == model_id)
    if connection.scalar(query.with_for_update(key_share=True)) is None:
        raise NotFound(f"there is no model {model_id!r}", hint="it may have been deleted meanwhile")


def next_moment(connection: Connection, model_id: str, now: datetime) -> datetime:
    """Return the moment to record a delivery at: later than that of every earlier one, even on a clock set back."""
    latest = connection.scalar(select(func.max(table.c.recorded_at)).where(table.c.model_id == model_id))
    return now if latest is None else max(now, latest + timedelta(microseconds=1))


def counted_segments(connection: Connection, model_id: str, versions: Iterable[str]) -> tuple[str, ...]:
    """Return the segment values that are counted of some versions, in order."""
    found: set[str] = set()
    for version in versions:
        found |= {*_segments_of(connection, ModelRef(model_id, version))}
    return tuple(sorted(found))


def _segments_of(connection: Connection, ref: ModelRef) -> Iterator[str]:
    """Go from value to value through the index: there are few, and each may have years of counts."""
    column, latest = performance_count.c, ""
    while True:
        query = select(func.min(column.segment)).where(
            column.model_id == ref.model_id, column.version == ref.version, column.segment > latest
        )
        following = connection.scalar(query)
        if following is None:
            return
        latest = str(following)
        yield latest


def repeated(connection: Connection, model_id: str, idempotency_key: str) -> Batch | None:
    """Return the first answer to a delivery that came before."""
    query = select(table).where(table.c.model_id == model_id, table.c.idempotency_key == idempotency_key)
    row = connection.execute(query).mappings().first()
    return None if row is None else replace(read_batch(row), is_repeat=True)


def state_of(connection: Connection, model_id: str) -> tuple[object, ...]:
    """Return what changes whenever something is recorded about a model, or dropped of it."""
    recorded = select(func.max(table.c.recorded_at)).where(table.c.model_id == model_id)  # it rises with each delivery
    closed = select(func.count()).select_from(performance_closed).where(performance_closed.c.model_id == model_id)
    return connection.scalar(recorded), connection.scalar(closed)


def add(connection: Connection, batch: Batch, *, idempotency_key: str, snapshot_id: str | None) -> None:
    """Write a delivery down, before the events that refer to it."""
    values = _values(batch)
    connection.execute(insert(table), {**values, "idempotency_key": idempotency_key, "snapshot_id": snapshot_id})


def _values(batch: Batch) -> dict[str, Any]:
    values = asdict(batch)
    del values["is_repeat"]
    return {**values, "reasons": list(batch.reasons), "effect": dict(batch.effect)}


def read_batch(row: RowMapping) -> Batch:
    """Return one row of the table as a result."""
    values = {name: row[name] for name in _FIELDS}
    return Batch(**{**values, "reasons": tuple(row["reasons"])})


_FIELDS = tuple(name for name in Batch.__dataclass_fields__ if name != "is_repeat")


def last_words(connection: Connection, model_id: str) -> Words | None:
    """Return the words for the two classes in the latest delivery, else baseline, that had any.

    None before the first delivery, and `binary.USUAL` when all deliveries so far came in the usual words.
    """
    for part, held in ((table, table.c.effect), (baseline_table, baseline_table.c.origin)):
        time = part.c.recorded_at if part is table else part.c.created_at
        query = select(held["words"]).where(part.c.model_id == model_id, held["words"].as_string().is_not(None))
        if (found := connection.scalar(query.order_by(time.desc()).limit(1))) is not None:
            return Words(*found)
    first = select(table.c.batch_id).where(table.c.model_id == model_id).limit(1)
    return None if connection.scalar(first) is None else USUAL


def corrections_in(batch: Batch) -> Iterator[Correction]:
    """Yield what a delivery corrected, by version and granule."""
    listed: Any = batch.effect.get("corrected", ())
    for version, granule, rows, before, after in listed:
        earlier, later = Counts(**before), Counts(**after)
        yield Correction(
            batch_id=batch.batch_id,
            recorded_at=batch.recorded_at,
            recorded_by=batch.recorded_by,
            version=version,
            granule=granule,
            rows=rows,
            before=earlier,
            after=later,
            f1_before=_f1(earlier),
            f1_after=_f1(later),
        )


def _f1(counts: Counts) -> float | None:
    if not counts.relevant:
        return None
    return 2 * counts.true_positives / (counts.true_positives + counts.relevant)
