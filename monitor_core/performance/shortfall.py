"""What is missing for a verdict, in words: how much, and when it may be there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor_core.performance.granules import Granules

if TYPE_CHECKING:
    from monitor_core.performance.counts import Counts
    from monitor_core.settings import PerformanceSettings
    from monitor_core.values import Granularity

__all__ = ["Pace", "shortfalls"]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast labels come, and how many granules the window may hold."""

    labelled: float
    """Labelled predictions a granule, over the latest matured ones."""
    relevant: float
    """Effective relevant cases a granule, likewise."""
    window: int | None
    """Granules of the window; None for a fixed span, which does not grow."""
    now: int
    granularity: Granularity


def shortfalls(
    counts: Counts, *, due: int, design_effect: float, settings: PerformanceSettings, pace: Pace
) -> tuple[str, ...]:
    """Return what keeps counts from carrying a verdict, each with the number still missing; empty when nothing does.

    Parameters
    ----------
    counts
        Of the window.
    due
        Predictions of the window whose labels should be there.
    design_effect
        Relevant cases are divided by it.
    settings
        `min_predictions`, `min_relevant` and `coverage_partial`.
    pace
        Tells when the missing may be there.
    """
    reasons = []
    if (missing := settings.min_predictions - counts.labelled) > 0:
        said = f"{counts.labelled:,} of {settings.min_predictions:,} labelled predictions: {missing:,} missing"
        reasons.append(said + _expected(missing, settings.min_predictions, pace.labelled, pace))
    effective = counts.relevant / design_effect
    if (short := settings.min_relevant - effective) > 0:
        said = f"{effective:.0f} of {settings.min_relevant:,} effective relevant cases: {math.ceil(short):,} missing"
        reasons.append(said + _expected(short, settings.min_relevant, pace.relevant, pace))
    wanted = math.ceil(settings.coverage_partial * due - 1e-9)
    if counts.labelled < wanted:
        reasons.append(
            f"labels of {counts.labelled:,} of {due:,} due predictions: {wanted - counts.labelled:,} missing"
            f" until {settings.coverage_partial:.0%} are there"
        )
    return tuple(reasons)


def _expected(missing: float, needed: float, rate: float, pace: Pace) -> str:
    """Say when the missing may be there, as far as that can be said."""
    word = pace.granularity.word
    if pace.window is None:
        return ""
    if rate <= 0:
        return "; none come at present"
    if rate * pace.window < needed:
        return f"; at {rate:.1f} a {word} a window of {pace.window:,} {word}s never holds as many: choose a longer one"
    later = math.ceil(missing / rate)
    granules = Granules(pace.granularity)
    if granules.by_rows:
        return f"; expected after {later:,} more {word}s, at {rate:.1f} a {word}"
    return f"; expected by {granules.label(pace.now + later)}, at {rate:.1f} a {word}"
