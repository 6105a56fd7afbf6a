"""Count one column of one batch into the fine cells of its feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor_core.drift.results import FeatureKind
from monitor_core.drift.summary import Tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from monitor_core.drift.accumulate import Accumulator
    from monitor_core.drift.granules import RowGroups
    from monitor_core.drift.grid import FeatureGrid

    Numbers = NDArray[Any]

__all__ = ["ColumnCounter", "NumberCounter", "Run", "counter", "is_null", "kind_of", "to_numbers"]

_FEW = 2
"""Knots are looked up among the sorted values when there are at least this many values a knot, else the reverse."""
_NEAR = 1_000.0
"""Spreads from zero within which sums of squares keep ten digits after the shift is taken out."""
_SLICE = 131_072
"""Values summed at a time: what is worked on besides the values stays small."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Where the counts of one batch go: rows `places` of `into`, one for each run of `groups`."""

    groups: RowGroups
    into: Accumulator
    places: NDArray[np.int64]


def kind_of(dtype: pa.DataType) -> FeatureKind | None:
    """Return how a column of an Arrow type is summarised; None when it cannot be (lists, structures, binary).

    Examples
    --------
    >>> kind_of(pa.int8()).value, kind_of(pa.dictionary(pa.int32(), pa.string())).value, kind_of(pa.list_(pa.int8()))
    ('numeric', 'categorical', None)
    """
    if pa.types.is_dictionary(dtype):
        return kind_of(dtype.value_type)
    return next((kind for kind, tests in _KINDS.items() if any(test(dtype) for test in tests)), None)


def is_null(dtype: pa.DataType) -> bool:
    """Return whether a column of this type holds nothing but nulls."""
    return bool(pa.types.is_null(dtype.value_type if pa.types.is_dictionary(dtype) else dtype))


_KINDS: dict[FeatureKind, tuple[Callable[[pa.DataType], bool], ...]] = {
    FeatureKind.NUMERIC: (
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_decimal,
        pa.types.is_duration,
        pa.types.is_time,
    ),
    FeatureKind.BOOLEAN: (pa.types.is_boolean,),
    FeatureKind.DATETIME: (pa.types.is_timestamp, pa.types.is_date),
    FeatureKind.CATEGORICAL: (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_string_view,
        pa.types.is_null,
    ),
}


