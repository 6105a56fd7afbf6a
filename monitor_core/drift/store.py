"""Grids and baselines in the database. Writing methods take the transaction of the use case."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from monitor_core.drift.baseline import Baseline
from monitor_core.drift.grid import Grid
from monitor_core.drift.recent import Recent
from monitor_core.errors import NotFound
from monitor_core.storage.schema import baseline as table
from monitor_core.storage.schema import baseline_block, drift_grid, drift_run, model_version
from monitor_core.values import ModelRef

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Engine, RowMapping

__all__ = ["BaselineInfo", "BaselineStore"]


@dataclass(frozen=True, slots=True)
class BaselineInfo:
    """One stored baseline, as lists show it."""

    baseline_id: str
    ref: ModelRef
    number: int
    """1, 2, 3 ... within the model version."""
    kind: str
    """``fixed``, ``rolling`` or ``same_weekday``."""
    origin: Mapping[str, Any]
    """``{"snapshot_id": ...}`` of an upload, or ``{"first": ..., "last": ...}`` of a range of granules."""
    grid_id: str
    sha256: str
    n_rows: int
    n_features: int
    n_granules: int
    first_granule: str | None
    last_granule: str | None
    segment_column: str
    is_active: bool
    created_at: datetime
    created_by: str

    @property
    def name(self) -> str:
        """How messages call it: ``baseline 2 of churn 1.0``."""
        return f"baseline {self.number} of {self.ref}"


class BaselineStore:
    """Keep grids and baselines."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._grids: Recent[str, Grid] = Recent(4)
        self._baselines: Recent[str, Baseline] = Recent(2)

    def lock(self, connection: Connection, ref: ModelRef) -> None:
        """Wait until nobody else changes the baselines of this model version, and keep others waiting.

        On SQLite a writing transaction is alone anyway.
        """
        column = model_version.c
        query = select(column.version).where(column.model_id == ref.model_id, column.version == ref.version)
        if connection.scalar(query.with_for_update()) is None:
            raise NotFound(f"there is no model version {ref}", hint="it may have been deleted meanwhile")

    def add_grid(self, connection: Connection, ref: ModelRef, grid: Grid, *, at: datetime) -> str:
        """Keep a grid for a model version and return its id there; one that is kept already is found again."""
        self.lock(connection, ref)
        # The same file may be the baseline of two versions: each has a grid of its own, deleted with it.
        grid_id = sha256(f"{ref}\0{grid.grid_id}".encode()).hexdigest()
        if connection.scalar(select(drift_grid.c.grid_id).where(drift_grid.c.grid_id == grid_id)) is None:
            row = {"grid_id": grid_id, **_key(ref), "payload": grid.payload, "created_at": at}
            connection.execute(insert(drift_grid), row)
        return grid_id

    def grid(self, grid_id: str, *, connection: Connection | None = None) -> Grid:
        """Return a grid, read once: summaries on the same object need no comparison of hashes."""

        def read() -> Grid:
            payload = self._scalar(select(drift_grid.c.payload).where(drift_grid.c.grid_id == grid_id), connection)
            if payload is None:
                raise NotFound(f"there is no drift grid {grid_id[:12]}")
            return Grid.from_bytes(payload)

        return self._grids.get(grid_id, read)

    def add(
        self,
        connection: Connection,
        ref: ModelRef,
        made: Baseline,
        *,
        grid_id: str,
        kind: str,
        origin: Mapping[str, Any],
        at: datetime,
        actor: str,
    ) -> BaselineInfo:
        """Keep a baseline under the next number; the first of a model version becomes the active one."""
        self.lock(connection, ref)
        mine = (table.c.model_id == ref.model_id) & (table.c.version == ref.version)
        number = (connection.scalar(select(func.max(table.c.number)).where(mine)) or 0) + 1
        has_active = connection.scalar(select(table.c.baseline_id).where(mine, table.c.is_active)) is not None
        row = {
            "baseline_id": secrets.token_hex(8),
            **_key(ref),
            "number": number,
            "kind": kind,
            "origin": dict(origin),
            "grid_id": grid_id,
            "sha256": made.sha256,
            "n_rows": made.n_rows,
            "n_features": len(made.grid.features),
            "n_granules": len(made.granules),
            "first_granule": made.first_granule,
            "last_granule": made.last_granule,
            "segment_column": made.grid.segment_column,
            "is_active": not has_active,
            "created_at": at,
            "created_by": actor,
        }
        connection.execute(insert(table), row)
        for segment, block, payload in made.blocks():
            connection.execute(
                insert(baseline_block),
                {"baseline_id": row["baseline_id"], "segment": segment, "block": block, "payload": payload},
            )
        return _info(row)

    def list(self, ref: ModelRef) -> tuple[BaselineInfo, ...]:
        """Return the baselines of a model version, the newest first."""
        mine = (table.c.model_id == ref.model_id) & (table.c.version == ref.version)
        with self._engine.connect() as connection:
            rows = connection.execute(select(table).where(mine).order_by(table.c.number.desc())).mappings()
            return tuple(_info(row) for row in rows)

    def info(self, baseline_id: str, *, connection: Connection | None = None) -> BaselineInfo:
        """Return what is known about one baseline; raises `NotFound`."""
        query = select(table).where(table.c.baseline_id == baseline_id)
        if connection is None:
            with self._engine.connect() as own:
                row = own.execute(query).mappings().first()
        else:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"there is no baseline {baseline_id!r}")
        return _info(row)

    def active(self, ref: ModelRef) -> BaselineInfo | None:
        """Return the active baseline of a model version, if there is one."""
        return next((info for info in self.list(ref) if info.is_active), None)

    def made_from(self, connection: Connection, snapshot_id: str, ref: ModelRef) -> BaselineInfo | None:
        """Return the baseline that an upload became, if it did."""
        mine = (table.c.model_id == ref.model_id) & (table.c.version == ref.version)
        rows = connection.execute(select(table).where(mine)).mappings()
        return next((_info(row) for row in rows if row["origin"].get("snapshot_id") == snapshot_id), None)

    def load(self, info: BaselineInfo) -> Baseline:
        """Return the baseline itself, read once: it never changes."""

        def read() -> Baseline:
            column = baseline_block.c
            query = select(column.segment, column.block, column.payload).where(column.baseline_id == info.baseline_id)
            with self._engine.connect() as connection:
                grid = self.grid(info.grid_id, connection=connection)
                rows = connection.execute(query)
                return Baseline.from_blocks(grid, ((row.segment, row.block, row.payload) for row in rows))

        return self._baselines.get(info.baseline_id, read)

    def load_block(self, info: BaselineInfo, number: int, *, connection: Connection) -> Baseline:
        """Return one block of features of a baseline, on ``grid.block(number)``: enough to show one feature."""
        column = baseline_block.c
        query = select(column.segment, column.payload).where(
            column.baseline_id == info.baseline_id, column.block == number
        )
        grid = self.grid(info.grid_id, connection=connection).block(number)
        return Baseline.from_blocks(grid, ((row.segment, 0, row.payload) for row in connection.execute(query)))

    def activate(self, connection: Connection, info: BaselineInfo) -> None:
        """Make one baseline the active one of its model version, in place of another."""
        self.lock(connection, info.ref)
        mine = (table.c.model_id == info.ref.model_id) & (table.c.version == info.ref.version)
        connection.execute(update(table).where(mine, table.c.is_active).values(is_active=False))
        connection.execute(update(table).where(table.c.baseline_id == info.baseline_id).values(is_active=True))

    def delete(self, connection: Connection, info: BaselineInfo) -> None:
        """Delete a baseline with its runs, and its grid with everything counted on it when no other one uses it."""
        connection.execute(delete(drift_run).where(drift_run.c.baseline_id == info.baseline_id))
        connection.execute(delete(table).where(table.c.baseline_id == info.baseline_id))
        if connection.scalar(select(func.count()).select_from(table).where(table.c.grid_id == info.grid_id)) == 0:
            connection.execute(delete(drift_grid).where(drift_grid.c.grid_id == info.grid_id))

    def _scalar(self, query: Any, connection: Connection | None) -> Any:
        if connection is not None:
            return connection.scalar(query)
        with self._engine.connect() as own:
            return own.scalar(query)


def _key(ref: ModelRef) -> dict[str, str]:
    return {"model_id": ref.model_id, "version": ref.version}


def _info(row: RowMapping | dict[str, Any]) -> BaselineInfo:
    names = [column.name for column in table.columns if column.name not in ("model_id", "version")]
    return BaselineInfo(ref=ModelRef(row["model_id"], row["version"]), **{name: row[name] for name in names})
