"""`db`: the database."""

from __future__ import annotations

import typer

from monitor_core.cli.output import fields, show
from monitor_core.cli.session import AsJson, opened
from monitor_core.jobs.pruning import prune_all
from monitor_core.storage.migrations import current

app = typer.Typer(help="The database.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def upgrade(*, as_json: AsJson = False) -> None:
    """Bring the database to this release's schema."""
    with opened() as services:
        after = current(services.engine)
    show({"revision": after}, f"the database is at revision {after}", as_json=as_json)


@app.command()
def prune(*, as_json: AsJson = False) -> None:
    """Drop what is older than the settings keep."""
    with opened() as services:
        dropped = prune_all(services)
    show(dropped, fields({name.replace("_", " "): count for name, count in dropped.items()}), as_json=as_json)
