"""Losses in money: what errors cost a day, given costs and a rate. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from monitor_core.stats import f1_from_f_star, f_star_from_f1

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from monitor_core.performance.advice_evidence import Evidence, Pair

__all__ = ["Prices", "expected_money", "paired_money", "prices"]

_NODES = 400
_POINTS = 8_192
_PRIOR = np.array([1.0, 1.0, 3.0, 3.0, 4.0]) / 12.0
"""Of the cells on which two versions differ, and of all others: as in `stats.paired_probability_of_drop`."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What a version costs a day, as a function of its F*.

    Attributes
    ----------
    false_positive, false_negative
        Cost of one.
    rate
        Predictions a day.
    prevalence
        Share of predictions whose label is positive.
    missed
        Share of false negatives among the errors. The previous version is taken to err in the same proportion.
    """

    false_positive: float
    false_negative: float
    rate: float
    prevalence: float
    missed: float

    def of_f_star(self, f_star: ArrayLike) -> NDArray[np.float64]:
        """Return money a day.

        From TP + FN = prevalence and FN = missed * errors follows the share of errors: prevalence (1 - F*) /
        (missed + (1 - missed) F*).

        Examples
        --------
        >>> float(Prices(10.0, 10.0, rate=1_000, prevalence=0.1, missed=0.5).of_f_star(0.5))
        666.6666666666666
        """
        share = np.asarray(f_star, dtype=np.float64)
        errors = self.prevalence * (1.0 - share) / (self.missed + (1.0 - self.missed) * share)
        one = (1.0 - self.missed) * self.false_positive + self.missed * self.false_negative
        return np.asarray(self.rate * one * errors, dtype=np.float64)

    def of_switching(self, f_star: float, cost: float) -> float:
        """Return what a switching cost in F1 is worth at `f_star`."""
        f1 = float(f1_from_f_star(f_star))
        worse, now = self.of_f_star(f_star_from_f1(np.array([max(f1 - cost, 0.0), f1])))
        return float(worse - now)


def prices(evidence: Evidence) -> Prices | None:
    """Return the prices when costs, a rate and the kinds of errors are known; else None, and losses are in F1."""
    given = (
        evidence.cost_false_positive,
        evidence.cost_false_negative,
        evidence.predictions_per_day,
        evidence.false_positives,
        evidence.false_negatives,
    )
    known = [float(value) for value in given if value is not None]
    if len(known) < len(given) or known[0] + known[1] == 0.0:
        return None
    wrong, missed, rate, _, false_negatives = known
    tp, errors = evidence.current
    return Prices(
        wrong,
        missed,
        rate,
        prevalence=(tp + false_negatives + 0.5) / (evidence.labelled + 1.0),
        missed=(false_negatives + 0.5) / (errors + 1.0),
    )


def expected_money(current: Pair, previous: Pair, priced: Prices) -> tuple[float, float]:
    """Return what staying and what rolling back is expected to lose a day, without the cost of switching.

    Parameters
    ----------
    current, previous
        (TP, errors), already divided by their design effects.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    weights = 0.5 * weights
    now, before = (
        priced.of_f_star(special.betaincinv(tp + 0.5, errors + 0.5, 0.5 * (nodes + 1.0)))
        for tp, errors in (current, previous)
    )
    more = now[:, None] - before
    return float(weights @ np.maximum(more, 0.0) @ weights), float(weights @ np.maximum(-more, 0.0) @ weights)


def paired_money(cells: Sequence[float], priced: Prices, *, deff: float = 1.0) -> tuple[float, float]:
    """Return what `expected_money` does, from rows that both versions predicted: nothing is assumed of their errors.

    Parameters
    ----------
    cells
        Rows at 4 * label + 2 * current + previous. Only those on which the versions differ cost anything.
    priced
        What errors cost.
    deff
        Design effect, 1 or more.

    Notes
    -----
    16,384 points of low discrepancy over the Dirichlet posterior of the cells, each used a second time with the
    versions exchanged; right to about .5 %.

    Examples
    --------
    >>> priced = Prices(1.0, 1.0, rate=1_000, prevalence=0.1, missed=0.5)
    >>> [round(loss, 1) for loss in paired_money([900, 10, 40, 0, 0, 0, 0, 50], priced)]
    [30.0, 0.0]
    """
    held = np.asarray(cells, dtype=np.float64) / deff
    differ = held[[1, 2, 5, 6]]
    shape = np.append(differ, held.sum() - differ.sum()) + _PRIOR
    points = _lattice()
    drawn = special.gammaincinv(shape, np.concatenate([points, points[:, [1, 0, 3, 2, 4]]]))
    shares = drawn / drawn.sum(axis=1, keepdims=True)
    wrong, missed = priced.false_positive, priced.false_negative
    more = priced.rate * (shares @ np.array([-wrong, wrong, missed, -missed, 0.0]))
    return float(np.maximum(more, 0.0).mean()), float(np.maximum(-more, 0.0).mean())


@lru_cache(maxsize=1)
def _lattice() -> NDArray[np.float64]:
    """Points in the cube of five dimensions: multiples of powers of a generalised golden ratio."""
    ratio = 2.0
    for _ in range(64):
        ratio = (1.0 + ratio) ** (1.0 / 6.0)
    steps = ratio ** -np.arange(1.0, 6.0)
    return np.asarray((0.5 + np.outer(np.arange(1, _POINTS + 1), steps)) % 1.0, dtype=np.float64)
