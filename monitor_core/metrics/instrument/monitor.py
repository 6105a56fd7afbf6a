"""The front door that services use: everything a service measures, behind one object."""

from __future__ import annotations

from asyncio import CancelledError
from functools import cached_property
from os import PathLike
from time import perf_counter
from typing import TYPE_CHECKING, Any

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge

from monitor_core.errors import InvalidInput
from monitor_core.metrics import names
from monitor_core.metrics.instrument import instruments, multiprocess, system
from monitor_core.metrics.instrument.asgi import TRACKED, MetricsApp, MetricsMiddleware
from monitor_core.metrics.instrument.bounded import BoundedFamily, LabelLimit, once_for
from monitor_core.metrics.instrument.business import BusinessMetrics, read_business_metrics
from monitor_core.metrics.instrument.endpoint import asgi_endpoint
from monitor_core.metrics.instrument.predictions import confidence_level, tally
from monitor_core.metrics.instrument.requests import RequestRecorder
from monitor_core.metrics.instrument.wsgi import WsgiMetricsApp, WsgiMetricsMiddleware

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from prometheus_client.context_managers import Timer

    from monitor_core.metrics.instrument.business import BusinessMetric

__all__ = ["PerformanceMonitor"]

_MOST_PREDICTED_LABELS = 50
_MOST_MODEL_VERSIONS = 50
_MOST_FEATURES = 200


