"""The front door: what the original system's users call."""

import asyncio
from types import SimpleNamespace

import psutil
import pytest
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from monitor_core import PerformanceMonitor, get_metrics_text
from monitor_core.errors import Conflict, InvalidInput
from monitor_core.metrics import names
from monitor_core.metrics.instrument import BusinessMetric


def request_for(path="/api/v1/predict", method="POST"):
    return SimpleNamespace(url=SimpleNamespace(path=path), method=method)


def answering(status):
    async def call_next(_request):
        return SimpleNamespace(status_code=status)

    return call_next


class TestAttributes:
    @pytest.mark.parametrize(
        ("attribute", "kind", "metric"),
        [
            ("request_duration", Histogram, names.API_REQUEST_DURATION),
            ("requests_total", Counter, names.API_REQUESTS),
            ("errors_total", Counter, names.API_ERRORS),
            ("cpu_usage_gauge", Gauge, names.PROCESS_CPU_PERCENT),
            ("memory_usage_gauge", Gauge, names.PROCESS_MEMORY_BYTES),
            ("memory_percent_gauge", Gauge, names.PROCESS_MEMORY_PERCENT),
            ("predictions_total", Counter, names.PREDICTIONS),
            ("daily_candidates_gauge", Gauge, names.DAILY_CANDIDATES),
            ("feature_failures_total", Counter, names.FEATURE_FAILURES),
            ("cache_hit_rate_gauge", Gauge, names.CACHE_HIT_RATE),
        ],
    )
    def test_are_objects_of_the_client(self, monitor, attribute, kind, metric):
        """Kind, name and labels are those the original had."""
        made = getattr(monitor, attribute)
        assert isinstance(made, kind)
        assert made.describe()[0].name == metric.name.removesuffix("_total")
        assert made._labelnames == metric.labels

    def test_every_name_of_the_document_is_shown(self, monitor, registry):
        """Once something was measured, all ten names come out."""
        asyncio.run(monitor.track_request(request_for(), answering(500)))
        monitor.track_prediction(1, 0.8, "1")
        monitor.track_feature_extraction_failure("500325", "rsi_14")
        text = get_metrics_text(registry).decode()
        documented = (
            "api_request_duration_seconds api_requests_total api_errors_total model_predictions_total"
            " daily_upper_circuit_candidates feature_extraction_failures_total model_cache_hit_rate process_cpu_percent"
            " process_resident_memory_bytes process_memory_percent"
        )
        assert [name for name in documented.split() if f"# TYPE {name} " not in text] == []

    def test_registry_is_the_usual_one(self):
        """Without an argument everything goes where prometheus-client keeps it."""
        assert PerformanceMonitor().registry is REGISTRY
        assert b"api_requests_total" in get_metrics_text()

    def test_buckets_have_the_objective_among_them(self, monitor, registry):
        """The original's bounds, with .15 and .25."""
        asyncio.run(monitor.track_request(request_for(), answering(200)))
        bounds = [
            sample.labels["le"]
            for family in registry.collect()
            for sample in family.samples
            if sample.name == "api_request_duration_seconds_bucket"
        ]
        assert bounds == ["0.01", "0.05", "0.1", "0.15", "0.25", "0.5", "1.0", "5.0", "+Inf"]


