"""Count a table on a grid: one pass, in shards, whose results are added up.

Memory: each thread holds one slice of 131,072 rows of up to 50 columns and the counts of its shard; the sum holds up to
400 (granule, segment) pairs of 50 columns, about 320 MB, beyond which the ones longest untouched are
compressed. The number of rows does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from monitor_core.drift.cells import is_null, kind_of
from monitor_core.drift.codec import decode, decode_part, joined, slice_block
from monitor_core.drift.executor import Executor, Threads
from monitor_core.drift.granules import plan_rows
from monitor_core.drift.sample import RowSample
from monitor_core.drift.shard import ShardCounts, ShardTask, count_shard
from monitor_core.drift.totals import Total
from monitor_core.errors import NotFound
from monitor_core.settings import DriftSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from monitor_core.drift.granules import Key, RowPlan
    from monitor_core.drift.grid import FeatureGrid, Grid
    from monitor_core.drift.summary import TableSummary
    from monitor_core.snapshots.roles import Roles
    from monitor_core.snapshots.sources import Shard, TableSource
    from monitor_core.values import Granularity

__all__ = ["Counted", "beside", "collect", "count"]

_DEFAULTS = DriftSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """What one table adds to each (granule, segment).

    How a store keeps it: for each of `keys`, `blocks` gives the payloads of the ``drift_summary`` rows (block 0,
    1, ...) and `rows` their ``n_rows``; `samples` gives the ``drift_sample`` rows.

    Attributes
    ----------
    grid
        The grid counted on.
    rows
        Rows of each (granule, segment). Segment ``""`` is everything; granule ``""`` holds rows without a readable date
        (they are in no granule), or all rows when there are no granules.
    samples
        Rows sampled of each granule.
    absent, extra
        Columns of the baseline that are not in the table; (column, type) of monitored columns that the baseline lacks.
    retyped
        (column, type found) of columns whose kind differs from the baseline's.
    has_granules
        Whether rows were told apart by date, number or a fixed label.
    """

    grid: Grid
    rows: Mapping[Key, int]
    samples: Mapping[str, RowSample]
    absent: tuple[str, ...]
    extra: tuple[tuple[str, str], ...]
    retyped: tuple[tuple[str, str], ...]
    has_granules: bool
    _payloads: Mapping[Key, tuple[bytes, ...]] = field(repr=False)

    @property
    def keys(self) -> tuple[Key, ...]:
        """(granule, segment) pairs that can be judged, in order; undated rows are left out (see `undated`)."""
        return tuple(key for key in self.rows if key[0] or not self.has_granules)

    @property
    def granules(self) -> tuple[str, ...]:
        """Granules found, in time order."""
        return tuple(granule for granule, segment in self.keys if segment == "")

    @property
    def n_rows(self) -> int:
        """Rows of the table, undated ones included."""
        return sum(rows for (_, segment), rows in self.rows.items() if segment == "")

    @property
    def undated(self) -> int:
        """Rows without a readable date."""
        return self.rows.get(("", ""), 0) if self.has_granules else 0

    def blocks(self, granule: str, segment: str = "") -> tuple[bytes, ...]:
        """Return the payload of each block of features (see `codec`); raises `NotFound`."""
        try:
            return self._payloads[granule, segment]
        except KeyError:
            raise NotFound(f"no rows of granule {granule!r}, segment {segment!r} were counted") from None

    def summary(self, granule: str = "", segment: str = "") -> TableSummary:
        """Return the counts of one (granule, segment); decoded each time, so ask once."""
        return decode(self.grid, self.blocks(granule, segment))


def count(
    grid: Grid,
    source: TableSource,
    roles: Roles | None = None,
    *,
    granularity: Granularity | None = None,
    settings: DriftSettings = _DEFAULTS,
    executor: Executor | None = None,
    rows_before: int = 0,
    progress: Callable[[float, str], None] | None = None,
) -> Counted:
    """Count the rows of `source` on `grid`, by granule and segment.

    Parameters
    ----------
    grid
        From a baseline.
    source
        A table in shards.
    roles
        Which column is the date, or the date of the whole file. None: all columns are features.
    granularity
        Granules to tell apart; None counts all rows together, under granule ``""``.
    settings
        `sample_rows` and `threads` are used. With many granules or columns fewer rows are sampled, so that samples stay
        below 40 million values in all.
    executor
        Where to count; threads by default. The counts are the same everywhere.
    rows_before
        With granules of a number of rows: rows that came in earlier files, so that numbering goes on.
    progress
        Called with the share done and a note; may raise `Cancelled`.

    Returns
    -------
    Counted
        The same for any cut into shards and batches and any order of columns; for any order of rows too,
        but for the last digits of sums (and the rows sampled).

    Raises
    ------
    InvalidInput
        When calendar granules are wanted and the table has no date.
    """
    runner = executor or Threads(settings.threads)
    plan = plan_rows(
        roles,
        granularity=granularity,
        segment=grid.segment_column,
        segments=grid.segments,
        columns=source.schema.names,
        rows_before=rows_before,
    )
    findings = _Findings.of(grid, source.schema, roles)
    firsts = _first_rows(source, runner, needed=plan.by_rows or settings.sample_rows > 0)
    tasks = list(_tasks(grid, source, plan, firsts, sample_rows=settings.sample_rows, encoded=runner.is_remote))
    totals = _totals(grid, findings, settings)
    shards = len(firsts)
    for number, part in enumerate(runner.map(count_shard, tasks)):
        totals[number // shards].add(part)
        if (number + 1) % shards == 0:
            totals[number // shards].finish()
        if progress is not None:
            done = sum(total.rows_counted for total in totals) // grid.n_blocks
            of = "" if source.n_rows is None else f" of {source.n_rows:,}"
            progress((number + 1) / len(tasks), f"{done:,}{of} rows counted")
    return _counted(grid, findings, plan, totals)


def collect(
    grid: Grid,
    schema: pa.Schema,
    roles: Roles | None,
    plan: RowPlan,
    found: Iterable[tuple[Key, bytes]],
    *,
    settings: DriftSettings = _DEFAULTS,
) -> Counted:
    """Add up counts of the whole grid that were made elsewhere; a key may come any number of times."""
    findings = _Findings.of(grid, schema, roles)
    totals = _totals(grid, findings, settings)
    for key, payload in found:
        summary = decode_part(grid, payload)
        for number, total in enumerate(totals):
            total.add(ShardCounts([(key, slice_block(summary, number))], {}, summary.n_rows))
    for total in totals:
        total.finish()
    return _counted(grid, findings, plan, totals)


def beside(
    grid: Grid,
    schema: pa.Schema,
    roles: Roles | None,
    plan: RowPlan,
    parts: Sequence[Total],
    *,
    settings: DriftSettings = _DEFAULTS,
) -> Counted:
    """Put counts of all rows, made for a part of the columns each, side by side.

    Parameters
    ----------
    parts
        In the grid's order; no part lies in two of its blocks. They are empty afterwards.
    """
    findings = _Findings.of(grid, schema, roles)
    totals = _totals(grid, findings, settings)
    for number, total in enumerate(totals):
        block = grid.block(number)
        mine = [part for part in parts if part.grid.features[0].name in block.positions]
        total.add(ShardCounts([], _side_by_side([part.samples() for part in mine]), mine[0].rows_counted))
        for key in mine[0].keys:
            total.add(ShardCounts([(key, joined(block, [part.take(key) for part in mine]))], {}, 0))
        total.finish()
    return _counted(grid, findings, plan, totals)


def _totals(grid: Grid, findings: _Findings, settings: DriftSettings) -> list[Total]:
    return [
        Total(
            block,
            settings.sample_rows,
            n_columns=len(grid.features),
            retyped=tuple(pair for pair in findings.retyped if pair[0] in block.positions),
            extra=findings.extra if number == 0 else (),
        )
        for number in range(grid.n_blocks)
        for block in [grid.block(number)]
    ]


@dataclass(frozen=True, slots=True)
class _Findings:
    """How the columns of a table differ from the grid's."""

    absent: tuple[str, ...]
    extra: tuple[tuple[str, str], ...]
    retyped: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, grid: Grid, schema: pa.Schema, roles: Roles | None) -> _Findings:
        types = dict(zip(schema.names, schema.types, strict=True))
        monitored = set(types) if roles is None else {name for name, _ in roles.monitored}
        return cls(
            tuple(feature.name for feature in grid.features if feature.name not in types),
            tuple(
                (name, str(found))
                for name, found in types.items()
                if name in monitored and name not in grid.positions and name != grid.segment_column
            ),
            tuple(
                (feature.name, str(types[feature.name]))
                for feature in grid.features
                if feature.name in types and _is_retyped(feature, types[feature.name])
            ),
        )


