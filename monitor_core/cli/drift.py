"""`drift`: judge it, read it, take it home."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor_core.cli.edge import FINDING
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
from monitor_core.cli.session import AsJson, FailOn, ModelArgument, actor, assignments, load_settings, model_ref, opened
from monitor_core.errors import InvalidInput, NotFound
from monitor_core.jobs import commands
from monitor_core.jobs.reporting import report as get_report
from monitor_core.reports.drift import FORMATS
from monitor_core.settings import override
from monitor_core.snapshots.guess import guess
from monitor_core.snapshots.peek import peek

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor_core.drift.results import FeatureDrift, GranuleDrift, RunSummary
    from monitor_core.runtime import Services
    from monitor_core.snapshots.roles import Roles
    from monitor_core.values import Severity

app = typer.Typer(help="Drift: judge it, read it, take it home.", no_args_is_help=True, rich_markup_mode=None)

Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A threshold for this run; repeatable.")
]
DataFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run, or MODEL[:VERSION] for its latest one.")]


@app.command()
def run(
    model: ModelArgument,
    *,
    baseline: Annotated[
        str | None, typer.Option(help="Compare with this baseline.", show_default="the active one")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="First granule.", show_default="all")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last granule, included.", show_default="all")] = None,
    segment: Annotated[str, typer.Option(help="Also judge each value of this column.")] = "",
    window: Annotated[
        int | None, typer.Option(min=1, help="Judge so many granules together.", show_default="the model's setting")
    ] = None,
    changes: Changes = None,
    wait: Annotated[bool, typer.Option(help="Wait for the result.")] = True,
    fail_on: FailOn = None,
    as_json: AsJson = False,
) -> None:
    """Judge the drift of what is stored."""
    with opened() as services:
        ref = model_ref(services, model)
        job_id = commands.request_run(
            services,
            ref,
            baseline_id=baseline,
            granules=_granules(services, model, first, last),
            segment_column=segment,
            overrides=_overrides(changes, window),
            actor=actor(),
        )
        if not wait:
            show({"job_id": job_id}, f"job {job_id} waits", as_json=as_json)
            return
        result = ended_well(wait_for(services, job_id)).result or {}
        summary = services.drift.run_summary(str(result["run_id"]))
        latest = services.drift.granule(summary.run_id, summary.last_granule, "")
    show(asdict(summary), _run_text(summary, latest), as_json=as_json)
    _fail(fail_on, summary.severity)


@app.command("list")
def list_runs(
    model: ModelArgument,
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the latest runs of a model version."""
    with opened() as services:
        found = services.drift.runs(model_ref(services, model), limit=limit)
    head = ["run", "made", "baseline", "from", "to", "features", "drifted", "severity", "verdict"]
    rows = [
        [item.run_id, item.created_at, item.baseline_number, item.first_granule, item.last_granule, item.n_features,
         item.n_drifted, item.severity, item.verdict]
        for item in found
    ]  # fmt: skip
    show([asdict(item) for item in found], table(rows, head, empty="no runs yet"), as_json=as_json)


@app.command("show")
def show_run(
    run_id: RunId,
    *,
    granule: Annotated[str | None, typer.Option(help="This granule.", show_default="the last")] = None,
    segment: Annotated[str, typer.Option(help="This segment.", show_default="everything")] = "",
    as_json: AsJson = False,
) -> None:
    """Show a run: every feature of one granule."""
    with opened() as services:
        summary = _summary(services, run_id)
        found = services.drift.granule(summary.run_id, granule or summary.last_granule, segment)
    show({"run": asdict(summary), "granule": asdict(found)}, _run_text(summary, found), as_json=as_json)


@app.command()
def report(
    run_id: RunId,
    *,
    form: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")] = "text",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write here.", show_default="stdout")] = None,
    fail_on: FailOn = None,
) -> None:
    """Write the report of a run."""
    with opened() as services:
        summary = _summary(services, run_id)
        content = get_report(services, summary.run_id, form)
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        _write(output, content)
    _fail(fail_on, summary.severity)


