"""Load what a view needs of a version's counts, and no more."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor_core.performance.calendar import code_of
from monitor_core.performance.granules import Granules
from monitor_core.performance.series import since
from monitor_core.performance.view import View, view_of
from monitor_core.performance.windows import PACE

if TYPE_CHECKING:
    from datetime import datetime

    from monitor_core.performance.store import PerformanceStore
    from monitor_core.settings import PerformanceSettings
    from monitor_core.values import Granularity, ModelRef

__all__ = ["load", "load_window"]


def load(
    store: PerformanceStore,
    ref: ModelRef,
    *,
    granularity: Granularity,
    settings: PerformanceSettings,
    now: datetime,
    as_of: datetime | None = None,
    segment: str = "",
    scores: bool = False,
) -> View:
    """Return all counts of a version and segment.

    Where the horizon is to be learned, delays are read, too; a segment takes the horizon of the whole.

    Parameters
    ----------
    now
        The moment of the view, where `as_of` is None.
    as_of
        What was recorded later is not seen. None: everything is, even what was recorded by a clock that is ahead.
    """
    learned = settings.horizon < 0
    series = store.series(ref, segment=segment, as_of=as_of, scores=scores, delays=learned and not segment)
    if learned and segment:
        whole = load(store, ref, granularity=granularity, settings=settings, now=now, as_of=as_of)
        settings = replace(settings, horizon=whole.maturity.horizon)
    return view_of(
        series, ref=ref, segment=segment, granularity=granularity, settings=settings, as_of=as_of or now, known=as_of
    )


def load_window(
    store: PerformanceStore, view: View, *, granules: int, span: tuple[str, str] | None = None, scores: bool = True
) -> View:
    """Return the latest part of a view that holds a window or span, with its entities and the window's scores."""
    first = _first(view, granules, span)
    start = 0 if first is None else bisect_left(view.series.granules, first)
    series = since(view.series, start)
    if not view.segment:
        series = replace(series, entities=store.entities(view.ref, series.granules, as_of=view.known))
    loaded = view_of(
        series,
        ref=view.ref,
        segment=view.segment,
        granularity=view.granularity,
        settings=replace(view.settings, horizon=view.maturity.horizon),
        as_of=view.as_of,
        known=view.known,
    )
    if not scores:
        return loaded
    held = loaded.piece(granules, span).span
    inside = ("", "") if held is None else (held.first, held.last)
    summed = store.scores(view.ref, *inside, segment=view.segment, as_of=view.known)
    return replace(loaded, scores=summed)


def _first(view: View, granules: int, span: tuple[str, str] | None) -> str | None:
    """Return the granule to read from; None: everything."""
    if span is not None:
        code_of(span[0], view.granularity)  # says what is wrong with it
        return span[0]
    if not view.maturity.matured:
        return None
    last = int(view.maturity.codes[view.maturity.matured - 1])
    code = last - max(granules, PACE) + 1
    return Granules(view.granularity).label(code) if code > view.maturity.codes[0] else None
