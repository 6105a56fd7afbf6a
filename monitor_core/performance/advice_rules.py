"""Which advice follows from evidence: the first rule that fits. Pure; the words are in `advice_words`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor_core.performance.advice_evidence import Evidence
    from monitor_core.performance.advice_figures import Comparison, Figures
    from monitor_core.settings import DriftSettings, PerformanceSettings

__all__ = ["ANY_LIKELY", "BETTER", "DROP_CERTAIN", "DROP_LIKELY", "OLD_DAYS", "Lack", "LackKind", "Obstacle", "Rule"]
__all__ += ["Ruling", "is_large_drift", "rule"]

DROP_CERTAIN, DROP_LIKELY, ANY_LIKELY = 0.95, 0.80, 0.90
"""P(drop > 5 %) that lets act, P(drop > 5 %) and P(any drop) that let watch."""
BETTER = 0.90
"""P(previous version better by more than 5 %) that lets roll back."""
OLD_DAYS = 180.0
"""Days out of service after which a version is not trusted on inputs that drifted much."""


class Rule(StrEnum):
    """The rules in their order, by what they say."""

    NOT_ENOUGH = "not enough evidence"
    FAULTY_INPUT = "fix the feed first"
    ROLL_BACK = "roll back"
    RETRAIN = "retrain"
    DROP_LIKELY = "a fall is likely"
    DRIFTED = "the inputs drifted much"
    KEEP = "nothing shows a fall"

    @property
    def action(self) -> str:
        """What the rule advises: not_enough_evidence | watch | roll_back | retrain | keep."""
        return _ACTIONS.get(self, "watch")


_ACTIONS = {
    Rule.NOT_ENOUGH: "not_enough_evidence",
    Rule.ROLL_BACK: "roll_back",
    Rule.RETRAIN: "retrain",
    Rule.KEEP: "keep",
}


class LackKind(StrEnum):
    """What a verdict needs."""

    LABELLED = "labelled predictions"
    RELEVANT = "effective relevant cases"
    COVERAGE = "share of due labels that have arrived"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that a verdict needs and that is not there.

    Attributes
    ----------
    have, need
        0 and 1 for the baseline.
    labels
        Labels still to come for it, as rows arrive now; None where that cannot be told.
    """

    kind: LackKind
    have: float
    need: float
    labels: float | None


class Obstacle(StrEnum):
    """Why rolling back is not advised though F1 fell."""

    UNKNOWN = "no previous version"
    TOO_FEW = "the previous version rests on too little"
    NOT_BETTER = "the previous version is not surely better"
    COSTLY = "rolling back is expected to lose more"
    OUTDATED = "the inputs drifted much since the previous version served"


@dataclass(frozen=True, slots=True)
class Ruling:
    """Which rule fits, with what it lacks or what stands in the way of rolling back."""

    rule: Rule
    lacks: tuple[Lack, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()


def rule(evidence: Evidence, figures: Figures, *, settings: PerformanceSettings, drift: DriftSettings) -> Ruling:
    """Return the first rule that fits.

    Parameters
    ----------
    evidence, figures
        What is known, and what was computed from it.
    settings, drift
        Least counts, and the sizes of drift that are critical.
    """
    if lacks := _lacks(evidence, settings):
        return Ruling(Rule.NOT_ENOUGH, lacks)
    p_any, p_drop, *_ = figures.drops
    if evidence.data_fault and p_drop >= DROP_LIKELY:
        return Ruling(Rule.FAULTY_INPUT)
    if p_drop >= DROP_CERTAIN and evidence.sustained:
        obstacles = _obstacles(evidence, figures.comparison, settings, drift)
        return Ruling(Rule.RETRAIN if obstacles else Rule.ROLL_BACK, obstacles=obstacles)
    if p_drop >= DROP_LIKELY or p_any >= ANY_LIKELY:
        return Ruling(Rule.DROP_LIKELY)
    return Ruling(Rule.DRIFTED if is_large_drift(evidence, drift) else Rule.KEEP)


def is_large_drift(evidence: Evidence, drift: DriftSettings) -> bool:
    """Whether more than the critical share of features drifted, or one of them by the critical PSI."""
    share, worst = evidence.drift_share or 0.0, evidence.worst_psi or 0.0
    return share > drift.drifted_share_critical or worst >= drift.psi_critical


def _lacks(evidence: Evidence, settings: PerformanceSettings) -> tuple[Lack, ...]:
    found = []
    if evidence.labelled < settings.min_predictions:
        more = settings.min_predictions - evidence.labelled
        found.append(Lack(LackKind.LABELLED, evidence.labelled, settings.min_predictions, more))
    effective = evidence.effective_relevant
    if effective < settings.min_relevant:
        cases = (settings.min_relevant - effective) * evidence.design_effect
        more_labels = cases * evidence.labelled / evidence.relevant if evidence.relevant else None
        found.append(Lack(LackKind.RELEVANT, effective, settings.min_relevant, more_labels))
    coverage = evidence.coverage
    if coverage is None or coverage < settings.coverage_partial:
        due = settings.coverage_partial * evidence.predictions - evidence.labelled if evidence.predictions else None
        found.append(Lack(LackKind.COVERAGE, coverage or 0.0, settings.coverage_partial, due))
    if evidence.baseline is None and evidence.baseline_f1 is None:
        found.append(Lack(LackKind.BASELINE, 0.0, 1.0, None))
    return tuple(found)


def _obstacles(
    evidence: Evidence, comparison: Comparison | None, settings: PerformanceSettings, drift: DriftSettings
) -> tuple[Obstacle, ...]:
    if comparison is None:
        return (Obstacle.UNKNOWN,)
    found = (
        (Obstacle.TOO_FEW, comparison.relevant < settings.min_relevant),
        (Obstacle.NOT_BETTER, comparison.p_better < BETTER),
        (Obstacle.COSTLY, comparison.loss_roll >= comparison.loss_stay),
        (Obstacle.OUTDATED, is_large_drift(evidence, drift) and evidence.previous_age_days > OLD_DAYS),
    )
    return tuple(obstacle for obstacle, holds in found if holds)
