"""Predictions and labels out of accepted uploads: what a file says about performance, whatever it was uploaded for."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from monitor_core.errors import Conflict, Refused
from monitor_core.insight.coding import GridCoder
from monitor_core.snapshots.findings import CheckFinding
from monitor_core.snapshots.roles import Role
from monitor_core.snapshots.sources import open_source

if TYPE_CHECKING:
    import pyarrow as pa

    from monitor_core.jobs.progress import Progress
    from monitor_core.performance.intake import Kind
    from monitor_core.performance.results import Batch
    from monitor_core.runtime import Services
    from monitor_core.snapshots.check import CheckResult
    from monitor_core.snapshots.records import Snapshot
    from monitor_core.snapshots.roles import Roles
    from monitor_core.storage.models import Model
    from monitor_core.values import ModelRef

__all__ = [
    "ON_BAD",
    "baseline_performance",
    "check_open",
    "coder_of",
    "deliver",
    "deliver_alone",
    "kind_of",
    "plain_delivery",
    "summary",
]

ON_BAD = ("keep", "refuse")
"""What to do with a delivery that holds bad rows: keep the good ones, or refuse the whole."""


def kind_of(snapshot: Snapshot) -> Kind | None:
    """Return what an upload delivers; None when it holds nothing about performance.

    New data with an entity id and a prediction or score are predictions, too; a baseline delivers nothing, because it
    is not what the model did in production.
    """
    roles = snapshot.roles
    if roles is None or snapshot.purpose == "baseline":
        return None
    if snapshot.purpose == "labels":
        return "labels"
    if roles.one(Role.ENTITY_ID) is None or not (roles.named(Role.PREDICTION) or roles.named(Role.SCORE)):
        return None
    return "labelled" if roles.one(Role.LABEL) is not None else "predictions"


def deliver(
    services: Services, snapshot: Snapshot, kind: Kind, *, on_bad: str = "keep", actor: str, progress: Progress
) -> Batch:
    """Take what an upload says about performance in; a second attempt finds what the first did.

    Raises
    ------
    Refused
        As `PerformanceIntake.take_in`.
    """
    model = services.models.get(snapshot.ref.model_id)
    return services.deliveries.take_in(
        services.snapshots.open(snapshot.snapshot_id),
        _roles(snapshot),
        snapshot.ref,
        kind=kind,
        granularity=model.granularity,
        settings=model.performance_settings(services.settings.performance),
        idempotency_key=f"snapshot {snapshot.snapshot_id}",
        actor=actor,
        on_bad="refuse" if on_bad == "refuse" else "keep",
        snapshot_id=snapshot.snapshot_id,
        coder=coder_of(services, snapshot.ref) if kind != "labels" else None,
        progress=progress,
    )


def baseline_performance(services: Services, snapshot: Snapshot, *, actor: str, progress: Progress) -> str | None:
    """Keep how the model did on a labelled baseline, and return its id; None for one without predictions or labels.

    Its rows have to be there still; a second attempt finds what the first made.
    """
    roles = snapshot.roles
    if roles is None or roles.one(Role.LABEL) is None or not (roles.named(Role.PREDICTION) or roles.named(Role.SCORE)):
        return None
    for known in services.performance.baselines(snapshot.ref):
        if known.origin.get("snapshot_id") == snapshot.snapshot_id:
            return known.baseline_id
    made = services.performance.baseline_from_upload(
        services.snapshots.open(snapshot.snapshot_id),
        roles,
        snapshot.ref,
        actor=actor,
        snapshot_id=snapshot.snapshot_id,
        coder=coder_of(services, snapshot.ref),
        progress=progress,
    )
    return made.baseline_id


def deliver_alone(
    services: Services, snapshot: Snapshot, *, on_bad: str = "keep", actor: str, progress: Progress
) -> Batch:
    """Take an upload of predictions or labels in, and mark it ready or refused.

    Raises
    ------
    Refused
        Columns or rows do not serve the purpose; the reasons are kept with the upload.
    """
    checked = services.snapshots.check(snapshot.snapshot_id, _roles(snapshot))
    kind = kind_of(snapshot)
    if checked.refusals or kind is None:
        raise _refuse(services, snapshot, checked, [finding.message for finding in checked.refusals])
    try:
        batch = deliver(services, snapshot, kind, on_bad=on_bad, actor=actor, progress=progress)
    except Refused as error:
        raise _refuse(services, snapshot, checked, [error.message, *error.reasons]) from error
    _mark_ready(services, snapshot, checked, batch, actor=actor)
    return batch


def plain_delivery(
    services: Services,
    ref: ModelRef,
    table: pa.Table,
    roles: Roles,
    kind: str,
    *,
    key: str = "",
    on_bad: str = "keep",
    actor: str,
) -> Batch:
    """Take rows in that came without a file.

    Parameters
    ----------
    kind
        ``predictions`` (with labels where the table has them) or ``labels``.
    key
        The sender's idempotency key; without one this is a delivery of its own.

    Raises
    ------
    Conflict
        The model is put away.
    Refused
        As `PerformanceIntake.take_in`.
    """
    model = services.models.get(ref.model_id)
    check_open(model)
    is_labelled = kind == "predictions" and roles.one(Role.LABEL) is not None
    return services.deliveries.take_in(
        open_source(table),
        roles,
        ref,
        kind="labels" if kind == "labels" else "labelled" if is_labelled else "predictions",
        granularity=model.granularity,
        settings=model.performance_settings(services.settings.performance),
        idempotency_key=key or f"rows {secrets.token_hex(16)}",
        actor=actor,
        on_bad="refuse" if on_bad == "refuse" else "keep",
    )


def check_open(model: Model) -> None:
    """Raise `Conflict` for a model that is put away: it is closed to uploads."""
    if model.is_archived:
        raise Conflict(
            f"model {model.model_id!r} is archived", hint=f"take it out first: models restore {model.model_id}"
        )


def summary(batch: Batch) -> dict[str, Any]:
    """Return a delivery as a job's result shows it."""
    counts = ("n_rows", "n_accepted", "n_duplicates", "n_refused", "n_orphans", "n_corrections")
    said = {"batch_id": batch.batch_id, "kind": batch.kind, **{name: getattr(batch, name) for name in counts}}
    return {**said, "n_joined": int(str(batch.effect.get("joined", 0)))}


