"""What our writer writes in other systems' shapes is read with the same names."""

import json

import pytest

from monitor_core.logs.ingest.lines import read_line

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
AT = "2026-11-21T10:00:00.000Z"
OTLP = {
    "timeUnixNano": "1795255200000000000", "severityText": "ERROR", "body": {"stringValue": "boom"}, "traceId": TRACE,
    "attributes": [
        {"key": "ticker", "value": {"stringValue": "AAPL"}},
        {"key": "exception.stacktrace", "value": {"stringValue": "Traceback"}},
    ],
}  # fmt: skip
SHAPES = {
    "ecs": {
        "@timestamp": AT, "log.level": "error", "message": "boom", "log": {"logger": "api"}, "trace": {"id": TRACE},
        "error": {"stack_trace": "Traceback"}, "ticker": "AAPL",
    },
    "datadog": {
        "timestamp": AT, "status": "error", "message": "boom", "logger": {"name": "api"}, "dd": {"trace_id": TRACE},
        "error": {"stack": "Traceback"}, "context": {"ticker": "AAPL"},
    },
    "splunk": {
        "time": 1795255200.0,
        "event": {
            "level": "ERROR", "logger": "api", "message": "boom", "context": {"ticker": "AAPL"}, "trace_id": TRACE,
            "exception": "Traceback",
        },
    },
    "otel": {"resourceLogs": [{"scopeLogs": [{"scope": {"name": "api"}, "logRecords": [OTLP]}]}]},
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape):
    """Time, level, logger, message, trace, exception, context."""
    row = read_line(json.dumps(SHAPES[shape]), 0)
    assert (row.ts, row.level, row.logger, row.message) == (1_795_255_200_000_000, 40, "api", "boom")
    assert (row.trace_id, row.exception, dict(row.context)["ticker"]) == (TRACE, "Traceback", "AAPL")


def test_what_only_looks_like_one_is_kept():
    """Anybody may use these names."""
    for text in ('{"resourceLogs": 5}', '{"event": "click", "log": {"x": 1}}', '{"logger": {"name": 5, "y": 1}}'):
        assert read_line(text, 0).raw == text
