"""What the metrics would be if the concept is unchanged, and, once labels have come, how good that guess was."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor_core.errors import InvalidInput
from monitor_core.performance.bands import ESTIMATED_METRICS, estimate_bands
from monitor_core.performance.maturity import labelled_of
from monitor_core.performance.results import Estimated
from monitor_core.performance.rolling import Windows, windows_of
from monitor_core.stats import binned_roc_auc, rates

if TYPE_CHECKING:
    from monitor_core.performance.calibrator import Calibrator
    from monitor_core.performance.maturity import Maturity
    from monitor_core.performance.series import Series
    from monitor_core.settings import PerformanceSettings

__all__ = ["UNCHANGED", "estimated", "not_estimated"]

FloatArray: TypeAlias = NDArray[np.float64]

UNCHANGED = "estimated, if the concept is unchanged"
_MOST = 1_100


def estimated(
    series: Series,
    maturity: Maturity,
    metric: str,
    *,
    calibrator: Calibrator | None,
    settings: PerformanceSettings,
    window: int = 1,
) -> Estimated:
    """Return the estimate without labels for the window that ends at each granule, graded where labels have matured.

    Parameters
    ----------
    series
        With scores.
    metric
        One of `ESTIMATED_METRICS`.
    calibrator
        From the baseline; None when it has too few scored rows.
    settings
        Windows whose labels cover at least `coverage_full` of their predictions are graded.
    window
        Granules, by the calendar.

    Returns
    -------
    Estimated
        The latest 1,100 windows at most. `suspected_from` is the first of three windows running (that share no
        granule) whose truth lies outside the band on the same side: the concept itself may have changed. That is a
        reason to watch, never to roll back.
    """
    if metric not in ESTIMATED_METRICS:
        raise InvalidInput(f"an estimate of {metric!r}", hint=f"one of {', '.join(ESTIMATED_METRICS)}")
    if calibrator is None:
        return not_estimated(metric, "no estimate: the baseline has fewer than 100 labelled rows with a score")
    if series.scores is None or not series.scores.made.any():
        return not_estimated(metric, "no estimate: the predictions have no scores")
    windows = windows_of(maturity.codes, window)
    latest = slice(max(len(series.granules) - _MOST, 0), None)
    held = windows.sums(np.ones(len(series.granules)))
    bands = estimate_bands(windows.sums(series.scores.made)[latest], calibrator, metric, granules=held[latest])
    truth = _truth(series, windows, maturity, metric, settings)[latest]
    outside = np.where(truth < bands.low, -1, np.where(truth > bands.high, 1, 0))
    outside[~np.isfinite(truth)] = 0
    graded = np.isfinite(truth) & np.isfinite(bands.estimate)
    granules = series.granules[latest]
    first = _suspected(outside, maturity.codes[latest], window)
    return Estimated(
        metric=metric,
        granules=granules,
        estimate=_plain(bands.estimate),
        low=_plain(bands.low),
        high=_plain(bands.high),
        truth=_plain(truth),
        suspected_from=None if first is None else granules[first],
        calibrator=f"{calibrator.name}: {calibrator.reason}",
        window=window,
        badge=_badge(series, calibrator),
        mean_error=float(np.abs(truth - bands.estimate)[graded].mean()) if graded.any() else None,
        covered=float((outside[graded] == 0).mean()) if graded.any() else None,
    )


def not_estimated(metric: str, why: str) -> Estimated:
    """Return the result that says why there is no estimate."""
    return Estimated(metric, (), (), (), (), (), None, "", badge=why)


def _badge(series: Series, calibrator: Calibrator) -> str:
    words = [UNCHANGED]
    if calibrator.spread.widening == 1.0:  # too few granules to see how much they differ
        words.append("the baseline has too few granules to tell how much they differ: the band may be too narrow")
    made, scored = int(series.predictions.sum()), int(series.scores.made.sum()) if series.scores else 0
    if scored < made:
        words.append(f"over the {scored / made:.0%} of predictions that have a score")
    return "; ".join(words)


def _truth(
    series: Series, windows: Windows, maturity: Maturity, metric: str, settings: PerformanceSettings
) -> FloatArray:
    """Return the metric from labels; NaN where they have not matured or too many are missing."""
    made, labelled = windows.sums(series.predictions), windows.sums(labelled_of(series))
    known = (np.arange(len(made)) < maturity.matured) & (labelled >= settings.coverage_full * made)
    if metric == "roc_auc":
        assert series.scores is not None, "checked by the caller"
        by_label = series.scores.labelled.sum(axis=1)
        values = binned_roc_auc(*(windows.sums(by_label[:, label]) for label in (1, 0))).estimate
    else:
        parts = (series.true_positives, series.false_positives, series.false_negatives, series.true_negatives)
        values = getattr(rates(*map(windows.sums, parts)), metric)
    return np.where(known, values, np.nan)


def _suspected(outside: NDArray[np.int64], codes: NDArray[np.int64], window: int) -> int | None:
    """Return the first of three windows running that share no granule and lie outside on the same side."""
    following = np.append(np.searchsorted(codes, codes + window), len(codes))
    second = following[:-1]
    third = following[second]
    sides = np.append(outside, 0)
    running = (outside != 0) & (sides[second] == outside) & (sides[third] == outside)
    return int(np.argmax(running)) if running.any() else None


def _plain(values: FloatArray) -> tuple[float | None, ...]:
    return tuple(value if known else None for value, known in zip(values.tolist(), np.isfinite(values), strict=True))
