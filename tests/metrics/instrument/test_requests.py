"""Counting a request goes around the client's methods: it must come to the same."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitor_core.metrics.instrument.requests import RequestRecorder, Tracked

SECONDS = [0.0, 0.01, 0.010001, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1.0, 4.9, 5.0, 5.1, 1e9]


def make(registry):
    return (
        Histogram("d_seconds", "D.", ["a"], buckets=(0.01, 0.1, 0.15, 5.0), registry=registry),
        Counter("r_total", "R.", ["a"], registry=registry),
        Counter("e_total", "E.", ["a"], registry=registry),
    )


def values(registry):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def exemplars(registry):
    return {
        (sample.name, *sample.labels.values()): sample.exemplar[:2]
        for family in registry.collect()
        for sample in family.samples
        if sample.exemplar
    }


@pytest.mark.parametrize("exemplar", [None, {"trace_id": "a"}])
def test_same_as_the_clients_own_methods(exemplar):
    """Every bound, both sides of it, and beyond the last."""
    fast, slow = CollectorRegistry(), CollectorRegistry()
    tracked = Tracked(*(metric.labels("x") for metric in make(fast)))
    duration, requests, errors = (metric.labels("x") for metric in make(slow))
    for seconds in SECONDS:
        tracked.add(seconds, exemplar)
        duration.observe(seconds, exemplar)
        requests.inc()
        errors.inc()
    assert values(fast) == values(slow)
    assert exemplars(fast) == exemplars(slow)
    assert bool(exemplars(fast)) == bool(exemplar)


@pytest.fixture
def recorder(registry):
    labels = ["endpoint", "method", "status_code"]
    return RequestRecorder(
        Histogram("d_seconds", "D.", labels, registry=registry),
        Counter("r_total", "R.", labels, registry=registry),
        Counter("e_total", "E.", ["endpoint", "error_type", "status_code"], registry=registry),
        Histogram("f_seconds", "F.", labels, registry=registry),
        Gauge("p", "P.", registry=registry),
    )


def test_requests_in_progress(recorder, value):
    """Up when one comes, down when it goes."""
    recorder.enter()
    recorder.enter()
    recorder.leave()
    assert value("p") == 1


def test_children_are_found_again(recorder):
    """The same object for the same labels."""
    assert recorder.find("/a", "GET", 200) is recorder.find("/a", "GET", 200)
    assert recorder.find("/a", "BREW", 200) is recorder.find("/a", "STEEP", 200)
    assert recorder.find("/a", "GET", 200) is not recorder.find("/a", "GET", 201)


def test_endpoints_beyond_the_limit_are_one(recorder, labels_of):
    """Counted, under `other`."""
    for number in range(600):
        recorder.find(f"/{number}", "GET", 200).add(0.1)
    assert len(labels_of("r_total")) == 501
    assert ("other", "GET", "200") in labels_of("r_total")
