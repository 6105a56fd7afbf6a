"""The figures behind an advice: probabilities that F1 fell, and what either choice is expected to lose. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core import stats
from monitor_core.performance.advice_money import expected_money, paired_money, prices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor_core.performance.advice_evidence import Evidence, Pair
    from monitor_core.performance.advice_money import Prices

__all__ = ["BETTER_BY", "DROPS", "Comparison", "Figures", "figures"]

DROPS = (0.0, 0.05, 0.10)
"""Relative drops of F1 whose probabilities are told."""
BETTER_BY = 0.05
"""By how much, relatively, the previous version must be better to go back to it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The current version against the previous one.

    Attributes
    ----------
    previous
        Its (TP, errors) as they weigh now: aged, or from the same rows.
    relevant
        As many independent relevant cases would weigh the same.
    is_paired
        Whether both versions predicted the same rows.
    p_better
        P(F1 of the current version < .95 F1 of the previous one).
    loss_stay, loss_roll
        Expected losses; rolling back includes the cost of switching.
    unit
        "F1" or "money a day".
    """

    previous: Pair
    relevant: float
    is_paired: bool
    p_better: float
    loss_stay: float
    loss_roll: float
    unit: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What is computed from evidence before any rule.

    Attributes
    ----------
    f1
        Of the current version, with its 95 % interval; NaN without any relevant case.
    baseline_f1, relative_drop
        None where there is nothing to compare with.
    drops
        P(relative drop > 0, .05, .10); empty without a baseline.
    comparison
        None without a previous version.
    """

    f1: stats.Interval
    baseline_f1: float | None
    relative_drop: float | None
    drops: tuple[float, ...]
    comparison: Comparison | None


def figures(evidence: Evidence, *, half_life_days: float = 180.0) -> Figures:
    """Compute the figures of an advice.

    Parameters
    ----------
    evidence
        Checked when it was made.
    half_life_days
        Days in which the counts of the previous version lose half their weight.
    """
    interval = stats.f1_interval(*evidence.current, deff=evidence.design_effect, dof=evidence.design_effect_dof)
    baseline = _baseline_f1(evidence)
    drop = None if not baseline or not evidence.relevant else (baseline - interval.estimate) / baseline
    return Figures(interval, baseline, drop, _drops(evidence), _comparison(evidence, half_life_days))


def _baseline_f1(evidence: Evidence) -> float | None:
    if evidence.baseline is None:
        return evidence.baseline_f1
    tp, errors = evidence.baseline
    return float(stats.f1_from_f_star(tp / (tp + errors))) if tp + errors else None


def _drops(evidence: Evidence) -> tuple[float, ...]:
    if evidence.baseline is not None:
        found = stats.probabilities_of_drop(
            *evidence.current,
            evidence.baseline,
            DROPS,
            deff=evidence.design_effect,
            baseline_deff=evidence.baseline_design_effect,
        )
    elif evidence.baseline_f1 is not None:
        bounds = (1.0 - np.asarray(DROPS)) * evidence.baseline_f1
        found = stats.probability_below(*evidence.current, bounds, deff=evidence.design_effect)
    else:
        return ()
    return tuple(float(probability) for probability in found)


def _comparison(evidence: Evidence, half_life_days: float) -> Comparison | None:
    priced, deff = prices(evidence), evidence.design_effect
    previous_deff = deff if evidence.previous_design_effect is None else evidence.previous_design_effect
    if evidence.paired is not None:
        previous, previous_deff = _previous_margin(evidence.paired), max(deff, previous_deff)
        better = stats.paired_probability_of_drop(evidence.paired, BETTER_BY, deff=previous_deff)
        stay, roll = _paired_losses(evidence.paired, previous_deff, priced)
    elif evidence.previous is not None:
        weight = 0.5 ** (evidence.previous_age_days / half_life_days)
        previous = (evidence.previous[0] * weight, evidence.previous[1] * weight)
        better = stats.probability_of_drop(
            evidence.current, previous, BETTER_BY, deff=deff, baseline_deff=previous_deff
        )
        stay, roll = _losses(evidence.current, previous, (deff, previous_deff), priced)
    else:
        return None
    return Comparison(
        previous,
        relevant=sum(previous) / previous_deff,
        is_paired=evidence.paired is not None,
        p_better=better,
        loss_stay=stay,
        loss_roll=roll + _switching(evidence, priced),
        unit="money a day" if priced else "F1",
    )


def _previous_margin(cells: Sequence[float]) -> Pair:
    """TP and errors of the previous version among rows that both predicted, at 4 * label + 2 * current + previous."""
    return cells[5] + cells[7], cells[1] + cells[3] + cells[4] + cells[6]


def _switching(evidence: Evidence, priced: Prices | None) -> float:
    if not priced:
        return evidence.switching_cost
    return priced.of_switching((evidence.current[0] + 0.5) / (evidence.relevant + 1.0), evidence.switching_cost)


def _losses(current: Pair, previous: Pair, deffs: Pair, priced: Prices | None) -> tuple[float, float]:
    if priced:
        pairs = zip((current, previous), deffs, strict=True)
        now, before = ((tp / deff, errors / deff) for (tp, errors), deff in pairs)
        return expected_money(now, before, priced)
    losses = stats.expected_loss(current, previous, deff=deffs[0], previous_deff=deffs[1], switching_cost=0.0)
    return losses.stay, losses.roll


def _paired_losses(cells: Sequence[float], deff: float, priced: Prices | None) -> tuple[float, float]:
    if priced:
        return paired_money(cells, priced, deff=deff)
    losses = stats.paired_expected_loss(cells, deff=deff, switching_cost=0.0)
    return losses.stay, losses.roll
