"""Days are not independent rows: the chi-square corrected by how much the reference days vary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np
from scipy import special

from monitor_core.errors import InvalidInput
from monitor_core.stats.arrays import FloatArray, as_counts
from monitor_core.stats.chi_square import chi_square

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["ReferenceSpread", "rao_scott", "reference_spread", "reference_windows"]


@overload
def rao_scott(
    chi2: float, *, mean: float, variance: float, cells: float, days: float
) -> tuple[float, float]: ...  # one feature
@overload
def rao_scott(
    chi2: ArrayLike, *, mean: ArrayLike, variance: ArrayLike, cells: ArrayLike, days: ArrayLike
) -> tuple[FloatArray, FloatArray]: ...  # many
def rao_scott(
    chi2: ArrayLike, *, mean: ArrayLike, variance: ArrayLike, cells: ArrayLike, days: ArrayLike
) -> tuple[float, float] | tuple[FloatArray, FloatArray]:
    """Judge a chi-square against what the reference days themselves show.

    Second-order correction after Rao & Scott (1984), with the moments taken from the reference days:
    ``v = min(2 mean^2 / variance, cells - 1)`` and ``p = F.sf(chi2 / mean; v, v days)``; the second degrees
    of freedom pay for `mean` being an estimate.

    Parameters
    ----------
    chi2
        Pearson's statistic of the current day against the baseline.
    mean, variance
        Of the statistic of each reference day against all *other* reference days, for days of as many rows
        as the current one (`ReferenceSpread.at` scales them).
    cells
        Cells behind `chi2` (B).
    days
        Reference days behind `mean` and `variance` (D). Below 14 the estimate is too rough to be used.

    Returns
    -------
    tuple
        (degrees of freedom v, p-value): floats for numbers, arrays for arrays. NaN where an input is NaN,
        where `mean` is not positive, or where there are fewer than two cells.

    Raises
    ------
    InvalidInput
        When a variance is negative or `days` is below 1.

    Examples
    --------
    >>> dof, p = rao_scott(28.4, mean=15.3, variance=96, cells=10, days=60)
    >>> round(dof, 6), round(p, 9)
    (4.876875, 0.103819279)
    """
    statistic, mu, s2, b, d = np.broadcast_arrays(
        *(np.asarray(value, dtype=np.float64) for value in (chi2, mean, variance, cells, days))
    )
    if np.any(s2 < 0) or np.any(d < 1):
        raise InvalidInput(f"variance {np.min(s2)} and days {np.min(d)}", hint="variance from 0, days from 1")
    with np.errstate(divide="ignore", invalid="ignore"):
        dof = np.minimum(2.0 * mu * mu / s2, b - 1.0)
        dof = np.where((mu > 0) & (dof > 0), dof, np.nan)
        p = special.fdtrc(dof, dof * d, statistic / mu)
    if dof.ndim == 0:
        return float(dof), float(p)
    return dof, p


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceSpread:
    """How much reference days differ from each other, one entry a feature.

    Attributes
    ----------
    mean, variance
        Of the statistic of each reference day against all other reference days.
    rho
        Correlation of two rows of the same day, from 0 (days are random samples) upwards.
    relative_variance
        Variance of the statistic over its expected value, each day at its own number of rows.
    days
        Reference days with rows.
    """

    mean: FloatArray
    variance: FloatArray
    rho: FloatArray
    relative_variance: FloatArray
    days: FloatArray

    def at(self, rows: ArrayLike, dof: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return (mean, variance) of the statistic for a day of `rows` rows and `dof` = cells - 1.

        ``mean = dof (1 + (rows - 1) rho)``: a day of twice the rows shows its own mood twice as clearly.
        Leading axes of `rows` and `dof` broadcast against the features.
        """
        m, freedom = np.asarray(rows, dtype=np.float64), np.asarray(dof, dtype=np.float64)
        mean = freedom * (1.0 + np.maximum(m - 1.0, 0.0) * self.rho)
        return mean, mean * mean * self.relative_variance


def reference_spread(days: ArrayLike) -> ReferenceSpread:
    """Measure how much reference days differ, from the cell counts of each.

    Parameters
    ----------
    days
        Counts, shape (..., days, cells): usually (features, days, cells). Days without rows are ignored.

    Returns
    -------
    ReferenceSpread
        Arrays of the leading shape; NaN where fewer than two days have rows, or all rows share one cell.

    Notes
    -----
    Each day is compared with all *other* days, so that no day is judged against itself. `rho` solves
    ``sum chi2 = sum dof (1 + (rows - 1) rho)`` and is never taken below 0. Time and memory are linear in
    the size of `days`.

    Examples
    --------
    >>> spread = reference_spread([[60, 40], [40, 60], [55, 45], [45, 55]])
    >>> round(float(spread.mean), 3), round(float(spread.rho), 4)
    (3.333, 0.0236)
    """
    counts = as_counts(days, "reference days")
    if counts.ndim < 2:
        raise InvalidInput(f"reference days of shape {counts.shape}", hint="shape (..., days, cells)")
    rows = counts.sum(axis=-1)
    test = chi_square(counts.sum(axis=-2, keepdims=True) - counts, counts)
    usable = (rows > 0) & (test.dof > 0) & np.isfinite(test.chi2)
    number = usable.sum(axis=-1).astype(np.float64)
    chi2, dof = np.where(usable, test.chi2, 0.0), np.where(usable, test.dof, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = np.maximum((chi2 - dof).sum(axis=-1) / (dof * np.maximum(rows - 1.0, 0.0)).sum(axis=-1), 0.0)
        expected = dof * (1.0 + np.maximum(rows - 1.0, 0.0) * rho[..., None])
        ratio = np.divide(chi2, expected, out=np.zeros_like(chi2), where=usable)
        ratio_mean, ratio_variance = _moments(ratio, usable, number)
        mean, variance = _moments(chi2, usable, number)
        relative = ratio_variance / (ratio_mean * ratio_mean)
    return ReferenceSpread(mean, variance, rho, relative, number)


def _moments(values: FloatArray, usable: NDArray[np.bool_], number: FloatArray) -> tuple[FloatArray, FloatArray]:
    mean = values.sum(axis=-1) / number
    squares = np.where(usable, values - mean[..., None], 0.0) ** 2
    return mean, squares.sum(axis=-1) / np.where(number > 1, number - 1.0, np.nan)


def reference_windows(days: ArrayLike, length: int) -> FloatArray:
    """Add up reference days into windows of `length` days that do not overlap, the latest days first served.

    A window of several days is judged against reference windows of the same length; days at the beginning
    that do not fill a window are left out.

    Parameters
    ----------
    days
        Shape (..., days, cells), in time order.
    length
        Days a window, from 1.

    Returns
    -------
    FloatArray
        Shape (..., days // length, cells).

    Examples
    --------
    >>> reference_windows([[1, 0], [2, 0], [0, 3], [4, 4]], 2)
    array([[3., 0.],
           [4., 7.]])
    """
    counts = as_counts(days, "reference days")
    if length < 1 or counts.ndim < 2:
        raise InvalidInput(f"windows of {length} days from shape {counts.shape}", hint="at least 1 day a window")
    whole = counts.shape[-2] // length
    kept = counts[..., counts.shape[-2] - whole * length :, :]
    return np.asarray(kept.reshape(*counts.shape[:-2], whole, length, counts.shape[-1]).sum(axis=-2))
