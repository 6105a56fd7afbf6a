"""`decisions`: what was decided on an advice, by whom and why."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from monitor_core.cli.output import show, table
from monitor_core.cli.session import AsJson, ModelArgument, actor, model_ref, opened
from monitor_core.performance.decisions import Action, action_of
from monitor_core.reports.json_values import json_values

app = typer.Typer(help="Decisions on what was advised.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_decisions(
    model: Annotated[str, typer.Argument(metavar="MODEL[:VERSION]", help="All versions when none is named.")],
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the decisions on a model, the latest first."""
    model_id, _, version = model.partition(":")
    with opened() as services:
        services.models.get(model_id)
        found = services.performance.decisions(model_id, version=version or None, limit=limit)
    rows = [
        [item.decided_at, item.ref.version, item.decided_by, item.action, item.advised, item.reason,
         item.evidence_sha256[:12]]
        for item in found
    ]  # fmt: skip
    head = ["when", "version", "who", "decision", "advised", "why", "evidence"]
    show(json_values(found), table(rows, head, empty="no decision yet"), as_json=as_json)


@app.command()
def record(
    model: ModelArgument,
    action: Annotated[str, typer.Argument(metavar="ACTION", help=f"One of {', '.join(get_args(Action))}.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    window: Annotated[int | None, typer.Option(min=1, help="Granules judged.", show_default="those of 30 days")] = None,
    seen: Annotated[
        str | None, typer.Option(help="Hash of the evidence that was looked at; refused when it has changed since.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a decision down, with the evidence of this moment; nothing is done by itself."""
    from monitor_core.jobs.performance_reporting import usual_window  # noqa: PLC0415 - heavy; listing does without

    with opened() as services:
        ref = model_ref(services, model)
        made = services.advice.decide(
            ref,
            action=action_of(action),
            reason=reason,
            actor=actor(),
            window=window or usual_window(services, ref),
            seen=seen,
        )
    text = f"recorded: {made.action} for {made.ref} (advised: {made.advised}), decision {made.decision_id}"
    show(json_values(made), text, as_json=as_json)
