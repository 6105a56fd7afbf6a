"""How much granules differ when nothing is wrong, from the baseline's own granules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core import stats
from monitor_core.drift.padded import by_width
from monitor_core.drift.results import Calibration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor_core.drift.baseline import Baseline
    from monitor_core.drift.measures import Measures
    from monitor_core.settings import DriftSettings

    Floats = NDArray[np.float64]

__all__ = ["Spread", "calibrate"]


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How rows of the same granule hang together, one entry a feature.

    Attributes
    ----------
    calibration
        How far `p_values` can be trusted.
    n_granules
        Reference granules with rows, or windows of them.
    rho
        Correlation of two rows of the same granule; 0 where it could not be measured.
    relative_variance
        Variance of the statistic over the square of its mean.
    """

    calibration: Calibration
    n_granules: int
    rho: Floats
    relative_variance: Floats
    granules: Floats

    def p_values(self, measures: Measures) -> tuple[Floats, Floats]:
        """Return (p-value, degrees of freedom) of each granule and feature.

        Corrected by `stats.rao_scott` where the reference granules allow it, at the granule's own number of rows; else
        the plain test, which takes rows as independent. Small cells are joined by their tail either way.
        """
        if self.calibration is Calibration.NONE:
            return measures.plain_p, measures.dof
        spread = stats.ReferenceSpread(
            self.rho, self.rho, self.rho, self.relative_variance, self.granules
        )  # `at` reads only rho and relative_variance
        mean, variance = spread.at(measures.n_current, measures.dof)
        usable = np.isfinite(variance) & (mean > 0)
        dof, corrected = stats.rao_scott(
            measures.chi2,
            mean=np.where(usable, mean, np.nan),
            variance=np.where(usable, variance, 1.0),
            cells=measures.dof + 1.0,
            days=np.maximum(self.granules, 1.0),
        )
        p = np.where(usable, stats.combine_tail(corrected, measures.tail_p), measures.plain_p)
        return np.where(np.isnan(measures.plain_p), np.nan, p), np.where(usable, dof, measures.dof)


def calibrate(baseline: Baseline, segment: str, *, settings: DriftSettings, length: int = 1) -> Spread:
    """Measure the spread of the baseline's granules, or of its windows of `length` granules that do not overlap.

    From `settings.calibrated_from` granules with rows on it is trusted, from `settings.calibrated_some` on it is used
    with a badge, below it is not used. Of windows, `settings.calibrated_some` that cover `settings.calibrated_from`
    granules are enough: neighbours that hang together, for which so many granules are asked for, are in one window.
    """
    reference, grid = baseline.reference(segment), baseline.grid
    filled = reference.n_rows > 0
    n_granules = int(np.count_nonzero(filled)) // length
    n = len(grid.features)
    rho, variance, granules = np.zeros(n), np.full(n, np.nan), np.zeros(n)
    if n_granules >= settings.calibrated_some:
        found = reference.cells[filled]
        cells = np.column_stack([found, np.zeros(len(found), np.int64)])
        for features, columns in by_width(grid):
            granules_of = np.swapaxes(cells[:, columns], 0, 1)
            spread = stats.reference_spread(
                granules_of if length == 1 else stats.reference_windows(granules_of, length)
            )
            rho[features] = np.nan_to_num(spread.rho)
            variance[features], granules[features] = spread.relative_variance, spread.days
    if n_granules < settings.calibrated_some:
        level = Calibration.NONE
    else:
        level = Calibration.CALIBRATED if n_granules * length >= settings.calibrated_from else Calibration.SOME
    return Spread(level, n_granules, rho, variance, granules)
