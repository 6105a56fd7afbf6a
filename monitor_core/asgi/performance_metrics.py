"""Performance of every model version for `GET /metrics`, kept until something it rests on has changed."""

from __future__ import annotations

from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client.core import GaugeMetricFamily

from monitor_core.errors import MonitorError
from monitor_core.jobs.performance_reporting import WINDOW_DAYS
from monitor_core.metrics.names import (
    MODEL_DEGRADATION_SEVERITY,
    MODEL_F1,
    MODEL_PRECISION,
    MODEL_RECALL,
    MODEL_ROC_AUC,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from prometheus_client import Metric

    from monitor_core.performance.results import WindowMetrics
    from monitor_core.runtime import Services
    from monitor_core.storage.models import Model
    from monitor_core.values import ModelRef

__all__ = ["PerformanceFigures"]

_FAMILIES = {"f1": MODEL_F1, "precision": MODEL_PRECISION, "recall": MODEL_RECALL, "roc_auc": MODEL_ROC_AUC}
_JUDGED = {"full", "partial"}
_JUDGED_DAYS = 30
_GRANULES = 30


class _Figures(NamedTuple):
    """What one version exports."""

    values: tuple[tuple[str, str, float], ...]
    """(metric, window, value)"""
    severity: int | None
    """None where there is nothing to compare with."""


class PerformanceFigures:
    """The figures of all versions. Safe to share between threads.

    A version is computed again when there was a delivery, another baseline or threshold, or a new granule has begun.
    One scrape computes no longer than the budget; what is left keeps its former figures until the next one.

    Parameters
    ----------
    budget
        Seconds.
    """

    def __init__(self, *, budget: float = 1.0) -> None:
        self._budget = budget
        self._lock = Lock()
        self._kept: dict[ModelRef, tuple[Hashable, _Figures]] = {}

    def collect(self, services: Services) -> Iterator[Metric]:
        """Yield the families; a figure that cannot be carried by its labels has no series."""
        families = {
            name: GaugeMetricFamily(known.name, known.words, labels=list(known.labels))
            for name, known in _FAMILIES.items()
        }
        known = MODEL_DEGRADATION_SEVERITY
        severity = GaugeMetricFamily(known.name, known.words, labels=list(known.labels))
        with self._lock:
            figures = self._refreshed(services)
        for ref, found in figures.items():
            for name, window, value in found.values:
                families[name].add_metric([ref.model_id, ref.version, window], value)
            if found.severity is not None:
                severity.add_metric([ref.model_id, ref.version], found.severity)
        yield from families.values()
        yield severity

    def _refreshed(self, services: Services) -> dict[ModelRef, _Figures]:
        until = monotonic() + self._budget
        states = _states(services)
        self._kept = {ref: kept for ref, kept in self._kept.items() if ref in states}
        for ref, state in states.items():
            if ref in self._kept and self._kept[ref][0] == state:
                continue
            if monotonic() < until:
                self._kept[ref] = (state, _figures(services, ref))
        return {ref: figures for ref, (_, figures) in self._kept.items()}


def _states(services: Services) -> dict[ModelRef, Hashable]:
    """Return what the figures of each version rest on; versions of models without any delivery are left out."""
    delivered, baselines = services.performance.store.latest(), services.performance.active_baselines()
    states: dict[ModelRef, Hashable] = {}
    for model in services.models.list():
        if model.model_id not in delivered:
            continue
        own = (delivered[model.model_id], tuple(sorted(model.thresholds.items())), _granule(services, model))
        for version in services.models.versions(model.model_id):
            states[version.ref] = (*own, baselines.get(version.ref))
    return states


def _granule(services: Services, model: Model) -> str:
    """Return the granule that it is now: labels fall due when the next one begins."""
    return "" if model.granularity.rows else model.granularity.label(services.now())


def _figures(services: Services, ref: ModelRef) -> _Figures:
    performance = services.performance
    try:
        sizes = {f"{days}d": performance.granules_in(ref, days) for days in WINDOW_DAYS}
        asked = {name: size for name, size in sizes.items() if size} or {f"{_GRANULES} granules": _GRANULES}
        windows = {name: performance.window(ref, granules=size) for name, size in asked.items()}
    except MonitorError:  # deleted meanwhile
        return _Figures((), None)
    judged = windows.get(f"{_JUDGED_DAYS}d") or next(iter(windows.values()))
    return _Figures(
        tuple((metric, name, value) for name, window in windows.items() for metric, value in _values(window)),
        judged.severity.rank if judged.state in _JUDGED and judged.relative_drop is not None else None,
    )


def _values(window: WindowMetrics) -> Iterator[tuple[str, float]]:
    if window.state not in _JUDGED:
        return
    for metric in window.metrics:
        if metric.name in _FAMILIES and metric.estimate is not None:
            yield metric.name, metric.estimate
