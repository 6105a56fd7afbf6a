"""How well a version did when it was accepted: from a labelled upload, a past span, or as somebody wrote it down."""

from __future__ import annotations

import math
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import delete, func, insert, select, update

from monitor_core.errors import InvalidInput, NotFound, Refused
from monitor_core.performance.baseline_counting import count_upload
from monitor_core.performance.batches import last_words
from monitor_core.performance.counts import Counts
from monitor_core.performance.detail_reading import read_cells, read_scores
from monitor_core.performance.details import CELLS, SCORES, join_parts, pack, part
from monitor_core.performance.results import BaselinePerformance
from monitor_core.performance.store import PerformanceStore
from monitor_core.storage.schema import model_version
from monitor_core.storage.schema import performance_baseline as table
from monitor_core.values import ModelRef

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine, RowMapping

    from monitor_core.clock import Clock
    from monitor_core.performance.coding import CellCoder
    from monitor_core.performance.series import CellCounts, ScoreCounts, Series
    from monitor_core.settings import PerformanceSettings
    from monitor_core.snapshots.roles import Roles
    from monitor_core.snapshots.sources import TableSource
    from monitor_core.storage.trail import Trail

__all__ = ["GIVEN", "BaselineDetails", "BaselineStore"]

GIVEN = ("f1", "precision", "recall", "roc_auc", "average_precision", "brier", "log_loss", "accuracy")
"""Metrics that a bare baseline may name."""
_PIECE = "piece "
_ALL = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class BaselineDetails:
    """The larger parts of a baseline; of one granule, the whole."""

    scores: ScoreCounts | None
    cells: tuple[CellCounts, ...]
    pieces: NDArray[np.int64] | None = None
    """(pieces, 2, 2, SCORE_BINS): labelled rows of an uploaded file, piece by piece; None where there are none."""


