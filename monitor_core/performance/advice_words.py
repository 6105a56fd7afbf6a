"""An advice in plain words: each sentence carries the numbers that it rests on. Pure."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor_core.performance.advice_missing import have_and_need, still_missing
from monitor_core.performance.advice_phrases import counted, joined, number, percent
from monitor_core.performance.advice_rules import (
    BETTER,
    DROP_CERTAIN,
    DROP_LIKELY,
    OLD_DAYS,
    Obstacle,
    Rule,
    is_large_drift,
)

if TYPE_CHECKING:
    from monitor_core.performance.advice_evidence import Evidence
    from monitor_core.performance.advice_figures import Comparison, Figures
    from monitor_core.performance.advice_rules import Ruling
    from monitor_core.settings import DriftSettings, PerformanceSettings

__all__ = ["Case", "level_of"]


def level_of(relative_drop: float | None, settings: PerformanceSettings) -> str:
    """Return the size of a drop of F1: none | minor (from 3 %) | moderate (from 5 %) | severe (above 10 %).

    A size is no evidence; the probabilities are.

    Examples
    --------
    >>> from monitor_core.settings import PerformanceSettings
    >>> [level_of(drop, PerformanceSettings()) for drop in (None, 0.0299, 0.03, 0.05, 0.1, 0.1001)]
    ['none', 'none', 'minor', 'moderate', 'moderate', 'severe']
    """
    # (.72 - .684) / .72 is 5 %, whatever the last bit says.
    drop = round(relative_drop or 0.0, 12)
    if drop < settings.f1_drop_minor or drop <= 0.0:
        return "none"
    if drop > settings.f1_drop_severe:
        return "severe"
    return "moderate" if drop >= settings.f1_drop_moderate else "minor"


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that the words need: what was found, computed and ruled, and by which bounds."""

    ruling: Ruling
    evidence: Evidence
    figures: Figures
    settings: PerformanceSettings
    drift: DriftSettings

    def missing(self) -> tuple[str, ...]:
        """Say what a verdict still needs, how much of it, and when it is expected."""
        return tuple(still_missing(lack, self.evidence) for lack in self.ruling.lacks)

    def command(self) -> str:
        """Return the command that carries the advice out, for a person to run; empty where there is nothing to run."""
        if self.ruling.rule is not Rule.ROLL_BACK:
            return ""
        names = (self.evidence.model or "MODEL", self.evidence.previous_version or "PREVIOUS_VERSION")
        return f"bellwether models deploy {shlex.quote(':'.join(names))}"

    def reasons(self) -> tuple[str, ...]:
        """Say why: first what decided, then everything it was weighed against."""
        sentences = (
            _DECIDED[self.ruling.rule](self),
            _measured(self.evidence, self.figures),
            _clustered(self.evidence),
            _partial(self.evidence, self.settings),
            _against_baseline(self),
            _probabilities(self.figures),
            _against_previous(self),
            _money(self.evidence, self.figures.comparison),
            _inputs(self.evidence, self.drift),
        )
        return tuple(sentence for sentence in sentences if sentence)


def _not_enough(case: Case) -> str:
    return f"Not enough evidence for a verdict: {joined([have_and_need(lack) for lack in case.ruling.lacks])}."


def _faulty_input(case: Case) -> str:
    return (
        f"Fix the feed first: the input data are at fault{_fault(case.evidence)}, and F1 has fallen by more than 5 %"
        f" with a probability of {percent(case.figures.drops[1])} (watched from 80 % on). Until the inputs are right,"
        " the model cannot be blamed."
    )


def _roll_back(case: Case) -> str:
    return f"Roll back: {_fallen(case.figures)}. {_comparison(case)}. Rolling back asks for 90 %, and to lose less."


def _retrain(case: Case) -> str:
    stand = joined([_obstacle(which, case) for which in case.ruling.obstacles])
    return f"Retrain: {_fallen(case.figures)}. Rolling back is not advised: {stand}."


