"""Gather the values of a column: they place its cells, and are counted on them before they are let go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor_core.drift.accumulate import Accumulator
from monitor_core.drift.cells import NumberCounter, Run, is_null, kind_of, to_numbers
from monitor_core.drift.granules import RowGroups
from monitor_core.drift.grid import FeatureGrid, Grid
from monitor_core.drift.levels import LevelCounts
from monitor_core.drift.place import place_levels, place_numbers, place_truth
from monitor_core.drift.results import FeatureKind
from monitor_core.drift.summary import TableSummary, Tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Numbers = NDArray[Any]

__all__ = ["GatheredColumn", "Placed", "gathered_column"]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """The cells of one column, and what the rows that placed them count there.

    Attributes
    ----------
    feature
        The cells.
    counts
        On a grid of this feature alone, the same as `count` gives (sums to rounding; they depend on neither the order
        nor the cut of the rows). None when not every value was held.
    """

    feature: FeatureGrid
    counts: TableSummary | None


class GatheredColumn(Protocol):
    """One column while it is read."""

    def add(self, values: pa.Array, keep: pa.Array | None) -> None:
        """Take in a piece of the column; of numbers only the rows in `keep` (None: all)."""
        ...

    def placed(self, n_rows: int) -> Placed:
        """Place the cells after `n_rows` rows, and let go of the values; the counts are for rows that were all kept."""
        ...


def gathered_column(
    name: str, role: str, dtype: pa.DataType, *, knots: int, max_levels: int, room: int
) -> GatheredColumn:
    """Return what gathers a column of type `dtype`; `room` is the most values that it will hold."""
    kind = kind_of(dtype)
    if kind is None:
        return _Incomparable(name, role, str(dtype))
    if kind is FeatureKind.BOOLEAN:
        return _Truths(place_truth(name, role, str(dtype)))
    shown = str(dtype.value_type if pa.types.is_dictionary(dtype) else dtype)
    if kind is FeatureKind.CATEGORICAL:
        return _Levels(partial(place_levels, name, role, shown, max_levels=max_levels), max_levels)
    numbers = to_numbers(pa.nulls(0, dtype)).type.to_pandas_dtype()
    return _Numbers(partial(place_numbers, name, kind, role, shown, knots=knots), np.empty(room, numbers))


def _summary(feature: FeatureGrid, n_rows: int, cells: NDArray[np.int64], tally: Tally) -> TableSummary:
    """Return the counts of a feature without numbers: what is in no cell goes to one tally."""
    made = TableSummary.empty(Grid((feature,)))
    made.tallies[0, tally] = n_rows - cells.sum()
    return replace(made, n_rows=n_rows, cells=cells)


class _Incomparable:
    """A column of a type that is not compared."""

    def __init__(self, name: str, role: str, dtype: str) -> None:
        reason = f"columns of type {dtype} are not compared"
        kind, starts = FeatureKind.CATEGORICAL, np.zeros(1, np.int64)
        self._feature = FeatureGrid(name, kind, role, dtype, np.zeros(0), (), starts, reason=reason)

    def add(self, values: pa.Array, keep: pa.Array | None) -> None:
        """Nothing to learn."""

    def placed(self, n_rows: int) -> Placed:
        return Placed(self._feature, _summary(self._feature, n_rows, np.zeros(1, np.int64), Tally.RETYPED))


class _Truths:
    """Truth values; their cells are known beforehand."""

    def __init__(self, feature: FeatureGrid) -> None:
        self._feature = feature
        self._true = self._known = 0

    def add(self, values: pa.Array, keep: pa.Array | None) -> None:  # noqa: ARG002 - they are counted, not held
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        self._true += pc.sum(values, min_count=0).as_py()
        self._known += len(values) - values.null_count

    def placed(self, n_rows: int) -> Placed:
        cells = np.array([self._known - self._true, self._true, 0], dtype=np.int64)
        return Placed(self._feature, _summary(self._feature, n_rows, cells, Tally.NULL))


class _Levels:
    """The levels of a category."""

    def __init__(self, place: Callable[..., FeatureGrid], max_levels: int) -> None:
        self._place, self._max = place, max_levels
        self._counts = LevelCounts()

    def add(self, values: pa.Array, keep: pa.Array | None) -> None:  # noqa: ARG002 - levels are counted, not held
        if not is_null(values.type):
            self._counts.add(values)

    def placed(self, n_rows: int) -> Placed:
        found, n_values = self._counts.most_frequent(self._max), self._counts.n_values
        feature = self._place(found, n_values=n_values)
        if not self._counts.is_exact:
            return Placed(feature, None)
        by_level = dict(found)
        known = [by_level[level] for level in feature.levels]
        cells = np.array([*known, n_values - sum(known)], dtype=np.int64)
        return Placed(feature, _summary(feature, n_rows, cells, Tally.NULL))


class _Numbers:
    """The values of a number or date."""

    def __init__(self, place: Callable[[Numbers], FeatureGrid], room: Numbers) -> None:
        self._place, self._values = place, room
        self._filled = self._null = self._nan = 0

    def add(self, values: pa.Array, keep: pa.Array | None) -> None:
        column = to_numbers(values if keep is None else values.filter(keep))
        self._null += column.null_count
        numbers = column.drop_null().to_numpy()
        if numbers.dtype.kind == "f" and (nan := np.isnan(numbers)).any():
            numbers = numbers[~nan]
            self._nan += int(np.count_nonzero(nan))
        end = self._filled + len(numbers)
        self._values[self._filled : end] = numbers
        self._filled = end

    def placed(self, n_rows: int) -> Placed:
        values = self._values[: self._filled]
        values.sort()
        feature = self._place(values)
        del self._values
        into = Accumulator(Grid((feature,)))
        whole = RowGroups((("", ""),), np.array([0, n_rows]), None)
        run = Run(whole, into, into.places(whole.keys))
        into.n_rows[run.places] = n_rows
        into.tallies[run.places, 0, Tally.NULL] = self._null
        into.tallies[run.places, 0, Tally.NAN] = self._nan
        NumberCounter(feature, 0, 0).add_sorted(values, run)
        ((_, counts),) = into.summaries()
        return Placed(feature, counts)