def to_numbers(column: pa.Array) -> pa.Array:
    """Return numbers, truth values and dates as int64 or float64; dates as microseconds since 1970 UTC.

    Decimals become doubles: the same decimal always gives the same double, and the order stays. Unsigned 64-bit
    integers become doubles too.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_float64(kind) or pa.types.is_int64(kind):
        return column
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    if pa.types.is_time(kind) or pa.types.is_duration(kind):
        width = pa.int32() if kind.bit_width == 32 else pa.int64()
        return column.cast(width).cast(pa.int64())
    if pa.types.is_uint64(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.float64(), safe=False)
    return column.cast(pa.int64())


class ColumnCounter:
    """Counts the batches of one column; keeps what does not change from batch to batch.

    Parameters
    ----------
    feature
        The cells.
    index, offset
        The feature's place in its block, and its first cell there.
    """

    def __init__(self, feature: FeatureGrid, index: int, offset: int) -> None:
        self.feature, self.index, self.offset = feature, index, offset

    def add(self, column: pa.Array, run: Run) -> None:
        """Count one batch."""
        raise NotImplementedError

    def _nulls(self, column: pa.Array, run: Run) -> NDArray[np.bool_] | None:
        """Tally nulls; return which rows (in run order) have a value, or None when all have."""
        if not column.null_count:
            return None
        valid: NDArray[np.bool_] = column.is_valid().to_numpy(zero_copy_only=False)
        if run.groups.order is not None:
            valid = valid[run.groups.order]
        present = np.add.reduceat(valid, run.groups.bounds[:-1], dtype=np.int64)
        run.into.tallies[run.places, self.index, Tally.NULL] += run.groups.sizes - present
        return valid

    def _add_cells(self, cells: NDArray[np.intp], bounds: NDArray[np.int64], run: Run) -> None:
        """Count fine cell numbers, one a row in run order."""
        into, n = run.into.cells, self.feature.n_cells
        if len(run.places) == 1:
            into[run.places[0], self.offset : self.offset + n] += np.bincount(cells, minlength=n).astype(np.int32)
            return
        first = run.places * into.shape[1] + self.offset
        np.add.at(into.reshape(-1), cells + np.repeat(first, np.diff(bounds)), np.int32(1))


class _Tallied(ColumnCounter):
    """A column that cannot be counted: every row goes to one tally."""

    def __init__(self, feature: FeatureGrid, index: int, offset: int, tally: Tally) -> None:
        super().__init__(feature, index, offset)
        self._tally = tally

    def add(self, column: pa.Array, run: Run) -> None:  # noqa: ARG002 - the rows count, not their values
        """Count the rows."""
        run.into.tallies[run.places, self.index, self._tally] += run.groups.sizes


class _Levels(ColumnCounter):
    """Categories and truth values, by their dictionary codes."""

    def __init__(self, feature: FeatureGrid, index: int, offset: int) -> None:
        super().__init__(feature, index, offset)
        self._levels = pa.array(feature.levels, pa.large_string())
        self._dictionary: pa.Array | None = None
        self._lookup = np.zeros(0, np.int64)

    def add(self, column: pa.Array, run: Run) -> None:
        """Count one batch."""
        codes = self._codes(column)
        n = self.feature.n_cells
        if run.groups.order is not None:
            cells = self._lookup[codes[run.groups.order]]
            self._add_with_null(cells, run)
        elif len(run.places) == 1:
            by_code = np.bincount(codes, minlength=len(self._lookup))
            by_cell = np.bincount(self._lookup, weights=by_code, minlength=n + 1).astype(np.int64)
            run.into.cells[run.places[0], self.offset : self.offset + n] += by_cell[:n].astype(np.int32)
            run.into.tallies[run.places[0], self.index, Tally.NULL] += by_cell[n]
        else:
            self._add_with_null(self._lookup[codes], run)

    def _add_with_null(self, cells: NDArray[np.int64], run: Run) -> None:
        bounds, has_value = run.groups.bounds, cells < self.feature.n_cells
        if not has_value.all():
            present = np.add.reduceat(has_value, bounds[:-1], dtype=np.int64)
            run.into.tallies[run.places, self.index, Tally.NULL] += run.groups.sizes - present
            bounds, cells = np.concatenate([[0], np.cumsum(present)]), cells[has_value]
        self._add_cells(cells, bounds, run)

    def _codes(self, column: pa.Array) -> NDArray[np.int64]:
        """Return each row's place in the lookup table of the batch's dictionary; nulls have the last one."""
        encoded = column if pa.types.is_dictionary(column.type) else _as_text(column).dictionary_encode()
        dictionary = encoded.dictionary
        if self._dictionary is None or not self._dictionary.equals(dictionary):
            self._dictionary = dictionary
            self._lookup = self._cells_of(dictionary)
        indices = encoded.indices
        if indices.null_count:
            indices = pc.fill_null(indices.cast(pa.int32()), len(dictionary))
        return indices.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]  # pyarrow has no types

    def _cells_of(self, dictionary: pa.Array) -> NDArray[np.int64]:
        texts = _as_text(dictionary).cast(pa.large_string())
        found = pc.fill_null(pc.index_in(texts, value_set=self._levels).cast(pa.int64()), len(self._levels))
        cells = found.to_numpy(zero_copy_only=False).copy()
        null = self.feature.n_cells
        cells[texts.is_null().to_numpy(zero_copy_only=False)] = null
        return np.append(cells, null)


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_boolean(column.type) or not pa.types.is_large_string(column.type):
        return column.cast(pa.string())
    return column


class _Truth(_Levels):
    """Truth values; whole numbers 0 and 1 count as such."""

    def _codes(self, column: pa.Array) -> NDArray[np.int64]:
        if not len(self._lookup):
            self._lookup = np.arange(self.feature.n_cells + 1, dtype=np.int64)
        other, null = len(self.feature.levels), self.feature.n_cells
        found = to_numbers(column)
        numbers = pc.fill_null(found, null).to_numpy(zero_copy_only=False)
        known = (numbers == 0) | (numbers == 1)
        valid = found.is_valid().to_numpy(zero_copy_only=False)
        return np.where(valid, np.where(known, numbers, other), null).astype(np.int64)


class NumberCounter(ColumnCounter):
    """Numbers and dates, by sorting."""

    def __init__(self, feature: FeatureGrid, index: int, offset: int) -> None:
        super().__init__(feature, index, offset)
        self._knots = feature.knots
        self._float_knots = feature.knots.astype(np.float64)

    def add(self, column: pa.Array, run: Run) -> None:
        """Count one batch."""
        numbers = to_numbers(column)
        valid = self._nulls(numbers, run)
        bounds = run.groups.bounds
        if valid is not None:
            numbers = pc.fill_null(numbers, 0)
        values = numbers.to_numpy(zero_copy_only=False)
        copy = run.into.scratch(len(values), values.dtype)
        if run.groups.order is None:
            np.copyto(copy, values)
        else:
            np.take(values, run.groups.order, out=copy)
        values = copy
        if valid is not None:
            values = values[valid]
            bounds = np.concatenate([[0], np.cumsum(np.add.reduceat(valid, bounds[:-1], dtype=np.int64))])
        if values.dtype == np.int64 and self._knots.dtype == np.float64:
            values = values.astype(np.float64)
        self._count(values, bounds, run)

    def add_sorted(self, values: Numbers, run: Run) -> None:
        """Count all values of a single run: sorted, of the type of the knots, without nulls and NaN."""
        start, end = np.zeros(1, np.int64), np.array([len(values)])
        self._find_knots(values, start, end, self._knots, run)
        self._moments(values, start, end, run)

    def _count(self, values: Numbers, bounds: NDArray[np.int64], run: Run) -> None:
        """Sort each run in place (NaN goes last), then count, keeping infinite values out of the moments."""
        starts, ends = bounds[:-1], bounds[1:].copy()
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            values[start:end].sort()
        if values.dtype.kind == "f":
            self._trim_nan(values, starts, ends, run)
        knots = self._float_knots if values.dtype.kind == "f" else self._knots
        if len(values) >= _FEW * len(knots) * len(starts):
            self._find_knots(values, starts, ends, knots, run)
        else:
            self._find_values(values, starts, ends, knots, run)
        self._moments(values, starts, ends, run)

    def _trim_nan(self, values: Numbers, starts: NDArray[np.int64], ends: NDArray[np.int64], run: Run) -> None:
        filled = ends > starts
        last = values[np.maximum(ends - 1, 0)] if len(values) else np.zeros(len(ends))
        for run_number in np.flatnonzero(filled & np.isnan(last)):
            start, end = int(starts[run_number]), int(ends[run_number])
            nan = end - start - int(np.searchsorted(values[start:end], np.nan))
            run.into.tallies[run.places[run_number], self.index, Tally.NAN] += nan
            ends[run_number] -= nan

    def _find_knots(
        self,
        values: Numbers,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        knots: Numbers,
        run: Run,
    ) -> None:
        below = np.empty(len(knots) + 2, np.int64)
        below[0] = 0
        cells = slice(self.offset, self.offset + self.feature.n_cells)
        for place, start, end in zip(run.places.tolist(), starts.tolist(), ends.tolist(), strict=True):
            below[1:-1] = values[start:end].searchsorted(knots, "left")
            below[-1] = end - start
            run.into.cells[place, cells] += np.diff(below).astype(np.int32)

    def _find_values(
        self,
        values: Numbers,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        knots: Numbers,
        run: Run,
    ) -> None:
        cells = knots.searchsorted(values, "right")
        sizes = ends - starts
        if int(sizes.sum()) != len(values):  # NaN at the ends of runs
            keep = np.concatenate([np.arange(start, end) for start, end in zip(starts, ends, strict=True)])
            cells = cells[keep]
        self._add_cells(cells, np.concatenate([[0], np.cumsum(sizes)]), run)

    def _moments(
        self,
        values: Numbers,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        run: Run,
    ) -> None:
        filled = ends > starts
        places, starts, ends = run.places[filled], starts[filled], ends[filled]
        if not len(places):
            return
        if values.dtype.kind == "f" and not np.isfinite(values[np.concatenate([starts, ends - 1])]).all():
            for number, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
                starts[number], ends[number] = self._trim_infinite(values, start, end, run, int(places[number]))
            filled = ends > starts
            places, starts, ends = places[filled], starts[filled], ends[filled]
        into, index = run.into, self.index
        # + 0.0 makes -0.0 and 0.0 one value, whichever came first
        into.least[places, index] = np.minimum(into.least[places, index], values[starts] + 0.0)
        into.greatest[places, index] = np.maximum(into.greatest[places, index], values[ends - 1] + 0.0)
        into.sums[places, index] += self._sums(values, starts, ends)

    def _sums(self, values: Numbers, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
        inverse, shift = 1.0 / self.feature.scale, self.feature.shift
        sums = np.zeros((len(starts), 2))
        with np.errstate(over="ignore", invalid="ignore"):  # values of 1e300: the sums say so by being infinite
            if len(starts) > 1 and int((ends - starts).sum()) == len(values):
                centred = (values - shift) * inverse
                sums[:, 0] = np.add.reduceat(centred, starts)
                sums[:, 1] = np.add.reduceat(np.multiply(centred, centred, out=centred), starts)
                return sums
            for number, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
                for first in range(start, end, _SLICE):
                    sums[number] += self._run_sums(values[first : min(first + _SLICE, end)])
        return sums

    def _run_sums(self, values: Numbers) -> tuple[float, float]:
        inverse, shift = 1.0 / self.feature.scale, self.feature.shift
        if values.dtype.kind == "f" and abs(shift) <= _NEAR * self.feature.scale:
            # near zero nothing cancels: the shift is taken out of the sums, not of every value
            first, second = float(values.sum()), float(np.einsum("i,i->", values, values))
            n = float(len(values))
            return (first - n * shift) * inverse, (second - 2.0 * shift * first + n * shift * shift) * inverse * inverse
        centred = values - shift
        centred *= inverse
        return float(centred.sum()), float(np.einsum("i,i->", centred, centred))

    def _trim_infinite(self, values: Numbers, start: int, end: int, run: Run, place: int) -> tuple[int, int]:
        piece = values[start:end]
        negative = int(piece.searchsorted(-np.inf, "right"))
        finite_end = int(piece.searchsorted(np.inf, "left"))
        tally = run.into.tallies[place, self.index]
        tally[Tally.NEGATIVE_INFINITE] += negative
        tally[Tally.POSITIVE_INFINITE] += end - start - finite_end
        return start + negative, start + finite_end


def counter(feature: FeatureGrid, dtype: pa.DataType | None, *, index: int, offset: int) -> ColumnCounter:
    """Return what counts a column found with type `dtype` (None: the column is not there).

    Truth values and whole numbers 0 and 1 count on each other's cells; anything that can be written as text counts on
    the levels of a category. What cannot be counted is tallied as re-typed.
    """
    if dtype is None:
        return _Tallied(feature, index, offset, Tally.ABSENT)
    if is_null(dtype):
        return _Tallied(feature, index, offset, Tally.NULL)
    found = kind_of(dtype)
    if feature.reason or found is None or found not in _COUNTABLE[feature.kind]:
        return _Tallied(feature, index, offset, Tally.RETYPED)
    if feature.is_ordered:
        return NumberCounter(feature, index, offset)
    made = _Truth if feature.kind is FeatureKind.BOOLEAN else _Levels
    return made(feature, index, offset)


_COUNTABLE = {
    FeatureKind.NUMERIC: {FeatureKind.NUMERIC, FeatureKind.BOOLEAN},
    FeatureKind.DATETIME: {FeatureKind.DATETIME},
    FeatureKind.BOOLEAN: {FeatureKind.BOOLEAN, FeatureKind.NUMERIC},
    FeatureKind.CATEGORICAL: set(FeatureKind),
}
