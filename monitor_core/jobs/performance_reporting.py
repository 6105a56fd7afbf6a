"""The performance report of a model version: put together when it is asked for, the same for the same moment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitor_core.errors import InvalidInput
from monitor_core.insight.advice import hash_of
from monitor_core.insight.evidence import previous_live
from monitor_core.reports import performance as reports
from monitor_core.reports.performance_document import Findings, build

if TYPE_CHECKING:
    from datetime import datetime

    from monitor_core.performance.results import Decision, WindowMetrics
    from monitor_core.reports.performance_document import PerformanceDocument
    from monitor_core.runtime import Services
    from monitor_core.values import ModelRef

__all__ = ["WINDOW_DAYS", "decisions_until", "gather", "moment_of", "report", "usual_window"]

WINDOW_DAYS = (7, 30, 90)
"""The usual windows; each has so many granules as fit the model's granularity."""

_MOST = 10_000
_MOST_SEGMENTS = 50


def report(
    services: Services,
    ref: ModelRef,
    format: str,  # noqa: A002 - the word people expect
    *,
    as_of: datetime | None = None,
    window: int | None = None,
) -> bytes:
    """Return the report in one format; raises `InvalidInput` for one that is not known."""
    reports.check(format)
    return reports.render(gather(services, ref, as_of=as_of, window=window), format=format)


def gather(
    services: Services, ref: ModelRef, *, as_of: datetime | None = None, window: int | None = None
) -> PerformanceDocument:
    """Collect everything that the report of a version says.

    Parameters
    ----------
    as_of
        Everything as it was known at this moment: what was recorded, decided or deployed later is not in it. None:
        now; asked for the moment that the report then names, it is the same to the byte. Thresholds, titles and
        importances are those of today.
    window
        Matured granules that are judged; None: those of 30 days, or 30 where days do not fit.

    Raises
    ------
    InvalidInput
        The moment lies in the future.
    """
    at, granules = moment_of(services, as_of), window or usual_window(services, ref)
    performance, model = services.performance, services.models.get(ref.model_id)
    evidence, advice = services.advice.advice(ref, as_of=at, window=granules)
    deployments = tuple(services.deployments.list(ref.model_id, as_of=at))
    held = performance.baseline(ref, as_of=at)
    before = previous_live(deployments, ref, as_of=at)
    windows = tuple((f"{days} days", performance.granules_in(ref, days)) for days in WINDOW_DAYS)
    return build(
        Findings(
            model=model,
            settings=performance.settings_of(ref),
            window=performance.window(ref, granules=granules, as_of=at),
            windows=tuple(
                (name, None if size is None else performance.window(ref, granules=size, as_of=at))
                for name, size in windows
            ),
            segments=_segments(services, ref, at, granules),
            # It was the active one then, whatever is by now.
            baseline=None if held is None else replace(held, is_active=True),
            advice=advice,
            evidence_sha256=hash_of(evidence),
            rolling=performance.rolling(ref, "f1", window=granules, as_of=at),
            sequential=performance.sequential(ref, as_of=at),
            estimated=performance.estimated(ref, "f1", as_of=at),
            delays=performance.delays(ref, as_of=at),
            comparison=(
                None if before is None else performance.compare(ref, before.ref.version, granules=granules, as_of=at)
            ),
            goes_with=services.breakdown.goes_with(ref, as_of=at, window=granules),
            slices=services.breakdown.slices(ref, as_of=at, window=granules),
            corrections=performance.store.corrections(ref.model_id, version=ref.version, as_of=at, limit=_MOST),
            decisions=decisions_until(services, ref, at),
            deployments=deployments,
        )
    )


def decisions_until(services: Services, ref: ModelRef, at: datetime) -> tuple[Decision, ...]:
    """Return what was decided on a version by a moment, the latest first."""
    found = services.performance.decisions(ref.model_id, version=ref.version, limit=_MOST)
    return tuple(item for item in found if item.decided_at <= at)


def moment_of(services: Services, as_of: datetime | None) -> datetime:
    """Return the moment to ask for: now where none is given; the future cannot be told."""
    now = services.now()
    if as_of is not None and as_of > now:
        raise InvalidInput(f"{as_of.isoformat()} is in the future", hint=f"it is {now.isoformat()}")
    return now if as_of is None else as_of


def usual_window(services: Services, ref: ModelRef) -> int:
    """Return the granules of 30 days; 30 granules where days do not fit them."""
    return services.performance.granules_in(ref, 30) or 30


def _segments(services: Services, ref: ModelRef, at: datetime, granules: int) -> tuple[WindowMetrics, ...]:
    """Return the window of each segment that had predictions by then, those with the most relevant cases first."""
    names = services.performance.store.segments(ref)[:_MOST_SEGMENTS]
    found = [services.performance.window(ref, granules=granules, segment=name, as_of=at) for name in names]
    shown = [window for window in found if window.counts.predictions]
    return tuple(sorted(shown, key=lambda window: (-window.counts.relevant, window.segment)))
