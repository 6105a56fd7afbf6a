"""`snapshots`: uploaded files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor_core import clock
from monitor_core.cli.edge import BAD_USAGE
from monitor_core.cli.following import ended_well, wait_for
from monitor_core.cli.output import fields, show, table
from monitor_core.cli.roles import (
    Date,
    Entity,
    Features,
    Ignore,
    Label,
    Prediction,
    RoleOptions,
    Score,
    Segment,
    Timestamp,
)
from monitor_core.cli.session import AsJson, ModelArgument, Yes, actor, confirm, load_settings, model_ref, opened
from monitor_core.jobs import commands
from monitor_core.snapshots.check import check_table
from monitor_core.snapshots.files import open_upload
from monitor_core.snapshots.guess import guess
from monitor_core.snapshots.peek import peek

if TYPE_CHECKING:
    from monitor_core.runtime import Services
    from monitor_core.snapshots.check import CheckResult
    from monitor_core.snapshots.findings import CheckFinding
    from monitor_core.snapshots.records import Snapshot
    from monitor_core.values import ModelRef

app = typer.Typer(help="Uploaded files: baselines and current data.", no_args_is_help=True, rich_markup_mode=None)

DataFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE")]
DataFiles = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, metavar="FILE...")]
SnapshotId = Annotated[str, typer.Argument(metavar="SNAPSHOT")]


@app.command()
def upload(
    model: ModelArgument,
    files: DataFiles,
    *,
    baseline: Annotated[bool, typer.Option("--baseline", help="The files become a baseline, as one table.")] = False,
    keep_rows: Annotated[
        bool | None, typer.Option(help="Keep the rows as Parquet.", show_default="the setting snapshots.keep_rows")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it is counted and judged.")] = True,
    timestamp: Timestamp = None,
    date: Date = None,
    entity: Entity = None,
    prediction: Prediction = None,
    score: Score = None,
    label: Label = None,
    feature: Features = None,
    ignore: Ignore = None,
    segment: Segment = None,
    as_json: AsJson = False,
) -> None:
    """Upload files, count them and judge their drift."""
    options = RoleOptions(
        timestamp,
        date,
        entity,
        prediction,
        tuple(score or ()),
        label,
        tuple(feature or ()),
        tuple(ignore or ()),
        segment,
    )
    with opened() as services:
        ref = model_ref(services, model)
        groups = [files] if baseline else [[file] for file in files]
        results = [_upload(services, ref, group, options, baseline=baseline, keep_rows=keep_rows) for group in groups]
        if wait:
            results = [_waited(services, result) for result in results]
    text = "\n".join(_line(result) for result in results)
    show(results, text, as_json=as_json)


def _upload(
    services: Services,
    ref: ModelRef,
    files: list[Path],
    options: RoleOptions,
    *,
    baseline: bool,
    keep_rows: bool | None,
) -> dict[str, Any]:
    accepted = commands.accept_upload(
        services,
        [(file.name, file) for file in files],
        ref,
        purpose="baseline" if baseline else "current",
        roles=options.on,
        keep_rows=keep_rows,
        actor=actor(),
    )
    name = files[0].name + (f" and {len(files) - 1} more" if len(files) > 1 else "")
    made = {"file": name, "snapshot_id": accepted.snapshot_id, "duplicate": accepted.job_id is None}
    return made if accepted.job_id is None else {**made, "job_id": accepted.job_id}


def _waited(services: Services, result: dict[str, Any]) -> dict[str, Any]:
    if result["duplicate"]:
        return result
    job = ended_well(wait_for(services, result["job_id"]))
    found = services.snapshots.get(result["snapshot_id"])
    return {**result, **(job.result or {}), "rows": found.n_rows, "findings": [item.message for item in found.findings]}


def _line(result: dict[str, Any]) -> str:
    if result["duplicate"]:
        return f"{result['file']}: uploaded before, as snapshot {result['snapshot_id']}; nothing was added"
    if "rows" not in result:
        return f"{result['file']}: snapshot {result['snapshot_id']}, job {result['job_id']} waits"
    lines = [f"{result['file']}: snapshot {result['snapshot_id']}, {result['rows']:,} rows"]
    lines += [f"  - {message}" for message in result["findings"]]
    lines += [f"  {name} {result[f'{name}_id']}" for name in ("baseline", "run") if result.get(f"{name}_id")]
    return "\n".join(lines)


@app.command()
def check(
    file: DataFile,
    *,
    baseline: Annotated[bool, typer.Option("--baseline", help="Judge it as a baseline: no date is needed.")] = False,
    timestamp: Timestamp = None,
    date: Date = None,
    entity: Entity = None,
    prediction: Prediction = None,
    score: Score = None,
    label: Label = None,
    feature: Features = None,
    ignore: Ignore = None,
    segment: Segment = None,
    as_json: AsJson = False,
) -> None:
    """Check a file without uploading it; exit with 2 when it would be refused."""
    options = RoleOptions(
        timestamp,
        date,
        entity,
        prediction,
        tuple(score or ()),
        label,
        tuple(feature or ()),
        tuple(ignore or ()),
        segment,
    )
    limits = load_settings().snapshots
    looked = peek(file, name=file.name, limits=limits)
    roles = options.on(guess(looked.table.schema, looked.table))
    with tempfile.TemporaryDirectory(prefix="bellwether-") as folder:
        source = open_upload(file, Path(folder), name=file.name, limits=limits)
        result = check_table(source, roles, now=clock.now(), needs_date=not baseline)
    show({"file": file.name, "accepted": not result.refusals, **_checked(result)}, _check_text(result), as_json=as_json)
    if result.refusals:
        raise typer.Exit(BAD_USAGE)


def _checked(result: CheckResult) -> dict[str, Any]:
    return {
        "rows": result.n_rows,
        "columns": result.n_columns,
        "roles": result.roles.to_json(),
        "findings": [finding.to_json() for finding in result.findings],
        "left_out": list(result.left_out),
    }


def _check_text(result: CheckResult) -> str:
    roles = [[name, role.value] for name, role in result.roles.columns]
    verdict = "would be refused" if result.refusals else "would be accepted"
    head = f"{verdict}: {result.n_rows:,} rows, {result.n_columns:,} columns"
    return "\n".join([head, *_findings(result.findings), "", table(roles, ["column", "role"])])


def _findings(findings: tuple[CheckFinding, ...]) -> list[str]:
    return [f"  {finding.severity}: {finding.message}" for finding in findings]


@app.command("list")
def list_snapshots(
    model: ModelArgument,
    *,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the uploads of a model version."""
    with opened() as services:
        found = services.snapshots.list(model_ref(services, model), limit=limit)
    head = ["snapshot", "file", "purpose", "state", "rows", "from", "to", "uploaded"]
    rows = [
        [item.snapshot_id, item.filename, item.purpose, item.state, item.n_rows, item.first_granule, item.last_granule,
         item.uploaded_at]
        for item in found
    ]  # fmt: skip
    show([_data(item) for item in found], table(rows, head, empty="no uploads"), as_json=as_json)


