"""Summaries and row samples in the database: what each snapshot adds to each granule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, select

from monitor_core.drift.codec import decode, decode_block
from monitor_core.drift.recent import Recent
from monitor_core.drift.sample import RowSample
from monitor_core.drift.summary import TableSummary
from monitor_core.storage.schema import drift_sample, drift_summary, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Engine, Select

    from monitor_core.drift.grid import Grid
    from monitor_core.values import ModelRef

__all__ = ["StoredSummaries", "SummaryPart", "SummaryStore", "Uncounted"]

_ROWS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class SummaryPart:
    """One row to write: a block of features of one granule and segment."""

    granule: str
    segment: str
    block: int
    n_rows: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A snapshot whose rows were not counted on a grid."""

    snapshot_id: str
    filename: str
    first_granule: str | None
    last_granule: str | None
    rows_kept: bool


class SummaryStore:
    """Keep what snapshots add to granules."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, connection: Connection, grid_id: str, snapshot_id: str, parts: Iterable[SummaryPart]) -> None:
        """Write what a snapshot adds, in place of what was written for it on this grid before."""
        column = drift_summary.c
        connection.execute(delete(drift_summary).where(column.grid_id == grid_id, column.snapshot_id == snapshot_id))
        waiting: list[dict[str, object]] = []
        for part in parts:
            waiting.append(
                {
                    "grid_id": grid_id,
                    "snapshot_id": snapshot_id,
                    "granule": part.granule,
                    "segment": part.segment,
                    "block": part.block,
                    "n_rows": part.n_rows,
                    "payload": part.payload,
                }
            )
            if len(waiting) >= _ROWS_AT_ONCE:
                connection.execute(insert(drift_summary), waiting)
                waiting = []
        if waiting:
            connection.execute(insert(drift_summary), waiting)

    def add_samples(self, connection: Connection, snapshot_id: str, samples: Mapping[str, RowSample]) -> None:
        """Keep the sampled rows of each granule of a snapshot, in place of earlier ones."""
        connection.execute(delete(drift_sample).where(drift_sample.c.snapshot_id == snapshot_id))
        for granule, sample in sorted(samples.items()):
            if len(sample.keys):
                values = {"snapshot_id": snapshot_id, "granule": granule, "n_rows": len(sample.keys)}
                connection.execute(insert(drift_sample), {**values, "payload": sample.to_bytes()})

    def samples(
        self,
        connection: Connection,
        snapshot_ids: Sequence[str],
        *,
        first: str,
        last: str,
        size: int,
        latest: int | None = None,
    ) -> dict[str, RowSample]:
        """Return the rows sampled of some snapshots in a range of granules, both ends included.

        Parameters
        ----------
        size
            Rows of a granule at most.
        latest
            Only so many granules, the latest of the range; None: all.
        """
        column = drift_sample.c
        mine = and_(column.snapshot_id.in_(snapshot_ids), column.granule >= first, column.granule <= last)
        labels = connection.scalars(select(column.granule).where(mine).distinct().order_by(column.granule)).all()
        wanted = labels if latest is None else labels[-latest:]
        query = select(column.granule, column.payload).where(mine, column.granule.in_(wanted))
        found: dict[str, RowSample] = {}
        for row in connection.execute(query.order_by(column.granule, column.snapshot_id)):
            sample = RowSample.from_bytes(row.payload)
            held = found.get(row.granule)
            found[row.granule] = sample if held is None else held.merge(sample, size=size)
        return found

    def granules(
        self, grid_id: str, *, segment: str = "", connection: Connection | None = None
    ) -> tuple[tuple[str, int], ...]:
        """Return (label, rows) of the granules counted on a grid, in time order; rows without a date are left out."""
        column = drift_summary.c
        query = (
            select(column.granule, func.sum(column.n_rows))
            .where(column.grid_id == grid_id, column.segment == segment, column.block == 0, column.granule != "")
            .group_by(column.granule)
            .order_by(column.granule)
        )
        return tuple((str(row[0]), int(row[1])) for row in self._rows(query, connection))

    def segments(self, grid_id: str, *, connection: Connection | None = None) -> tuple[str, ...]:
        """Return the segments counted on a grid beside the whole, in alphabetical order."""
        column = drift_summary.c
        query = select(column.segment).where(column.grid_id == grid_id, column.segment != "").distinct()
        return tuple(sorted(str(row[0]) for row in self._rows(query, connection)))

    def uncounted(self, ref: ModelRef, grid_id: str, *, connection: Connection | None = None) -> tuple[Uncounted, ...]:
        """Return the current snapshots of a model version that were never counted on a grid, oldest first."""
        column = snapshot.c
        counted = select(drift_summary.c.snapshot_id).where(drift_summary.c.grid_id == grid_id)
        query = (
            select(column.snapshot_id, column.filename, column.first_granule, column.last_granule, column.rows_kept)
            .where(column.model_id == ref.model_id, column.version == ref.version)
            .where(column.purpose == "current", column.state == "ready", column.snapshot_id.not_in(counted))
            .order_by(column.uploaded_at, column.snapshot_id)
        )
        return tuple(Uncounted(*row) for row in self._rows(query, connection))

    def snapshots(self, connection: Connection, grid_id: str, first: str, last: str) -> tuple[str, ...]:
        """Return the snapshots that were counted in a range of granules, both ends included."""
        column = drift_summary.c
        query = select(column.snapshot_id).where(
            column.grid_id == grid_id, column.granule >= first, column.granule <= last, column.block == 0
        )
        return tuple(sorted(connection.scalars(query.distinct()).all()))

    def block(
        self, connection: Connection, grid: Grid, grid_id: str, *, granule: str, segment: str, number: int
    ) -> TableSummary:
        """Return one block of features of one granule: enough to show one feature."""
        query = _payloads(grid_id, granule, segment).where(drift_summary.c.block == number)
        parts = [decode_block(grid, number, row.payload) for row in connection.execute(query)]
        return TableSummary.total(grid.block(number), parts)

    def _rows(self, query: Select[Any], connection: Connection | None) -> Sequence[Any]:
        if connection is not None:
            return connection.execute(query).all()
        with self._engine.connect() as own:
            return own.execute(query).all()


class StoredSummaries(Mapping[str, TableSummary]):
    """The granules of one segment, read when they are asked for: no more than a few are in memory at a time.

    Parameters
    ----------
    connection
        Open as long as the mapping is used; what it sees should not change meanwhile (`storage.engine.consistent`).
    grid, grid_id
        The grid and its id in the database.
    labels
        Granules in time order.
    segment
        ``""`` is the whole.
    keep
        Summaries kept in memory, for those who come back to a granule.
    """

    def __init__(
        self,
        connection: Connection,
        grid: Grid,
        grid_id: str,
        labels: Sequence[str],
        *,
        segment: str = "",
        keep: int = 4,
    ) -> None:
        self._connection = connection
        self._grid = grid
        self._grid_id = grid_id
        self._labels = dict.fromkeys(labels)
        self._segment = segment
        self._recent: Recent[str, TableSummary] = Recent(keep)
        self._lock = Lock()  # a connection serves one thread at a time
        self.digests: dict[str, str] = {}
        """Hash of what was read of each granule."""

    def __len__(self) -> int:
        return len(self._labels)

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels)

    def __getitem__(self, label: str) -> TableSummary:
        if label not in self._labels:
            raise KeyError(label)
        return self._recent.get(label, lambda: self._read(label))

    def only(self, labels: Sequence[str]) -> Mapping[str, TableSummary]:
        """Return a view of some granules that reads and remembers through this one."""
        return _View(self, tuple(labels))

    def _read(self, label: str) -> TableSummary:
        with self._lock:
            rows = self._connection.execute(_payloads(self._grid_id, label, self._segment)).all()
        by_snapshot: dict[str, dict[int, bytes]] = {}
        for row in rows:
            by_snapshot.setdefault(row.snapshot_id, {})[row.block] = row.payload
        digest = sha256()
        for row in rows:
            digest.update(sha256(row.payload).digest())
        self.digests[label] = digest.hexdigest()
        return TableSummary.total(self._grid, (decode(self._grid, blocks) for blocks in by_snapshot.values()))


class _View(Mapping[str, TableSummary]):
    """Some granules of a `StoredSummaries`."""

    def __init__(self, stored: StoredSummaries, labels: tuple[str, ...]) -> None:
        self._stored = stored
        self._labels = labels

    def __len__(self) -> int:
        return len(self._labels)

    def __iter__(self) -> Iterator[str]:
        return iter(self._labels)

    def __getitem__(self, label: str) -> TableSummary:
        return self._stored[label]


def _payloads(grid_id: str, granule: str, segment: str) -> Select[tuple[str, int, bytes]]:
    """Select the rows of one granule, in the order in which its snapshots came, so that sums round alike."""
    column = drift_summary.c
    return (
        select(column.snapshot_id, column.block, column.payload)
        .join(snapshot, snapshot.c.snapshot_id == column.snapshot_id)
        .where(column.grid_id == grid_id, column.segment == segment, column.granule == granule)
        .order_by(snapshot.c.uploaded_at, column.snapshot_id, column.block)
    )
