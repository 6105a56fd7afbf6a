"""Looking every day without crying wolf: a restart-mixture e-process on F*."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monitor_core.errors import InvalidInput
from monitor_core.stats.arrays import between
from monitor_core.stats.intervals import f1_from_f_star, f_star_from_f1

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from monitor_core.stats.arrays import FloatArray

__all__ = ["DROPS", "RESTART", "alternatives", "e_process", "log_ratios"]

DROPS = (0.03, 0.05, 0.075, 0.10, 0.15, 0.20, 0.30)
"""Relative drops of F1 that the evidence is gathered for, with equal weights."""
RESTART = 1.0 / 365.0
"""Weight of starting anew on each granule: once a year."""


def e_process(days: ArrayLike, *, f_star: ArrayLike, deff: ArrayLike = 1.0, restart: float = RESTART) -> FloatArray:
    """Return the evidence, day after day, that F* has fallen below `f_star`.

    Parameters
    ----------
    days
        (TP, relevant cases) of each matured granule in order of time, shape (..., days, 2). A granule without
        relevant cases changes next to nothing (a restart is added).
    f_star
        The null hypothesis is F* >= `f_star`, between 0 and 1: the *lower* 97.5 % Wilson bound of the baseline. With
        the estimate itself the alarm would be raised in 7 to 42 % of years without change. One, or one for each
        process (leading shape).
    deff
        Design effect, 1 or more, broadcast to (..., days): the evidence is tempered by 1 / deff.
    restart
        Weight of starting anew on each granule; 1 over the granules in which one false alarm in 20 is allowed at a
        threshold of 20 (a year of days).

    Returns
    -------
    FloatArray
        e-values, shape (..., days): 20 or more is an alarm.

    Notes
    -----
    M_i <- (M_i + restart) exp([TP ln(j_i / j0) + E ln((1 - j_i) / (1 - j0))] / deff), in logs; e = mean of M_i over
    the alternatives j_i, whose F1 lies `DROPS` below the null's. An e-detector (Shin, Ramdas & Rinaldo). Latching and
    resetting are the caller's.

    Examples
    --------
    >>> e_process([(14, 28), (12, 27), (10, 26), (9, 27), (8, 28), (9, 27)], f_star=0.5625).round(8)
    array([2.68601000e-03, 9.37521000e-03, 4.04061000e-02, 3.70140420e-01,
           1.20357513e+01, 1.72776894e+02])
    """
    hits, cases = _days(days)
    right, wrong = (part[..., None, :] for part in log_ratios(f_star))
    steps = (hits[..., None] * right + (cases - hits)[..., None] * wrong) / _effect(deff, hits.shape)[..., None]
    if not 0.0 < restart <= 1.0:
        raise InvalidInput(f"restart {restart}", hint="above 0, at most 1")
    levels = np.full(steps.shape, -np.inf)
    level = np.full((*steps.shape[:-2], steps.shape[-1]), -np.inf)
    for day in range(steps.shape[-2]):
        level = np.logaddexp(level, np.log(restart)) + steps[..., day, :]
        levels[..., day, :] = level
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(levels).mean(axis=-1), dtype=np.float64)


def alternatives(f_star: ArrayLike) -> FloatArray:
    """Return the F* whose F1 lies `DROPS` below that of `f_star`, along a new last axis.

    Examples
    --------
    >>> alternatives(0.5625).round(3)
    array([0.537, 0.52 , 0.499, 0.479, 0.441, 0.404, 0.337])
    """
    return f_star_from_f1(f1_from_f_star(f_star)[..., None] * (1.0 - np.asarray(DROPS)))


def log_ratios(f_star: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return what a true positive and what an error adds to the log evidence for each alternative (last axis).

    Examples
    --------
    >>> right, wrong = log_ratios(0.5625)
    >>> bool((right < 0).all() and (wrong > 0).all())
    True
    """
    null = np.asarray(f_star, dtype=np.float64)
    if not np.all((null > 0.0) & (null < 1.0)):
        raise InvalidInput(f"f_star {f_star!r}", hint="between 0 and 1, both excluded")
    other, null = alternatives(null), null[..., None]
    return np.log(other / null), np.log1p(-other) - np.log1p(-null)


def _effect(deff: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    return np.broadcast_to(between(deff, "design effect", 1.0), shape)


def _days(days: ArrayLike) -> tuple[FloatArray, FloatArray]:
    array = np.asarray(days, dtype=np.float64)
    if array.size == 0:
        array = array.reshape(0, 2)
    if array.ndim < 2 or array.shape[-1] != 2:
        raise InvalidInput(f"days of shape {array.shape}", hint="(TP, relevant cases) of each day")
    hits, cases = array[..., 0], array[..., 1]
    if not np.all((hits >= 0) & (hits <= cases) & (cases < np.inf)):
        raise InvalidInput("a day with more true positives than relevant cases, or not a count", hint="(TP, TP+FP+FN)")
    return hits, cases
