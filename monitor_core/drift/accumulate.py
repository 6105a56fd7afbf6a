"""Room for counts while they grow: one row a (granule, segment), for a block of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from monitor_core.drift.summary import TableSummary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from monitor_core.drift.granules import Key
    from monitor_core.drift.grid import Grid

__all__ = ["Accumulator"]


class Accumulator:
    """Counts of one block of features, for as many keys as come along; changed in place.

    Arrays have a leading axis of keys; `cells` is flat over the block's fine cells. Memory is about
    keys x features x 2,000 cells x 4 bytes: 400 kB a key for 50 features.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._places: dict[Key, int] = {}
        self._spare = np.empty(0, np.uint8)
        self._make(1)

    def __len__(self) -> int:
        return len(self._places)

    def count_new(self, keys: Sequence[Key]) -> int:
        """Return how many of `keys` have no row yet."""
        return sum(key not in self._places for key in keys)

    def places(self, keys: Sequence[Key]) -> NDArray[np.int64]:
        """Return the row of each key, making room for new ones."""
        for key in keys:
            self._places.setdefault(key, len(self._places))
        if len(self._places) > len(self.cells):
            self._make(max(len(self._places), 2 * len(self.cells)))
        return np.array([self._places[key] for key in keys], dtype=np.int64)

    def _make(self, capacity: int) -> None:
        features = len(self.grid.features)
        used = len(getattr(self, "cells", ()))

        def grown(name: str, shape: tuple[int, ...], dtype: type, fill: float = 0) -> NDArray[Any]:
            array: NDArray[Any] = np.full((capacity, *shape), fill, dtype)
            if used:
                array[:used] = getattr(self, name)
            return array

        self.cells = grown("cells", (self.grid.n_cells,), np.int32)
        self.tallies = grown("tallies", (features, 6), np.int64)
        self.sums = grown("sums", (features, 2), np.float64)
        self.least = grown("least", (features,), np.float64, np.inf)
        self.greatest = grown("greatest", (features,), np.float64, -np.inf)
        self.n_rows = grown("n_rows", (), np.int64)

    def summaries(self) -> Iterator[tuple[Key, TableSummary]]:
        """Yield what was counted for each key, in the order in which keys first came."""
        for key, place in self._places.items():
            yield (
                key,
                TableSummary(
                    self.grid,
                    int(self.n_rows[place]),
                    self.cells[place].astype(np.int64),
                    self.tallies[place].copy(),
                    self.sums[place].copy(),
                    np.column_stack([self.least[place], self.greatest[place]]),
                ),
            )

    def scratch(self, size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return an array to work in, valid until the next call."""
        if self._spare.nbytes < size * dtype.itemsize:
            self._spare = np.empty(size * dtype.itemsize, np.uint8)
        return self._spare[: size * dtype.itemsize].view(dtype)

    def clear(self) -> None:
        """Forget everything."""
        self._places.clear()
        del self.cells
        self._make(1)
