"""What the database holds of a model's performance: counts by granule as known at any moment, deliveries, rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray
    from sqlalchemy import Engine

    from monitor_core.performance.results import Batch, Correction
    from monitor_core.performance.series import Series
    from monitor_core.values import ModelRef

__all__ = ["PerformanceStore"]


class PerformanceStore:
    """Read counts, deliveries and rows; nothing is computed here.

    ``as_of`` is the moment as of which things were known: what was recorded later is not seen. None is now.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def series(
        self,
        ref: ModelRef,
        *,
        segment: str = "",
        as_of: datetime | None = None,
        first: str | None = None,
        last: str | None = None,
        scores: bool = False,
        entities: bool = False,
        delays: bool = False,
        cells: bool = False,
    ) -> Series:
        """Return the counts of a version by granule, from `first` to `last` (both included; None: no bound).

        Entities, delays and cells are kept for the whole (``segment=""``) only.
        """
        raise NotImplementedError

    def segments(self, ref: ModelRef) -> tuple[str, ...]:
        """Return the segment values that are counted, without the whole."""
        raise NotImplementedError

    def versions(self, model_id: str) -> tuple[str, ...]:
        """Return the versions that have predictions, by name."""
        raise NotImplementedError

    def batches(self, model_id: str, *, limit: int = 50) -> tuple[Batch, ...]:
        """Return the deliveries, the latest first."""
        raise NotImplementedError

    def batch(self, batch_id: str) -> Batch:
        """Return one delivery; raises `NotFound`."""
        raise NotImplementedError

    def corrections(
        self, model_id: str, *, version: str | None = None, as_of: datetime | None = None, limit: int = 50
    ) -> tuple[Correction, ...]:
        """Return what later deliveries changed of what was known, the latest first."""
        raise NotImplementedError

    def pairs(
        self,
        model_id: str,
        a: str,
        b: str,
        *,
        as_of: datetime | None = None,
        first: str | None = None,
        last: str | None = None,
    ) -> NDArray[np.int64]:
        """Return eight counts of labelled rows that both versions predicted, at ``4 * label + 2 * a + b``."""
        raise NotImplementedError

    def rows(
        self, ref: ModelRef, *, first: str | None = None, last: str | None = None, as_of: datetime | None = None
    ) -> pa.Table:
        """Return the latest state of each prediction, as long as single rows are kept.

        Columns: ``granule, entity, predicted`` (int8), ``score`` (null where there is none), ``segment, label`` (int8,
        null while unknown), ``moment``, and ``cell:<feature>`` (uint16) for each coded feature.
        """
        raise NotImplementedError
