"""What the database holds of a model's performance: counts by granule as known at any moment, deliveries, rows."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import exists, func, select

from monitor_core.errors import NotFound
from monitor_core.performance.batches import corrections_in, counted_segments, read_batch
from monitor_core.performance.counts import Counts
from monitor_core.performance.detail_reading import (
    read_cells,
    read_delays,
    read_entities,
    read_sampled,
    read_scores,
    sum_scores,
)
from monitor_core.performance.row_reading import read_rows
from monitor_core.performance.series import Series
from monitor_core.performance.totals import SAMPLE
from monitor_core.performance.totals_reading import Extent, read_counted, read_payloads
from monitor_core.storage.schema import (
    model_version,
    performance_batch,
    performance_count,
    performance_detail,
    performance_pair,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa
    from numpy.typing import NDArray
    from sqlalchemy import ColumnElement, Connection, Engine, Table

    from monitor_core.performance.results import Batch, Correction
    from monitor_core.performance.series import EntityClusters, ScoreCounts
    from monitor_core.values import ModelRef

__all__ = ["PerformanceStore"]

_COUNTED = tuple(field.name for field in fields(Counts))
_SAMPLED_FROM = 60
"""Granules from which on samples (64 entities of each) are likely to hold more than the 2,000 that are followed."""


class PerformanceStore:
    """Read counts, deliveries and rows; nothing is computed here.

    ``as_of`` is the moment as of which things were known: what was recorded later is not seen. None is now.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def series(
        self,
        ref: ModelRef,
        *,
        segment: str = "",
        as_of: datetime | None = None,
        first: str | None = None,
        last: str | None = None,
        scores: bool = False,
        entities: bool = False,
        delays: bool = False,
        cells: bool = False,
    ) -> Series:
        """Return the counts of a version by granule, from `first` to `last` (both included; None: no bound).

        Entities, delays and cells are kept for the whole (``segment=""``) only.
        """
        extent = Extent(ref, segment, as_of, first, last)
        with self._engine.connect() as connection:
            granules, counts = _counted(read_counted(connection, extent))
            inside = replace(extent, first=granules[0], last=granules[-1]) if granules else extent

            def payloads(kind: str) -> tuple[list[bytes], list[int]]:
                return _placed(read_payloads(connection, inside, kind) if granules else [], granules)

            return Series(
                granules,
                **counts,
                scores=read_scores(*payloads("scores"), len(granules)) if scores else None,
                entities=_entities(connection, inside, granules) if entities else None,
                delays=read_delays(*payloads("delays"), len(granules)) if delays else None,
                cells=read_cells(*_cells(connection, inside, granules), len(granules)) if cells else (),
            )

    def entities(self, ref: ModelRef, granules: Sequence[str], *, as_of: datetime | None = None) -> EntityClusters:
        """Return the sampled entities of some granules of the whole, in order of time, without gaps."""
        extent = Extent(ref, "", as_of, *((granules[0], granules[-1]) if granules else ()))
        with self._engine.connect() as connection:
            return _entities(connection, extent, granules)

    def scores(
        self, ref: ModelRef, first: str, last: str, *, segment: str = "", as_of: datetime | None = None
    ) -> ScoreCounts:
        """Return the scores from granule `first` to `last` (both included) added up, as those of one granule."""
        with self._engine.connect() as connection:
            found = read_payloads(connection, Extent(ref, segment, as_of, first, last), "scores")
        return sum_scores([payload for _, payload in found])

    def segments(self, ref: ModelRef) -> tuple[str, ...]:
        """Return the segment values that are counted, without the whole."""
        with self._engine.connect() as connection:
            return counted_segments(connection, ref.model_id, [ref.version])

    def versions(self, model_id: str) -> tuple[str, ...]:
        """Return the versions that have predictions, by name."""
        known, column = model_version.c, performance_count.c
        counted = exists().where(column.model_id == known.model_id, column.version == known.version)
        query = select(known.version).where(known.model_id == model_id, counted).order_by(known.version)
        with self._engine.connect() as connection:
            return tuple(connection.scalars(query))

    def batches(self, model_id: str, *, limit: int = 50) -> tuple[Batch, ...]:
        """Return the deliveries, the latest first."""
        column = performance_batch.c
        query = select(performance_batch).where(column.model_id == model_id).order_by(column.recorded_at.desc())
        with self._engine.connect() as connection:
            return tuple(read_batch(row) for row in connection.execute(query.limit(limit)).mappings())

    def latest(self) -> Mapping[str, datetime]:
        """Return when each model's latest delivery was recorded; models without any are left out."""
        column = performance_batch.c
        query = select(column.model_id, func.max(column.recorded_at)).group_by(column.model_id)
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def batch(self, batch_id: str) -> Batch:
        """Return one delivery; raises `NotFound`."""
        query = select(performance_batch).where(performance_batch.c.batch_id == batch_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"there is no delivery {batch_id!r}")
        return read_batch(row)

    def of_uploads(self, model_id: str) -> dict[str, Batch]:
        """Return by upload what its rows became; an upload of features alone has no delivery."""
        column = performance_batch.c
        query = select(performance_batch).where(column.model_id == model_id, column.snapshot_id.is_not(None))
        with self._engine.connect() as connection:
            return {row["snapshot_id"]: read_batch(row) for row in connection.execute(query).mappings()}

    def corrections(
        self, model_id: str, *, version: str | None = None, as_of: datetime | None = None, limit: int = 50
    ) -> tuple[Correction, ...]:
        """Return what later deliveries changed of what was known, the latest first."""
        column = performance_batch.c
        query = select(performance_batch).where(column.model_id == model_id, column.n_corrections > 0)
        if as_of is not None:
            query = query.where(column.recorded_at <= as_of)
        found: list[Correction] = []
        with self._engine.connect() as connection:
            for row in connection.execute(query.order_by(column.recorded_at.desc()).limit(limit)).mappings():
                listed = corrections_in(read_batch(row))
                found += [item for item in listed if version in (None, item.version)]
                if len(found) >= limit:
                    break
        return tuple(found[:limit])

    def pairs(
        self,
        model_id: str,
        a: str,
        b: str,
        *,
        as_of: datetime | None = None,
        first: str | None = None,
        last: str | None = None,
    ) -> NDArray[np.int64]:
        """Return eight counts of labelled rows that both versions predicted, at ``4 * label + 2 * a + b``."""
        column = performance_pair.c
        lesser, greater = sorted((a, b))
        query = select(column.counts).where(
            column.model_id == model_id,
            column.version_a == lesser,
            column.version_b == greater,
            *_within(performance_pair, as_of, first, last),
        )
        with self._engine.connect() as connection:
            rows = list(connection.scalars(query))
        counts = np.array(rows, np.int64).reshape(-1, 8).sum(axis=0)
        return np.asarray(counts if a <= b else counts[[0, 2, 1, 3, 4, 6, 5, 7]], np.int64)

    def rows(
        self,
        ref: ModelRef,
        *,
        first: str | None = None,
        last: str | None = None,
        as_of: datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return the latest state of each prediction, as long as single rows are kept.

        Columns: ``granule, entity, key, moment, predicted`` (int8), ``score`` (null where there is none), ``segment``,
        ``label`` (int8, null while unknown), and ``cell:<feature>`` (text, as a dictionary) for each coded feature.

        Parameters
        ----------
        columns
            Only these; ``cell:`` stands for those of all coded features. Fewer columns are read faster.
        """
        with self._engine.connect() as connection:
            return read_rows(connection, ref, first=first, last=last, as_of=as_of, columns=columns)


def _counted(found: Sequence[tuple[str, bytes]]) -> tuple[tuple[str, ...], dict[str, NDArray[np.int64]]]:
    """Granules that have predictions, in order, and counts by name."""
    table = np.frombuffer(b"".join(payload for _, payload in found), "<i8").reshape(-1, len(_COUNTED))
    names = sorted({granule for granule, _ in found})
    if len(names) < len(found):  # some are sums of changes
        place = {name: index for index, name in enumerate(names)}
        changes, table = table, np.zeros((len(names), len(_COUNTED)), np.int64)
        np.add.at(table, [place[granule] for granule, _ in found], changes)
    elif [granule for granule, _ in found] != names:
        table = table[np.argsort([granule for granule, _ in found])]
    kept = np.flatnonzero(table[:, _COUNTED.index("predictions")])
    columns = np.ascontiguousarray(table[kept].T)
    return tuple(names[place] for place in kept.tolist()), dict(zip(_COUNTED, columns, strict=True))


def _placed(found: Sequence[tuple[str, bytes]], granules: Sequence[str]) -> tuple[list[bytes], list[int]]:
    """Payloads of those granules, and the place of the granule of each."""
    place = {granule: index for index, granule in enumerate(granules)}
    kept = [(payload, place[granule]) for granule, payload in found if granule in place]
    return [payload for payload, _ in kept], [index for _, index in kept]


def _entities(connection: Connection, extent: Extent, granules: Sequence[str]) -> EntityClusters:
    if not granules:
        return read_entities([], [])
    if len(granules) >= _SAMPLED_FROM:
        found = read_payloads(connection, extent, SAMPLE, change_kind="entities")
        if (sampled := read_sampled(*_placed(found, granules))) is not None:
            return sampled
    return read_entities(*_placed(read_payloads(connection, extent, "entities"), granules))


def _cells(connection: Connection, extent: Extent, granules: Sequence[str]) -> tuple[list[bytes], list[int]]:
    """Cells are not added up beforehand: few ask for them, and of few granules."""
    column = performance_detail.c
    query = select(column.granule, column.payload).where(
        column.model_id == extent.ref.model_id,
        column.version == extent.ref.version,
        column.segment == extent.segment,
        column.kind == "cells",
        *_within(performance_detail, extent.as_of, extent.first, extent.last),
    )
    found = [(row.granule, row.payload) for row in connection.execute(query)] if granules else []
    return _placed(found, granules)


def _within(table: Table, as_of: datetime | None, first: str | None, last: str | None) -> list[ColumnElement[bool]]:
    column = table.c
    conditions: list[ColumnElement[bool]] = []
    if as_of is not None:
        conditions.append(column.recorded_at <= as_of)
    if first is not None:
        conditions.append(column.granule >= first)
    if last is not None:
        conditions.append(column.granule <= last)
    return conditions
