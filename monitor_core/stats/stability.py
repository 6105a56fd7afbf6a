"""Population stability index with the noise it has when nothing has changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from monitor_core.errors import InvalidInput
from monitor_core.stats.arrays import FloatArray, paired_counts
from monitor_core.stats.chi_square import chi_square

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["PsiResult", "PsiTable", "psi", "psi_table"]


@dataclass(frozen=True, slots=True)
class PsiResult:
    """One feature's population stability index, and how far it can be believed.

    Attributes
    ----------
    psi
        The index, 0 (same mix) upwards.
    noise_floor
        Its mean when nothing has changed: ``(B - 1)(1/n + 1/m)``.
    noise_q99
        Its 99 % quantile when nothing has changed: ``(1/n + 1/m)`` times that of chi-square with B - 1.
    debiased
        `psi` minus `noise_floor`; about 0 when nothing has changed, may be negative.
    chi2, p_value
        Pearson's two-sample test on the same cells (see `chi_square`), rows taken as independent.
    """

    psi: float
    noise_floor: float
    noise_q99: float
    debiased: float
    chi2: float
    p_value: float


@dataclass(frozen=True, slots=True, eq=False)
class PsiTable:
    """`PsiResult` for many pairs at once, arrays of one shape, with what corrections need.

    `cells` is B, the cells that exist on either side; `dof` and `tail_p` are those of `ChiSquare`.
    """

    psi: FloatArray
    noise_floor: FloatArray
    noise_q99: FloatArray
    debiased: FloatArray
    chi2: FloatArray
    dof: FloatArray
    tail_p: FloatArray
    p_value: FloatArray
    cells: FloatArray


def psi(baseline_counts: ArrayLike, current_counts: ArrayLike) -> PsiResult:
    """Return how far the mix of cells has moved from the baseline, and whether that is more than noise.

    Parameters
    ----------
    baseline_counts, current_counts
        Rows in each cell, shape (cells,). The cells come from the baseline alone and cover everything:
        outer cells are open, missing values have a cell of their own.

    Returns
    -------
    PsiResult
        All NaN when a side has no rows. When all rows of both sides lie in one cell everything is 0 and
        `p_value` is 1: two equal constants.

    Raises
    ------
    InvalidInput
        When the two sides differ in cells, or hold something that is not a count.

    Notes
    -----
    One half is added to every cell on both sides, and a cell is dropped only where both counts are 0; so an
    empty cell costs no infinity and no epsilon decides the answer. The index grows with the number of
    cells over the rows: .09 is the expected value for 10 cells and 100 current rows *without any change*.
    Read `debiased` beside `psi`, and believe neither for rows that come in clusters without
    the correction of `rao_scott`. The distribution under no change follows Yurdakul (2018).

    Examples
    --------
    >>> result = psi([100] * 10, [12, 9, 8, 11, 10, 10, 7, 13, 9, 11])
    >>> round(result.psi, 8), round(result.noise_floor, 8), round(result.noise_q99, 8)
    (0.027779, 0.099, 0.23832594)
    >>> round(result.debiased, 8), round(result.chi2, 8), round(result.p_value, 9)
    (-0.071221, 2.72876132, 0.974085667)
    """
    if np.ndim(baseline_counts) != 1 or np.ndim(current_counts) != 1:
        raise InvalidInput(
            f"psi takes one feature: counts of shape (cells,), not {np.shape(baseline_counts)} and "
            f"{np.shape(current_counts)}",
            hint="psi_table takes many",
        )
    table = psi_table(baseline_counts, current_counts)
    return PsiResult(
        psi=float(table.psi),
        noise_floor=float(table.noise_floor),
        noise_q99=float(table.noise_q99),
        debiased=float(table.debiased),
        chi2=float(table.chi2),
        p_value=float(table.p_value),
    )


def psi_table(baseline: ArrayLike, current: ArrayLike) -> PsiTable:
    """Return `psi` for many features or granules at once.

    Parameters
    ----------
    baseline, current
        Shape (..., cells); leading axes broadcast. Features with fewer cells are padded with zeros on both
        sides: a cell that is empty on both sides does not exist.

    Returns
    -------
    PsiTable
        Arrays of the broadcast leading shape.

    Examples
    --------
    >>> psi_table([[50, 50, 0], [20, 20, 20]], [[5, 5, 0], [2, 2, 2]]).cells
    array([2., 3.])
    """
    left, right = np.broadcast_arrays(*paired_counts(baseline, current))
    test = chi_square(left, right)
    used = (left + right) > 0
    cells = used.sum(axis=-1).astype(np.float64)
    index = np.where(np.isnan(test.chi2), np.nan, _index(left, right, used))
    noise = np.where(np.isnan(index), np.nan, _noise_scale(left.sum(axis=-1), right.sum(axis=-1)))
    freedom = np.maximum(cells - 1.0, 0.0)
    floor = freedom * noise
    return PsiTable(
        psi=index,
        noise_floor=floor,
        noise_q99=noise * _quantile99(freedom),
        debiased=index - floor,
        chi2=test.chi2,
        dof=test.dof,
        tail_p=test.tail_p,
        p_value=test.p_value,
        cells=cells,
    )


def _index(left: FloatArray, right: FloatArray, used: NDArray[np.bool_]) -> FloatArray:
    padded_left, padded_right = np.where(used, left + 0.5, 0.0), np.where(used, right + 0.5, 0.0)
    total_left, total_right = padded_left.sum(axis=-1, keepdims=True), padded_right.sum(axis=-1, keepdims=True)
    p = np.where(used, padded_left, 1.0) / np.maximum(total_left, 1.0)
    q = np.where(used, padded_right, 1.0) / np.maximum(total_right, 1.0)
    return np.asarray(((q - p) * np.log(q / p) * used).sum(axis=-1), dtype=np.float64)


def _noise_scale(n: FloatArray, m: FloatArray) -> FloatArray:
    return np.asarray(1.0 / np.maximum(n, 1.0) + 1.0 / np.maximum(m, 1.0), dtype=np.float64)


def _quantile99(freedom: FloatArray) -> FloatArray:
    distinct, places = np.unique(freedom, return_inverse=True)
    quantiles = np.where(distinct > 0, special.chdtri(np.maximum(distinct, 1.0), 0.01), 0.0)
    return np.asarray(quantiles[places].reshape(freedom.shape), dtype=np.float64)
