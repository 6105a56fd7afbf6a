"""How a version did in one window of matured granules: every metric, and whether the data can carry a verdict."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.errors import InvalidInput
from monitor_core.performance.calendar import code_of
from monitor_core.performance.clusters import effect_of, relevant_of
from monitor_core.performance.counts import Counts
from monitor_core.performance.granules import Granules
from monitor_core.performance.levels import baseline_f1, drop_probabilities, relative_drop, severity_of
from monitor_core.performance.maturity import labelled_of
from monitor_core.performance.metrics import metrics_of
from monitor_core.performance.results import Span, WindowMetrics
from monitor_core.performance.series import ScoreCounts
from monitor_core.performance.shortfall import Pace, shortfalls
from monitor_core.stats import f1_interval

if TYPE_CHECKING:
    from datetime import datetime

    from monitor_core.performance.maturity import Maturity
    from monitor_core.performance.results import BaselinePerformance
    from monitor_core.performance.series import Series
    from monitor_core.settings import PerformanceSettings
    from monitor_core.values import Granularity, ModelRef

__all__ = ["PACE", "Piece", "counts_of", "piece_of", "window_metrics"]

PACE = 30
"""Granules that the pace of labels is taken from."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Granules `start` to `stop` (left out) of a series, and what to call them."""

    start: int
    stop: int
    span: Span | None
    """None when it holds no matured granule."""
    window: int | None
    """Granules asked for; None for a fixed span."""


def counts_of(series: Series, start: int = 0, stop: int | None = None) -> Counts:
    """Return the sum over the granules `start` to `stop` (left out)."""
    return Counts(*(int(getattr(series, field.name)[start:stop].sum()) for field in fields(Counts)))


def piece_of(
    series: Series,
    maturity: Maturity,
    *,
    granularity: Granularity,
    window: int | None = None,
    span: tuple[str, str] | None = None,
) -> Piece:
    """Return the matured granules of a window.

    Parameters
    ----------
    window
        So many granules by the calendar, ending with the last matured one.
    span
        From one granule to another, both included, as far as they have matured; wins over `window`.

    Raises
    ------
    InvalidInput
        For a window of less than one granule or a span that ends before it begins; for neither.
    """
    codes = maturity.codes[: maturity.matured]
    if span is not None:
        first, last = (code_of(label, granularity) for label in span)
        if last < first:
            raise InvalidInput(f"a span from {span[0]!r} to {span[1]!r}", hint="the first granule comes first")
        window = None
    elif window is None or window < 1:
        raise InvalidInput(f"a window of {window} granules", hint="at least 1, or a span")
    else:
        last = int(codes[-1]) if codes.size else 0
        first = last - window + 1
    start, stop = (int(np.searchsorted(codes, *edge)) for edge in ((first, "left"), (last, "right")))
    if start == stop:
        return Piece(start, start, None, window)
    held = int(codes[stop - 1] - codes[start]) + 1
    return Piece(start, stop, Span(series.granules[start], series.granules[stop - 1], held), window)