def _drop_likely(case: Case) -> str:
    p_any, p_drop, *_ = case.figures.drops
    by_5 = f"more than 5 % with a probability of {percent(p_drop)}"
    asks = f"Acting asks for 95 %, and for the sequential alarm, which has{'' if case.evidence.sustained else ' not'}"
    if p_drop >= DROP_CERTAIN:
        return (
            f"Watch: F1 has fallen by {by_5}, but the sequential alarm has not gone off, and acting asks for both: a"
            " window may catch a passing dip, and the next ones repeat it."
        )
    if p_drop >= DROP_LIKELY:
        return f"Watch: F1 has fallen by {by_5} (watched from 80 % on). {asks} gone off."
    return (
        f"Watch: F1 has fallen with a probability of {percent(p_any)} (watched from 90 % on), but not surely by much:"
        f" by {by_5}. {asks} gone off."
    )


def _drifted(case: Case) -> str:
    p_any, p_drop, *_ = case.figures.drops
    return (
        f"Watch: the inputs have drifted much ({_drift_size(case.evidence)}), though the labels do not show that F1 has"
        f" fallen ({percent(p_any)} for any fall, {percent(p_drop)} for more than 5 %)."
    )


def _keep(case: Case) -> str:
    p_any, p_drop, *_ = case.figures.drops
    return (
        f"Keep: the labels do not show that F1 has fallen: any fall has a probability of {percent(p_any)} (watched from"
        f" 90 % on), one of more than 5 % {percent(p_drop)} (from 80 % on)."
    )


_DECIDED = {
    Rule.NOT_ENOUGH: _not_enough,
    Rule.FAULTY_INPUT: _faulty_input,
    Rule.ROLL_BACK: _roll_back,
    Rule.RETRAIN: _retrain,
    Rule.DROP_LIKELY: _drop_likely,
    Rule.DRIFTED: _drifted,
    Rule.KEEP: _keep,
}


def _fallen(figures: Figures) -> str:
    return (
        f"F1 has fallen by more than 5 % with a probability of {percent(figures.drops[1])} (95 % is asked for), and the"
        " sequential alarm has gone off, so that it is no passing dip"
    )


def _obstacle(which: Obstacle, case: Case) -> str:
    comparison = case.figures.comparison
    if comparison is None:
        return "no previous version is known"
    match which:
        case Obstacle.TOO_FEW:
            cases = f"{number(comparison.relevant)} effective relevant cases"
            return f"the previous version rests on {cases} of the {case.settings.min_relevant} needed"
        case Obstacle.NOT_BETTER:
            return (
                "the previous version is better by more than 5 % with a probability of"
                f" {percent(comparison.p_better)} ({100 * BETTER:.0f} % is asked for)"
            )
        case Obstacle.COSTLY:
            return f"going back is expected to lose {_roll(comparison)}, staying {_stay(comparison)}"
        case _:
            return (
                "the inputs have drifted much and the previous version last served"
                f" {counted(case.evidence.previous_age_days, 'day')} ago (at most {OLD_DAYS:.0f} then)"
            )


def _measured(evidence: Evidence, figures: Figures) -> str:
    labelled = counted(evidence.labelled, "labelled prediction")
    if not evidence.relevant:
        return f"F1 is undefined: no relevant case among {labelled}."
    f1, (tp, errors) = figures.f1, evidence.current
    return (
        f"F1 is {f1.estimate:.3f} (95 % interval {f1.low:.3f} to {f1.high:.3f}), from {counted(tp, 'true positive')}"
        f" and {counted(errors, 'error')}: {counted(evidence.relevant, 'relevant case')} among {labelled}."
    )


def _clustered(evidence: Evidence) -> str:
    if evidence.design_effect < 1.05 or not evidence.relevant:
        return ""
    return (
        f"Its rows are not independent (design effect {evidence.design_effect:.1f}): they weigh like"
        f" {counted(evidence.effective_relevant, 'relevant case')}."
    )


def _partial(evidence: Evidence, settings: PerformanceSettings) -> str:
    if evidence.coverage is None or evidence.coverage >= settings.coverage_full:
        return ""
    late = counted(evidence.predictions - evidence.labelled, "label")
    due = number(evidence.predictions)
    return f"{late} of {due} that are due have not arrived; if those differ from the rest, so does F1."


def _against_baseline(case: Case) -> str:
    evidence, f1 = case.evidence, case.figures.baseline_f1
    if evidence.baseline is None and evidence.baseline_f1 is None:
        return "There is no baseline to compare with."
    if f1 is None:
        return "The baseline's F1 is undefined: it holds no relevant case."
    if evidence.baseline is None:
        known = "a bare value: baseline uncertainty unknown, the probabilities are surer than they should be"
    else:
        known = f"{counted(evidence.baseline[0], 'true positive')} and {counted(evidence.baseline[1], 'error')}"
    return f"The baseline's F1 is {f1:.3f} ({known}).{_change(case)}"


