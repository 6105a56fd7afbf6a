"""Count on Spark: files by their shards, lakehouse tables through ``mapInArrow``. Needs the extra ``spark``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

import pyarrow as pa

from monitor_core.drift.count import Counted, collect
from monitor_core.drift.granules import plan_rows
from monitor_core.drift.grid import Grid
from monitor_core.drift.shard import ShardTask, count_shard
from monitor_core.errors import InvalidInput, MissingExtra
from monitor_core.settings import DriftSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from monitor_core.drift.granules import RowPlan
    from monitor_core.snapshots.roles import Roles
    from monitor_core.values import Granularity

__all__ = ["Spark", "count_frame"]

Item = TypeVar("Item")
Result = TypeVar("Result")
_RESULT = "granule string, segment string, payload binary"
_DEFAULTS = DriftSettings()


@dataclass(frozen=True, slots=True)
class Spark:
    """A Spark cluster as an executor (see `executor.Executor`): counts are the same as on threads, bit by bit.

    Executors read the shards themselves, so files must lie where every one of them sees them. For tables that
    Spark itself reads, use `count_frame`.

    Parameters
    ----------
    session
        The session; None takes the active one.

    Raises
    ------
    MissingExtra
        When pyspark is not installed.
    """

    session: SparkSession | None = None

    def __post_init__(self) -> None:
        _sessions()

    @property
    def is_remote(self) -> bool:
        """Executors are other processes: results travel encoded."""
        return True

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield ``function(item)`` for each item, in order."""
        context = (self.session or _active()).sparkContext
        parts = list(items)
        if parts:
            yield from context.parallelize(parts, len(parts)).map(function).toLocalIterator(prefetchPartitions=True)


def _sessions() -> type[SparkSession]:
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra, loaded when it is used
    except ImportError as error:
        raise MissingExtra(
            "counting on Spark needs pyspark, which is not installed", hint="pip install 'bellwether-monitor[spark]'"
        ) from error
    return cast("type[SparkSession]", SparkSession)


def _active() -> SparkSession:
    session = _sessions().getActiveSession()
    if session is None:
        raise InvalidInput("no Spark session is active", hint="make one, or give it to Spark(session)")
    return session


def count_frame(
    grid: Grid,
    frame: DataFrame,
    roles: Roles | None = None,
    *,
    granularity: Granularity | None = None,
    settings: DriftSettings = _DEFAULTS,
) -> Counted:
    """Count a Spark table on `grid`, one pass, where its partitions lie.

    Parameters
    ----------
    grid, roles, granularity
        As in `count.count`. Granules of a number of rows are refused: rows of a Spark table have no order.
    frame
        Any Spark table.
    settings
        As in `count.count`; nothing is sampled.

    Returns
    -------
    Counted
        Counts as by `count.count` on the same rows.
    """
    schema = pa.schema(frame.limit(0).toArrow().schema)
    plan = plan_rows(
        roles, granularity=granularity, segment=grid.segment_column, segments=grid.segments, columns=schema.names
    )
    if plan.by_rows:
        raise InvalidInput("rows of a Spark table have no order", hint="use granules of time")
    needed = [name for name in schema.names if name in grid.positions or name in plan.columns] or schema.names[:1]
    narrow = frame.select(*[f"`{name.replace('`', '``')}`" for name in needed])
    part = _Partition(grid.payload, pa.schema([schema.field(name) for name in needed]), plan)
    rows = narrow.mapInArrow(part, _RESULT).toLocalIterator()
    found = (((row.granule, row.segment), bytes(row.payload)) for row in rows)
    return collect(grid, schema, roles, plan, found, settings=settings)


@dataclass(frozen=True, slots=True)
class _Partition:
    """What runs on each partition."""

    grid: bytes
    schema: pa.Schema
    plan: RowPlan

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        task = ShardTask(Grid.from_bytes(self.grid), _Once(batches), self.schema, self.plan, 0, 0, encoded=True)
        for (granule, segment), payload in count_shard(task).counts:
            yield pa.record_batch({"granule": [granule], "segment": [segment], "payload": [payload]})


@dataclass(frozen=True, slots=True)
class _Once:
    """A partition as a shard; it can be read once."""

    rows: Iterator[pa.RecordBatch]

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for batch in self.rows:
            yield batch.select(list(columns))
