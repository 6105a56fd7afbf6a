"""Evidence gathered granule by granule that F1 has fallen: when it reaches the alarm, and how soon it could."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor_core.performance.calendar import granules_a_year
from monitor_core.performance.clusters import relevant_of
from monitor_core.performance.results import Sequential
from monitor_core.performance.tempering import running_effect
from monitor_core.stats import (
    e_process,
    expected_delay,
    f1_from_f_star,
    f_star_from_f1,
    smallest_drop,
    wilson,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor_core.performance.maturity import Maturity
    from monitor_core.performance.results import BaselinePerformance
    from monitor_core.performance.series import Series
    from monitor_core.settings import PerformanceSettings
    from monitor_core.values import Granularity

__all__ = ["EXPECTED_DROPS", "Acknowledged", "sequential"]

FloatArray: TypeAlias = NDArray[np.float64]

EXPECTED_DROPS = (0.05, 0.10, 0.20)
"""Relative drops of F1 that the expected delays are told for."""

_RECENT = 30
_GUARANTEED = 1.1


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Somebody took note of what was known at a moment."""

    at: datetime
    first: int
    """Code of the first granule that had not matured by then."""


@dataclass(frozen=True, slots=True)
class _Null:
    """What is held true until the evidence says otherwise."""

    f_star: float
    """At least this."""
    f1: float
    """Best guess of F1 without change."""
    words: str


def sequential(
    series: Series,
    maturity: Maturity,
    *,
    granularity: Granularity,
    settings: PerformanceSettings,
    baseline: BaselinePerformance | None,
    baseline_deff: float = 1.0,
    acknowledged: Sequence[Acknowledged] = (),
) -> Sequential:
    """Return the e-value of each matured granule, the alarm, and the delays to be expected.

    Parameters
    ----------
    series
        From the version's first prediction on: a new version begins anew.
    baseline
        With counts, F* is held against the lower 97.5 % Wilson bound of the baseline's; a bare F1 is held against as
        it is, without a guarantee. Without either nothing is gathered, and `Sequential.reason` says so.
    acknowledged
        When somebody acknowledged an alarm: what had matured by then stays behind, and the evidence is gathered anew.
        `first_alarm` stays.

    Notes
    -----
    The evidence of each granule is tempered by the design effect that the granules before it show (`running_effect`).
    Where the latest is above 1.1, the alarm's rate is calibrated by simulation, not guaranteed.
    """
    null = _null(baseline, baseline_deff)
    if isinstance(null, str):
        return _nothing(null, settings)
    matured = slice(0, maturity.matured)
    tp, cases = series.true_positives[matured], relevant_of(series)[matured]
    effects = running_effect(tp, cases)
    deff = float(effects[-1])
    restart = 1.0 / granules_a_year(granularity)
    codes = maturity.codes[: maturity.matured]
    resets = sorted({int(np.searchsorted(codes, each.first, "left")) for each in acknowledged})
    pieces = zip(*(np.split(part, resets) for part in (np.stack([tp, cases], axis=1), effects[:-1])), strict=True)
    values = [e_process(days, f_star=null.f_star, deff=effect, restart=restart) for days, effect in pieces]
    e_values = np.concatenate(values)
    alarms = np.flatnonzero(e_values >= settings.alarm_evidence)
    since = alarms[alarms >= (resets[-1] if resets else 0)]
    per_granule = _relevant_per_granule(maturity, cases)
    delays = _Delays(null.f1, per_granule, deff, settings.alarm_evidence, restart)
    return Sequential(
        granules=series.granules[matured],
        e_values=tuple(e_values.tolist()),
        threshold=settings.alarm_evidence,
        alarm=series.granules[since[0]] if since.size else None,
        acknowledged_at=max((each.at for each in acknowledged), default=None),
        f_star=null.f_star,
        design_effect=deff,
        guarantee="guaranteed" if deff <= _GUARANTEED and not null.words else "calibrated",
        relevant_per_granule=per_granule,
        expected_delay=delays.expected(null.f_star),
        expected_delay_large_baseline=delays.expected(float(f_star_from_f1(null.f1))),
        smallest_drop=smallest_drop(per_granule, f1=null.f1, deff=deff),
        first_alarm=series.granules[alarms[0]] if alarms.size else None,
        reason=null.words if maturity.matured else "no prediction has matured yet",
    )


@dataclass(frozen=True, slots=True)
class _Delays:
    f1: float
    relevant: float
    deff: float
    threshold: float
    restart: float

    def expected(self, f_star: float) -> dict[float, float | None]:
        return {
            drop: expected_delay(
                drop,
                f1=self.f1,
                f_star=f_star,
                relevant=self.relevant,
                deff=self.deff,
                threshold=self.threshold,
                restart=self.restart,
            )
            if self.relevant > 0
            else None
            for drop in EXPECTED_DROPS
        }


def _null(baseline: BaselinePerformance | None, deff: float) -> _Null | str:
    """Return the null hypothesis, or why there is none."""
    if baseline is None:
        return "no baseline performance to hold F1 against"
    counts = baseline.counts
    if counts is None:
        f1 = baseline.given.get("f1")
        if f1 is None or not 0.0 < f1 < 1.0:
            return f"the baseline's F1 is {'not given' if f1 is None else f1}: nothing to hold F1 against"
        return _Null(float(f_star_from_f1(f1)), f1, "the baseline is a bare value: its uncertainty is unknown")
    if not counts.true_positives:
        return "the baseline has no true positive: F1 cannot fall below it"
    bound = wilson(counts.true_positives, counts.relevant, deff=deff)
    # All right in the baseline: a best guess of 1 could not fall by chance at all.
    most = min(bound.estimate, (counts.relevant + 0.5) / (counts.relevant + 1.0))
    return _Null(bound.low, float(f1_from_f_star(most)), "")


def _relevant_per_granule(maturity: Maturity, cases: NDArray[np.int64]) -> float:
    """Return the relevant cases a granule, over the latest 30 by the calendar."""
    codes = maturity.codes[: maturity.matured]
    if not codes.size:
        return 0.0
    start = int(np.searchsorted(codes, codes[-1] - _RECENT, "right"))
    return float(cases[start:].sum()) / float(codes[-1] - codes[start] + 1)


def _nothing(reason: str, settings: PerformanceSettings) -> Sequential:
    unknown: dict[float, float | None] = dict.fromkeys(EXPECTED_DROPS)
    return Sequential(
        granules=(),
        e_values=(),
        threshold=settings.alarm_evidence,
        alarm=None,
        acknowledged_at=None,
        f_star=math.nan,
        design_effect=1.0,
        guarantee="calibrated",
        relevant_per_granule=0.0,
        expected_delay=unknown,
        expected_delay_large_baseline=unknown,
        smallest_drop=None,
        reason=reason,
    )
