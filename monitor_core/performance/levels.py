"""How bad a drop is by its size, and how sure it is that it is at least so large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.stats import probabilities_of_drop, probability_below
from monitor_core.values import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor_core.performance.results import BaselinePerformance
    from monitor_core.settings import PerformanceSettings

__all__ = ["DROPS", "baseline_f1", "drop_probabilities", "relative_drop", "severity_of"]

DROPS = (0.0, 0.03, 0.05, 0.10)
"""Relative drops of F1 whose probabilities are told."""


def baseline_f1(baseline: BaselinePerformance | None) -> float | None:
    """Return the F1 that a version is held to: from counts, else as somebody wrote it down; None: there is none."""
    if baseline is None:
        return None
    if baseline.counts is None:
        return baseline.given.get("f1")
    counts = baseline.counts
    return 2 * counts.true_positives / (counts.true_positives + counts.relevant) if counts.relevant else None


def relative_drop(f1: float | None, baseline: float | None) -> float | None:
    """Return (baseline - f1) / baseline; None without either, or against a baseline of 0.

    Examples
    --------
    >>> round(relative_drop(0.67, 0.72), 4), relative_drop(0.67, None)
    (0.0694, None)
    """
    return None if f1 is None or not baseline else (baseline - f1) / baseline


def severity_of(drop: float | None, settings: PerformanceSettings) -> Severity:
    """Return the level of a relative drop: from 3 % low, from 5 % moderate, above 10 % high (settings).

    By size only: small counts fall by so much by chance. None is no drop.

    Examples
    --------
    >>> from monitor_core.settings import PerformanceSettings
    >>> [str(severity_of(drop, PerformanceSettings())) for drop in (0.02, 0.03, 0.05, 0.10, 0.11)]
    ['none', 'low', 'moderate', 'moderate', 'high']
    """
    if drop is None:
        return Severity.NONE
    drop = round(drop, 12)  # .72 to .648 is 10 %, whatever the last bit says
    if drop > settings.f1_drop_severe:
        return Severity.HIGH
    if drop >= settings.f1_drop_moderate:
        return Severity.MODERATE
    return Severity.LOW if drop >= settings.f1_drop_minor else Severity.NONE


def drop_probabilities(
    tp: int, errors: int, baseline: BaselinePerformance | None, *, deff: float, baseline_deff: float = 1.0
) -> Mapping[float, float]:
    """Return P(F1 fell by more than this share of the baseline's) for each of `DROPS`.

    Parameters
    ----------
    tp, errors
        True positives, and false positives and negatives; without any nothing is known: empty.
    baseline
        Its counts, or the F1 given, which is then taken as exact. Without either: empty.
    deff, baseline_deff
        Design effects of the two sides.
    """
    known = baseline_f1(baseline)
    if baseline is None or known is None or not tp + errors:
        return {}
    if baseline.counts is not None:
        pair = (float(baseline.counts.true_positives), float(baseline.counts.errors))
        found = probabilities_of_drop(tp, errors, pair, DROPS, deff=deff, baseline_deff=baseline_deff)
    else:
        found = probability_below(tp, errors, [known * (1.0 - drop) for drop in DROPS], deff=deff)
    return dict(zip(DROPS, found.tolist(), strict=True))