def _is_retyped(feature: FeatureGrid, found: pa.DataType) -> bool:
    return not (feature.reason or is_null(found) or kind_of(found) is feature.kind)


def _tasks(
    grid: Grid, source: TableSource, plan: RowPlan, firsts: list[int], *, sample_rows: int, encoded: bool
) -> Iterator[ShardTask]:
    shards = source.shards()
    for number in range(grid.n_blocks):
        for shard, first in zip(shards, firsts, strict=True):
            yield ShardTask(grid.block(number), shard, source.schema, plan, first, sample_rows, encoded)


def _first_rows(source: TableSource, runner: Executor, *, needed: bool) -> list[int]:
    """Return the number of each shard's first row, by reading one column where there are several shards."""
    shards = source.shards()
    if not needed or len(shards) < 2:
        return [0] * len(shards)
    narrow = next((one.name for one in source.schema if pa.types.is_primitive(one.type)), source.schema.names[0])
    sizes = list(runner.map(partial(_n_rows, column=narrow), shards))
    return [sum(sizes[:number]) for number in range(len(shards))]


def _n_rows(shard: Shard, *, column: str) -> int:
    return sum(batch.num_rows for batch in shard.batches([column]))


def _counted(grid: Grid, findings: _Findings, plan: RowPlan, totals: list[Total]) -> Counted:
    keys = sorted(totals[0].rows)
    return Counted(
        grid,
        {key: totals[0].rows[key] for key in keys},
        _side_by_side([total.samples() for total in totals]),
        findings.absent,
        findings.extra,
        findings.retyped,
        bool(plan.granularity),
        {key: tuple(total.payloads[key] for total in totals) for key in keys},
    )


def _side_by_side(blocks: list[dict[str, RowSample]]) -> dict[str, RowSample]:
    """Join the columns of all blocks: each sampled the same rows."""
    found = {}
    for granule, first in blocks[0].items():
        table = first.table
        for block in blocks[1:]:
            more = block[granule].table
            for name in more.schema.names:
                table = table.append_column(name, more.column(name))
        found[granule] = RowSample(first.n_rows, first.keys, table)
    return found