@app.command("show")
def show_snapshot(snapshot_id: SnapshotId, *, as_json: AsJson = False) -> None:
    """Show one upload, and what its check found."""
    with opened() as services:
        found = services.snapshots.get(snapshot_id)
    data = _data(found)
    text = fields({name: value for name, value in data.items() if name not in {"roles", "findings"}})
    show(data, "\n".join([text, *_findings(found.findings)]), as_json=as_json)


@app.command()
def delete(snapshot_id: SnapshotId, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete an upload and what it added."""
    with opened() as services:
        found = services.snapshots.get(snapshot_id)
        confirm(f"Delete snapshot {found.filename!r} and what it added to its granules?", yes=yes)
        services.snapshots.delete(snapshot_id, actor=actor())
    show({"deleted": snapshot_id}, f"deleted snapshot {snapshot_id}", as_json=as_json)


def _data(snapshot: Snapshot) -> dict[str, Any]:
    names = (
        *("snapshot_id", "purpose", "state", "filename", "sha256", "size_bytes", "format", "n_rows", "n_columns"),
        *("first_granule", "last_granule", "keep_rows", "rows_kept", "uploaded_at", "uploaded_by", "ready_at"),
    )
    return {
        "model": str(snapshot.ref),
        **{name: getattr(snapshot, name) for name in names},
        "roles": snapshot.roles.to_json() if snapshot.roles else None,
        "findings": [finding.to_json() for finding in snapshot.findings],
    }
