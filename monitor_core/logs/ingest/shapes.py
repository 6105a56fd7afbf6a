"""Bring the shapes of other systems to plain names: ECS, Datadog, an event of Splunk's collector, OTLP's JSON."""

from __future__ import annotations

from typing import Any

__all__ = ["plain_names"]

_INNER = (
    ("log", "logger", "logger"),
    ("log", "level", "level"),
    ("logger", "name", "logger"),
    ("trace", "id", "trace_id"),
    ("dd", "trace_id", "trace_id"),
    ("span", "id", "span_id"),
    ("dd", "span_id", "span_id"),
    ("error", "stack_trace", "exception"),
    ("error", "stack", "exception"),
)


def plain_names(data: dict[str, Any]) -> dict[str, Any]:
    """Return a line with what other systems nest under its plain name; it may be changed.

    Examples
    --------
    >>> plain_names({"message": "x", "trace": {"id": "ab"}, "log": {"logger": "api"}})
    {'message': 'x', 'logger': 'api', 'trace_id': 'ab'}
    >>> plain_names({"time": 5, "event": {"message": "x"}})
    {'time': 5, 'message': 'x'}
    """
    if "resourceLogs" in data:
        data = _from_otlp(data)
    event = data.get("event")
    if isinstance(event, dict):
        del data["event"]
        data.update(event)
    for outer, inner, name in _INNER:
        nested = data.get(outer)
        if isinstance(nested, dict) and inner in nested and (name not in data or name == outer):
            value = nested.pop(inner)
            if not nested:
                del data[outer]
            elif name == outer:
                data[f"{outer}_"] = data.pop(outer)
            data[name] = value
    return data


def _from_otlp(data: dict[str, Any]) -> dict[str, Any]:
    """Return the one record of an OTLP line; the line as it is when it is not what it looks like."""
    try:
        scope = data["resourceLogs"][0]["scopeLogs"][0]
        found = scope["logRecords"][0]
        attributes = {item["key"]: next(iter(item["value"].values())) for item in found.get("attributes", ())}
        return {
            "time": int(found["timeUnixNano"]),
            "level": found.get("severityText", ""),
            "logger": scope.get("scope", {}).get("name", ""),
            "message": found.get("body", {}).get("stringValue", ""),
            "trace_id": found.get("traceId", ""),
            "exception": attributes.pop("exception.stacktrace", ""),
            "context": attributes,
        }
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, StopIteration):
        return data
