"""Each format against the line a person reviewed, and against what its system asks."""

import json
import logging

import pytest

from monitor_core.logs import JSONFormatter, scope
from monitor_core.logs.traces import Trace

TRACE = Trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
SERVICE = {"name": "scoring", "version": "1.4.0", "environment": "prod", "host": "web-1"}

GOLDEN = {
    "native": (
        '{"timestamp": "2025-11-14T10:30:00.123Z", "level": "ERROR", "logger": "api", "message": "scored 3 rows", '
        '"context": {"ticker": "AAPL", "ms": 12.5}, "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", '
        '"span_id": "00f067aa0ba902b7", "exception": "ValueError: no model", '
        '"service": {"name": "scoring", "version": "1.4.0", "environment": "prod", "host": "web-1"}}'
    ),
    "ecs": (
        '{"@timestamp": "2025-11-14T10:30:00.123Z", "log.level": "error", "message": "scored 3 rows", '
        '"ecs.version": "8.11.0", "log": {"logger": "api"}, "process": {"pid": 17, "thread": {"name": "MainThread"}}, '
        '"service": {"name": "scoring", "version": "1.4.0", "environment": "prod"}, "host": {"name": "web-1"}, '
        '"trace": {"id": "4bf92f3577b34da6a3ce929d0e0e4736"}, "span": {"id": "00f067aa0ba902b7"}, '
        '"error": {"type": "ValueError", "message": "no model", "stack_trace": "ValueError: no model"}, '
        '"context": {"ticker": "AAPL", "ms": 12.5}}'
    ),
    "datadog": (
        '{"timestamp": "2025-11-14T10:30:00.123Z", "status": "error", "message": "scored 3 rows", '
        '"logger": {"name": "api", "thread_name": "MainThread"}, "ddsource": "python", "service": "scoring", '
        '"host": "web-1", "ddtags": "env:prod,version:1.4.0", '
        '"dd": {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7"}, '
        '"error": {"kind": "ValueError", "message": "no model", "stack": "ValueError: no model"}, '
        '"context": {"ticker": "AAPL", "ms": 12.5}}'
    ),
    "splunk": (
        '{"time": 1763116200.123, "sourcetype": "_json", "source": "api", "host": "web-1", '
        '"event": {"level": "ERROR", "logger": "api", "message": "scored 3 rows", '
        '"context": {"ticker": "AAPL", "ms": 12.5}, "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", '
        '"span_id": "00f067aa0ba902b7", "exception": "ValueError: no model"}, '
        '"fields": {"service": "scoring", "version": "1.4.0", "environment": "prod"}}'
    ),
    "otel": (
        '{"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "scoring"}}, '
        '{"key": "service.version", "value": {"stringValue": "1.4.0"}}, '
        '{"key": "deployment.environment.name", "value": {"stringValue": "prod"}}, '
        '{"key": "host.name", "value": {"stringValue": "web-1"}}, '
        '{"key": "process.pid", "value": {"intValue": "17"}}]}, '
        '"scopeLogs": [{"scope": {"name": "api"}, "logRecords": [{"timeUnixNano": "1763116200123000000", '
        '"observedTimeUnixNano": "1763116200123000000", "severityNumber": 17, "severityText": "ERROR", '
        '"body": {"stringValue": "scored 3 rows"}, "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", '
        '"spanId": "00f067aa0ba902b7", "attributes": [{"key": "ticker", "value": {"stringValue": "AAPL"}}, '
        '{"key": "ms", "value": {"doubleValue": 12.5}}, '
        '{"key": "thread.name", "value": {"stringValue": "MainThread"}}, '
        '{"key": "exception.type", "value": {"stringValue": "ValueError"}}, '
        '{"key": "exception.message", "value": {"stringValue": "no model"}}, '
        '{"key": "exception.stacktrace", "value": {"stringValue": "ValueError: no model"}}]}]}]}]}'
    ),
}


@pytest.fixture
def record(make_record):
    error = ValueError("no model")
    return make_record(
        "scored %d rows", (3,), level=logging.ERROR, exc_info=(ValueError, error, None), ms=12.5, process=17
    )


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_line(record, name):
    """Every part of an entry has its place."""
    with scope(TRACE, ticker="AAPL"):
        assert JSONFormatter(name, service=SERVICE).format(record) == GOLDEN[name]


@pytest.mark.parametrize("name", GOLDEN)
def test_least_line(make_record, name):
    """What an entry does not have makes no empty keys."""
    line = json.loads(JSONFormatter(name).format(make_record(process=1)))
    text = json.dumps(line)
    assert not {"error", "exception", "context", "trace", "dd", "host", "service", "fields", "ddtags"} & set(line)
    assert "null" not in text
    assert "exception" not in text


@pytest.mark.parametrize(
    ("level", "severity", "status"),
    [
        (10, 5, "debug"),
        (20, 9, "info"),
        (30, 13, "warn"),
        (40, 17, "error"),
        (50, 21, "critical"),
        (35, 13, "level 35"),
        (3, 1, "level 3"),
    ],
)
def test_levels(make_record, level, severity, status):
    """Python's levels as OpenTelemetry numbers them and Datadog names them; levels of one's own lie between."""
    record = make_record(level=level)
    otel = json.loads(JSONFormatter("otel").format(record))
    assert otel["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["severityNumber"] == severity
    assert json.loads(JSONFormatter("datadog").format(record))["status"] == status


@pytest.mark.parametrize(
    ("trace", "expected"),
    [("4BF92F35-77b3-4da6-a3ce-929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4736"), ("order 17", None)],
)
def test_otel_takes_hexadecimal_ids_only(make_record, trace, expected):
    """A UUID is one once its dashes are gone; any other id is an attribute."""
    line = json.loads(JSONFormatter("otel").format(make_record(trace_id=trace)))
    found = line["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    assert found.get("traceId") == expected
    named = [item for item in found["attributes"] if item["key"] == "trace_id"]
    assert named == ([] if expected else [{"key": "trace_id", "value": {"stringValue": "order 17"}}])


def test_otel_values_of_every_kind(make_record):
    """As protobuf's JSON writes them: 64-bit integers as text, null as no value."""
    record = make_record(context={"a": True, "b": 2**62, "c": [1, None], "d": {"e": "f"}})
    line = json.loads(JSONFormatter("otel").format(record))
    attributes = line["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["attributes"]
    assert attributes[:4] == [
        {"key": "a", "value": {"boolValue": True}},
        {"key": "b", "value": {"intValue": "4611686018427387904"}},
        {"key": "c", "value": {"arrayValue": {"values": [{"intValue": "1"}, {}]}}},
        {"key": "d", "value": {"kvlistValue": {"values": [{"key": "e", "value": {"stringValue": "f"}}]}}},
    ]


def test_an_unknown_format_means_native(make_record):
    """A formatter never fails for its name."""
    assert JSONFormatter("xml").format(make_record()) == JSONFormatter().format(make_record())
