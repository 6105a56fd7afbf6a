"""One entry in the shape that a log system expects (pure): what `LOG_FORMAT` chooses.

``native`` is ours, and what the app reads. ``ecs`` is Elastic's common schema, ``otel`` the OTLP/JSON line that the
collector's `otlpjsonfile` receiver reads, ``datadog`` and ``splunk`` (an event of its HTTP collector) are what these
agents take without a parsing rule.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor_core.logs.record import Entry

__all__ = ["FORMATS"]

_OTEL_NUMBERS = ((50, 21), (40, 17), (30, 13), (20, 9), (10, 5), (0, 1))
_DATADOG = {"WARNING": "warn", "CRITICAL": "critical"}
_HEX = re.compile(r"[0-9a-f]{32}")


def native(entry: Entry, service: Mapping[str, str]) -> dict[str, Any]:
    """Return our own shape: what is empty is left out."""
    line: dict[str, Any] = {
        "timestamp": entry.timestamp,
        "level": entry.level,
        "logger": entry.logger,
        "message": entry.message,
    }
    if entry.context:
        line["context"] = entry.context
    if entry.trace_id:
        line["trace_id"] = entry.trace_id
    if entry.span_id:
        line["span_id"] = entry.span_id
    if entry.failure is not None:
        line["exception"] = entry.failure.traceback
    if entry.stack:
        line["stack"] = entry.stack
    for key, value in entry.fields.items():
        line.setdefault(key, value)
    if service:
        line["service"] = dict(service)
    return line


def ecs(entry: Entry, service: Mapping[str, str]) -> dict[str, Any]:
    """Return Elastic Common Schema 8: the three fields of `ecs-logging` first."""
    line: dict[str, Any] = {
        "@timestamp": entry.timestamp,
        "log.level": entry.level.lower(),
        "message": entry.message,
        "ecs.version": "8.11.0",
        "log": {"logger": entry.logger},
        "process": {"pid": entry.process, "thread": {"name": entry.thread}},
    }
    if service:
        known = {"name": "name", "version": "version", "environment": "environment"}
        line["service"] = {ours: service[key] for key, ours in known.items() if key in service}
        if "host" in service:
            line["host"] = {"name": service["host"]}
    if entry.trace_id:
        line["trace"] = {"id": entry.trace_id}
    if entry.span_id:
        line["span"] = {"id": entry.span_id}
    if entry.failure is not None:
        line["error"] = _parts(entry, "type", "message", "stack_trace")
    _rest(line, entry)
    return line


def datadog(entry: Entry, service: Mapping[str, str]) -> dict[str, Any]:
    """Return the attributes that Datadog's log pipeline reserves."""
    line: dict[str, Any] = {
        "timestamp": entry.timestamp,
        "status": _DATADOG.get(entry.level, entry.level.lower()),
        "message": entry.message,
        "logger": {"name": entry.logger, "thread_name": entry.thread},
        "ddsource": "python",
    }
    for key, ours in (("name", "service"), ("host", "host")):
        if key in service:
            line[ours] = service[key]
    tags = [
        f"{ours}:{service[key]}" for key, ours in (("environment", "env"), ("version", "version")) if key in service
    ]
    if tags:
        line["ddtags"] = ",".join(tags)
    if entry.trace_id:
        line["dd"] = {"trace_id": entry.trace_id, **({"span_id": entry.span_id} if entry.span_id else {})}
    if entry.failure is not None:
        line["error"] = _parts(entry, "kind", "message", "stack")
    _rest(line, entry)
    return line


def splunk(entry: Entry, service: Mapping[str, str]) -> dict[str, Any]:
    """Return an event as Splunk's HTTP Event Collector takes it: our own shape within its envelope."""
    event = native(entry, {})
    del event["timestamp"]
    line: dict[str, Any] = {"time": _seconds(entry), "sourcetype": "_json", "source": entry.logger}
    if "host" in service:
        line["host"] = service["host"]
    line["event"] = event
    fields = {key: service[key] for key in ("name", "version", "environment") if key in service}
    if fields:
        line["fields"] = {("service" if key == "name" else key): value for key, value in fields.items()}
    return line


def otel(entry: Entry, service: Mapping[str, str]) -> dict[str, Any]:
    """Return one OTLP/JSON message: OpenTelemetry's log data model, version 1."""
    attributes: dict[str, Any] = {**entry.fields, **entry.context, "thread.name": entry.thread}
    if entry.failure is not None:
        attributes |= {
            f"exception.{key}": value for key, value in _parts(entry, "type", "message", "stacktrace").items()
        }
    if entry.stack:
        attributes["code.stacktrace"] = entry.stack
    nanoseconds = str(int(_seconds(entry) * 1000) * 1_000_000)
    record: dict[str, Any] = {
        "timeUnixNano": nanoseconds,
        "observedTimeUnixNano": nanoseconds,
        "severityNumber": next(number for level, number in _OTEL_NUMBERS if entry.severity >= level or level == 0),
        "severityText": entry.level,
        "body": {"stringValue": entry.message},
    }
    bare = entry.trace_id.replace("-", "").lower()
    if _HEX.fullmatch(bare):
        record["traceId"] = bare
    elif entry.trace_id:
        attributes["trace_id"] = entry.trace_id
    if entry.span_id:
        record["spanId"] = entry.span_id
    record["attributes"] = _attributes(attributes)
    names = {"name": "service.name", "version": "service.version", "environment": "deployment.environment.name"}
    names["host"] = "host.name"
    resource = {names[key]: value for key, value in service.items() if key in names} | {"process.pid": entry.process}
    scope = {"scope": {"name": entry.logger}, "logRecords": [record]}
    return {"resourceLogs": [{"resource": {"attributes": _attributes(resource)}, "scopeLogs": [scope]}]}


def _rest(line: dict[str, Any], entry: Entry) -> None:
    if entry.stack:
        line["stack"] = entry.stack
    if entry.context:
        line["context"] = entry.context
    for key, value in entry.fields.items():
        line.setdefault(key, value)


def _parts(entry: Entry, kind: str, message: str, trail: str) -> dict[str, str]:
    failure = entry.failure
    if failure is None:
        return {}
    found = {kind: failure.kind, message: failure.message, trail: failure.traceback}
    return {key: value for key, value in found.items() if value}


def _seconds(entry: Entry) -> float:
    try:
        return int(entry.created * 1000) / 1000
    except (ValueError, OverflowError):
        return 0.0


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _any_value(value)} for key, value in values.items()]


def _any_value(value: Any) -> dict[str, Any]:  # noqa: PLR0911 - one return a type
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}  # protobuf's JSON writes 64 bits as text
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case list():
            return {"arrayValue": {"values": [_any_value(item) for item in value]}}
        case dict():
            return {"kvlistValue": {"values": _attributes(value)}}
        case _:
            return {}


FORMATS = {"native": native, "ecs": ecs, "otel": otel, "datadog": datadog, "splunk": splunk}
"""Every format by its name in `LOG_FORMAT`: entry and service (`name`, `version`, `environment`, `host`) -> line."""
