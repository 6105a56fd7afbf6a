"""`predictions` and `labels`: what the model said, and what came true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from monitor_core.cli.following import ended_well, wait_for
from monitor_core.cli.output import fields, plain, show, table
from monitor_core.cli.roles import (
    Date,
    Entity,
    Label,
    LabelDate,
    Positive,
    Prediction,
    RoleOptions,
    Score,
    Segment,
    Timestamp,
    VersionColumn,
)
from monitor_core.cli.session import AsJson, ModelArgument, actor, model_ref, opened
from monitor_core.jobs import commands
from monitor_core.performance.store import PerformanceStore

if TYPE_CHECKING:
    from monitor_core.runtime import Services
    from monitor_core.values import ModelRef

DataFiles = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, metavar="FILE...")]
OnBad = Annotated[
    Literal["keep", "refuse"], typer.Option(help="Of a file with bad rows, keep the good ones or refuse the whole.")
]
Wait = Annotated[bool, typer.Option(help="Wait until it is counted.")]
DeliveryId = Annotated[str, typer.Argument(metavar="DELIVERY")]
Limit = Annotated[int, typer.Option(min=1, max=1_000, help="Most deliveries looked at.")]

predictions = typer.Typer(help="What the model said.", no_args_is_help=True, rich_markup_mode=None)
labels = typer.Typer(help="What came true.", no_args_is_help=True, rich_markup_mode=None)


@predictions.command("upload")
def upload_predictions(
    model: ModelArgument,
    files: DataFiles,
    *,
    on_bad: OnBad = "keep",
    wait: Wait = True,
    timestamp: Timestamp = None,
    date: Date = None,
    entity: Entity = None,
    prediction: Prediction = None,
    score: Score = None,
    label: Label = None,
    label_date: LabelDate = None,
    segment: Segment = None,
    version_column: VersionColumn = None,
    positive: Positive = None,
    as_json: AsJson = False,
) -> None:
    """Upload predictions, with labels where they are known; features in the file are left out."""
    options = RoleOptions(
        timestamp,
        date,
        entity,
        prediction,
        tuple(score or ()),
        label,
        segment=segment,
        label_date=label_date,
        version=version_column,
        positive=positive,
    )
    _upload(model, files, options, purpose="predictions", on_bad=on_bad, wait=wait, as_json=as_json)


@labels.command("upload")
def upload_labels(
    model: ModelArgument,
    files: DataFiles,
    *,
    on_bad: OnBad = "keep",
    wait: Wait = True,
    timestamp: Timestamp = None,
    date: Date = None,
    entity: Entity = None,
    label: Label = None,
    label_date: LabelDate = None,
    positive: Positive = None,
    as_json: AsJson = False,
) -> None:
    """Upload labels; they are joined to predictions by entity and date, or by entity alone where they have no date."""
    options = RoleOptions(timestamp, date, entity, label=label, label_date=label_date, positive=positive)
    _upload(model, files, options, purpose="labels", on_bad=on_bad, wait=wait, as_json=as_json)


@predictions.command("list")
def list_predictions(model: ModelArgument, *, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the deliveries that held predictions, the latest first."""
    _list(model, {"predictions", "labelled"}, limit, as_json=as_json)


@labels.command("list")
def list_labels(model: ModelArgument, *, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the deliveries that held labels, the latest first."""
    _list(model, {"labels", "labelled"}, limit, as_json=as_json)


@labels.command("show")
def show_delivery(delivery: DeliveryId, *, as_json: AsJson = False) -> None:
    """Show one delivery: what became of its rows, why some were refused, what corrections changed."""
    with opened() as services:
        batch = PerformanceStore(services.engine).batch(delivery)
    said = {key: value for key, value in plain(batch).items() if key not in {"reasons", "effect"}}
    lines = [fields(said), *(f"  - {reason}" for reason in batch.reasons)]
    show(batch, "\n".join(lines), as_json=as_json)


def _upload(
    model: str, files: list[Path], options: RoleOptions, *, purpose: Any, on_bad: str, wait: bool, as_json: bool
) -> None:
    with opened() as services:
        ref = model_ref(services, model)
        results = [_accepted(services, ref, file, options, purpose=purpose, on_bad=on_bad) for file in files]
        if wait:
            results = [_waited(services, result) for result in results]
    show(results, "\n".join(_line(result) for result in results), as_json=as_json)


def _accepted(
    services: Services, ref: ModelRef, file: Path, options: RoleOptions, *, purpose: Any, on_bad: str
) -> dict[str, Any]:
    accepted = commands.accept_upload(
        services,
        [(file.name, file)],
        ref,
        purpose=purpose,
        roles=options.on,
        keep_rows=False,
        on_bad=on_bad,
        actor=actor(),
    )
    made = {"file": file.name, "snapshot_id": accepted.snapshot_id, "duplicate": accepted.job_id is None}
    return made if accepted.job_id is None else {**made, "job_id": accepted.job_id}


def _waited(services: Services, result: dict[str, Any]) -> dict[str, Any]:
    if result["duplicate"]:
        return result
    job = ended_well(wait_for(services, result["job_id"]))
    found = services.snapshots.get(result["snapshot_id"])
    said = [finding.message for finding in found.findings]
    return {**result, **((job.result or {}).get("delivery") or {}), "findings": said}


def _line(result: dict[str, Any]) -> str:
    if result["duplicate"]:
        return f"{result['file']}: uploaded before, as snapshot {result['snapshot_id']}; nothing was added"
    if "batch_id" not in result:
        return f"{result['file']}: snapshot {result['snapshot_id']}, job {result['job_id']} waits"
    parts = [f"{result['n_accepted']:,} of {result['n_rows']:,} rows taken in"]
    for name, words in (
        ("n_duplicates", "known before"),
        ("n_corrections", "corrected what was known"),
        ("n_orphans", "with a label for no prediction so far"),
        ("n_joined", "labels that waited found their prediction"),
        ("n_refused", "refused"),
    ):
        if result.get(name):
            parts.append(f"{result[name]:,} {words}")
    lines = [f"{result['file']}: delivery {result['batch_id']}, {', '.join(parts)}"]
    return "\n".join(lines + [f"  - {message}" for message in result["findings"]])


def _list(model: str, kinds: set[str], limit: int, *, as_json: bool) -> None:
    with opened() as services:
        ref = model_ref(services, model)
        store = PerformanceStore(services.engine)
        found = [batch for batch in store.batches(ref.model_id, limit=limit) if batch.kind in kinds]
    head = [
        "delivery",
        "kind",
        "rows",
        "taken in",
        "known",
        "corrected",
        "orphans",
        "refused",
        "from",
        "to",
        "recorded",
    ]
    rows = [
        [one.batch_id, one.kind, one.n_rows, one.n_accepted, one.n_duplicates, one.n_corrections, one.n_orphans,
         one.n_refused, one.first_granule, one.last_granule, one.recorded_at]
        for one in found
    ]  # fmt: skip
    show(found, table(rows, head), as_json=as_json)