class TestTrackRequest:
    def test_answer_is_passed_on(self, monitor, value):
        """The response comes back, and is counted under the path when there is no route."""
        response = asyncio.run(monitor.track_request(request_for(), answering(200)))
        assert response.status_code == 200
        labels = {"endpoint": "/api/v1/predict", "method": "POST", "status_code": "200"}
        assert value("api_requests_total", **labels) == 1
        assert value("api_request_duration_seconds_count", **labels) == 1

    @pytest.mark.parametrize(("status", "kind"), [(404, "4xx"), (422, "4xx"), (500, "5xx"), (503, "5xx")])
    def test_errors_are_counted_by_type(self, monitor, value, status, kind):
        """From 400 on."""
        asyncio.run(monitor.track_request(request_for(), answering(status)))
        assert value("api_errors_total", endpoint="/api/v1/predict", error_type=kind, status_code=status) == 1

    def test_success_is_no_error(self, monitor, labels_of):
        """Below 400 the error counter stays empty."""
        asyncio.run(monitor.track_request(request_for(), answering(302)))
        assert labels_of("api_errors_total") == []

    def test_exception_counts_as_500_and_goes_on(self, monitor, value):
        """Whoever raised it gets it back."""

        async def broken(_request):
            raise LookupError("no model")

        with pytest.raises(LookupError, match="no model"):
            asyncio.run(monitor.track_request(request_for(), broken))
        assert value("api_requests_total", endpoint="/api/v1/predict", method="POST", status_code=500) == 1
        assert value("api_requests_in_progress") == 0

    def test_cancelled_request_counts_as_499(self, monitor, value):
        """A server that gives up on a client's request cancels it."""

        async def cancelled(_request):
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(monitor.track_request(request_for(), cancelled))
        assert value("api_requests_total", endpoint="/api/v1/predict", method="POST", status_code=499) == 1

    def test_paths_are_bounded(self, monitor, labels_of):
        """However many there are, the series are not."""

        async def many():
            for number in range(2_000):
                await monitor.track_request(request_for(f"/users/{number}"), answering(200))

        asyncio.run(many())
        assert len(labels_of("api_requests_total")) == 501


class TestMachine:
    def test_readings(self, monitor):
        """Percentages of the machine, bytes of this process."""
        found = monitor.collect_system_metrics()
        assert set(found) == {"cpu_percent", "memory_percent", "memory_bytes"}
        assert 0 <= found["cpu_percent"] <= 100
        assert 0 < found["memory_percent"] <= 100
        assert abs(found["memory_bytes"] / psutil.Process().memory_info().rss - 1) < 0.1

    def test_gauges_hold_what_was_read(self, monitor, monkeypatch):
        """Updating puts the reading into all three."""
        monkeypatch.setattr(psutil, "cpu_percent", lambda **_: 42.5)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(percent=61.0))
        monitor.update_system_gauges()
        assert monitor.cpu_usage_gauge.collect()[0].samples[0].value == 42.5
        assert monitor.memory_percent_gauge.collect()[0].samples[0].value == 61.0
        assert monitor.memory_usage_gauge.collect()[0].samples[0].value > 1_000_000

    @pytest.mark.parametrize(
        ("cpu", "memory", "words"),
        [(80.0, 90.0, []), (80.1, 90.0, ["CPU"]), (10.0, 90.5, ["Memory"]), (99.0, 99.0, ["CPU", "Memory"])],
    )
    def test_thresholds(self, monitor, monkeypatch, cpu, memory, words):
        """Above 80 % CPU and 90 % memory, not at them."""
        monkeypatch.setattr(psutil, "cpu_percent", lambda **_: cpu)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(percent=memory))
        found = monitor.check_thresholds()
        assert [alert["message"].split()[0] for alert in found] == words
        assert all(set(alert) == {"severity", "metric", "value", "threshold", "message"} for alert in found)
        assert all(alert["value"] > alert["threshold"] for alert in found)


class TestPredictions:
    @pytest.mark.parametrize(
        ("confidence", "level"), [(0.75, "high"), (0.74, "medium"), (0.55, "medium"), (0.54, "low")]
    )
    def test_levels(self, monitor, value, confidence, level):
        """High from .75, medium from .55."""
        monitor.track_prediction(1, confidence, "1.0.0")
        assert value("model_predictions_total", predicted_label=1, confidence=level, model_version="1.0.0") == 1

    def test_batch_counts_each(self, monitor, value):
        """One call for a whole batch."""
        monitor.track_predictions([1, 0, 1, 1], [0.9, 0.6, 0.8, None], "2")
        assert value("model_predictions_total", predicted_label=1, confidence="high", model_version=2) == 2
        assert value("model_predictions_total", predicted_label=0, confidence="medium", model_version=2) == 1
        assert value("model_predictions_total", predicted_label=1, confidence="unknown", model_version=2) == 1

    def test_batch_without_confidence(self, monitor, value):
        """A model without scores is counted, too."""
        monitor.track_predictions(["yes", "no"], None, "2")
        assert value("model_predictions_total", predicted_label="yes", confidence="unknown", model_version=2) == 1

    def test_batch_of_unequal_length_is_refused(self, monitor):
        """Labels and confidences belong together."""
        with pytest.raises(InvalidInput, match="differ in number"):
            monitor.track_predictions([1, 0], [0.5], "2")

    def test_labels_and_versions_are_bounded(self, monitor, labels_of):
        """A regression's values as labels, a commit as version: the series stay few."""
        for number in range(300):
            monitor.track_prediction(number / 7, 0.9, f"commit-{number}")
        found = labels_of("model_predictions_total")
        assert len({label for _, _, label in found}) == 51
        assert len({version for _, version, _ in found}) == 51
        assert ("high", "other", "other") in found

    def test_model_time(self, monitor, value):
        """What the model itself took, as a context or a decorator."""

        @monitor.time_prediction("3")
        def predict():
            return 1

        with monitor.time_prediction("3"):
            predict()
        assert value("model_prediction_duration_seconds_count", model_version=3) == 2


