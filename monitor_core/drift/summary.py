"""Counts on a grid: what is kept of rows. Merging is addition, over chunks, workers, files and granules."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from monitor_core.drift.grid import FeatureGrid, Grid

__all__ = ["FeatureSummary", "TableSummary", "Tally"]


class Tally(IntEnum):
    """Column of `TableSummary.tallies`: what is counted beside the cells."""

    NULL = 0
    NAN = 1
    NEGATIVE_INFINITE = 2
    POSITIVE_INFINITE = 3
    RETYPED = 4
    """Rows whose column had a type that cannot be counted on the baseline's cells."""
    ABSENT = 5
    """Rows of data without the column."""


@dataclass(frozen=True, slots=True, eq=False)
class FeatureSummary:
    """One feature of a `TableSummary`.

    `cells` are the fine counts; infinite values are in `cells` too, but not in `mean`, `std`, `minimum`, `maximum`,
    which are None when no finite value was seen (and for categories).
    """

    grid: FeatureGrid
    n_rows: int
    cells: NDArray[np.int64]
    null: int
    nan: int
    negative_infinite: int
    positive_infinite: int
    retyped: int
    absent: int
    mean: float | None
    std: float | None
    minimum: float | None
    maximum: float | None

    @property
    def missing(self) -> int:
        """Nulls and NaN."""
        return self.null + self.nan

    @property
    def n(self) -> int:
        """Rows that can be compared, missing values included."""
        return self.n_rows - self.retyped - self.absent

    @property
    def below(self) -> int:
        """Values below the baseline's range (0 for categories)."""
        return int(self.cells[0]) if self.grid.is_ordered and len(self.grid.knots) else 0

    @property
    def above(self) -> int:
        """Values above the baseline's range (0 for categories)."""
        knots = self.grid.knots
        if not self.grid.is_ordered or not len(knots) or knots[-1] == np.inf:
            return 0
        return int(self.cells[-1])

    @property
    def unseen(self) -> int:
        """Values of levels that the baseline does not list (0 for numbers and dates)."""
        return 0 if self.grid.is_ordered else int(self.cells[-1])


@dataclass(frozen=True, slots=True, eq=False)
class TableSummary:
    """Counts of every feature on one grid.

    How a store keeps it: `codec.encode` gives one payload for each block of features; a ``drift_summary`` row is
    (grid_id, snapshot_id, granule, segment, block, n_rows, payload). A granule is the `merge` of its snapshots' rows.

    Attributes
    ----------
    grid
        Where the cells lie.
    n_rows
        Rows counted.
    cells
        Fine counts of all features, flat; feature i is ``cells[grid.offsets[i]:grid.offsets[i + 1]]``.
    tallies
        Shape (features, 6), see `Tally`. For every feature, cells plus tallies NULL, NAN, RETYPED and ABSENT make up
        `n_rows`.
    sums
        Shape (features, 2): sums of z and z², z = (x - shift) / scale, over finite values. The only entries that
        rounding may change when rows come in another order.
    extremes
        Shape (features, 2): least and greatest finite value; (inf, -inf) when there is none.
    retyped
        (column, type found) of columns that came with another type.
    extra
        (column, type) of columns that the baseline does not have.
    """

    grid: Grid
    n_rows: int
    cells: NDArray[np.int64]
    tallies: NDArray[np.int64]
    sums: NDArray[np.float64]
    extremes: NDArray[np.float64]
    retyped: tuple[tuple[str, str], ...] = ()
    extra: tuple[tuple[str, str], ...] = ()

    @classmethod
    def empty(cls, grid: Grid) -> TableSummary:
        """Return the summary of no rows: the neutral element of `merge`."""
        n = len(grid.features)
        extremes = np.tile(np.array([np.inf, -np.inf]), (n, 1))
        return cls(grid, 0, np.zeros(grid.n_cells, np.int64), np.zeros((n, 6), np.int64), np.zeros((n, 2)), extremes)

    def merge(self, other: TableSummary) -> TableSummary:
        """Return the summary of both tables' rows; raises `Conflict` when they lie on different grids."""
        if self.grid is not other.grid and self.grid.grid_id != other.grid.grid_id:
            raise Conflict("summaries on different grids cannot be added", hint="count the rows again on one grid")
        return TableSummary(
            self.grid,
            self.n_rows + other.n_rows,
            self.cells + other.cells,
            self.tallies + other.tallies,
            self.sums + other.sums,
            np.column_stack(
                [
                    np.minimum(self.extremes[:, 0], other.extremes[:, 0]),
                    np.maximum(self.extremes[:, 1], other.extremes[:, 1]),
                ]
            ),
            tuple(sorted({*self.retyped, *other.retyped})),
            tuple(sorted({*self.extra, *other.extra})),
        )

    @classmethod
    def total(cls, grid: Grid, parts: Iterable[TableSummary]) -> TableSummary:
        """Return the sum of `parts`, which may be none."""
        return reduce(cls.merge, parts, cls.empty(grid))

    def feature(self, name: str) -> FeatureSummary:
        """Return one feature; raises `NotFound`."""
        index = self.grid.position(name)
        grid = self.grid.features[index]
        cells = self.cells[self.grid.offsets[index] : self.grid.offsets[index + 1]]
        tally = [int(value) for value in self.tallies[index]]
        finite = int(cells.sum()) - tally[Tally.NEGATIVE_INFINITE] - tally[Tally.POSITIVE_INFINITE]
        has = grid.is_ordered and finite > 0
        mean = float(self.sums[index, 0]) / finite if has else 0.0
        spread = float(self.sums[index, 1]) / finite - mean * mean if has else 0.0
        spread = max(spread, 0.0) if np.isfinite(spread) else np.inf  # squares beyond 1e308
        return FeatureSummary(
            grid=grid,
            n_rows=self.n_rows,
            cells=cells,
            null=tally[Tally.NULL],
            nan=tally[Tally.NAN],
            negative_infinite=tally[Tally.NEGATIVE_INFINITE],
            positive_infinite=tally[Tally.POSITIVE_INFINITE],
            retyped=tally[Tally.RETYPED],
            absent=tally[Tally.ABSENT],
            mean=mean * grid.scale + grid.shift if has else None,
            std=float(np.sqrt(spread)) * grid.scale if has else None,
            minimum=float(self.extremes[index, 0]) if has else None,
            maximum=float(self.extremes[index, 1]) if has else None,
        )

    def psi_cells(self) -> NDArray[np.int64]:
        """Return the counts of the PSI cells, flat as in `Grid.psi_offsets`; missing is each feature's last."""
        grid = self.grid
        counts = np.zeros(grid.n_psi_cells, np.int64)
        if not grid.features:
            return counts
        is_missing = np.zeros(grid.n_psi_cells, dtype=bool)
        is_missing[grid.psi_offsets[1:] - 1] = True
        counts[is_missing] = self.tallies[:, Tally.NULL] + self.tallies[:, Tally.NAN]
        counts[~is_missing] = np.add.reduceat(self.cells, grid.psi_starts)
        return counts
