"""Put rows into the cells that drift compares, so that performance can be told apart by them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor_core.drift.cells import is_null, kind_of, to_numbers
from monitor_core.drift.results import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from monitor_core.drift.grid import FeatureGrid, Grid

    Cells = NDArray[np.uint16]

__all__ = ["MISSING", "MOST_FEATURES", "GridCoder"]

MOST_FEATURES = 100
"""Features that rows are coded by; of more, the most important, then the first in the file."""
MISSING = "missing"
"""Words for the last cell of each feature: missing values, and those of another type."""
_UNSEEN, _POOLED = "not in the baseline", "other levels"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class GridCoder:
    """Codes columns into the PSI cells of a drift grid; a `performance.coding.CellCoder`.

    Parameters
    ----------
    grid
        Cells of a baseline.
    importance
        Share by feature; decides which features are coded when there are more than `MOST_FEATURES`.

    Examples
    --------
    >>> from monitor_core.drift.grid import Grid
    >>> from monitor_core.drift.place import place_levels
    >>> plan = place_levels("plan", "feature", "string", [("a", 150), ("b", 50)], n_values=200, max_levels=9)
    >>> coder = GridCoder(Grid((plan,)))
    >>> coder.features
    (('plan', ('a', 'b', 'not in the baseline', 'missing')),)
    >>> coder.code(pa.RecordBatch.from_pydict({"plan": ["b", None, "z"]})).ravel().tolist()
    [1, 3, 2]
    """

    def __init__(self, grid: Grid, importance: Mapping[str, float] | None = None) -> None:
        chosen = _chosen([f for f in grid.features if f.role == "feature" and not f.reason], importance or {})
        self._columns = tuple(_Column(feature, _coder(feature), len(feature.starts)) for feature in chosen)
        self.features = tuple((column.feature.name, cell_words(column.feature)) for column in self._columns)
        """(column, words for its cells), in the order of the file; the last cell is `MISSING`."""

    def code(self, batch: pa.RecordBatch) -> Cells:
        """Return the cell of each row (first axis) and feature (second axis).

        A column that `batch` does not have, and values of a type that cannot be compared, are `MISSING`.
        """
        coded = np.empty((batch.num_rows, len(self._columns)), dtype=np.uint16)
        for place, column in enumerate(self._columns):
            index = batch.schema.get_field_index(column.feature.name)
            coded[:, place] = column.missing if index < 0 else column.cells(batch.column(index))
        return coded


@dataclass(frozen=True, slots=True)
class _Column:
    feature: FeatureGrid
    code: Callable[[pa.Array], NDArray[Any]]
    missing: int

    def cells(self, values: pa.Array) -> NDArray[Any] | int:
        """Return PSI cells; one for all where nothing can be compared."""
        if is_null(values.type) or not _comparable(self.feature.kind, kind_of(values.type)):
            return self.missing
        return self.code(values)


def cell_words(feature: FeatureGrid) -> tuple[str, ...]:
    """Return words for the PSI cells of a feature, the one for missing values last.

    Examples
    --------
    >>> from monitor_core.drift.place import place_numbers
    >>> cell_words(place_numbers("n", FeatureKind.NUMERIC, "feature", "int64", np.array([1, 2, 2]), knots=2000))
    ('below 1', '1', '2', '3 and more', 'missing')
    """
    made = _intervals(feature) if feature.is_ordered else _level_words(feature)
    return (*made, MISSING)


def _chosen(features: list[FeatureGrid], importance: Mapping[str, float]) -> list[FeatureGrid]:
    if len(features) <= MOST_FEATURES:
        return features
    ranked = sorted(features, key=lambda feature: -importance.get(feature.name, 0.0))[:MOST_FEATURES]
    names = {feature.name for feature in ranked}
    return [feature for feature in features if feature.name in names]


def _comparable(kind: FeatureKind, found: FeatureKind | None) -> bool:
    numbers = {FeatureKind.NUMERIC, FeatureKind.BOOLEAN}
    return found is not None and (kind is FeatureKind.CATEGORICAL or kind is found or {kind, found} == numbers)


def _coder(feature: FeatureGrid) -> Callable[[pa.Array], NDArray[Any]]:
    return _ordered(feature) if feature.is_ordered else _levels(feature)


def _ordered(feature: FeatureGrid) -> Callable[[pa.Array], NDArray[Any]]:
    bounds, missing = _bounds(feature), len(feature.starts)
    as_floats = bounds.astype(np.float64)

    def code(values: pa.Array) -> NDArray[Any]:
        numbers = to_numbers(values)
        plain = pc.fill_null(numbers, 0).to_numpy(zero_copy_only=False)
        cells = np.searchsorted(as_floats if plain.dtype.kind == "f" else bounds, plain, "right")
        gone = ~numbers.is_valid().to_numpy(zero_copy_only=False)
        if plain.dtype.kind == "f":
            gone |= np.isnan(plain)
        return np.where(gone, missing, cells)

    return code


def _bounds(feature: FeatureGrid) -> NDArray[Any]:
    """Return the first value of each PSI cell but the lowest."""
    bounds: NDArray[Any] = feature.knots[feature.starts[1:] - 1]
    return bounds


def _levels(feature: FeatureGrid) -> Callable[[pa.Array], NDArray[Any]]:
    is_truth = feature.kind is FeatureKind.BOOLEAN
    known = pa.array(feature.levels, pa.large_string())
    cell_of = np.searchsorted(feature.starts, np.arange(feature.n_cells), "right") - 1
    cell_of = np.append(cell_of, len(feature.starts))  # what nulls have

    def code(values: pa.Array) -> NDArray[Any]:
        if is_truth:
            values = pc.if_else(pc.equal(to_numbers(values), 0), "false", _one_or_more(values))
        encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        fine = _fine(encoded.dictionary, known)
        indices = pc.fill_null(encoded.indices.cast(pa.int64()), len(fine)).to_numpy(zero_copy_only=False)
        cells: NDArray[Any] = cell_of[np.append(fine, len(known) + 1)[indices]]
        return cells

    return code


def _one_or_more(values: pa.Array) -> pa.Array:
    numbers = to_numbers(values)
    return pc.if_else(pc.equal(numbers, 1), "true", numbers.cast(pa.string()))


def _fine(dictionary: pa.Array, known: pa.Array) -> NDArray[np.int64]:
    texts = dictionary.cast(pa.string()).cast(pa.large_string())
    found = pc.fill_null(pc.index_in(texts, value_set=known).cast(pa.int64()), len(known))
    fine: NDArray[np.int64] = found.to_numpy(zero_copy_only=False).copy()
    fine[texts.is_null().to_numpy(zero_copy_only=False)] = len(known) + 1
    return fine


def _level_words(feature: FeatureGrid) -> tuple[str, ...]:
    ends = [*feature.starts[1:].tolist(), feature.n_cells]
    spans = zip(feature.starts.tolist(), ends, strict=True)
    return tuple(_level(feature, start, end) for start, end in spans)


def _level(feature: FeatureGrid, start: int, end: int) -> str:
    if start == len(feature.levels):
        return _UNSEEN
    return feature.levels[start] if end - start == 1 else _POOLED


def _intervals(feature: FeatureGrid) -> tuple[str, ...]:
    bounds = _bounds(feature).tolist()
    if not bounds:
        return ("any value",)
    words = [f"below {_value(feature, bounds[0])}"]
    for low, high in pairwise(bounds):
        alone = high == (low + 1 if isinstance(low, int) else math.nextafter(low, math.inf))
        words.append(_value(feature, low) if alone else f"{_value(feature, low)} to {_value(feature, high)}")
    return (*words, f"{_value(feature, bounds[-1])} and more")


def _value(feature: FeatureGrid, value: float) -> str:
    if feature.kind is FeatureKind.DATETIME and abs(value) < 2**55:
        return f"{_EPOCH + timedelta(microseconds=int(value)):%Y-%m-%d}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
