"""Where the cells lie: fixed once from baseline rows, shared by everything that is counted later.

Two resolutions live on one grid. **Fine cells** carry the summary: between up to 2,000 order statistics of a numeric
baseline feature, or one for each of its levels. **PSI cells** are runs of neighbouring fine cells (about ten), plus one
for missing values; statistics that need few cells add up fine cells and are exact.

How a store keeps it: `Grid.to_bytes` is the payload of a ``drift_grid`` row, `Grid.grid_id` (its SHA-256) the key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.drift.packing import pack, unpack
from monitor_core.drift.results import FeatureKind
from monitor_core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["BLOCK_FEATURES", "FeatureGrid", "Grid"]

BLOCK_FEATURES = 50
"""Features a stored block, and columns read at once; fixed, because stored blocks are addressed by number."""

_FORMAT = "bellwether-grid-1"


@dataclass(frozen=True, slots=True, eq=False)
class FeatureGrid:
    """The cells of one feature.

    Attributes
    ----------
    name, kind, role
        The column; `role` is ``feature``, ``prediction`` or ``score``.
    dtype
        The baseline column's Arrow type in words, such as ``double``.
    knots
        Strictly increasing float64 or int64 (integers; dates as microseconds since 1970 UTC); empty for categories.
        Fine cell 0 holds ``x < knots[0]``, cell i ``knots[i-1] <= x < knots[i]``, the last ``x >= knots[-1]``.
    levels
        Categories and booleans: one fine cell each, most frequent first; the last fine cell holds every other level.
    starts
        First fine cell of each PSI cell, strictly increasing from 0.
    complete
        Whether `levels` names every level that the baseline held.
    shift, scale
        Sums are kept of ``(x - shift) / scale``, so that they neither cancel nor overflow.
    reason
        Why the feature cannot be compared at all; empty when it can.
    """

    name: str
    kind: FeatureKind
    role: str
    dtype: str
    knots: NDArray[np.float64] | NDArray[np.int64] = field(repr=False)
    levels: tuple[str, ...] = field(repr=False)
    starts: NDArray[np.int64] = field(repr=False)
    complete: bool = True
    shift: float = 0.0
    scale: float = 1.0
    reason: str = ""

    @property
    def is_ordered(self) -> bool:
        """Whether values have an order (numbers and dates)."""
        return self.kind in {FeatureKind.NUMERIC, FeatureKind.DATETIME}

    @property
    def n_cells(self) -> int:
        """Fine cells."""
        return (len(self.knots) if self.is_ordered else len(self.levels)) + 1

    @property
    def n_psi_cells(self) -> int:
        """PSI cells, the one for missing values included."""
        return len(self.starts) + 1


@dataclass(frozen=True, eq=False)
class Grid:
    """The cells of every monitored column, in the order of the baseline file.

    Attributes
    ----------
    features
        One `FeatureGrid` a column.
    granularity
        Text of `values.Granularity`, or empty when the baseline had no granules.
    segment_column, segments
        Values of this column are also judged separately; values beyond `segments` are pooled.
    """

    features: tuple[FeatureGrid, ...] = field(repr=False)
    granularity: str = ""
    segment_column: str = ""
    segments: tuple[str, ...] = ()

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """First fine cell of each feature in a flat vector; one more entry than features."""
        return _offsets([feature.n_cells for feature in self.features])

    @cached_property
    def psi_offsets(self) -> NDArray[np.int64]:
        """First PSI cell of each feature in a flat vector; one more entry than features."""
        return _offsets([feature.n_psi_cells for feature in self.features])

    @cached_property
    def psi_starts(self) -> NDArray[np.int64]:
        """First fine cell, in the flat vector, of every PSI cell but the ones for missing values."""
        parts = [f.starts + offset for f, offset in zip(self.features, self.offsets[:-1], strict=True)]
        return np.concatenate([np.zeros(0, np.int64), *parts])

    @property
    def n_cells(self) -> int:
        """Fine cells of all features."""
        return int(self.offsets[-1])

    @property
    def n_psi_cells(self) -> int:
        """PSI cells of all features."""
        return int(self.psi_offsets[-1])

    @cached_property
    def positions(self) -> dict[str, int]:
        """Index of each column."""
        return {feature.name: index for index, feature in enumerate(self.features)}

    def position(self, name: str) -> int:
        """Index of column `name`; raises `NotFound`."""
        try:
            return self.positions[name]
        except KeyError:
            raise NotFound(f"feature {name!r} is not in the baseline") from None

    @property
    def n_blocks(self) -> int:
        """Stored blocks: `BLOCK_FEATURES` features each, at least one."""
        return max(1, -(-len(self.features) // BLOCK_FEATURES))

    def block(self, number: int) -> Grid:
        """Return the grid of one stored block of features."""
        return self._blocks[number]

    def block_of(self, name: str) -> int:
        """Return the number of the stored block that holds column `name`."""
        return self.position(name) // BLOCK_FEATURES

    @cached_property
    def _blocks(self) -> tuple[Grid, ...]:
        if self.n_blocks == 1:
            return (self,)
        return tuple(self.select(slice(i * BLOCK_FEATURES, (i + 1) * BLOCK_FEATURES)) for i in range(self.n_blocks))

    def select(self, features: slice) -> Grid:
        """Return a grid with only a run of the features."""
        return Grid(self.features[features], self.granularity, self.segment_column, self.segments)

    @cached_property
    def payload(self) -> bytes:
        """`to_bytes`, kept."""
        return self.to_bytes()

    @cached_property
    def grid_id(self) -> str:
        """SHA-256 of the stored form, in hexadecimal."""
        return hashlib.sha256(self.payload).hexdigest()

    def to_bytes(self) -> bytes:
        """Return the payload of a ``drift_grid`` row: versioned, compressed, the same bytes for the same grid."""
        header = {
            "format": _FORMAT,
            "granularity": self.granularity,
            "segment_column": self.segment_column,
            "segments": list(self.segments),
            "features": [_describe(feature) for feature in self.features],
        }
        arrays = {
            "floats": _joined([f.knots for f in self.features if f.knots.dtype == np.float64], np.float64),
            "integers": _joined([f.knots for f in self.features if f.knots.dtype == np.int64], np.int64),
            "starts": _joined([f.starts for f in self.features], np.int64),
            "shifts": np.array([(f.shift, f.scale) for f in self.features], dtype=np.float64).reshape(-1),
        }
        return pack(header, arrays)

    @classmethod
    def from_bytes(cls, payload: bytes) -> Grid:
        """Read what `to_bytes` wrote; raises `InvalidInput` for anything else."""
        header, arrays = unpack(payload)
        if header.get("format") != _FORMAT:
            raise InvalidInput(f"not a drift grid: format {header.get('format')!r}, expected {_FORMAT!r}")
        return cls(
            tuple(_features(header["features"], arrays)),
            header["granularity"],
            header["segment_column"],
            tuple(header["segments"]),
        )


def _offsets(sizes: list[int]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.array(sizes, dtype=np.int64))])


def _joined(arrays: list[NDArray[np.float64] | NDArray[np.int64]], dtype: type[np.generic]) -> NDArray[np.generic]:
    return np.concatenate([np.zeros(0, dtype), *arrays])


def _describe(feature: FeatureGrid) -> dict[str, object]:
    return {
        "name": feature.name,
        "kind": feature.kind.value,
        "role": feature.role,
        "dtype": feature.dtype,
        "knots": len(feature.knots),
        "integers": bool(feature.knots.dtype == np.int64),
        "levels": list(feature.levels),
        "starts": len(feature.starts),
        "complete": feature.complete,
        "reason": feature.reason,
    }


def _features(described: list[dict[str, object]], arrays: dict[str, NDArray[np.generic]]) -> Iterator[FeatureGrid]:
    taken = {"floats": 0, "integers": 0, "starts": 0}

    def take(name: str, count: int) -> NDArray[np.generic]:
        start = taken[name]
        taken[name] += count
        return arrays[name][start : start + count]

    shifts = arrays["shifts"].reshape(-1, 2)
    for index, entry in enumerate(described):
        yield FeatureGrid(
            name=str(entry["name"]),
            kind=FeatureKind(str(entry["kind"])),
            role=str(entry["role"]),
            dtype=str(entry["dtype"]),
            knots=take("integers" if entry["integers"] else "floats", _count(entry, "knots")),  # type: ignore[arg-type]  # the name decides the dtype
            levels=tuple(_texts(entry, "levels")),
            starts=take("starts", _count(entry, "starts")).astype(np.int64),
            complete=bool(entry["complete"]),
            shift=float(shifts[index, 0]),
            scale=float(shifts[index, 1]),
            reason=str(entry["reason"]),
        )


def _count(entry: dict[str, object], key: str) -> int:
    value = entry[key]
    if not isinstance(value, int):
        raise InvalidInput(f"drift grid: {key!r} is {value!r}, expected a whole number")
    return value


def _texts(entry: dict[str, object], key: str) -> list[str]:
    value = entry[key]
    if not isinstance(value, list):
        raise InvalidInput(f"drift grid: {key!r} is {value!r}, expected a list")
    return [str(item) for item in value]
