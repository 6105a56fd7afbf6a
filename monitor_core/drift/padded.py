"""Features of different numbers of PSI cells, as a few rectangular arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from monitor_core.drift.grid import Grid

__all__ = ["by_width"]


def by_width(grid: Grid) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Group the features by number of PSI cells, rounded up to a power of two.

    Yields
    ------
    features
        Indices, shape (F,).
    columns
        Shape (F, W): where each PSI cell stands in a flat vector as in `Grid.psi_offsets`; padding points one past its
        end, where a zero has to be appended. A cell that is empty on both sides does not exist, so padding is harmless.

    Examples
    --------
    >>> from monitor_core.drift.place import place_truth
    >>> from monitor_core.drift.grid import Grid
    >>> [(f.tolist(), c.tolist()) for f, c in by_width(Grid((place_truth("a", "feature", "bool"),)))]
    [([0], [[0, 1, 2, 3]])]
    """
    sizes = np.diff(grid.psi_offsets)
    widths = 2 ** np.ceil(np.log2(np.maximum(sizes, 4))).astype(np.int64)
    for width in np.unique(widths).tolist():
        features = np.flatnonzero(widths == width)
        steps = np.arange(width)
        columns = grid.psi_offsets[features][:, None] + steps
        yield features, np.where(steps < sizes[features][:, None], columns, grid.n_psi_cells)
