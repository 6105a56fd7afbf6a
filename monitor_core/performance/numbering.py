"""Blocks of rows: which block a prediction without a date belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select

from monitor_core.performance.granules import UNDATED
from monitor_core.storage.schema import performance_count

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from monitor_core.performance.granules import Granules

__all__ = ["number_rows"]


def number_rows(
    connection: Connection,
    model_id: str,
    known: NDArray[np.int64],
    first: NDArray[np.int64],
    *,
    granules: Granules,
) -> NDArray[np.int64]:
    """Return the block of each entity.

    Parameters
    ----------
    known
        Block of the entities that were predicted before, whichever version did: they stay there. The others go on where
        the last block ends.
    first
        Row in which each entity comes first.
    """
    per_block = granules.granularity.rows or 1
    fresh = np.flatnonzero(known == UNDATED)
    rank = np.empty(fresh.size, np.int64)
    rank[np.argsort(first[fresh], kind="stable")] = np.arange(fresh.size)
    codes = known.copy()
    codes[fresh] = (_rows_so_far(connection, model_id, granules, per_block) + rank) // per_block
    return codes


def _rows_so_far(connection: Connection, model_id: str, granules: Granules, per_block: int) -> int:
    """Rows of the full blocks and of the last one, as counted: this holds even when single rows are gone."""
    column = performance_count.c
    of_model = (column.model_id == model_id) & (column.segment == "")
    last = connection.scalar(select(func.max(column.granule)).where(of_model))
    if last is None:
        return 0
    query = select(func.sum(column.predictions)).where(of_model, column.granule == last).group_by(column.version)
    most = max(int(number) for number in connection.scalars(query))
    return granules.code(last) * per_block + min(most, per_block)
