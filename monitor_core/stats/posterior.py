"""How sure it is that F1 fell: posteriors of F* compared by quadrature, without chance.

Given TP and E, F* has the posterior Beta(TP / deff + 1/2, E / deff + 1/2), Jeffreys' prior.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy import special

from monitor_core.stats.arrays import between
from monitor_core.stats.intervals import f1_from_f_star, f_star_from_f1

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from monitor_core.stats.arrays import FloatArray

__all__ = ["Losses", "expected_loss", "probabilities_of_drop", "probability_below", "probability_of_drop"]

Pair: TypeAlias = tuple[float, float]
"""True positives, and errors (false positives and false negatives)."""

_NODES = 400
_TAIL = 1e-14
_PANEL = 64


@dataclass(frozen=True, slots=True)
class Losses:
    """What either choice is expected to cost, in F1.

    Attributes
    ----------
    stay
        E[(F1 of the previous version - F1 of the current one)+].
    roll
        E[(F1 of the current version - F1 of the previous one)+] plus the cost of switching.
    """

    stay: float
    roll: float


def probability_of_drop(
    current: Pair, baseline: Pair, drop: float = 0.0, *, deff: float = 1.0, baseline_deff: float = 1.0
) -> float:
    """Return P(F1 of `current` < (1 - drop) F1 of `baseline`), given the counts of both.

    Parameters
    ----------
    current, baseline
        (TP, E); need not be whole. (0, 0) is "nothing known": the prior.
    drop
        Relative drop of F1, 0 to 1; 0 asks for any drop.
    deff, baseline_deff
        Design effects of the two sides, 1 or more.

    Returns
    -------
    float
        Falls as `drop` grows. "Previous better by more than tau" is the same question, with the previous version's
        counts as `baseline`.

    Notes
    -----
    The integral over u of I_x(a, b), x = F*((1 - drop) F(Q(u))), Q the quantile function of the baseline's posterior
    and I the distribution function of the current one's, by Gauss-Legendre with 400 points.

    Examples
    --------
    >>> [round(probability_of_drop((84, 83), (450, 350), drop), 6) for drop in (0, 0.05, 0.10)]
    [0.920013, 0.655604, 0.281486]
    """
    current_tp, current_errors = _pair(current)
    return float(
        probabilities_of_drop(current_tp, current_errors, baseline, drop, deff=deff, baseline_deff=baseline_deff)
    )


def probabilities_of_drop(
    tp: ArrayLike,
    errors: ArrayLike,
    baseline: Pair,
    drop: ArrayLike = 0.0,
    *,
    deff: ArrayLike = 1.0,
    baseline_deff: float = 1.0,
) -> FloatArray:
    """Return `probability_of_drop` for many windows or drops against one baseline.

    Parameters
    ----------
    tp, errors, drop, deff
        Any shapes that broadcast.
    baseline, baseline_deff
        One baseline's (TP, E) and design effect.

    Returns
    -------
    FloatArray
        Of the broadcast shape.

    Examples
    --------
    >>> probabilities_of_drop(84, 83, (450, 350), [0.0, 0.05, 0.10]).round(6)
    array([0.920013, 0.655604, 0.281486])
    """
    nodes, weights = _legendre(_NODES)
    a, b = _beta(*_pair(baseline), baseline_deff)
    reference = f1_from_f_star(special.betaincinv(a, b, nodes))
    below = probability_below(
        np.asarray(tp, dtype=np.float64)[..., None],
        np.asarray(errors, dtype=np.float64)[..., None],
        (1.0 - between(drop, "relative drop", 0.0, 1.0)[..., None]) * reference,
        deff=np.asarray(deff, dtype=np.float64)[..., None],
    )
    return np.asarray(np.clip(below @ weights, 0.0, 1.0), dtype=np.float64)


def probability_below(tp: ArrayLike, errors: ArrayLike, f1: ArrayLike, *, deff: ArrayLike = 1.0) -> FloatArray:
    """Return P(F1 < `f1`) given counts: for a baseline that is a bare value.

    Parameters
    ----------
    tp, errors, f1, deff
        Any shapes that broadcast; `f1` within 0..1.

    Examples
    --------
    >>> probability_below(84, 83, [0.0, 0.72, 1.0]).round(4)
    array([0.   , 0.939, 1.   ])
    """
    a, b = _beta(np.asarray(tp, dtype=np.float64), np.asarray(errors, dtype=np.float64), deff)
    return np.asarray(special.betainc(a, b, f_star_from_f1(between(f1, "F1", 0.0, 1.0))), dtype=np.float64)


def expected_loss(
    current: Pair, previous: Pair, *, deff: float = 1.0, previous_deff: float = 1.0, switching_cost: float = 0.005
) -> Losses:
    """Return the F1 expected to be lost by staying with the current version, and by rolling back.

    Parameters
    ----------
    current, previous
        (TP, E) of both versions; need not be whole (the previous one's counts age).
    deff, previous_deff
        Design effects, 1 or more.
    switching_cost
        What changing the version costs, in F1; added to the loss of rolling back.

    Returns
    -------
    Losses
        Without switching cost, swapping the versions swaps the losses.

    Notes
    -----
    E[(X - Y)+] is the integral over t of P(Y <= t) P(X > t), here by Gauss-Legendre over pieces that end where
    either posterior begins, ends or has its median.

    Examples
    --------
    >>> losses = expected_loss((84, 83), (430, 380))
    >>> round(losses.stay, 6), round(losses.roll, 6)
    (0.030376, 0.010465)
    """
    now, before = _beta(*_pair(current), deff), _beta(*_pair(previous), previous_deff)
    points, weights = _pieces(now, before)
    f_star = f_star_from_f1(points)
    below_now, below_before = special.betainc(*now, f_star), special.betainc(*before, f_star)
    # Complements by symmetry keep their figures where 1 - p would lose them.
    above_now = special.betainc(now[1], now[0], 1.0 - f_star)
    above_before = special.betainc(before[1], before[0], 1.0 - f_star)
    stay, roll = (below_now * above_before) @ weights, (below_before * above_now) @ weights
    return Losses(float(stay), float(roll) + switching_cost)


def _pieces(now: tuple[FloatArray, FloatArray], before: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Points and weights on 0..1 of F1, dense where the two posteriors lie."""
    marks = np.array([_TAIL, 1e-6, 0.02, 0.2, 0.5, 0.8, 0.98, 1.0 - 1e-6, 1.0 - _TAIL])
    edges = np.concatenate([[0.0, 1.0], *(f1_from_f_star(special.betaincinv(*side, marks)) for side in (now, before))])
    edges = np.unique(edges)
    nodes, weights = _legendre(_PANEL)
    widths = np.diff(edges)[:, None]
    return (edges[:-1, None] + widths * nodes).ravel(), (widths * weights).ravel()


@lru_cache(maxsize=4)
def _legendre(n: int) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre points and weights on 0..1."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return 0.5 * (nodes + 1.0), 0.5 * weights


def _beta(tp: ArrayLike, errors: ArrayLike, deff: ArrayLike) -> tuple[FloatArray, FloatArray]:
    effect = between(deff, "design effect", 1.0)
    hits, wrong = between(tp, "true positives", 0.0), between(errors, "errors", 0.0)
    return hits / effect + 0.5, wrong / effect + 0.5


def _pair(counts: Pair) -> Pair:
    tp, errors = counts
    return float(tp), float(errors)