def window_metrics(
    series: Series,
    maturity: Maturity,
    piece: Piece,
    *,
    ref: ModelRef,
    segment: str = "",
    granularity: Granularity,
    as_of: datetime,
    settings: PerformanceSettings,
    baseline: BaselinePerformance | None = None,
    baseline_deff: float = 1.0,
    scores: ScoreCounts | None = None,
) -> WindowMetrics:
    """Return every metric of a window, and what it can carry.

    Parameters
    ----------
    series
        With scores and entities where there are any.
    piece
        From `piece_of`.
    baseline
        What F1 is held against; None: no level, no probabilities.
    baseline_deff
        Design effect of the baseline's own counts.
    scores
        Those of the piece, where the series does not hold them.

    Returns
    -------
    WindowMetrics
        State ``none``: no granule has matured. ``not_enough``: fewer than 100 labelled predictions, fewer than 30
        effective relevant cases, or labels of less than half of the due predictions (settings): metrics are told, a
        level is not. ``partial``: labels of 50 to 90 %, with the F1 that the missing ones could make at worst and at
        best. ``full``: from 90 % on.
    """
    counts = counts_of(series, piece.start, piece.stop)
    effect = effect_of(series, piece.start, piece.stop)
    scores = scores or _scores_of(series, piece)
    labelled = None if scores is None else scores.labelled.sum(axis=(0, 1))
    metrics = metrics_of(counts, labelled, effect=effect)
    due = counts.predictions
    coverage = counts.labelled / due if due else None
    missing = shortfalls(
        counts,
        due=due,
        design_effect=effect.deff,
        settings=settings,
        pace=_pace(series, maturity, piece, granularity=granularity, deff=effect.deff),
    )
    state, reasons = _state(piece, missing, coverage, settings)
    drop = relative_drop(metrics[0].estimate, baseline_f1(baseline))
    has_verdict = state in {"full", "partial"}
    probabilities = drop_probabilities(
        counts.true_positives, counts.errors, baseline, deff=effect.deff, baseline_deff=baseline_deff
    )
    return WindowMetrics(
        ref=ref,
        segment=segment,
        span=piece.span,
        as_of=as_of,
        counts=counts,
        due=due,
        immature=int(series.predictions[maturity.matured :].sum()),
        coverage=coverage,
        state=state,
        reasons=(*reasons, *_words(counts, maturity, granularity, state)),
        design_effect=effect.deff,
        design_effect_from=effect.source,
        clusters=effect.clusters,
        metrics=metrics,
        f1_bounds=_bounds(scores, counts) if state == "partial" else None,
        severity=severity_of(drop if has_verdict else None, settings),
        relative_drop=drop,
        probabilities=probabilities,
    )


def _state(
    piece: Piece, missing: tuple[str, ...], coverage: float | None, settings: PerformanceSettings
) -> tuple[str, tuple[str, ...]]:
    if piece.span is None or coverage is None:
        return "none", ("no prediction has matured yet",)
    if missing:
        return "not_enough", missing
    if coverage < settings.coverage_full:
        return "partial", (f"labels of {coverage:.0%} of the due predictions are known",)
    return "full", ()


def _words(counts: Counts, maturity: Maturity, granularity: Granularity, state: str) -> tuple[str, ...]:
    """Say when the first granule will mature, where none has."""
    if state != "none" or counts.predictions or not maturity.codes.size or maturity.matured:
        return ()
    granules = Granules(granularity)
    if granules.by_rows:
        return ()
    return (f"the first is due from {granules.label(int(maturity.codes[0]) + maturity.horizon + 1)} on",)


def _pace(series: Series, maturity: Maturity, piece: Piece, *, granularity: Granularity, deff: float) -> Pace:
    codes = maturity.codes[: maturity.matured]
    start = int(np.searchsorted(codes, codes[-1] - PACE, "right")) if codes.size else 0
    lasted = float(codes[-1] - codes[start] + 1) if codes.size else 1.0
    recent = slice(start, maturity.matured)
    labelled, relevant = (float(part[recent].sum()) / lasted for part in (labelled_of(series), relevant_of(series)))
    return Pace(labelled, relevant / deff, piece.window, maturity.now, granularity)


def _scores_of(series: Series, piece: Piece) -> ScoreCounts | None:
    if series.scores is None:
        return None
    inside = slice(piece.start, piece.stop)
    return ScoreCounts(series.scores.made[inside], series.scores.labelled[inside])


def _bounds(scores: ScoreCounts | None, counts: Counts) -> tuple[float, float]:
    """F1 if every missing label went wrong, and if every one went right."""
    missing = counts.predictions - counts.labelled
    hits = missing
    if scores is not None:
        made = scores.made.sum(axis=(0, 2))
        if int(made.sum()) == counts.predictions:  # else some have no score, and nothing tells what was predicted
            hits = int(made[1]) - counts.true_positives - counts.false_positives
    worst = f1_interval(counts.true_positives, counts.errors + missing).estimate
    best = f1_interval(counts.true_positives + hits, counts.errors).estimate
    return worst, best
