"""A performance report as JSON, in the schema of ``templates/performance.schema.json``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from monitor_core.reports.json_values import json_values

if TYPE_CHECKING:
    from monitor_core.reports.performance_document import PerformanceDocument

__all__ = ["SCHEMA_VERSION", "render"]

SCHEMA_VERSION = 1
"""Raised when a field is renamed, removed or changes its meaning; added fields leave it as it is."""

_AS_THEY_ARE = (
    *("window", "segments", "baseline", "advice", "rolling", "sequential", "estimated", "delays", "comparison"),
    *("goes_with", "slices", "corrections", "decisions", "deployments", "settings"),
)


def render(document: PerformanceDocument) -> str:
    """Write the report: the results as they are, under their own names."""
    return json.dumps(_data(document), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _data(document: PerformanceDocument) -> dict[str, Any]:
    found = document.found
    model = found.model
    return {
        "schema": "bellwether/performance-report",
        "schema_version": SCHEMA_VERSION,
        "as_of": document.as_of.isoformat(),
        "model": {
            "model_id": document.ref.model_id,
            "version": document.ref.version,
            "title": model.title,
            "kind": model.kind,
            "owner": model.owner,
            "is_example": model.is_example,
            "granule": document.word,
        },
        "status": document.status,
        "sentence": document.sentence,
        "steps": list(document.steps),
        "evidence_sha256": found.evidence_sha256,
        "windows": {name: json_values(window) for name, window in found.windows},
        **{name: json_values(getattr(found, name)) for name in _AS_THEY_ARE},
    }
