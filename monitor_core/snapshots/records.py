"""What the snapshot service gives out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from monitor_core.snapshots.findings import CheckFinding
from monitor_core.snapshots.purposes import Purpose
from monitor_core.snapshots.roles import Roles
from monitor_core.values import ModelRef

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import RowMapping

__all__ = ["ColumnPreview", "Preview", "Purpose", "Snapshot", "State", "snapshot_of"]

State = Literal["staged", "accepted", "ready", "refused", "deleted"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One uploaded file.

    Parameters
    ----------
    state
        ``staged``: uploaded, waiting for the user; ``accepted``: its job waits or runs; ``ready``: counted;
        ``refused``: `findings` say why; ``deleted``.
    size_bytes
        As uploaded.
    duplicate_of
        A snapshot of the same model version and purpose with the same content that was accepted, when there is one;
        only given by `SnapshotService.stage` and `SnapshotService.get`.
    """

    snapshot_id: str
    ref: ModelRef
    purpose: Purpose
    state: State
    filename: str
    sha256: str
    size_bytes: int
    format: str
    uploaded_at: datetime
    uploaded_by: str
    n_rows: int | None = None
    n_columns: int | None = None
    first_granule: str | None = None
    last_granule: str | None = None
    roles: Roles | None = None
    findings: tuple[CheckFinding, ...] = ()
    keep_rows: bool = False
    rows_kept: bool = False
    ready_at: datetime | None = None
    duplicate_of: str | None = None


def snapshot_of(row: RowMapping, *, duplicate_of: str | None = None) -> Snapshot:
    """Return a row of the table `snapshot` as a value."""
    plain = {name: row[name] for name in _PLAIN}
    return Snapshot(
        **plain,
        ref=ModelRef(row["model_id"], row["version"]),
        roles=Roles.from_json(row["roles"]) if row["roles"] else None,
        findings=tuple(CheckFinding.from_json(data) for data in row["findings"] or ()),
        duplicate_of=duplicate_of,
    )


_PLAIN = (
    *("snapshot_id", "purpose", "state", "filename", "sha256", "size_bytes", "format", "uploaded_at", "uploaded_by"),
    *("n_rows", "n_columns", "first_granule", "last_granule", "keep_rows", "rows_kept", "ready_at"),
)


@dataclass(frozen=True, slots=True)
class ColumnPreview:
    """One column as its first rows show it."""

    name: str
    type: str
    kind: str
    n_missing: int
    """Missing among the first rows."""
    examples: tuple[str, ...]
    """Up to three different values."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A first look at an upload: the types are those of the first rows, the check looks at all.

    Parameters
    ----------
    n_rows
        Of the whole file, where that is known without reading it.
    n_looked_at
        First rows from which types, roles and examples are taken.
    roles
        A proposal: the remembered ones, or guessed.
    findings
        What the first rows already show.
    rows
        The first rows as text, None where missing.
    """

    snapshot: Snapshot
    n_rows: int | None
    n_looked_at: int
    columns: tuple[ColumnPreview, ...]
    roles: Roles
    roles_remembered: bool
    findings: tuple[CheckFinding, ...]
    rows: tuple[tuple[str | None, ...], ...]
