"""Which granules can be judged: those whose labels are due by now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor_core.performance.calendar import codes_of
from monitor_core.performance.granules import Granules
from monitor_core.performance.results import DelayCurve

if TYPE_CHECKING:
    from datetime import datetime

    from monitor_core.performance.series import Series
    from monitor_core.settings import PerformanceSettings
    from monitor_core.values import Granularity

__all__ = ["Maturity", "delay_curve", "labelled_of", "maturity"]

IntArray: TypeAlias = NDArray[np.int64]

_ARRIVED = 0.95
_AT_RISK = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Maturity:
    """Granules as numbers, and up to where they can be judged."""

    codes: IntArray
    """Of each granule of the series, rising; neighbours in time differ by 1."""
    matured: int
    """How many of the granules have matured: always the first ones."""
    now: int
    """The granule that the moment of the view lies in; for blocks of rows, the one after the last."""
    horizon: int
    horizon_from: str
    """set | observed | none"""


def maturity(series: Series, *, granularity: Granularity, as_of: datetime, settings: PerformanceSettings) -> Maturity:
    """Return which granules are judged as of a moment.

    A granule is due when it and `horizon` more have ended. Granules after the last due one are matured too, as far as
    every prediction up to them is labelled: nothing is left to wait for. Matured granules are always the first of
    the series: picking single ones because their labels came early would pick the easy cases.

    Parameters
    ----------
    series
        With delays, where the horizon is to be learned from them (setting `horizon` of -1).
    as_of
        The moment of the view.
    """
    codes = codes_of(series.granules, granularity)
    now = _now(codes, granularity, as_of)
    curve = delay_curve(series, granularity=granularity, as_of=as_of, settings=settings)
    due = int(np.searchsorted(codes, now - curve.horizon, side="left"))
    waiting = np.flatnonzero(labelled_of(series)[due:] < series.predictions[due:])
    complete = int(waiting[0]) if waiting.size else len(codes) - due
    return Maturity(codes, due + complete, now, curve.horizon, curve.horizon_from)


def delay_curve(
    series: Series, *, granularity: Granularity, as_of: datetime, settings: PerformanceSettings
) -> DelayCurve:
    """Return how long labels take, and after how many granules a prediction counts as due.

    Parameters
    ----------
    series
        With delays; without them the curve is empty.

    Returns
    -------
    DelayCurve
        `arrived` is the share of predictions expected to be labelled within each delay. Where labels never come for
        some, it levels off below 1. The horizon is the setting, else the first delay by which 95 % of the labels that
        come at all have come, else (nothing has been seen yet) 0.

    Notes
    -----
    Kaplan & Meier 1958, with whole granules: a prediction is at risk of being labelled at a delay as long as the
    granule so much later has ended and no label came before. Counting only the labels that have arrived would make
    young granules look fast. Delays that fewer than 5 % of the predictions have lived to see are left out.
    """
    shares, n = _arrived(series, granularity, as_of)
    horizon, source = 0, "none"
    if settings.horizon >= 0:
        horizon, source = settings.horizon, "set"
    elif shares.size and shares[-1] > 0:
        horizon, source = int(np.searchsorted(shares, _ARRIVED * shares[-1])), "observed"
    return DelayCurve(tuple(range(shares.size)), tuple(shares.tolist()), n, horizon, source)


def labelled_of(series: Series) -> IntArray:
    """Return the labelled predictions of each granule."""
    return np.asarray(
        series.true_positives + series.false_positives + series.false_negatives + series.true_negatives, dtype=np.int64
    )


def _now(codes: IntArray, granularity: Granularity, as_of: datetime) -> int:
    granules = Granules(granularity)
    if granules.by_rows:
        return int(codes[-1]) + 1 if codes.size else 0
    return granules.at(as_of)


def _arrived(series: Series, granularity: Granularity, as_of: datetime) -> tuple[NDArray[np.float64], int]:
    """Share labelled within each delay, and how many labels that rests on."""
    nothing = np.zeros(0)
    if series.delays is None or not series.granules:
        return nothing, 0
    codes = codes_of(series.granules, granularity)
    age = _now(codes, granularity, as_of) - codes
    arrived = series.delays.arrived
    seen = age[:, None] > np.arange(arrived.shape[1])
    came = np.where(seen, arrived, 0)
    # Labels whose delay is not known (history that was loaded with them) tell nothing about delays, either way.
    made = (series.predictions - labelled_of(series) + arrived.sum(axis=1))[:, None]
    waiting = np.where(seen, made - np.cumsum(arrived, axis=1) + arrived, 0).sum(axis=0)
    alive = np.where(seen, made, 0).sum(axis=0)
    if not came.any():
        return nothing, 0
    kept = int(np.flatnonzero(alive >= max(_AT_RISK * alive[0], 1.0))[-1]) + 1
    chance = came.sum(axis=0)[:kept] / np.maximum(waiting[:kept], 1)
    return 1.0 - np.cumprod(1.0 - np.clip(chance, 0.0, 1.0)), int(came.sum())
