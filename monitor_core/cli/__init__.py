"""The command line: ``python -m monitor_core`` and ``bellwether``.

Nouns then verbs, each noun in a module of its own. Exit codes: 0 fine, 1 a finding (drift at or above
``--fail-on``, a broken trail), 2 bad usage or input, 3 a source or database is down.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor_core.cli import audit, baselines, database, drift, example, jobs, models, processes, snapshots
from monitor_core.cli.doctor import doctor
from monitor_core.cli.edge import run
from monitor_core.cli.session import Session, begin

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["app", "main"]

app = typer.Typer(
    name="bellwether",
    help="Bellwether: monitoring for machine-learning models, hosted by yourself.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

for name, noun in (
    ("models", models),
    ("snapshots", snapshots),
    ("baselines", baselines),
    ("drift", drift),
    ("jobs", jobs),
    ("db", database),
    ("example", example),
    ("audit", audit),
):
    app.add_typer(noun.app, name=name)
app.command()(doctor)
app.command()(processes.serve)
app.command()(processes.worker)
app.command(hidden=True)(processes.web)


@app.callback()
def options(
    *,
    config: Annotated[
        Path | None, typer.Option(help="Settings file.", show_default="monitor.toml if there is one")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the data.", show_default="data")] = None,
    database_url: Annotated[str | None, typer.Option(help="Address of the database.", show_default=False)] = None,
) -> None:
    """Read the options that stand before the noun."""
    begin(Session(config, {"data_dir": data_dir, "database_url": database_url}))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code (`monitor_core.cli.edge`)."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    return run(lambda: app(args=None if arguments is None else list(arguments), prog_name="bellwether"))
