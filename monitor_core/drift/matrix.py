"""Two tables as one matrix of numbers and category codes, for a classifier that takes both and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FeatureMatrix", "feature_matrix"]

_LEVELS = 250
"""Levels told apart in a category; the classifier's histogram has 255 places."""
_OTHER, _UNSEEN = 250.0, 251.0


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMatrix:
    """Rows x features on each side, NaN where missing; `categorical` marks columns of codes."""

    names: tuple[str, ...]
    baseline: NDArray[np.float64]
    current: NDArray[np.float64]
    categorical: NDArray[np.bool_]
    left_out: tuple[str, ...]


def feature_matrix(baseline: pa.Table, current: pa.Table) -> FeatureMatrix:
    """Return the columns that both tables hold, as numbers.

    Numbers, booleans, dates and times become floats; text and dictionaries become codes of the baseline's 250
    most frequent levels, with one code for all other levels and one for levels the baseline never held.
    Columns that are nested, absent on one side, or numbers on one side and text on the other are left out, and
    `left_out` says so.

    Examples
    --------
    >>> table = pa.table({"age": [40, None], "city": ["Bern", "Bern"]})
    >>> matrix = feature_matrix(table, pa.table({"age": [50.5], "city": ["Chur"]}))
    >>> matrix.names, matrix.current
    (('age', 'city'), array([[ 50.5, 251. ]]))
    """
    names: list[str] = []
    columns: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    categorical: list[bool] = []
    left_out: list[str] = []
    for name in baseline.column_names:
        if name not in current.column_names:
            left_out.append(f"column {name!r} is absent from the current rows")
            continue
        left, right = baseline[name], current[name]
        kinds = {_is_category(side.type) for side in (left, right) if side.null_count < len(side)} or {False}
        if len(kinds) > 1 or None in kinds:
            left_out.append(f"column {name!r} of type {left.type} and {right.type} cannot be compared")
            continue
        names.append(name)
        categorical.append(kinds == {True})
        columns.append(_codes(left, right) if categorical[-1] else (_numbers(left), _numbers(right)))
    extra = [name for name in current.column_names if name not in baseline.column_names]
    left_out += [f"column {name!r} is not in the baseline" for name in extra]
    return FeatureMatrix(
        names=tuple(names),
        baseline=_stack([pair[0] for pair in columns], baseline.num_rows),
        current=_stack([pair[1] for pair in columns], current.num_rows),
        categorical=np.array(categorical, dtype=bool),
        left_out=tuple(left_out),
    )


def _stack(columns: list[NDArray[np.float64]], rows: int) -> NDArray[np.float64]:
    return np.column_stack(columns) if columns else np.empty((rows, 0))


def _is_category(kind: pa.DataType) -> bool | None:
    """Whether values of this type are levels (True) or numbers (False); None for what is neither."""
    if pa.types.is_dictionary(kind):
        return _is_category(kind.value_type)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return True
    if pa.types.is_null(kind) or pa.types.is_boolean(kind) or pa.types.is_temporal(kind):
        return False
    return False if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) else None


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    if column.null_count == len(column):
        return np.full(len(column), np.nan)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_temporal(column.type):
        column = _temporal(column)
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _temporal(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_date32(column.type) or pa.types.is_time32(column.type):
        return column.cast(pa.int32())
    if pa.types.is_timestamp(column.type):  # one unit for both sides
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column.cast(pa.int64())


def _codes(left: pa.ChunkedArray, right: pa.ChunkedArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Codes of the baseline's levels, most frequent first."""
    both = pa.chunked_array([chunk for side in (left, right) for chunk in side.cast(pa.large_string()).chunks])
    encoded = pc.dictionary_encode(both).combine_chunks() if len(both) else None
    if encoded is None:
        return np.empty(0), np.empty(0)
    indices = encoded.indices.cast(pa.float64()).to_numpy(zero_copy_only=False)
    levels = len(encoded.dictionary)
    of_left = indices[: len(left)]
    counts = np.bincount(of_left[~np.isnan(of_left)].astype(np.intp), minlength=levels)
    order = np.argsort(-counts, kind="stable")
    code = np.full(levels + 1, np.nan)  # the last place is for missing values
    code[order] = np.where(np.arange(levels) < _LEVELS, np.arange(levels), _OTHER)
    code[:levels][counts == 0] = _UNSEEN
    coded = code[np.where(np.isnan(indices), levels, indices).astype(np.intp)]
    return coded[: len(left)], coded[len(left) :]
