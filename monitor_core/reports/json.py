"""A drift report as JSON, in the schema of ``templates/drift.schema.json``."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING

from monitor_core.reports.records import COLUMNS, Scalar, records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor_core.reports.document import Document, FeatureLine

__all__ = ["SCHEMA_VERSION", "render"]

SCHEMA_VERSION = 1
"""Raised when a field is renamed, removed or changes its meaning; added fields leave it as it is."""


def render(document: Document) -> str:
    """Write the report; each result stands on a line of its own, so that two reports can be compared line by line."""
    head = _dump(_head(document), indent=2).removesuffix("\n}")
    lines = [_dump(dict(zip(COLUMNS, record, strict=True))) for record in records(document)]
    body = ",\n".join(f"    {line}" for line in lines)
    return f'{head},\n  "results": [\n{body}\n  ]\n}}\n' if lines else f'{head},\n  "results": []\n}}\n'


def _dump(value: Mapping[str, object], indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, default=str)


def _head(document: Document) -> dict[str, object]:
    run = document.run
    return {
        "schema": "bellwether/drift-report",
        "schema_version": SCHEMA_VERSION,
        "model": {
            "model_id": run.ref.model_id,
            "version": run.ref.version,
            "title": document.model_title,
            "kind": document.model_kind,
            "owner": document.owner,
            "is_example": document.is_example,
        },
        "run": {
            "run_id": run.run_id,
            "created_at": run.created_at.isoformat(),
            "created_by": run.created_by,
            "first_granule": run.first_granule,
            "last_granule": run.last_granule,
            "granule": document.granule_word,
            "segment_column": run.segment_column,
            "n_rows": document.n_rows,
            "settings": dict(sorted(run.settings.items())),
        },
        "baseline": {
            "baseline_id": run.baseline_id,
            "number": run.baseline_number,
            "n_rows": run.baseline_rows,
            "first": run.baseline_first,
            "last": run.baseline_last,
        },
        "left_out": list(run.left_out),
        "summary": _summary(document),
        "features": [_feature(line) for line in document.features],
        "segments": [
            {
                "segment": line.segment,
                "granule": line.granule,
                "n_rows": line.n_rows,
                "n_drifted": line.n_drifted,
                "severity": line.severity,
                "verdict": line.verdict,
            }
            for line in document.segments
        ],
        "granules": [
            {
                "granule": line.granule,
                "n_rows": line.n_rows,
                "n_drifted": line.n_drifted,
                "n_unconfirmed": line.n_unconfirmed,
                "n_undecided": line.n_undecided,
                "drifted_share": line.drifted_share if isfinite(line.drifted_share) else None,
                "severity": line.severity,
                "verdict": line.verdict,
                "reasons": list(line.reasons),
            }
            for line in document.granules
        ],
    }


def _summary(document: Document) -> dict[str, Scalar]:
    return {
        "verdict": document.verdict,
        "severity": document.severity,
        "calibration": document.calibration,
        "sentence": document.sentence,
        "n_features": document.n_features,
        "n_drifted": document.n_drifted,
        "n_drifted_ever": document.n_drifted_ever,
        "n_unconfirmed": document.n_unconfirmed,
        "n_undecided": document.n_undecided,
        "n_absent": document.n_absent,
    }


def _feature(line: FeatureLine) -> dict[str, Scalar]:
    return {
        "name": line.name,
        "state": line.drift.state,
        "severity": line.drift.severity,
        "psi": line.drift.psi,
        "n_granules_drifted": line.n_drifted,
        "last_drifted": line.last_drifted or None,
        "action": line.action,
    }