def _change(case: Case) -> str:
    drop = case.figures.relative_drop
    if drop is None:
        return ""
    if abs(drop) < 5e-4:
        return " F1 is the same."
    if drop < 0.0:
        return f" F1 is {-100.0 * drop:.1f} % above it."
    level = level_of(drop, case.settings)
    return f" F1 is {100.0 * drop:.1f} % below it: {'less than minor' if level == 'none' else level} by size."


def _probabilities(figures: Figures) -> str:
    if not figures.drops or math.isnan(figures.f1.estimate):
        return ""
    p_any, p_5, p_10 = map(percent, figures.drops)
    return f"Probability that F1 has fallen at all: {p_any}; by more than 5 %: {p_5}; by more than 10 %: {p_10}."


def _against_previous(case: Case) -> str:
    comparison, evidence = case.figures.comparison, case.evidence
    if comparison is None:
        return "No previous version is known: there is nothing to roll back to."
    said = [] if case.ruling.rule is Rule.ROLL_BACK else [f"{_comparison(case)}."]
    if comparison.is_paired:
        return " ".join([*said, "Both versions were measured on the same rows."])
    if evidence.previous_age_days:
        held = counted(sum(evidence.previous or ()), "relevant case")
        said.append(
            f"The previous version last served {counted(evidence.previous_age_days, 'day')} ago: its {held} now weigh"
            f" like {number(sum(comparison.previous))}."
        )
    said.append(
        "The comparison is confounded with time: each version was measured in its own days; shadow predictions on the"
        " same rows would tell the version from the time."
    )
    return " ".join(said)


def _comparison(case: Case) -> str:
    comparison, name = case.figures.comparison, case.evidence.previous_version
    if comparison is None:
        return ""
    return (
        f"The previous version{f' ({name})' if name else ''} is better by more than 5 % with a probability of"
        f" {percent(comparison.p_better)}; staying is expected to lose {_stay(comparison)}, rolling back"
        f" {_roll(comparison)}, the cost of switching included"
    )


def _money(evidence: Evidence, comparison: Comparison | None) -> str:
    costs = (evidence.cost_false_positive, evidence.cost_false_negative)
    if comparison is None or not any(costs):
        return ""
    if comparison.unit == "F1":
        return (
            "Costs were given, but losses are in F1: money also needs the cost of both kinds of error, how many of each"
            " there were, and the predictions a day."
        )
    same = "" if comparison.is_paired else ", both versions taken to err in the same proportion"
    return (
        f"Losses are in money: {costs[0]:,g} a false positive, {costs[1]:,g} a false negative,"
        f" {counted(evidence.predictions_per_day or 0.0, 'prediction')} a day{same}."
    )


def _inputs(evidence: Evidence, drift: DriftSettings) -> str:
    fault = f" The input data are at fault{_fault(evidence)}." if evidence.data_fault else ""
    if evidence.drift_share is None and evidence.worst_psi is None:
        return f"Drift of the inputs was not measured.{fault}"
    large = "large" if is_large_drift(evidence, drift) else "not large"
    bounds = f"above {100 * drift.drifted_share_critical:g} %, or a PSI from {drift.psi_critical:.2f} on, is large"
    return f"Drift of the inputs: {_drift_size(evidence)}: {large} ({bounds}).{fault}"


def _drift_size(evidence: Evidence) -> str:
    said = []
    if evidence.drift_share is not None:
        said.append(f"{100.0 * evidence.drift_share:.1f} % of the features")
    if evidence.worst_psi is not None:
        said.append(f"largest PSI {math.floor(1000.0 * evidence.worst_psi) / 1000.0:.3f}")
    return ", ".join(said)


def _fault(evidence: Evidence) -> str:
    return f" ({evidence.data_fault})" if isinstance(evidence.data_fault, str) else ""


def _stay(comparison: Comparison) -> str:
    return _loss(comparison.loss_stay, comparison.unit)


def _roll(comparison: Comparison) -> str:
    return _loss(comparison.loss_roll, comparison.unit)


def _loss(value: float, unit: str) -> str:
    return f"{value:.4f} F1" if unit == "F1" else f"{value:,.2f} a day"
