"""Read totals of granules; where something came later than the moment asked for, the changes until then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select

from monitor_core.performance.counts import Counts
from monitor_core.performance.totals import COUNTS, pack_counts
from monitor_core.storage.schema import performance_count, performance_detail, performance_total

if TYPE_CHECKING:
    from collections.abc import Iterable
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
    column = performance_count.c
    found = _pairs(connection.execute(_totals(extent, COUNTS)))
    if extent.as_of is not None:
        wanted = [column.granule, *(column[name] for name in _COUNTED)]
        changes = select(*wanted).select_from(_later(performance_count, COUNTS, extent))
        changes = changes.where(*_within(performance_count, extent), column.recorded_at <= extent.as_of)
        found += [(str(row[0]), pack_counts(row[1:])) for row in connection.execute(changes)]
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
    if extent.as_of is not None:
        column = performance_detail.c
        changes = select(column.granule, column.payload).select_from(_later(performance_detail, kind, extent))
        conditions = (*_within(performance_detail, extent), column.recorded_at <= extent.as_of)
        changes = changes.where(*conditions, column.kind == (change_kind or kind))
        found += _pairs(connection.execute(changes))
    return found


def _pairs(rows: Iterable[Any]) -> list[tuple[str, bytes]]:
    return [(row[0], row[1]) for row in rows]


def _totals(extent: Extent, kind: str) -> Any:
    column = performance_total.c
    query = select(column.granule, column.payload).where(column.kind == kind, *_within(performance_total, extent))
    if extent.as_of is not None:
        query = query.where(column.recorded_at <= extent.as_of)
    return query.order_by(column.granule)


def _later(table: Table, kind: str, extent: Extent) -> Any:
    """Return the changes of granules whose total holds more than was known at the moment."""
    total, column = performance_total.c, table.c
    same = [total[name] == column[name] for name in ("model_id", "version", "segment", "granule")]
    return performance_total.join(
        table,
        and_(*same, total.kind == kind, total.recorded_at > extent.as_of, *_within(performance_total, extent)),
    )


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
