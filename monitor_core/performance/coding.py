"""How rows are put into the cells of monitored features, without knowing who made the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["CellCoder"]


class CellCoder(Protocol):
    """Puts values of some columns into few cells each."""

    @property
    def features(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """(column, words for its cells), at most 65,535 cells a column."""
        ...

    def code(self, batch: pa.RecordBatch) -> NDArray[np.uint16]:
        """Return the cell of each row (first axis) and feature (second axis).

        `batch` holds those of the features' columns that the table has.
        """
        ...
