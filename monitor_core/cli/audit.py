"""`audit`: the operators' trail, and the predictions' in a folder of logs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from monitor_core.cli.audit_files import prove, verify_folder
from monitor_core.cli.edge import FINDING
from monitor_core.cli.output import show, table
from monitor_core.cli.session import AsJson, opened

app = typer.Typer(help="The operators' trail: who did what.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_records(
    *,
    by: Annotated[str | None, typer.Option("--actor", help="Only what this one did.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this action; 'model.' means all on models.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only on this.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the latest records."""
    with opened() as services:
        found = services.trail.list(actor=by, action=action, subject=subject, limit=limit)
    rows = [[record.at, record.actor, record.action, record.subject] for record in found]
    text = table(rows, ["at", "actor", "action", "subject"], empty="no records")
    show([asdict(record) for record in found], text, as_json=as_json)


app.command()(prove)


@app.command()
def verify(
    *,
    logs: Annotated[
        Path | None,
        typer.Option(help="Check the predictions' trail in this folder of logs instead.", show_default=False),
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="With --logs: the key that seals are signed with.", show_default=False)
    ] = None,
    anchor: Annotated[
        list[str] | None,
        typer.Option(help="With --logs: SEQUENCE:HASH that was kept elsewhere; may be repeated.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that no record was changed, removed or slipped in; exit with 1 when one was."""
    if logs is not None:
        verify_folder(logs, key_file=key_file, anchors=anchor or [], as_json=as_json)
        return
    with opened() as services:
        broken = services.trail.verify()
    data = {"intact": broken is None, "break": None if broken is None else asdict(broken)}
    text = "the trail is intact" if broken is None else f"the trail is broken: {broken}"
    show(data, text, as_json=as_json)
    if broken is not None:
        raise typer.Exit(FINDING)
