"""One metric of a window that ends at each granule in turn: sums of days, by differences of running sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor_core.errors import InvalidInput
from monitor_core.performance.clusters import relevant_of
from monitor_core.performance.counts import FIXED_POINT
from monitor_core.performance.maturity import labelled_of
from monitor_core.performance.metrics import LOSSES, RANKING, RATES
from monitor_core.performance.results import Rolling
from monitor_core.stats import (
    binned_average_precision,
    binned_roc_auc,
    f1_intervals,
    mean_intervals,
    rolling_design_effect,
    wilson_intervals,
)

if TYPE_CHECKING:
    from monitor_core.performance.maturity import Maturity
    from monitor_core.performance.series import Series
    from monitor_core.stats import DesignEffect

__all__ = ["ROLLING_METRICS", "Windows", "rolling", "windows_of"]

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
_Table: TypeAlias = tuple[FloatArray, FloatArray, FloatArray, IntArray]

ROLLING_METRICS = (*RATES, *RANKING, *LOSSES)

_LONGEST = 30_000
_GROUPS = 300
_LARGEST_LOG_LOSS = -float(np.log(1e-15))


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Where the window that ends at each granule begins, as an index into the granules."""

    starts: IntArray
    length: int

    def sums(self, values: NDArray[np.generic]) -> IntArray:
        """Return the sum of each window, over the first axis."""
        running = np.zeros((len(values) + 1, *values.shape[1:]), dtype=np.int64)
        np.cumsum(values, axis=0, out=running[1:])
        return np.asarray(running[1:] - running[self.starts], dtype=np.int64)


def windows_of(codes: IntArray, window: int) -> Windows:
    """Return windows of so many granules by the calendar: what is missing in between is not made up for.

    Examples
    --------
    >>> windows_of(np.array([1, 2, 3, 7]), 3).starts
    array([0, 0, 0, 3])
    """
    if window < 1:
        raise InvalidInput(f"a window of {window} granules", hint="at least 1")
    return Windows(np.searchsorted(codes, codes - window, "right").astype(np.int64), window)


def rolling(
    series: Series, maturity: Maturity, metric: str, *, window: int, entities: DesignEffect | None = None
) -> Rolling:
    """Return a metric of the window that ends at each granule, with its 95 % interval.

    Parameters
    ----------
    series
        With scores, for ``roc_auc`` and ``average_precision``.
    metric
        One of `ROLLING_METRICS`.
    window
        Granules, by the calendar.
    entities
        Design effect of the latest window, when entities made it: no window's is taken to be smaller, since entities
        are not followed from window to window.

    Returns
    -------
    Rolling
        None where the metric is undefined. Windows that hold granules which have not matured are marked.

    Notes
    -----
    Linear in granules (times bins for the ranking metrics); the design effect takes granules x window. For the ranking
    metrics neighbouring bins with few rows are merged to some 300: a window's own figure is a little finer.
    """
    if metric not in ROLLING_METRICS:
        raise InvalidInput(f"a rolling {metric!r}", hint=f"one of {', '.join(ROLLING_METRICS)}")
    windows = windows_of(maturity.codes, window)
    deff, dof = _effects(series, maturity.codes, window, entities)
    estimate, low, high, n = _table(series, windows, metric, deff, dof)
    made, labelled = windows.sums(series.predictions), windows.sums(labelled_of(series))
    defined = np.isfinite(estimate)
    return Rolling(
        metric=metric,
        window=window,
        granules=series.granules,
        estimate=_plain(estimate, defined),
        low=_plain(low, defined),
        high=_plain(high, defined),
        n=tuple(n.tolist()),
        coverage=_plain(labelled / np.maximum(made, 1), made > 0),
        matured=tuple((np.arange(len(made)) < maturity.matured).tolist()),
    )


def _effects(
    series: Series, codes: IntArray, window: int, entities: DesignEffect | None
) -> tuple[FloatArray, FloatArray]:
    """Design effect and degrees of freedom of each window."""
    place = codes - codes[0] if codes.size else codes
    if codes.size and place[-1] >= _LONGEST:  # hours over many years: take what is there as if nothing were missing
        place = np.arange(len(codes))
    size = int(place[-1]) + 1 if codes.size else 0
    hits, cases = np.zeros((2, size), dtype=np.int64)
    hits[place], cases[place] = series.true_positives, relevant_of(series)
    found = rolling_design_effect(hits, cases, min(window, max(size, 1)))
    deff, dof = found.deff[place], found.dof[place]
    if entities is None or entities.source != "entities":
        return deff, dof
    less = deff < entities.deff
    return np.where(less, entities.deff, deff), np.where(less, entities.dof, dof)


def _table(series: Series, windows: Windows, metric: str, deff: FloatArray, dof: FloatArray) -> _Table:
    """Estimate, low, high and what they rest on, of each window."""
    if metric in RANKING:
        return _ranking(series, windows, metric, deff, dof)
    if metric in LOSSES:
        return _losses(series, windows, metric, deff, dof)
    tp, fp, fn = (
        windows.sums(part) for part in (series.true_positives, series.false_positives, series.false_negatives)
    )
    if metric == "f1":
        return *f1_intervals(tp, fp + fn, deff=deff, dof=dof), tp + fp + fn
    n = tp + (fp if metric == "precision" else fn)
    return *wilson_intervals(tp, n, deff=deff, dof=dof), n


def _losses(series: Series, windows: Windows, metric: str, deff: FloatArray, dof: FloatArray) -> _Table:
    total, squares = (windows.sums(getattr(series, name)) / FIXED_POINT for name in (metric, f"{metric}_squared"))
    n = windows.sums(series.scored)
    highest = 1.0 if metric == "brier" else _LARGEST_LOG_LOSS
    return *mean_intervals(total, squares, n, deff=deff, dof=dof, highest=highest), n


def _ranking(series: Series, windows: Windows, metric: str, deff: FloatArray, dof: FloatArray) -> _Table:
    if series.scores is None:
        nothing = np.full(len(series.granules), np.nan)
        return nothing, nothing, nothing, np.zeros(len(series.granules), dtype=np.int64)
    by_label = _merged(series.scores.labelled)
    negative, positive = (windows.sums(by_label[:, label]) for label in (0, 1))
    compute = binned_roc_auc if metric == "roc_auc" else binned_average_precision
    table = compute(positive, negative, deff=deff, dof=dof)
    return table.estimate, table.low, table.high, (positive + negative).sum(axis=1)


def _merged(labelled: IntArray) -> IntArray:
    """Rows by label and bin, (granules, 2, bins): neighbours merged until each holds its share of all rows."""
    by_label = labelled[:, 0] + labelled[:, 1]
    rows = by_label.sum(axis=(0, 1))
    group = (np.cumsum(rows) - rows) * _GROUPS // max(int(rows.sum()), 1)
    last = np.flatnonzero(np.diff(group, append=-1))
    running = np.cumsum(by_label, axis=2, dtype=np.int64)[:, :, last]
    return np.asarray(np.diff(running, axis=2, prepend=0), dtype=np.int64)


def _plain(values: FloatArray, defined: NDArray[np.bool_]) -> tuple[float | None, ...]:
    return tuple(value if known else None for value, known in zip(values.tolist(), defined.tolist(), strict=True))
