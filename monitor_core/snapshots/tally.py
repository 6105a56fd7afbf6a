"""What the values of one column look like, folded over its pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor_core.snapshots.columns import kind_of

__all__ = ["Tally"]

_MAX_LEVELS = 50


@dataclass(slots=True)
class Tally:
    """Missing, infinite and out-of-range values of one column, and whether it varies at all.

    NaN counts as missing.

    Parameters
    ----------
    low, high
        Values outside are counted; infinite ones apart.
    wants_levels
        Also keep the distinct values, up to 50.

    Examples
    --------
    >>> tally = Tally(low=0.0, high=1.0)
    >>> tally.add(pa.array([0.5, None, float("inf"), 1.5]), first_row=1)
    >>> tally.n_missing, tally.n_infinite, tally.first_outside
    (1, 1, (4, 1.5))
    """

    low: float | None = None
    high: float | None = None
    wants_levels: bool = False
    n_rows: int = 0
    n_missing: int = 0
    n_infinite: int = 0
    n_outside: int = 0
    first_infinite: tuple[int, float] | None = None
    first_outside: tuple[int, float] | None = None
    constant: pa.Scalar | None = None
    varies: bool = False
    levels: set[Any] | None = None

    def add(self, values: pa.Array, *, first_row: int) -> None:
        """Take in the next piece, whose first value stands in `first_row` (from 1)."""
        self.n_rows += len(values)
        if pa.types.is_floating(values.type):
            values = self._floats(values, first_row)
        n_missing = values.null_count
        self.n_missing += n_missing
        if n_missing == len(values):
            return
        if self.low is not None and kind_of(values.type) == "numeric":
            self._look_outside(values, first_row)
        if self.wants_levels or not self.varies:
            self._look_at_levels(values)

    @property
    def is_missing(self) -> bool:
        """Whether there is not a single value."""
        return self.n_missing == self.n_rows

    @property
    def is_constant(self) -> bool:
        """Whether all values are the same one."""
        return not self.varies and not self.is_missing

    def _floats(self, values: pa.Array, first_row: int) -> pa.Array:
        if pa.types.is_float16(values.type):
            values = values.cast(pa.float32())
        numbers = values.to_numpy(zero_copy_only=False)  # nulls become NaN
        finite = np.isfinite(numbers)
        if finite.all():
            return values
        missing = np.isnan(numbers)
        infinite = ~finite & ~missing
        count = int(infinite.sum())
        if count and self.first_infinite is None:
            at = int(np.argmax(infinite))
            self.first_infinite = first_row + at, float(numbers[at])
        self.n_infinite += count
        return pa.array(numbers, mask=missing)

    def _look_outside(self, values: pa.Array, first_row: int) -> None:
        numbers = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
        outside = np.isfinite(numbers) & ((numbers < self.low) | (numbers > self.high))
        count = int(outside.sum())
        if count and self.first_outside is None:
            at = int(np.argmax(outside))
            self.first_outside = first_row + at, float(numbers[at])
        self.n_outside += count

    def _look_at_levels(self, values: pa.Array) -> None:
        if pa.types.is_nested(values.type) or pa.types.is_null(values.type):
            return
        if not self.wants_levels:
            self._compare_with_first(values)
            return
        distinct = values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values
        found = pc.unique(distinct.drop_null())
        self.levels = self.levels or set()
        if len(self.levels) <= _MAX_LEVELS:
            self.levels |= set(found.slice(0, _MAX_LEVELS + 1).to_pylist())
        self.varies = len(self.levels) > 1

    def _compare_with_first(self, values: pa.Array) -> None:
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        if self.constant is None:
            self.constant = values[pc.index(pc.is_valid(values), value=True).as_py()]
        equal = pc.equal(values, self.constant.cast(values.type))
        self.varies = not pc.all(equal, skip_nulls=True).as_py()
