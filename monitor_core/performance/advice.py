"""What to do about a model version: one answer behind page, report, command line, interface and alert. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor_core.performance.advice_evidence import Evidence
from monitor_core.performance.advice_figures import figures
from monitor_core.performance.advice_rules import Rule, rule
from monitor_core.performance.advice_words import Case, level_of
from monitor_core.settings import DriftSettings, PerformanceSettings
from monitor_core.values import Severity

if TYPE_CHECKING:
    from monitor_core.performance.advice_rules import Ruling

__all__ = ["Advice", "Evidence", "advise"]


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do, how sure that is, and why.

    Attributes
    ----------
    action
        keep | watch | retrain | roll_back | not_enough_evidence. Nothing is ever done by itself.
    p_any_drop, p_drop_5, p_drop_10
        Probability that F1 is below the baseline's, by any amount and by more than 5 and 10 %; None without one.
    p_previous_better
        Probability that the previous version's F1 is higher by more than 5 %; None without one.
    loss_stay, loss_roll
        Expected loss of staying and of rolling back (with the cost of switching), in `loss_unit`; None likewise.
    loss_unit
        "F1" or "money a day".
    reasons
        Sentences with their numbers; the first is what decided.
    missing
        What a verdict still needs, how much, and when it is expected; empty unless evidence is not enough.
    command
        For a person to run, when rolling back is advised; else empty.
    level
        Size of the fall: none | minor | moderate | severe. A size is no evidence.
    severity
        What an alert goes by: roll_back critical, retrain high, a faulty feed moderate, watch low, else none.
    f1, f1_low, f1_high
        With its 95 % interval; None without any relevant case.
    baseline_f1, relative_drop
        None where there is nothing to compare with.
    is_paired
        Whether both versions were compared on the same rows; if not, the comparison is confounded with time.
    evidence
        What it rests on.
    """

    action: str
    p_any_drop: float | None
    p_drop_5: float | None
    p_drop_10: float | None
    p_previous_better: float | None
    loss_stay: float | None
    loss_roll: float | None
    loss_unit: str
    reasons: tuple[str, ...]
    missing: tuple[str, ...]
    command: str
    level: str
    severity: Severity
    f1: float | None
    f1_low: float | None
    f1_high: float | None
    baseline_f1: float | None
    relative_drop: float | None
    is_paired: bool
    evidence: Evidence


def advise(
    evidence: Evidence,
    *,
    settings: PerformanceSettings = PerformanceSettings(),  # noqa: B008 - frozen
    drift: DriftSettings = DriftSettings(),  # noqa: B008 - frozen
) -> Advice:
    """Return what to do about a model version: the first rule that fits.

    1. fewer than 100 labelled predictions, 30 effective relevant cases or half of the labels that are due, or no
       baseline: not enough evidence;
    2. faulty input data and P(drop > 5 %) from .80: watch, fix the feed first;
    3. P(drop > 5 %) from .95, and the sequential alarm has gone off: roll back if the previous version rests on 30
       relevant cases, is better by more than 5 % with probability .90 and rolling back is expected to lose less than
       staying, unless the inputs drifted much and it last served more than 180 days ago; else retrain;
    4. P(drop > 5 %) from .80 or P(any drop) from .90: watch;
    5. more than 30 % of the features drifted, or one with PSI from .4: watch;
    6. keep.

    Parameters
    ----------
    evidence
        What is known; checked when it was made.
    settings
        Least counts, levels, and the half-life of what is known of the previous version.
    drift
        Sizes of drift that are critical.

    Returns
    -------
    Advice
        The same for the same evidence, to the last bit.

    Examples
    --------
    >>> evidence = Evidence(current=(84, 83), baseline=(450, 350), previous=(430, 380), predictions=1234, labelled=1234)
    >>> advice = advise(evidence)
    >>> advice.action, round(advice.p_any_drop, 6), round(advice.p_drop_5, 6)
    ('watch', 0.920013, 0.655604)
    """
    found = figures(evidence, half_life_days=settings.previous_half_life_days)
    ruling = rule(evidence, found, settings=settings, drift=drift)
    case = Case(ruling, evidence, found, settings, drift)
    p_any, p_5, p_10 = found.drops or (None, None, None)
    comparison, has_f1 = found.comparison, evidence.relevant > 0
    return Advice(
        action=ruling.rule.action,
        p_any_drop=p_any,
        p_drop_5=p_5,
        p_drop_10=p_10,
        p_previous_better=comparison.p_better if comparison else None,
        loss_stay=comparison.loss_stay if comparison else None,
        loss_roll=comparison.loss_roll if comparison else None,
        loss_unit=comparison.unit if comparison else "F1",
        reasons=case.reasons(),
        missing=case.missing(),
        command=case.command(),
        level=level_of(found.relative_drop, settings),
        severity=_severity(ruling),
        f1=found.f1.estimate if has_f1 else None,
        f1_low=found.f1.low if has_f1 else None,
        f1_high=found.f1.high if has_f1 else None,
        baseline_f1=found.baseline_f1,
        relative_drop=found.relative_drop,
        is_paired=comparison.is_paired if comparison else False,
        evidence=evidence,
    )


def _severity(ruling: Ruling) -> Severity:
    by_action = {"roll_back": Severity.CRITICAL, "retrain": Severity.HIGH, "watch": Severity.LOW}
    if ruling.rule is Rule.FAULTY_INPUT:
        return Severity.MODERATE
    return by_action.get(ruling.rule.action, Severity.NONE)
