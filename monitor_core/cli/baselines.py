"""`baselines`: what current data are compared with."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from monitor_core.cli.following import ended_well, wait_for
from monitor_core.cli.output import show, table
from monitor_core.cli.session import AsJson, ModelArgument, Yes, actor, confirm, model_ref, opened
from monitor_core.jobs import commands

app = typer.Typer(help="Baselines: what current data are compared with.", no_args_is_help=True, rich_markup_mode=None)

BaselineId = Annotated[str, typer.Argument(metavar="BASELINE")]


@app.command("list")
def list_baselines(model: ModelArgument, *, as_json: AsJson = False) -> None:
    """List the baselines of a model version."""
    with opened() as services:
        found = services.drift.baselines(model_ref(services, model))
    head = ["baseline", "number", "active", "kind", "rows", "features", "granules", "from", "to", "made"]
    rows = [
        [item.baseline_id, item.number, item.is_active, item.kind, item.n_rows, item.n_features, item.n_granules,
         item.first_granule, item.last_granule, item.created_at]
        for item in found
    ]  # fmt: skip
    empty = "no baseline yet; upload one with: snapshots upload MODEL FILE --baseline"
    show([asdict(item) for item in found], table(rows, head, empty=empty), as_json=as_json)


@app.command()
def activate(baseline_id: BaselineId, *, as_json: AsJson = False) -> None:
    """Compare with this baseline from now on."""
    with opened() as services:
        services.drift.activate(baseline_id, actor=actor())
    show({"active": baseline_id}, f"baseline {baseline_id} is active", as_json=as_json)


@app.command()
def create(
    model: ModelArgument,
    first: Annotated[str, typer.Argument(help="First granule, as 2026-11-01.")],
    last: Annotated[str, typer.Argument(help="Last granule, included.")],
    *,
    kind: Annotated[str, typer.Option(help=f"One of {', '.join(commands.BASELINE_KINDS)}.")] = "fixed",
    as_json: AsJson = False,
) -> None:
    """Make a baseline of a range of past granules."""
    with opened() as services:
        ref = model_ref(services, model)
        job_id = commands.request_baseline(services, ref, first, last, kind=kind, actor=actor())
        result = ended_well(wait_for(services, job_id)).result or {}
    show(result, f"made baseline {result.get('baseline_id')}", as_json=as_json)


@app.command()
def delete(baseline_id: BaselineId, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a baseline and the runs that used it."""
    with opened() as services:
        confirm(f"Delete baseline {baseline_id} and the runs that used it?", yes=yes)
        services.drift.delete_baseline(baseline_id, actor=actor())
    show({"deleted": baseline_id}, f"deleted baseline {baseline_id}", as_json=as_json)
