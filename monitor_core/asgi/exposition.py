"""`GET /metrics`: the state of jobs, the latest drift and the performance of every model, for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from monitor_core.asgi.health import package_version
from monitor_core.errors import MonitorError
from monitor_core.jobs import commands
from monitor_core.jobs.lease import WORKER, Leases
from monitor_core.values import ModelRef, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client import Metric

    from monitor_core.asgi.performance_metrics import PerformanceFigures
    from monitor_core.drift.results import FeatureDrift, GranuleDrift, RunSummary
    from monitor_core.runtime import Services

__all__ = ["MOST_FEATURES", "OTHER", "StateCollector", "registry"]

MOST_FEATURES = 200
"""Features a model version that get series of their own: the largest PSI first."""

OTHER = "other"
"""The label under which the rest appears, with the largest value among them."""


def registry(services: Services, figures: PerformanceFigures) -> CollectorRegistry:
    """Return a registry whose metrics are read from the database at each scrape; `figures` outlive a scrape."""
    made = CollectorRegistry(auto_describe=False)
    made.register(StateCollector(services, figures))
    return made


class StateCollector(Collector):
    """Read jobs, worker, drift and performance."""

    def __init__(self, services: Services, figures: PerformanceFigures) -> None:
        self._services = services
        self._figures = figures

    def describe(self) -> Iterable[Metric]:
        """Return nothing: registering must not ask the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        services = self._services
        build = GaugeMetricFamily("bellwether_build_info", "The version that runs.", labels=["version"])
        build.add_metric([package_version()], 1)
        yield build
        jobs = GaugeMetricFamily("bellwether_jobs", "Jobs in the table by state.", labels=["state"])
        for state, count in commands.queue(services).counts().items():
            jobs.add_metric([state.value], count)
        yield jobs
        up = GaugeMetricFamily("bellwether_worker_up", "Whether a worker holds the lease.")
        up.add_metric([], Leases(services.engine, services.now).is_live(WORKER))
        yield up
        yield from _drift(services)
        yield from self._figures.collect(services)


def _drift(services: Services) -> Iterator[Metric]:
    by_model, by_feature = _model_families(), _feature_families()
    for model in services.models.list():
        for version in services.models.versions(model.model_id):
            found = _latest(services, version.ref)
            if found is not None:
                _add_model(by_model, *found)
                _add_features(by_feature, found[0].ref, found[1].features)
    yield from by_model.values()
    yield from by_feature.values()


def _latest(services: Services, ref: ModelRef) -> tuple[RunSummary, GranuleDrift] | None:
    """Return a version's latest run and its last granule; None without a run, or when it was just deleted."""
    run = services.drift.latest(ref)
    if run is None:
        return None
    try:
        return run, services.drift.granule(run.run_id, run.last_granule, "")
    except MonitorError:
        return None


def _model_families() -> dict[str, GaugeMetricFamily]:
    labels = ["model", "version"]
    return {
        "severity": GaugeMetricFamily(
            "model_drift_severity", "Latest granule: 0 none, 1 low, 2 moderate, 3 high, 4 critical.", labels=labels
        ),
        "features": GaugeMetricFamily(
            "model_drift_features", "Latest granule: features by verdict.", labels=[*labels, "verdict"]
        ),
        "rows": GaugeMetricFamily("model_drift_rows", "Latest granule: rows.", labels=labels),
        "run": GaugeMetricFamily(
            "model_drift_run_timestamp_seconds", "When the latest drift run was made.", labels=labels
        ),
    }


def _feature_families() -> dict[str, GaugeMetricFamily]:
    labels = ["model", "version", "feature"]
    return {
        "psi": GaugeMetricFamily("feature_drift_psi", "Latest granule: population stability index.", labels=labels),
        "ks": GaugeMetricFamily(
            "feature_drift_ks", "Latest granule: Kolmogorov-Smirnov distance, its lower bound.", labels=labels
        ),
        "severity": GaugeMetricFamily(
            "feature_drift_severity", "Latest granule: 0 none, 1 low, 2 moderate, 3 high, 4 critical.", labels=labels
        ),
        "missing": GaugeMetricFamily(
            "feature_missing_ratio", "Latest granule: share of rows without a value.", labels=labels
        ),
    }


def _add_model(families: dict[str, GaugeMetricFamily], run: RunSummary, granule: GranuleDrift) -> None:
    names = [run.ref.model_id, run.ref.version]
    families["severity"].add_metric(names, granule.severity.rank)
    families["rows"].add_metric(names, granule.n_rows)
    families["run"].add_metric(names, run.created_at.timestamp())
    for verdict in Verdict:
        count = sum(feature.verdict is verdict for feature in granule.features)
        families["features"].add_metric([*names, verdict.value], count)


def _add_features(families: dict[str, GaugeMetricFamily], ref: ModelRef, features: Iterable[FeatureDrift]) -> None:
    ranked = sorted(features, key=lambda feature: (-(feature.psi or 0.0), feature.name))
    own = [feature for feature in ranked[:MOST_FEATURES] if feature.name != OTHER]  # a label must not come twice
    for feature in own:
        _add(families, [ref.model_id, ref.version, feature.name], [feature])
    kept = {feature.name for feature in own}
    if rest := [feature for feature in ranked if feature.name not in kept]:
        _add(families, [ref.model_id, ref.version, OTHER], rest)


def _add(families: dict[str, GaugeMetricFamily], names: list[str], features: list[FeatureDrift]) -> None:
    """Add the largest of each value; a value that cannot be computed has no series."""
    values: dict[str, list[float | None]] = {
        "psi": [feature.psi for feature in features],
        "ks": [feature.ks_low for feature in features],
        "missing": [feature.missing_share for feature in features],
        "severity": [float(feature.severity.rank) for feature in features],
    }
    for family, found in values.items():
        known = [value for value in found if value is not None]
        if known:
            families[family].add_metric(names, max(known))
