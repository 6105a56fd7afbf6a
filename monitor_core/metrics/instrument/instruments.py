"""Instruments in a registry: made once, found again by whoever asks for the same."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from monitor_core.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prometheus_client import CollectorRegistry
    from prometheus_client.registry import Collector

    from monitor_core.metrics.names import MetricName

__all__ = ["collectors", "counter", "gauge", "histogram", "owner"]

Made = TypeVar("Made", bound=MetricWrapperBase)
_MAKING = Lock()


def counter(registry: CollectorRegistry, metric: MetricName) -> Counter:
    """Return the counter of this name in the registry, made if it is not there.

    Raises
    ------
    Conflict
        When the registry has another kind of metric, or one with other labels, under the name.
    """
    with _MAKING:
        return _found(registry, metric, Counter) or Counter(metric.name, metric.words, metric.labels, registry=registry)


def gauge(registry: CollectorRegistry, metric: MetricName, *, mode: str = "mostrecent") -> Gauge:
    """Return the gauge of this name; `mode` says what several worker processes add up to.

    Raises
    ------
    Conflict
        As for `counter`.
    """
    with _MAKING:
        return _found(registry, metric, Gauge) or Gauge(
            metric.name,
            metric.words,
            metric.labels,
            registry=registry,
            multiprocess_mode=mode,  # type: ignore[arg-type]  # checked by the client itself
        )


def histogram(registry: CollectorRegistry, metric: MetricName, buckets: Sequence[float]) -> Histogram:
    """Return the histogram of this name.

    Raises
    ------
    Conflict
        As for `counter`, and when the one that is there has other buckets.
    """
    with _MAKING:
        found = _found(registry, metric, Histogram)
        if found is None:
            return Histogram(metric.name, metric.words, metric.labels, registry=registry, buckets=buckets)
        has = tuple(found._upper_bounds[:-1])  # noqa: SLF001 - not to be had otherwise
        if has != tuple(float(bound) for bound in buckets):
            raise Conflict(f"metric {metric.name!r} exists with buckets {has}, not {tuple(buckets)}")
        return found


def owner(registry: CollectorRegistry, name: str) -> Collector | None:
    """Return the collector that claims a name in a registry."""
    return registry._names_to_collectors.get(name)  # noqa: SLF001 - a registry cannot be asked otherwise


def collectors(registry: CollectorRegistry) -> Iterable[Collector]:
    """Return every collector of a registry, in the order in which they came."""
    return tuple(registry._collector_to_names)  # noqa: SLF001 - a registry cannot be asked otherwise


def _found(registry: CollectorRegistry, metric: MetricName, kind: type[Made]) -> Made | None:
    found = owner(registry, metric.name)
    if found is None:
        return None
    labels = tuple(getattr(found, "_labelnames", ()))
    if not isinstance(found, kind) or labels != metric.labels:
        raise Conflict(
            f"metric {metric.name!r} exists as {type(found).__name__} with labels {labels},"
            f" not as {kind.__name__} with {metric.labels}",
            hint="give the monitor a registry of its own, or rename the other metric",
        )
    return found