class BaselineStore:
    """Keep the baselines of each version, one of them active."""

    def __init__(self, engine: Engine, trail: Trail, now: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._now = now
        self._store = PerformanceStore(engine)

    def from_upload(
        self,
        source: TableSource,
        roles: Roles,
        ref: ModelRef,
        *,
        settings: PerformanceSettings,
        actor: str,
        snapshot_id: str | None = None,
        coder: CellCoder | None = None,
        progress: Callable[[float, str], None] | None = None,
    ) -> BaselinePerformance:
        """Count a labelled upload and keep it as a new, active baseline.

        Every row counts; entity ids and dates are not needed. Rows without a label are left out.

        Raises
        ------
        Refused
            For missing roles, for any bad row, and when no row has a label.
        """
        with self._engine.connect() as connection:
            before = last_words(connection, ref.model_id)
        counted = count_upload(
            source, roles, settings=settings, now=self._now(), before=before, coder=coder, progress=progress
        )
        if not counted.counts.labelled:
            raise Refused(f"{source.name!r} cannot be a baseline", reasons=["no row has a label"])
        payload = _packed(counted.scores, counted.cells, counted.pieces)
        origin: dict[str, Any] = {"snapshot_id": snapshot_id, "file": source.name, "notes": list(counted.notes)}
        if counted.words is not None:
            origin["words"] = [counted.words.negative, counted.words.positive]
        return self._add(ref, origin, actor=actor, counts=counted.counts, payload=payload)

    def from_span(
        self, ref: ModelRef, first: str, last: str, *, as_of: datetime | None = None, actor: str
    ) -> BaselinePerformance:
        """Keep what was counted from granule `first` to `last` as a new, active baseline.

        Raises
        ------
        InvalidInput
            When nothing there is labelled.
        """
        if first > last:
            first, last = last, first
        series = self._store.series(ref, first=first, last=last, as_of=as_of, scores=True, cells=True)
        counts = _total(series)
        if not counts.labelled:
            raise InvalidInput(f"{ref} has no labelled prediction from {first} to {last}")
        payload = _packed(series.scores, series.cells)
        origin: dict[str, Any] = {"first": first, "last": last}
        if as_of is not None:
            origin["as_of"] = as_of.isoformat()
        return self._add(ref, origin, actor=actor, counts=counts, payload=payload)

    def from_values(self, ref: ModelRef, given: Mapping[str, float], *, actor: str) -> BaselinePerformance:
        """Keep bare values as a new, active baseline: its uncertainty is unknown.

        Raises
        ------
        InvalidInput
            For an unknown metric or a value that is not possible.
        """
        if not given:
            raise InvalidInput("a baseline needs at least one value", hint=f"known are {', '.join(GIVEN)}")
        for name, value in given.items():
            _check_given(name, value)
        values = {name: float(value) for name, value in given.items()}
        return self._add(ref, {"given": True}, actor=actor, given=values)

    def list(self, ref: ModelRef) -> tuple[BaselinePerformance, ...]:
        """Return the baselines of a version, the latest first."""
        query = select(table).where(_is(ref)).order_by(table.c.number.desc())
        with self._engine.connect() as connection:
            return tuple(_baseline(row) for row in connection.execute(query).mappings())

    def active_id(self, ref: ModelRef) -> str | None:
        """Return which baseline a version is held against, without reading it."""
        query = select(table.c.baseline_id).where(_is(ref), table.c.is_active)
        with self._engine.connect() as connection:
            return connection.scalar(query)

    def active(self, ref: ModelRef, *, as_of: datetime | None = None) -> BaselinePerformance | None:
        """Return the baseline that a version is compared with; as of an earlier moment, the one that was.

        What was active when stands in the operators' trail. A baseline that was deleted since cannot be had.
        """
        if as_of is None:
            return next((item for item in self.list(ref) if item.is_active), None)
        number = None
        until = as_of + timedelta(microseconds=1)
        told = self._trail.list(action="performance_baseline.", subject=str(ref), until=until, limit=_ALL)
        for record in reversed(told):
            if record.action != "performance_baseline.delete":
                number = record.detail["number"]
            elif record.detail["number"] == number:
                number = None
        return next((item for item in self.list(ref) if item.number == number), None)

    def active_ids(self) -> Mapping[ModelRef, str]:
        """Return the id of every version's active baseline."""
        query = select(table.c.model_id, table.c.version, table.c.baseline_id).where(table.c.is_active)
        with self._engine.connect() as connection:
            return {ModelRef(row.model_id, row.version): row.baseline_id for row in connection.execute(query)}

    def get(self, baseline_id: str) -> BaselinePerformance:
        """Return one baseline; raises `NotFound`."""
        with self._engine.connect() as connection:
            return _baseline(self._row(connection, baseline_id))

    def details(self, baseline_id: str) -> BaselineDetails:
        """Return score histogram, cells and pieces; raises `NotFound`."""
        with self._engine.connect() as connection:
            payload = self._row(connection, baseline_id)["payload"]
        if payload is None:
            return BaselineDetails(None, ())
        scores, cells = part(payload, "scores"), part(payload, "cells")
        return BaselineDetails(
            read_scores([scores], [0], 1) if scores else None,
            read_cells([cells], [0], 1) if cells else (),
            _pieces_in(payload),
        )

    def activate(self, baseline_id: str, *, actor: str) -> BaselinePerformance:
        """Make a baseline the one to compare with."""
        with self._engine.begin() as connection:
            found = _baseline(self._row(connection, baseline_id))
            if not found.is_active:
                _lock(connection, found.ref)
                self._make_active(connection, found.ref, baseline_id)
                self._tell(connection, "performance_baseline.activate", found, actor)
            return _baseline(self._row(connection, baseline_id))

    def delete(self, baseline_id: str, *, actor: str) -> None:
        """Delete a baseline; of a version whose active one is deleted, none is active."""
        with self._engine.begin() as connection:
            found = _baseline(self._row(connection, baseline_id))
            connection.execute(delete(table).where(table.c.baseline_id == baseline_id))
            self._tell(connection, "performance_baseline.delete", found, actor)

    def _add(
        self,
        ref: ModelRef,
        origin: Mapping[str, Any],
        *,
        actor: str,
        counts: Counts | None = None,
        given: Mapping[str, float] | None = None,
        payload: bytes | None = None,
    ) -> BaselinePerformance:
        baseline_id = secrets.token_hex(8)
        with self._engine.begin() as connection:
            _lock(connection, ref)
            number = connection.scalar(select(func.coalesce(func.max(table.c.number), 0) + 1).where(_is(ref)))
            values = {
                "baseline_id": baseline_id,
                "model_id": ref.model_id,
                "version": ref.version,
                "number": number,
                "origin": dict(origin),
                "counts": None if counts is None else asdict(counts),
                "given": None if given is None else dict(given),
                "payload": payload,
                "is_active": False,
                "created_at": self._now(),
                "created_by": actor,
            }
            connection.execute(insert(table), values)
            self._make_active(connection, ref, baseline_id)
            made = _baseline(self._row(connection, baseline_id))
            self._tell(connection, "performance_baseline.add", made, actor)
        return made

    def _make_active(self, connection: Connection, ref: ModelRef, baseline_id: str) -> None:
        connection.execute(update(table).where(_is(ref), table.c.is_active).values(is_active=False))
        connection.execute(update(table).where(table.c.baseline_id == baseline_id).values(is_active=True))

    def _row(self, connection: Connection, baseline_id: str) -> RowMapping:
        row = connection.execute(select(table).where(table.c.baseline_id == baseline_id)).mappings().first()
        if row is None:
            raise NotFound(f"there is no performance baseline {baseline_id!r}")
        return row

    def _tell(self, connection: Connection, action: str, item: BaselinePerformance, actor: str) -> None:
        detail = {"number": item.number, "origin": dict(item.origin)}
        self._trail.record(action, str(item.ref), actor=actor, detail=detail, connection=connection)


def _lock(connection: Connection, ref: ModelRef) -> None:
    """Wait until nobody else changes the baselines of this version; on SQLite a writer is alone anyway."""
    column = model_version.c
    query = select(column.version).where(column.model_id == ref.model_id, column.version == ref.version)
    if connection.scalar(query.with_for_update(key_share=True)) is None:
        raise NotFound(f"there is no model version {ref}", hint="add it first")


def _is(ref: ModelRef) -> Any:
    return (table.c.model_id == ref.model_id) & (table.c.version == ref.version)


def _check_given(name: str, value: float) -> None:
    if name not in GIVEN:
        raise InvalidInput(f"{name!r} is not a metric of a baseline", hint=f"known are {', '.join(GIVEN)}")
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    highest = math.inf if name == "log_loss" else 1.0
    if not is_number or not 0 <= value <= highest:
        raise InvalidInput(
            f"{name} is {value!r}", hint="a number from 0 to 1" if highest == 1 else "a number from 0 on"
        )


def _baseline(row: RowMapping) -> BaselinePerformance:
    return BaselinePerformance(
        baseline_id=row["baseline_id"],
        ref=ModelRef(row["model_id"], row["version"]),
        number=row["number"],
        origin=row["origin"],
        counts=None if row["counts"] is None else Counts(**row["counts"]),
        given=row["given"] or {},
        metrics=(),
        is_active=row["is_active"],
        created_at=row["created_at"],
        created_by=row["created_by"],
    )


def _total(series: Series) -> Counts:
    return Counts(**{name: int(getattr(series, name).sum()) for name in Counts.__dataclass_fields__})


def _packed(
    scores: ScoreCounts | None, cells: tuple[CellCounts, ...], pieces: NDArray[np.int64] | None = None
) -> bytes:
    """Return histogram and cells, added up over their granules, and pieces as they are, as one payload."""
    parts = {"scores": b"" if scores is None else _pack_scores(scores.made, scores.labelled)}
    parts["cells"] = _pack_cells(cells)
    for place, piece in enumerate(() if pieces is None else pieces[:, None]):
        parts[f"{_PIECE}{place}"] = _pack_scores(piece.sum(axis=2), piece)
    return join_parts(parts)


def _pieces_in(payload: bytes) -> NDArray[np.int64] | None:
    found: list[bytes] = []
    while one := part(payload, f"{_PIECE}{len(found)}"):
        found.append(one)
    return read_scores(found, range(len(found)), len(found)).labelled if found else None


def _pack_scores(made: NDArray[np.int64], labelled: NDArray[np.int64]) -> bytes:
    counts = np.concatenate([made.sum(axis=0).ravel(), labelled.sum(axis=0).ravel()])
    codes = np.flatnonzero(counts)
    records = np.empty(codes.size, SCORES)
    records["code"], records["count"] = codes, counts[codes]
    return pack(records) if codes.size else b""


def _pack_cells(cells: tuple[CellCounts, ...]) -> bytes:
    parts: list[NDArray[np.void]] = []
    for place, item in enumerate(cells):
        counts = item.counts.sum(axis=0)
        cell, outcome = np.nonzero(counts)
        records = np.empty(cell.size, CELLS)
        records["feature"], records["cell"] = place, cell
        records["outcome"], records["count"] = outcome, counts[cell, outcome]
        parts.append(records)
    features = [[item.feature, list(item.labels)] for item in cells]
    return pack(np.concatenate(parts), {"features": features}) if parts else b""