class TestBusiness:
    def test_original_methods(self, monitor, value):
        """The stock names, through the stock methods."""
        monitor.update_daily_candidates(17)
        monitor.track_feature_extraction_failure("500325", "rsi_14")
        monitor.update_cache_hit_rate(0.85)
        assert value("daily_upper_circuit_candidates") == 17
        assert value("feature_extraction_failures_total", bse_code="500325", feature_name="rsi_14") == 1
        assert value("model_cache_hit_rate") == 0.85

    def test_failures_are_bounded(self, monitor, labels_of):
        """Every company times every feature would be millions of series."""
        for entity in range(300):
            for feature in range(20):
                monitor.track_feature_extraction_failure(entity, f"feature_{feature}")
        assert len(labels_of("feature_extraction_failures_total")) <= 2_001

    @pytest.mark.parametrize("rate", [-0.1, 1.01, 85, float("nan")])
    def test_hit_rate_is_a_share(self, monitor, rate):
        """A percentage is a slip."""
        with pytest.raises(InvalidInput, match="within 0 to 1"):
            monitor.update_cache_hit_rate(rate)

    def test_cache_counters(self, monitor, value):
        """Counters beside the rate, which add up over processes and time."""
        for hit in (True, True, False):
            monitor.track_cache(hit=hit)
        assert (value("model_cache_hits_total"), value("model_cache_requests_total")) == (2, 3)

    def test_own_metrics_take_the_place_of_the_stock_ones(self, registry, value):
        """A bank has no circuit candidates."""
        monitor = PerformanceMonitor(registry, business=[BusinessMetric("loans_waiting", "Not decided yet.")])
        monitor.set_gauge("loans_waiting", 4)
        assert value("loans_waiting") == 4
        assert value("daily_upper_circuit_candidates") is None
        monitor.update_daily_candidates(2)
        assert value("daily_upper_circuit_candidates") == 2


class TestTwoMonitors:
    def test_count_into_the_same_metrics(self, monitor, registry, value):
        """A module that makes one of its own breaks nothing."""
        second = PerformanceMonitor(registry)
        for each in (monitor, second):
            each.track_prediction(1, 0.9, "1")
            asyncio.run(each.track_request(request_for("/x", "GET"), answering(200)))
        assert value("model_predictions_total", predicted_label=1, confidence="high", model_version=1) == 2
        assert value("api_requests_total", endpoint="/x", method="GET", status_code=200) == 2

    def test_share_their_limits(self, monitor, registry, labels_of):
        """Bounds hold for the registry, not for each monitor."""
        second = PerformanceMonitor(registry)
        for number in range(200):
            (monitor if number % 2 else second).track_prediction(number, 0.9, "1")
        assert len(labels_of("model_predictions_total")) == 51

    def test_other_buckets_are_a_conflict(self, registry):
        """Nobody's histogram changes silently."""
        PerformanceMonitor(registry)
        with pytest.raises(Conflict, match="exists with buckets"):
            PerformanceMonitor(registry, buckets=(0.15, 1.0))

    def test_foreign_metric_of_the_same_name_is_a_conflict(self):
        """Said with what is there and what was wanted."""
        registry = CollectorRegistry()
        Counter("api_requests_total", "Theirs.", ["path"], registry=registry)
        with pytest.raises(Conflict, match=r"'api_requests_total' exists as Counter with labels \('path',\)"):
            PerformanceMonitor(registry)


def test_unknown_application_is_refused(monitor):
    """Named, with the way out."""
    with pytest.raises(InvalidInput, match="dict is neither a FastAPI, Starlette nor Flask application"):
        monitor.instrument({})
