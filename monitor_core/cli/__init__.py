"""The command line: ``python -m monitor_core`` and ``bellwether``.

Nouns then verbs, each noun in a module of its own. Exit codes: 0 fine, 1 a finding (drift or advice at or
above ``--fail-on``, a broken trail), 2 bad usage or input, 3 a source or database is down.
"""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor_core.cli.edge import run
from monitor_core.cli.session import Session, begin

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["build", "main"]

_NOUNS = {
    "models": "models",
    "snapshots": "snapshots",
    "predictions": "deliveries:predictions",
    "labels": "deliveries:labels",
    "baselines": "baselines",
    "drift": "drift",
    "performance": "performance",
    "decisions": "decisions",
    "logs": "logs",
    "dashboards": "dashboards",
    "rules": "rules",
    "metrics": "metrics",
    "jobs": "jobs",
    "db": "database",
    "example": "example",
    "audit": "audit",
}
_ALONE = {"doctor": "doctor", "serve": "processes", "worker": "processes", "collector": "processes", "web": "processes"}
_HIDDEN = {"web"}
_HELP = "Bellwether: monitoring for machine-learning models, hosted by yourself."


def build(words: Sequence[str] = ()) -> typer.Typer:
    """Return the command line with the nouns that stand among the words; with all when none does.

    Each noun imports what it needs and no more: the supervisor, which `serve` is, stays small.
    """
    app = typer.Typer(
        name="bellwether",
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback(help=_HELP)(options)
    wanted = {word for word in words if word in _NOUNS or word in _ALONE} or {*_NOUNS, *_ALONE}
    for name, module in _NOUNS.items():
        if name in wanted:
            place, _, attribute = module.partition(":")
            app.add_typer(getattr(import_module(f"monitor_core.cli.{place}"), attribute or "app"), name=name)
    for name, module in _ALONE.items():
        if name in wanted:
            app.command(name, hidden=name in _HIDDEN)(getattr(import_module(f"monitor_core.cli.{module}"), name))
    return app


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
    words = sys.argv[1:] if arguments is None else list(arguments)
    return run(lambda: build(words)(args=words, prog_name="bellwether"))