@app.command()
def compare(
    baseline: DataFile,
    current: DataFile,
    *,
    changes: Changes = None,
    fail_on: FailOn = None,
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
    """Compare two files with each other; no database is needed."""
    from monitor_core.drift import build_baseline  # noqa: PLC0415 - heavy; only this command needs it
    from monitor_core.drift import compare as compare_tables  # noqa: PLC0415 - as above

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
    settings = load_settings()
    thresholds = override(settings.drift, _overrides(changes), source="--set")
    made = build_baseline(baseline, roles=options.on(_guessed(baseline)), settings=thresholds)
    found = compare_tables(made, current, roles=options.on(_guessed(current)), settings=thresholds)
    head = {"baseline rows": found.n_baseline, "current rows": found.n_current, "severity": found.severity,
            "verdict": found.verdict}  # fmt: skip
    lines = [
        fields(head),
        "",
        _feature_table(found.features.values()),
        *(f"note: {reason}" for reason in found.reasons),
    ]
    show(asdict(found), "\n".join(lines), as_json=as_json)
    _fail(fail_on, found.severity)


def _guessed(path: Path) -> Roles:
    looked = peek(path, name=path.name, limits=load_settings().snapshots)
    return guess(looked.table.schema, looked.table)


def _granules(services: Services, model: str, first: str | None, last: str | None) -> tuple[str, str] | None:
    """Return the range asked for; an end that is left open is the first or last there is."""
    if first is None and last is None:
        return None
    labels = [label for label, _ in services.drift.granules(model_ref(services, model))]
    if not labels:
        raise NotFound(f"model {model} has no current data yet", hint="upload some with: snapshots upload")
    return first or min(labels), last or max(labels)


def _overrides(changes: list[str] | None, window: int | None = None) -> dict[str, Any]:
    """Read thresholds as their types, so that an unknown name or value is told before a job is made."""
    pairs = assignments(changes)
    if window is not None:
        pairs |= {"window_granules": str(window)}
    read = override(load_settings().drift, pairs, source="--set")
    return {name: getattr(read, name) for name in pairs}


def _summary(services: Services, text: str) -> RunSummary:
    """Return the run of that id, or the latest of the model named."""
    try:
        return services.drift.run_summary(text)
    except NotFound as missing:
        try:
            ref = model_ref(services, text)
        except (NotFound, InvalidInput):
            raise missing from None
    latest = services.drift.latest(ref)
    if latest is None:
        raise NotFound(f"model {ref} has no run yet", hint=f"make one with: drift run {text}")
    return latest


def _run_text(run: RunSummary, granule: GranuleDrift) -> str:
    head = {
        "run": run.run_id,
        "model": str(run.ref),
        "baseline": f"{run.baseline_number} ({run.baseline_rows:,} rows)",
        "granules": f"{run.first_granule} to {run.last_granule} ({run.n_granules})",
        "shown": granule.granule + (f", segment {granule.segment!r}" if granule.segment else ""),
        "rows": granule.n_rows,
        "severity": granule.severity,
        "verdict": granule.verdict,
    }
    notes = [f"note: {reason}" for reason in granule.reasons]
    return "\n".join([fields(head), "", _feature_table(granule.features), *notes])


def _feature_table(features: Iterable[FeatureDrift]) -> str:
    ranked = sorted(features, key=lambda feature: (-feature.severity.rank, -(feature.psi or 0.0), feature.name))
    head = ["feature", "state", "severity", "PSI", "noise", "KS", "p adjusted", "missing", "rows"]
    rows = [
        [feature.name, feature.state, feature.severity, feature.psi, feature.noise_floor, feature.ks_low,
         feature.p_adjusted, feature.missing_share, feature.n_current]
        for feature in ranked
    ]  # fmt: skip
    return table(rows, head, empty="no features")


def _fail(fail_on: Severity | None, severity: Severity) -> None:
    if fail_on is not None and severity >= fail_on:
        raise typer.Exit(FINDING)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}") from None
