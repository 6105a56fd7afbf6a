"""Our rules over what an instrumented service really exports: names, labels and bounds fit."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from monitor_core import PerformanceMonitor
from monitor_core.alerts.evaluator import RuleEvaluator
from monitor_core.alerts.recording import MemorySink
from monitor_core.metrics.promql import Engine, MemoryReader
from monitor_core.metrics.rules_default import default_rules

START = datetime(2026, 11, 1, tzinfo=UTC)
SECONDS = 15


class Life:
    """A service, scraped every 15 seconds of a time of our own, and the rules evaluated every 30."""

    def __init__(self):
        self.registry = CollectorRegistry()
        self.monitor = PerformanceMonitor(self.registry)
        self.reader = MemoryReader()
        sink = MemorySink(self.reader)
        groups = [group for group in default_rules() if group.name == "service"]
        self.evaluator = RuleEvaluator(groups, Engine(self.reader), sink=sink)
        self.now = START
        self.events = []

    def scrape(self):
        stamp = round(self.now.timestamp() * 1000)
        for family in text_string_to_metric_families(generate_latest(self.registry).decode()):
            for sample in family.samples:
                labels = {"__name__": sample.name, "job": "api", "instance": "a:1", **sample.labels}
                self.reader.add(labels, [stamp], [sample.value])

    def live(self, minutes, *, seconds, status="200", requests=50):
        """Answer so many requests each 15 seconds, each taking so long."""
        labels = {"endpoint": "/predict", "method": "POST", "status_code": status}
        for _ in range(minutes * 60 // SECONDS):
            for _ in range(requests):
                self.monitor.request_duration.labels(**labels).observe(seconds)
                self.monitor.requests_total.labels(**labels).inc()
                if status == "500":
                    self.monitor.errors_total.labels("/predict", "5xx", status).inc()
            self.scrape()
            for event in self.evaluator.evaluate(self.now).events:
                self.events.append((event.alert.rule, event.name, self.now))
            self.now += timedelta(seconds=SECONDS)

    def when(self, rule, name):
        return next(at for other, event, at in self.events if (other, event) == (rule, name))


@pytest.fixture
def life():
    return Life()


def test_a_slow_service_fires_in_time_and_resolves(life):
    """Within `for` and one evaluation of being slow; resolved within the window of five minutes."""
    life.live(10, seconds=0.11)
    assert life.events == []
    slow_since = life.now
    life.live(10, seconds=0.4)
    pending, firing = (life.when("ApiLatencyHigh", name) for name in ("pending", "firing"))
    assert pending - slow_since <= timedelta(minutes=1)
    assert firing - pending == timedelta(minutes=5)
    quick_since = life.now
    life.live(10, seconds=0.11)
    assert life.when("ApiLatencyHigh", "resolved") - quick_since <= timedelta(minutes=5, seconds=30)


def test_a_failing_service_fires_in_time(life):
    """An exception counts as 500; the ratio is of its own service."""
    life.live(5, seconds=0.01)
    life.live(14, seconds=0.01, status="500")
    assert life.when("ApiErrorRatioHigh", "firing") - life.when("ApiErrorRatioHigh", "pending") == timedelta(minutes=10)


def test_a_service_with_hardly_any_requests_stays_silent(life):
    """Though every one of them is slow and fails."""
    life.live(20, seconds=3.0, status="500", requests=1)
    assert life.events == []
