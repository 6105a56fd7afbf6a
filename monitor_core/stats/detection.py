"""What can be found, and when: drops of F1 within so many relevant cases, and the days until an alarm."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from monitor_core.errors import InvalidInput
from monitor_core.stats.arrays import between
from monitor_core.stats.intervals import f_star_from_f1
from monitor_core.stats.sequential import RESTART, log_ratios

if TYPE_CHECKING:
    from monitor_core.stats.arrays import FloatArray

__all__ = ["expected_delay", "labels_needed", "relevant_share", "smallest_drop"]

_LONGEST = 3_650
_HALF_YEAR = 180.0
_SIEGMUND = 0.5826
"""-zeta(1/2) / sqrt(2 pi): how far, in steps, a walk overshoots a line that Brownian motion would touch."""


def relevant_share(*, precision: float, recall: float, prevalence: float) -> float:
    """Return the share of rows that F1 rests on: (TP + FP + FN) / rows.

    Examples
    --------
    >>> round(relevant_share(precision=0.68, recall=0.76, prevalence=0.10), 4)
    0.1358
    """
    for name, value in (("precision", precision), ("recall", recall), ("prevalence", prevalence)):
        between(value, name, 0.0, 1.0)
    if precision == 0.0:
        raise InvalidInput("precision 0", hint="without true positives nothing can fall")
    return prevalence * (1.0 - recall + recall / precision)


def labels_needed(
    drop: float, *, f1: float, relevant_share: float = 1.0, deff: float = 1.0, alpha: float = 0.01, power: float = 0.8
) -> int:
    """Return how many labels show a relative drop of F1 against a baseline that is known.

    Parameters
    ----------
    drop
        Relative, above 0 and below 1.
    f1
        Of the baseline, between 0 and 1.
    relevant_share
        Share of labelled rows that are relevant cases (`relevant_share`); 1 counts relevant cases.
    deff
        Design effect, 1 or more.
    alpha, power
        One-sided level, and the chance of seeing the drop.

    Notes
    -----
    One-sample test of a proportion with the normal distribution; the share of relevant cases is held fixed.

    Examples
    --------
    >>> share = relevant_share(precision=0.68, recall=0.76, prevalence=0.10)
    >>> [labels_needed(drop, f1=0.72, relevant_share=share) for drop in (0.05, 0.10, 0.20)]
    [9996, 2638, 725]
    """
    if not (0.0 < drop < 1.0 and 0.0 < f1 < 1.0 and 0.0 < relevant_share <= 1.0):
        raise InvalidInput(f"drop {drop}, F1 {f1}, relevant share {relevant_share}", hint="each between 0 and 1")
    between(deff, "design effect", 1.0)
    return math.ceil(deff * _cases(drop, f1, alpha, power) / relevant_share - 1e-9)


def smallest_drop(
    relevant: float, *, f1: float, deff: float = 1.0, alpha: float = 0.01, power: float = 0.8
) -> float | None:
    """Return the smallest relative drop of F1 that so many relevant cases show, or None where not even .99 would.

    Parameters
    ----------
    relevant
        Relevant cases (TP + FP + FN) in the time asked for.
    f1, deff, alpha, power
        As for `labels_needed`.

    Examples
    --------
    >>> round(smallest_drop(358, f1=0.72), 3)
    0.1
    >>> smallest_drop(2, f1=0.3) is None
    True
    """
    if not 0.0 < f1 < 1.0:
        raise InvalidInput(f"F1 {f1}", hint="between 0 and 1, both excluded")
    cases = float(between(relevant, "relevant cases", 0.0)) / float(between(deff, "design effect", 1.0))
    low, high = 0.0, 0.99
    if _cases(high, f1, alpha, power) > cases:
        return None
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if _cases(middle, f1, alpha, power) <= cases else (middle, high)
    return high


def _cases(drop: float, f1: float, alpha: float, power: float) -> float:
    """Relevant cases that show the drop; falls as the drop grows."""
    before, after = float(f_star_from_f1(f1)), float(f_star_from_f1(f1 * (1.0 - drop)))
    level, chance = float(special.ndtri(1.0 - alpha)), float(special.ndtri(power))
    reach = level * math.sqrt(before * (1.0 - before)) + chance * math.sqrt(after * (1.0 - after))
    return (reach / (before - after)) ** 2 if before > after else math.inf


def expected_delay(
    drop: float,
    *,
    f1: float,
    f_star: float,
    relevant: float,
    deff: float = 1.0,
    threshold: float = 20.0,
    restart: float = RESTART,
) -> float | None:
    """Return after how many granules `e_process` is expected to raise an alarm when F1 falls.

    Parameters
    ----------
    drop
        Relative to `f1`.
    f1
        True F1 before the change: the best guess is the baseline's.
    f_star
        The null of `e_process`, as a rule the baseline's lower bound. ``f_star_from_f1(f1)`` gives the delay of an
        endless test set.
    relevant
        Relevant cases a granule.
    deff, restart
        As for `e_process`.
    threshold
        Of the alarm.

    Returns
    -------
    float or None
        Median number of granules, a whole one; None where the evidence never gets there: the drop leaves F1 above the
        null's, or the alarm is more than 3,650 granules away.

    Notes
    -----
    Log evidence is a random walk, taken as Brownian motion: the median of its highest point so far (with Siegmund's
    correction for looking once a granule), plus the expected log of what all starts together gather, an inverse gamma
    (Dufresne 1990). Within 10 % or one granule of simulation after half a year without change.

    Examples
    --------
    >>> [expected_delay(drop, f1=0.72, f_star=0.5625, relevant=27) for drop in (0.05, 0.10, 0.20)]
    [56.0, 19.0, 7.0]
    """
    if not (0.0 < f1 < 1.0 and relevant >= 0.0):
        raise InvalidInput(f"F1 {f1}, {relevant} relevant cases", hint="F1 between 0 and 1, cases 0 or more")
    cases = relevant / float(between(deff, "design effect", 1.0))
    after = float(f_star_from_f1(f1 * (1.0 - float(between(drop, "relative drop", 0.0, 1.0)))))
    if cases == 0.0:
        return None
    before_mean, before_variance = _walk(float(f_star_from_f1(f1)), f_star, cases)
    mean, variance = _walk(after, f_star, cases)
    days = np.unique(np.round(np.geomspace(1.0, _LONGEST, 400)))[:, None]
    gathered = np.minimum(_starts(-before_mean, before_variance), np.log(_HALF_YEAR))
    since = np.minimum(_starts(mean, variance), np.log(days))
    peak = _median_peak(mean, variance, days) - _SIEGMUND * np.sqrt(variance)
    level = np.log(restart) + np.logaddexp(gathered, since) + peak
    evidence = special.logsumexp(level, axis=-1) - np.log(level.shape[-1])
    found = int(np.argmax(evidence >= np.log(threshold)))
    if evidence[found] < np.log(threshold):
        return None
    if found == 0:
        return 1.0
    share = (np.log(threshold) - evidence[found - 1]) / (evidence[found] - evidence[found - 1])
    return float(np.ceil(days[found - 1, 0] + share * (days[found, 0] - days[found - 1, 0])))


def _walk(truth: float, f_star: float, cases: float) -> tuple[FloatArray, FloatArray]:
    """Mean and variance a granule of the log evidence for each alternative."""
    right, wrong = log_ratios(f_star)
    mean = cases * (truth * right + (1.0 - truth) * wrong)
    return mean, cases * (truth * right**2 + (1.0 - truth) * wrong**2)


def _starts(drift: FloatArray, variance: FloatArray) -> FloatArray:
    """Return the expected log of the integral of exp(-walk), endless without drift."""
    # The integral is (2 / variance) over a gamma variable of shape 2 drift / variance.
    rising = drift > 0.0
    ratio = np.where(rising, 2.0 * drift / variance, 1.0)
    return np.where(rising, np.log(2.0 / variance) - special.digamma(ratio), np.inf)


def _median_peak(drift: FloatArray, variance: FloatArray, days: FloatArray) -> FloatArray:
    """Median of the highest point of Brownian motion after `days`, by bisection."""
    reach, ahead = np.sqrt(variance * days), drift * days
    low, high = np.zeros_like(ahead), np.maximum(ahead, 0.0) + 6.0 * reach
    for _ in range(40):
        middle = 0.5 * (low + high)
        mirrored = 2.0 * drift * middle / variance + special.log_ndtr(-(middle + ahead) / reach)
        above = special.ndtr((ahead - middle) / reach) + np.exp(np.minimum(mirrored, 0.0)) > 0.5
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(0.5 * (low + high), dtype=np.float64)
