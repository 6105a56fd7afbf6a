"""Remember what was unpacked and converted from an upload, so that it is done once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor_core.errors import Refused
from monitor_core.snapshots.combined import CombinedSource, combine
from monitor_core.snapshots.findings import CheckFinding
from monitor_core.snapshots.ipc import ArrowSource, open_arrow
from monitor_core.snapshots.parquet import ParquetSource, open_parquet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor_core.snapshots.sources import TableSource

__all__ = ["note_opened", "reopen"]


def note_opened(source: TableSource, note: Path, *, expected: Mapping[str, str]) -> None:
    """Write down of which files `source` is made; appears under `note` only when complete."""
    parts = source.parts if isinstance(source, CombinedSource) else (source,)
    data = {"name": source.name, "expected": dict(expected), "parts": [_part(part) for part in parts]}
    draft = note.with_name(f"{note.name}.part")
    draft.write_text(json.dumps(data), encoding="utf-8")
    draft.replace(note)


def _part(part: TableSource) -> dict[str, Any]:
    if not isinstance(part, (ParquetSource, ArrowSource)):
        raise TypeError(f"a source of type {type(part).__name__} is not made of files")
    return {
        "name": part.name,
        "path": str(part.path.resolve()),
        "parquet": isinstance(part, ParquetSource),
        "findings": [finding.to_json() for finding in part.findings],
    }


def reopen(note: Path, *, expected: Mapping[str, str] | None) -> TableSource | None:
    """Return the source that was noted, or None when there is none, or one made for other expectations.

    Parameters
    ----------
    expected
        Kinds of the baseline's columns; None takes the source whatever it was made for.
    """
    try:
        data = json.loads(note.read_text(encoding="utf-8"))
        if expected is not None and dict(expected) != data["expected"]:
            return None
        return combine(data["name"], [_open(part) for part in data["parts"]])
    except (OSError, ValueError, KeyError, Refused):  # anything unexpected: make it again
        return None


def _open(part: Mapping[str, Any]) -> TableSource:
    path = Path(part["path"])
    if part["parquet"]:
        findings = tuple(CheckFinding.from_json(data) for data in part["findings"])
        return replace(open_parquet(path, name=part["name"]), findings=findings)
    return open_arrow(path, name=part["name"])