def _roles(snapshot: Snapshot) -> Roles:
    if snapshot.roles is None:
        raise Refused(f"{snapshot.filename!r} has no roles", hint="confirm its columns first")
    return snapshot.roles


def coder_of(services: Services, ref: ModelRef) -> GridCoder | None:
    """Return what tells rows by the cells of the model's features; None before there is a baseline of drift."""
    grid = services.drift.grid(ref)
    return None if grid is None else GridCoder(grid, services.models.version(ref).importance)


def _refuse(services: Services, snapshot: Snapshot, checked: CheckResult, reasons: list[str]) -> Refused:
    said = [CheckFinding("refusal", reason) for reason in reasons]
    others = [finding for finding in checked.findings if finding.severity != "refusal"]
    services.snapshots.mark_refused(snapshot.snapshot_id, [*said, *others])
    return Refused(
        f"{snapshot.filename!r} cannot be accepted",
        reasons=[*reasons, *(finding.message for finding in others)],
        hint="correct the file and upload it again, or change the roles",
    )


def _mark_ready(services: Services, snapshot: Snapshot, checked: CheckResult, batch: Batch, *, actor: str) -> None:
    said = [CheckFinding("warning", reason) for reason in batch.reasons]
    result = checked.of_rows(batch.n_rows, said)
    with services.engine.begin() as connection:
        services.snapshots.mark_ready(
            snapshot.snapshot_id,
            result=result,
            first_granule=batch.first_granule,
            last_granule=batch.last_granule,
            connection=connection,
        )
        detail = {"model": str(snapshot.ref), "purpose": snapshot.purpose, **summary(batch)}
        subject = f"{snapshot.filename} ({snapshot.snapshot_id})"
        services.trail.record("snapshot.ready", subject, actor=actor, detail=detail, connection=connection)
