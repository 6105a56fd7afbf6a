"""`example`: a made-up model to look at."""

from __future__ import annotations

import typer

from monitor_core.cli.following import ended_well, wait_for
from monitor_core.cli.output import show
from monitor_core.cli.session import AsJson, actor, opened
from monitor_core.jobs import commands

app = typer.Typer(help="A made-up model with known changes, to look at.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def load(*, as_json: AsJson = False) -> None:
    """Make the example model, its data and a drift run."""
    with opened() as services:
        job = ended_well(wait_for(services, commands.load_example(services, actor=actor())))
    show(job.result, f"loaded the example: model {commands.EXAMPLE_MODEL}", as_json=as_json)


@app.command()
def remove(*, as_json: AsJson = False) -> None:
    """Remove everything that `example load` made."""
    with opened() as services:
        removed = commands.remove_example(services, actor=actor())
    show({"removed": removed}, "removed the example" if removed else "there is no example", as_json=as_json)
