"""Read totals of granules; where something came later than the moment asked for, the changes until then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from monitor_core.performance.counts import Counts
from monitor_core.performance.totals import COUNTS, pack_counts
from monitor_core.storage.schema import performance_count, performance_detail, performance_total

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Table

    from monitor_core.values import ModelRef

__all__ = ["Extent", "read_counted", "read_payloads"]

_COUNTED = tuple(Counts.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Extent:
    """What is read: a version and segment, granules from `first` to `last`, as known at a moment."""

    ref: ModelRef
    segment: str = ""
    as_of: datetime | None = None
    first: str | None = None
    last: str | None = None


def read_counted(connection: Connection, extent: Extent) -> list[tuple[str, bytes]]:
    """Return granule and counts, as `totals.pack_counts` makes them; several of one granule add up."""
    found = _pairs(connection.execute(_totals(extent, COUNTS)))
    later = _later(connection, extent, COUNTS)
    if later:
        column = performance_count.c
        query = select(column.granule, *(column[name] for name in _COUNTED))
        rows = connection.execute(query.where(*_known(performance_count, extent, later))).all()
        found += [(row[0], pack_counts(row[1:])) for row in rows if row[0] in later]
    return found


def read_payloads(
    connection: Connection, extent: Extent, kind: str, *, change_kind: str | None = None
) -> list[tuple[str, bytes]]:
    """Return granule and payload of a kind of details; several of one granule add up.

    Parameters
    ----------
    change_kind
        The kind of the changes that such a total is made of, where it is another.
    """
    found = _pairs(connection.execute(_totals(extent, kind)))
    later = _later(connection, extent, kind)
    if later:
        column = performance_detail.c
        query = select(column.granule, column.payload).where(column.kind == (change_kind or kind))
        changes = _pairs(connection.execute(query.where(*_known(performance_detail, extent, later))))
        found += [change for change in changes if change[0] in later]
    return found


def _pairs(result: Any) -> list[tuple[str, bytes]]:
    return [(row[0], row[1]) for row in result.all()]


def _totals(extent: Extent, kind: str) -> Any:
    column = performance_total.c
    query = select(column.granule, column.payload).where(column.kind == kind, *_within(performance_total, extent))
    if extent.as_of is not None:
        query = query.where(column.recorded_at <= extent.as_of)
    return query.order_by(column.granule)


def _later(connection: Connection, extent: Extent, kind: str) -> frozenset[str]:
    """Return the granules whose total holds more than was known at the moment."""
    if extent.as_of is None:
        return frozenset()
    column = performance_total.c
    query = select(column.granule).where(column.kind == kind, *_within(performance_total, extent))
    return frozenset(connection.scalars(query.where(column.recorded_at > extent.as_of)))


def _known(table: Table, extent: Extent, granules: frozenset[str]) -> list[ColumnElement[bool]]:
    """Return what tells the changes by the moment that reach from the first of some granules to the last."""
    inside = replace(extent, first=min(granules), last=max(granules))
    return [*_within(table, inside), table.c.recorded_at <= extent.as_of]


def _within(table: Table, extent: Extent) -> list[ColumnElement[bool]]:
    column = table.c
    conditions = [
        column.model_id == extent.ref.model_id,
        column.version == extent.ref.version,
        column.segment == extent.segment,
    ]
    if extent.first is not None:
        conditions.append(column.granule >= extent.first)
    if extent.last is not None:
        conditions.append(column.granule <= extent.last)
    return conditions
