"""`performance baseline`: what a version's performance is held against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor_core.cli.output import show, table
from monitor_core.cli.roles import Label, Prediction, RoleOptions, Score
from monitor_core.cli.session import AsJson, ModelArgument, actor, assignments, load_settings, model_ref, opened
from monitor_core.errors import InvalidInput
from monitor_core.jobs.deliveries import coder_of
from monitor_core.reports.json_values import json_values
from monitor_core.snapshots.guess import guess
from monitor_core.snapshots.peek import peek
from monitor_core.snapshots.sources import open_source

if TYPE_CHECKING:
    from monitor_core.performance.results import BaselinePerformance
    from monitor_core.runtime import Services
    from monitor_core.values import ModelRef

app = typer.Typer(help="What a version's performance is held against.", no_args_is_help=True, rich_markup_mode=None)

BaselineId = Annotated[str, typer.Argument(metavar="BASELINE")]


@app.command("set")
def set_baseline(
    model: ModelArgument,
    values: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE", show_default=False)] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--from-file", exists=True, dir_okay=False, help="A labelled test set.")
    ] = None,
    first: Annotated[str | None, typer.Option("--first", help="First granule of a past period.")] = None,
    last: Annotated[str | None, typer.Option("--last", help="Last granule, included.")] = None,
    prediction: Prediction = None,
    score: Score = None,
    label: Label = None,
    as_json: AsJson = False,
) -> None:
    """Hold a version against a labelled test set, a past period, or bare values such as f1=0.72."""
    options = RoleOptions(prediction=prediction, score=tuple(score or ()), label=label)
    with opened() as services:
        ref = model_ref(services, model)
        match (file, (first, last), values):
            case (Path(), (None, None), None):
                made = _from_file(services, ref, file, options)
            case (None, (str(), str()), None):
                made = services.performance.baseline_from_span(ref, str(first), str(last), actor=actor())
            case (None, (None, None), [_, *_]):
                made = services.performance.baseline_from_values(ref, _numbers(values or []), actor=actor())
            case _:
                raise InvalidInput(
                    "a baseline comes from one place",
                    hint="give --from-file FILE, or --first with --last, or values such as f1=0.72",
                )
    said = ", ".join(f"{metric.name} {metric.estimate:.3f}" for metric in made.metrics if metric.estimate is not None)
    text = f"performance baseline {made.number} ({made.baseline_id}) of {made.ref} is active: {said}"
    show(json_values(made), text, as_json=as_json)


@app.command("list")
def list_baselines(model: ModelArgument, *, as_json: AsJson = False) -> None:
    """List the performance baselines of a version."""
    with opened() as services:
        found = services.performance.baselines(model_ref(services, model))
    head = ["baseline", "number", "active", "from", "labelled", "F1", "made", "by"]
    rows = [
        [item.baseline_id, item.number, item.is_active, _origin(item), item.counts.labelled if item.counts else None,
         next((metric.estimate for metric in item.metrics if metric.name == "f1"), None), item.created_at,
         item.created_by]
        for item in found
    ]  # fmt: skip
    empty = "no performance baseline yet; make one with: performance baseline set MODEL --from-file FILE"
    show(json_values(found), table(rows, head, empty=empty), as_json=as_json)


@app.command()
def activate(baseline_id: BaselineId, *, as_json: AsJson = False) -> None:
    """Hold the version against this baseline from now on."""
    with opened() as services:
        found = services.performance.activate_baseline(baseline_id, actor=actor())
    show(json_values(found), f"performance baseline {baseline_id} of {found.ref} is active", as_json=as_json)


def _from_file(services: Services, ref: ModelRef, file: Path, options: RoleOptions) -> BaselinePerformance:
    looked = peek(file, name=file.name, limits=load_settings().snapshots)
    roles = options.on(guess(looked.table.schema, looked.table))
    source = open_source(file, limits=services.settings.snapshots)
    return services.performance.baseline_from_upload(source, roles, ref, actor=actor(), coder=coder_of(services, ref))


def _numbers(pairs: list[str]) -> dict[str, float]:
    read = {}
    for name, text in assignments(pairs).items():
        try:
            read[name] = float(text)
        except ValueError:
            raise InvalidInput(f"{name}={text!r} is no number") from None
    return read


def _origin(item: BaselinePerformance) -> str:
    held = item.origin
    if "first" in held:
        return f"{held['first']} to {held['last']}"
    return str(held.get("file") or "values as given")
