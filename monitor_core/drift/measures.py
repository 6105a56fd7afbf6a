"""Statistics of summaries against a baseline, for many granules and features at once; no verdicts yet (`rules`)."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from monitor_core import stats
from monitor_core.drift.ordered import OrderedFeature
from monitor_core.drift.padded import by_width
from monitor_core.drift.summary import TableSummary, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from monitor_core.drift.baseline import Baseline

    Floats = NDArray[np.float64]

__all__ = ["Comparator", "Measures"]


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """What was measured; arrays of shape (granules, features), NaN where it cannot be computed.

    Nothing can be computed of a feature whose rows, on both sides, lie in a single PSI cell (constant, all missing).

    Attributes
    ----------
    n_rows
        Rows of each granule, shape (granules,).
    n_baseline, n_current
        Rows that can be compared: not those without the column, or with a type that does not fit.
    psi, noise_floor, noise_q99, debiased, chi2, dof, tail_p, plain_p, cells
        As in `stats.PsiTable`; `plain_p` takes rows as independent.
    ks_low, ks_high, js, wasserstein
        As in `FeatureDrift`.
    missing, missing_baseline, unseen, out_of_range
        Shares of the comparable rows; `unseen` of categories, `out_of_range` of numbers and dates.
    absent, retyped
        Rows without the column, and rows whose column had a type that cannot be counted.
    """

    n_rows: NDArray[np.int64]
    n_baseline: Floats
    n_current: Floats
    psi: Floats
    noise_floor: Floats
    noise_q99: Floats
    debiased: Floats
    chi2: Floats
    dof: Floats
    tail_p: Floats
    plain_p: Floats
    cells: Floats
    js: Floats
    ks_low: Floats
    ks_high: Floats
    wasserstein: Floats
    missing: Floats
    missing_baseline: Floats
    unseen: Floats
    out_of_range: Floats
    absent: Floats
    retyped: Floats

    def row(self, number: int) -> Measures:
        """Return one granule: arrays of shape (features,)."""
        return Measures(**{item.name: getattr(self, item.name)[number] for item in fields(self)})


_STATISTICS = (
    "psi",
    "noise_floor",
    "noise_q99",
    "debiased",
    "chi2",
    "dof",
    "tail_p",
    "plain_p",
    "js",
    "ks_low",
    "ks_high",
    "wasserstein",
)


class Comparator:
    """Compares summaries with one segment of a baseline; keeps what does not depend on the summaries.

    Parameters
    ----------
    baseline
        The baseline. A segment that it never held counts as one without rows: nothing can be computed.
    segment
        ``""`` is everything.
    threads
        Threads for distances over fine cells; 0 means one a core.
    """

    def __init__(self, baseline: Baseline, segment: str = "", *, threads: int = 0) -> None:
        self._threads = threads or os.cpu_count() or 1
        self.grid = baseline.grid
        self.total = baseline.totals.get(segment) or TableSummary.empty(baseline.grid)
        self._psi_cells = np.append(self.total.psi_cells(), 0)
        self._groups = list(by_width(self.grid))
        self._ordered = [
            (index, OrderedFeature(self._cells(self.total, index), feature.knots))
            for index, feature in enumerate(self.grid.features)
            if feature.is_ordered and len(feature.knots)
        ]
        self._is_ordered = np.array([feature.is_ordered for feature in self.grid.features], dtype=bool)
        self._ends_open = np.array(
            [f.is_ordered and len(f.knots) > 0 and f.knots[-1] != np.inf for f in self.grid.features], dtype=bool
        )

    def _cells(self, summary: TableSummary, index: int) -> NDArray[np.int64]:
        return summary.cells[self.grid.offsets[index] : self.grid.offsets[index + 1]]

    def measure(self, summaries: Sequence[TableSummary]) -> Measures:
        """Return the statistics of each summary, which must lie on the baseline's grid.

        Memory is about that of the summaries again; give some tens of granules at a time.
        """
        shape = (len(summaries), len(self.grid.features))
        found = {item.name: np.full(shape, np.nan) for item in fields(Measures) if item.name != "n_rows"}
        n_rows = np.array([summary.n_rows for summary in summaries], dtype=np.int64)
        self._rows(summaries, n_rows, found)
        self._on_psi_cells(summaries, found)
        with ThreadPoolExecutor(self._threads) as pool:  # each writes columns of its own
            halves = [self._ordered[start :: self._threads] for start in range(self._threads)]
            list(pool.map(lambda part: self._on_fine_cells(summaries, part, found), halves))
        nothing_to_compare = ~(found["cells"] >= 2)  # one cell on both sides: the answer is not 0, there is none
        for name in _STATISTICS:
            found[name][nothing_to_compare] = np.nan
        return Measures(n_rows=n_rows, **found)

    def _on_fine_cells(
        self, summaries: Sequence[TableSummary], part: Sequence[tuple[int, OrderedFeature]], found: dict[str, Floats]
    ) -> None:
        for index, ordered in part:
            cells = np.stack([self._cells(summary, index) for summary in summaries])
            found["ks_low"][:, index], found["ks_high"][:, index], found["wasserstein"][:, index] = ordered.measure(
                cells
            )

    def _rows(self, summaries: Sequence[TableSummary], n_rows: NDArray[np.int64], found: dict[str, Floats]) -> None:
        tallies = np.stack([summary.tallies for summary in summaries]).astype(np.float64)
        base = self.total.tallies.astype(np.float64)
        found["absent"][:], found["retyped"][:] = tallies[:, :, Tally.ABSENT], tallies[:, :, Tally.RETYPED]
        found["n_current"][:] = n_rows[:, None] - found["absent"] - found["retyped"]
        found["n_baseline"][:] = self.total.n_rows - base[:, Tally.ABSENT] - base[:, Tally.RETYPED]
        found["missing"][:] = _share(tallies[:, :, Tally.NULL] + tallies[:, :, Tally.NAN], found["n_current"])
        found["missing_baseline"][:] = _share(base[:, Tally.NULL] + base[:, Tally.NAN], found["n_baseline"])
        cells = [summary.cells for summary in summaries]
        first = np.stack([one[self.grid.offsets[:-1]] for one in cells]).astype(np.float64)
        last = np.stack([one[self.grid.offsets[1:] - 1] for one in cells]).astype(np.float64)
        found["unseen"][:] = np.where(self._is_ordered, np.nan, _share(last, found["n_current"]))
        beyond = first + np.where(self._ends_open, last, 0.0)
        found["out_of_range"][:] = np.where(self._is_ordered, _share(beyond, found["n_current"]), np.nan)

    def _on_psi_cells(self, summaries: Sequence[TableSummary], found: dict[str, Floats]) -> None:
        current = np.stack([np.append(summary.psi_cells(), 0) for summary in summaries])
        for features, columns in self._groups:
            base, now = self._psi_cells[columns], current[:, columns]
            table = stats.psi_table(base, now)
            for name in ("psi", "noise_floor", "noise_q99", "debiased", "chi2", "dof", "tail_p", "cells"):
                found[name][:, features] = getattr(table, name)
            found["plain_p"][:, features] = table.p_value
            found["js"][:, features] = stats.jensen_shannon(base, now)


def _share(part: Floats, whole: Floats) -> Floats:
    unknown: Floats = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    return np.asarray(np.divide(part, whole, out=unknown, where=whole > 0))
