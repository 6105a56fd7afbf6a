"""Two versions on the same rows: how sure it is that one is worse."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from monitor_core.errors import InvalidInput
from monitor_core.stats.arrays import between
from monitor_core.stats.posterior import Losses

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from monitor_core.stats.arrays import FloatArray

__all__ = ["paired_expected_loss", "paired_probability_of_drop"]

_POINTS = 4_096
_PRIOR = np.array([0.0, 1.0, 1.0, 1.0, 1.0, 3.0, 3.0, 3.0]) / 12.0
"""By cell 4 label + 2 current + previous. Its margins are the unpaired prior, Beta(1/2, 1/2), for both versions."""


def paired_probability_of_drop(cells: ArrayLike, drop: float = 0.0, *, deff: float = 1.0) -> float:
    """Return P(F1 of the current version < (1 - drop) F1 of the previous one), both having judged the same rows.

    Parameters
    ----------
    cells
        Rows by label, current and previous prediction, shape (8,), at 4 label + 2 current + previous.
        Rows that are negative for all three (cell 0) play no part.
    drop
        Relative drop, 0 to 1.
    deff
        Design effect, 1 or more.

    Returns
    -------
    float
        Far surer than `probability_of_drop` of the two margins where the versions mostly agree.

    Notes
    -----
    The shares of the cells have a Dirichlet posterior; the probability is taken over 8,192 fixed points of low
    discrepancy, so that the same counts always give the same figure; off by some .001.

    Examples
    --------
    >>> round(paired_probability_of_drop([9000, 20, 30, 400, 300, 60, 50, 1300]), 2)
    0.92
    """
    current, previous = _draws(cells, deff)
    bar = (1.0 - float(between(drop, "relative drop", 0.0, 1.0))) * previous
    return float(np.mean(current < bar))


def paired_expected_loss(cells: ArrayLike, *, deff: float = 1.0, switching_cost: float = 0.005) -> Losses:
    """Return `expected_loss` of two versions that judged the same rows.

    Parameters
    ----------
    cells, deff
        As for `paired_probability_of_drop`.
    switching_cost
        Added to the loss of rolling back, in F1.

    Returns
    -------
    Losses
        Without switching cost, swapping the versions swaps the losses.

    Examples
    --------
    >>> losses = paired_expected_loss([800, 4, 22, 20, 15, 25, 5, 109])
    >>> losses.stay > losses.roll
    True
    """
    current, previous = _draws(cells, deff)
    better = previous - current
    return Losses(float(np.maximum(better, 0.0).mean()), float(np.maximum(-better, 0.0).mean()) + switching_cost)


def _draws(cells: ArrayLike, deff: float) -> tuple[FloatArray, FloatArray]:
    """F1 of both versions at points of the posterior; the points come in pairs that mirror the versions."""
    counts = between(cells, "rows of a cell", 0.0)
    if counts.shape != (8,):
        raise InvalidInput(f"cells of shape {counts.shape}", hint="eight: 4 label + 2 current + previous")
    return _drawn(tuple(counts.tolist()), float(between(deff, "design effect", 1.0)))


@lru_cache(maxsize=16)
def _drawn(counts: tuple[float, ...], deff: float) -> tuple[FloatArray, FloatArray]:
    """Kept, because several figures are asked for of the same counts, and each takes 100,000 quantiles."""
    shape = np.array(counts) / deff + _PRIOR
    both_hit, both_wrong, one_hits, one_errs = np.split(_uniform(), [1, 2, 4], axis=1)
    hits = special.gammaincinv(shape[7], np.tile(both_hit[:, 0], 2))
    wrong = special.gammaincinv(shape[3] + shape[4], np.tile(both_wrong[:, 0], 2))
    # Where the versions differ: which one hits, which one raises a false alarm; then the other way round.
    alone = special.gammaincinv(shape[[6, 5]], np.concatenate([one_hits, one_hits[:, ::-1]]))
    alarm = special.gammaincinv(shape[[2, 1]], np.concatenate([one_errs, one_errs[:, ::-1]]))
    current = _f1(hits + alone[:, 0], wrong + alone[:, 1] + alarm[:, 0])
    return current, _f1(hits + alone[:, 1], wrong + alone[:, 0] + alarm[:, 1])


def _f1(hits: FloatArray, errors: FloatArray) -> FloatArray:
    whole = 2.0 * hits + errors
    result: FloatArray = np.divide(2.0 * hits, whole, out=np.zeros_like(whole), where=whole > 0)
    return result


@lru_cache(maxsize=1)
def _uniform() -> FloatArray:
    """Points in the unit cube of six dimensions: multiples of powers of a generalised golden ratio."""
    ratio = 2.0
    for _ in range(64):
        ratio = (1.0 + ratio) ** (1.0 / 7.0)
    steps = ratio ** -np.arange(1.0, 7.0)
    points: FloatArray = (0.5 + np.arange(1, _POINTS + 1)[:, None] * steps) % 1.0
    return points
