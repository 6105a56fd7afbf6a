"""Where a fall shows: which feature's mix it goes with, and in which slices the model does worst."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from monitor_core.insight.mix import rank_links
from monitor_core.insight.slices import CodedFeature, worst_slices
from monitor_core.performance.levels import baseline_f1
from monitor_core.stats import psi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa
    from numpy.typing import NDArray

    from monitor_core.drift.service import DriftService
    from monitor_core.insight.mix import MixLink
    from monitor_core.insight.slices import Slice
    from monitor_core.performance.results import WindowMetrics
    from monitor_core.performance.series import CellCounts
    from monitor_core.performance.service import PerformanceService
    from monitor_core.storage.models import ModelStore
    from monitor_core.values import ModelRef

__all__ = ["BreakdownService", "GoesWith", "WorstSlices"]

_CELL = "cell:"
_MOST_ROWS = 1_000_000
"""Predictions whose rows are read for slices; of a longer window the latest granules."""


@dataclass(frozen=True, slots=True)
class GoesWith:
    """What a window's fall goes with.

    Attributes
    ----------
    links
        The strongest first; only features whose mix differs from the baseline's by more than noise.
    reason
        Why there are none; empty otherwise.
    """

    links: tuple[MixLink, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WorstSlices:
    """Slices in which a version does worst.

    Attributes
    ----------
    slices
        The largest effect first.
    rows, first, last
        Labelled rows that were looked at, and from which granule to which.
    reason
        Why there is nothing to look at; empty otherwise.
    """

    slices: tuple[Slice, ...]
    rows: int = 0
    first: str = ""
    last: str = ""
    reason: str = ""


class BreakdownService:
    """Breaks a window down by the cells of monitored features. Safe to share between threads."""

    def __init__(self, performance: PerformanceService, drift: DriftService, models: ModelStore) -> None:
        self._performance = performance
        self._drift = drift
        self._models = models

    def goes_with(
        self, ref: ModelRef, *, as_of: datetime | None = None, window: int = 30, span: tuple[str, str] | None = None
    ) -> GoesWith:
        """Return how much of a fall of F1 goes with the mix of each feature that moved."""
        metrics = self._performance.window(ref, granules=window, span=span, as_of=as_of)
        if metrics.span is None:
            return GoesWith((), "no granule has matured yet")
        held = self._performance.baseline(ref, as_of=as_of)
        before = _rows(self._performance.baseline_cells(ref, as_of=as_of))
        if not before:
            return GoesWith((), "the baseline has no rows by feature: make it from an upload or a past period")
        series = self._performance.store.series(
            ref, as_of=as_of, first=metrics.span.first, last=metrics.span.last, cells=True
        )
        now = [table for table in series.cells if before.get(table.feature, ((), ()))[0] == table.labels]
        if not now:
            return GoesWith((), "rows of the window are not told by the features of the baseline")
        rows = {table.feature: before[table.feature][1] for table in now}
        moved = _moved(now, rows, least=self._drift.settings_of(ref).min_debiased_psi)
        links = rank_links(
            now,
            rows,
            f1_baseline=baseline_f1(held),
            psi_debiased=moved,
            importance=self._models.version(ref).importance,
            deff=metrics.design_effect,
        )
        return GoesWith(links, "" if links else "no feature's mix differs from the baseline's by more than noise")

    def slices(
        self, ref: ModelRef, *, as_of: datetime | None = None, window: int = 30, span: tuple[str, str] | None = None
    ) -> WorstSlices:
        """Return the slices of one or two cells in which F1 is lower than elsewhere."""
        metrics = self._performance.window(ref, granules=window, span=span, as_of=as_of)
        if metrics.span is None:
            return WorstSlices((), reason="no granule has matured yet")
        first = self._first(ref, metrics, as_of)
        table = self._performance.store.rows(
            ref, first=first, last=metrics.span.last, as_of=as_of, columns=("predicted", "label", _CELL)
        )
        table = table.filter(table.column("label").is_valid())
        names = [name for name in table.column_names if name.startswith(_CELL)]
        if not table.num_rows or not names:
            reason = "no labelled row is kept" if not table.num_rows else "rows are not told by any feature"
            return WorstSlices((), table.num_rows, first, metrics.span.last, reason)
        codes, features = _coded(table, names)
        found = worst_slices(
            codes, table.column("predicted"), table.column("label"), features, deff=metrics.design_effect
        )
        return WorstSlices(found, table.num_rows, first, metrics.span.last)

    def _first(self, ref: ModelRef, metrics: WindowMetrics, as_of: datetime | None) -> str:
        """Return the granule from which on there are no more than so many predictions."""
        if metrics.span is None or metrics.due <= _MOST_ROWS:
            return metrics.span.first if metrics.span else ""
        series = self._performance.store.series(ref, as_of=as_of, first=metrics.span.first, last=metrics.span.last)
        later = np.cumsum(series.predictions[::-1])[::-1]
        few = np.flatnonzero(later <= _MOST_ROWS)
        return series.granules[int(few[0]) if few.size else -1]


def _rows(cells: Sequence[CellCounts]) -> dict[str, tuple[tuple[str, ...], NDArray[np.int64]]]:
    """Words for the cells of each feature, and the baseline's rows in them."""
    return {table.feature: (table.labels, table.counts.sum(axis=(0, 2))) for table in cells}


def _moved(cells: Sequence[CellCounts], before: Mapping[str, NDArray[np.int64]], *, least: float) -> dict[str, float]:
    """Debiased PSI of each feature whose labelled rows are mixed otherwise than the baseline's, by more than noise."""
    found = {table.feature: _debiased(before[table.feature], table.counts.sum(axis=(0, 2))) for table in cells}
    return {name: size for name, size in found.items() if size >= least}


def _debiased(before: NDArray[np.int64], now: NDArray[np.int64]) -> float:
    return psi(before, now).debiased if before.sum() and now.sum() else 0.0


def _coded(table: pa.Table, names: Sequence[str]) -> tuple[NDArray[np.int64], tuple[CodedFeature, ...]]:
    """Codes (rows, features) and what they are called; rows without a cell are "unknown"."""
    codes, features = [], []
    for name in names:
        cells = table.column(name).combine_chunks()
        words = [*cells.dictionary.to_pylist(), "unknown"]
        held = pc.fill_null(cells.indices, len(words) - 1).to_numpy(zero_copy_only=False)
        first = np.full(len(words), len(held))
        first[held[::-1]] = np.arange(len(held))[::-1]  # the last one written is the first row
        shown: dict[str, int] = {}  # words in the order of their first rows
        for place in np.argsort(first)[: np.count_nonzero(first < len(held))].tolist():
            shown.setdefault(words[place], len(shown))
        code_of = np.array([shown.get(word, 0) for word in words], np.int64)
        codes.append(code_of[held])
        features.append(CodedFeature(name.removeprefix(_CELL), tuple(shown)))
    return np.stack(codes, axis=1), tuple(features)