class PerformanceMonitor:
    """Measure a service: requests, predictions, the machine, and what the team itself defines.

    Names, labels and methods of the original system's monitor. `instrument` puts it into a FastAPI, Starlette or
    Flask application; everything else can be called from anywhere, batch jobs included. A second monitor on the same
    registry counts into the same metrics.

    Parameters
    ----------
    registry
        Where metrics are kept; prometheus-client's usual one when not given.
    business
        Metrics of the team's own, or the TOML file that defines them. Given (even empty), the original system's
        business metrics appear only once their methods are called.
    buckets
        Upper bounds of the latency histogram in seconds. .15 should stay among them: the rules ask about it.

    Attributes
    ----------
    registry
        As given.
    request_duration, requests_total, errors_total
        Requests by endpoint, method and status; errors by endpoint, type (4xx, 5xx) and status.
    first_byte, in_progress
        Time to the first byte of streams; requests being answered.
    cpu_usage_gauge, memory_usage_gauge, memory_percent_gauge
        As last read; they are read anew at a scrape.
    predictions_total, prediction_duration
        Predictions by label, confidence and version; how long the model took.
    daily_candidates_gauge, feature_failures_total, cache_hit_rate_gauge, cache_hits_total, cache_requests_total
        The original system's business metrics, and counters beside the cache's rate.

    Examples
    --------
    >>> monitor = PerformanceMonitor(CollectorRegistry())
    >>> monitor.track_prediction(1, 0.91, "2.3.0")
    >>> monitor.registry.get_sample_value(
    ...     "model_predictions_total", {"predicted_label": "1", "confidence": "high", "model_version": "2.3.0"}
    ... )
    1.0
    """

    def __init__(
        self,
        registry: CollectorRegistry | None = None,
        *,
        business: Iterable[BusinessMetric] | str | PathLike[str] | None = None,
        buckets: Sequence[float] = names.LATENCY_BUCKETS,
    ) -> None:
        multiprocess.prepare()
        multiprocess.check_workers()
        self.registry = REGISTRY if registry is None else registry
        self.request_duration = instruments.histogram(self.registry, names.API_REQUEST_DURATION, buckets)
        self.requests_total = instruments.counter(self.registry, names.API_REQUESTS)
        self.errors_total = instruments.counter(self.registry, names.API_ERRORS)
        self.first_byte = instruments.histogram(self.registry, names.API_FIRST_BYTE, names.FIRST_BYTE_BUCKETS)
        self.in_progress = instruments.gauge(self.registry, names.API_IN_PROGRESS, mode="livesum")
        self.predictions_total = instruments.counter(self.registry, names.PREDICTIONS)
        self.prediction_duration = instruments.histogram(self.registry, names.PREDICTION_DURATION, buckets)
        self.recorder = once_for(
            self.requests_total,
            RequestRecorder,
            self.request_duration,
            self.requests_total,
            self.errors_total,
            self.first_byte,
            self.in_progress,
        )
        self._system = _system_collector(self.registry)
        self._business = BusinessMetrics(self.registry, _defined(business))
        if business is None:
            _ = self.daily_candidates_gauge, self.feature_failures_total, self.cache_hit_rate_gauge
            _ = self.cache_hits_total, self.cache_requests_total

    # What the original system measures, made when first needed.

    @cached_property
    def daily_candidates_gauge(self) -> Gauge:
        """Candidates found today."""
        return instruments.gauge(self.registry, names.DAILY_CANDIDATES)

    @cached_property
    def feature_failures_total(self) -> Counter:
        """Features that could not be computed, by entity and feature."""
        return instruments.counter(self.registry, names.FEATURE_FAILURES)

    @cached_property
    def cache_hit_rate_gauge(self) -> Gauge:
        """Share of look-ups that hit."""
        return instruments.gauge(self.registry, names.CACHE_HIT_RATE)

    @cached_property
    def cache_hits_total(self) -> Counter:
        """Look-ups that hit."""
        return instruments.counter(self.registry, names.CACHE_HITS)

    @cached_property
    def cache_requests_total(self) -> Counter:
        """Look-ups."""
        return instruments.counter(self.registry, names.CACHE_REQUESTS)

    @property
    def cpu_usage_gauge(self) -> Gauge:
        """CPU of the machine in use, 0 to 100."""
        return self._system.cpu

    @property
    def memory_usage_gauge(self) -> Gauge:
        """Resident bytes of this process."""
        return self._system.memory

    @property
    def memory_percent_gauge(self) -> Gauge:
        """Memory of the machine in use, 0 to 100."""
        return self._system.memory_percent

    # Requests

    def instrument(self, app: Any, *, path: str = "/metrics") -> None:
        """Count every request of a FastAPI, Starlette or Flask application, and answer `path` with the metrics.

        Call it once, before the application starts.

        Raises
        ------
        InvalidInput
            When the application is of another kind: wrap it in `MetricsMiddleware` or `WsgiMetricsMiddleware`.
        """
        if hasattr(app, "add_middleware") and hasattr(app, "add_route"):
            app.add_middleware(MetricsMiddleware, monitor=self, exclude=(path,))
            app.add_route(path, self.asgi_app, methods=["GET"])
        elif hasattr(app, "wsgi_app"):
            app.wsgi_app = WsgiMetricsMiddleware(app.wsgi_app, monitor=self, exclude=(path,), metrics_path=path)
        else:
            raise InvalidInput(
                f"{type(app).__name__} is neither a FastAPI, Starlette nor Flask application",
                hint="wrap it in MetricsMiddleware (ASGI) or WsgiMetricsMiddleware (WSGI)",
            )

    async def track_request(self, request: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        """Count one request, for `@app.middleware("http")`.

        `MetricsMiddleware` costs a fraction of that way, sees streams to their end, and disconnects.

        Parameters
        ----------
        request
            Has `.url.path` and `.method`; a Starlette request's route is the endpoint.
        call_next
            Answers it.
        """
        scope = getattr(request, "scope", None)
        if not isinstance(scope, dict):
            scope = None
        elif scope.get(TRACKED) is self.recorder:
            return await call_next(request)
        else:
            scope[TRACKED] = self.recorder
        status = 500
        self.recorder.enter()
        started = perf_counter()
        try:
            response = await call_next(request)
            status = int(response.status_code)
        except CancelledError:
            status = 499
            raise
        finally:
            seconds = perf_counter() - started
            self.recorder.leave()
            endpoint = str(request.url.path) if scope is None else asgi_endpoint(scope)
            self.recorder.find(endpoint, str(request.method), status).add(seconds)
        return response

    @cached_property
    def asgi_app(self) -> MetricsApp:
        """The ASGI application behind `/metrics`."""
        return MetricsApp(self.registry)

    @cached_property
    def wsgi_app(self) -> WsgiMetricsApp:
        """The WSGI application behind `/metrics`."""
        return WsgiMetricsApp(self.registry)

    # The machine

    def collect_system_metrics(self) -> dict[str, float]:
        """Return `cpu_percent` and `memory_percent` of the machine, and `memory_bytes` of this process, read now."""
        reading = system.read_system()
        return {
            "cpu_percent": reading.cpu_percent,
            "memory_percent": reading.memory_percent,
            "memory_bytes": reading.memory_bytes,
        }

    def update_system_gauges(self) -> None:
        """Read the machine into the gauges. A scrape does so by itself."""
        self._system.update(system.read_system())

    def check_thresholds(self) -> list[dict[str, Any]]:
        """Return what is above its limit now (CPU 80 %, memory 90 %): severity, metric, value, threshold, message."""
        return system.exceeded()

    # Predictions

    def track_prediction(self, predicted_label: object, confidence: float | None, model_version: str) -> None:
        """Count one prediction: high confidence from .75, medium from .55."""
        self._predictions.child(str(predicted_label), confidence_level(confidence), str(model_version)).inc()

    def track_predictions(
        self,
        predicted_labels: Iterable[object],
        confidences: Iterable[float | None] | None,
        model_version: str,
    ) -> None:
        """Count many predictions, a batch job's say.

        Raises
        ------
        InvalidInput
            When there are more labels than confidences, or fewer.
        """
        for (label, level), count in tally(predicted_labels, confidences).items():
            self._predictions.child(label, level, str(model_version)).inc(count)

    def time_prediction(self, model_version: str) -> Timer:
        """Measure how long the model takes: `with monitor.time_prediction("2.3.0"):`, or as a decorator."""
        version = self._versions(str(model_version))
        return self.prediction_duration.labels(version).time()

    # Business metrics

    def set_gauge(self, name: str, value: float, /, **labels: object) -> None:
        """Set a defined gauge.

        Raises
        ------
        NotFound, InvalidInput
            When no gauge has the name; when labels differ from the defined ones.
        """
        self._business.set(name, value, labels)

    def count(self, name: str, amount: float = 1, /, **labels: object) -> None:
        """Add to a defined counter.

        Raises
        ------
        NotFound, InvalidInput
            As for `set_gauge`; also when the amount is negative or not a number.
        """
        self._business.count(name, amount, labels, kinds=("counter",))

    def count_failure(self, name: str, /, **labels: object) -> None:
        """Add one to a defined counter of failures.

        Raises
        ------
        NotFound, InvalidInput
            As for `set_gauge`.
        """
        self._business.count(name, 1, labels, kinds=("failures",))

    def update_daily_candidates(self, count: float) -> None:
        """Set today's number of candidates."""
        self.daily_candidates_gauge.set(count)

    def track_feature_extraction_failure(self, bse_code: object, feature_name: object) -> None:
        """Count a feature that could not be computed."""
        self._failures.child(str(bse_code), str(feature_name)).inc()

    def update_cache_hit_rate(self, hit_rate: float) -> None:
        """Set the cache's share of hits.

        Raises
        ------
        InvalidInput
            When it is not within 0 to 1.
        """
        if not 0 <= hit_rate <= 1:
            raise InvalidInput(f"cache hit rate is {hit_rate!r}, must be within 0 to 1")
        self.cache_hit_rate_gauge.set(hit_rate)

    def track_cache(self, *, hit: bool) -> None:
        """Count one look-up. The counters give the rate over any time and any number of processes."""
        self.cache_requests_total.inc()
        if hit:
            self.cache_hits_total.inc()

    @cached_property
    def _predictions(self) -> BoundedFamily[Counter]:
        limits = (_MOST_PREDICTED_LABELS, None, _MOST_MODEL_VERSIONS)
        return once_for(self.predictions_total, BoundedFamily, self.predictions_total, limits)

    @cached_property
    def _failures(self) -> BoundedFamily[Counter]:
        limits = (_MOST_FEATURES, _MOST_FEATURES)
        return once_for(self.feature_failures_total, BoundedFamily, self.feature_failures_total, limits)

    @cached_property
    def _versions(self) -> LabelLimit:
        return once_for(self.prediction_duration, LabelLimit, _MOST_MODEL_VERSIONS)


def _system_collector(registry: CollectorRegistry) -> system.SystemCollector:
    for collector in instruments.collectors(registry):
        if isinstance(collector, system.SystemCollector):
            return collector
    made = system.SystemCollector(registry)
    registry.register(made)
    return made


def _defined(business: Iterable[BusinessMetric] | str | PathLike[str] | None) -> Iterable[BusinessMetric]:
    if business is None:
        return ()
    if isinstance(business, str | PathLike):
        return read_business_metrics(business)
    return business
