"""`db`: the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor_core.cli.following import Line
from monitor_core.cli.output import fields, show
from monitor_core.cli.session import AsJson, actor, opened
from monitor_core.jobs.pruning import prune_all
from monitor_core.storage.backup import back_up
from monitor_core.storage.backup import restore as bring_back
from monitor_core.storage.migrations import current

app = typer.Typer(help="The database.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def upgrade(*, as_json: AsJson = False) -> None:
    """Bring the database to this release's schema."""
    with opened() as services:
        after = current(services.engine)
    show({"revision": after}, f"the database is at revision {after}", as_json=as_json)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="A file that does not exist yet.")], *, as_json: AsJson = False
) -> None:
    """Write everything into one file, while the app runs."""
    line = Line()
    with opened() as services:
        try:
            made = back_up(
                services.engine,
                services.settings.data_dir,
                file,
                actor=actor(),
                now=services.now,
                progress=line,
            )
        finally:
            line.end()
    rows = sum(made.rows.values())
    missing = [f"gone meanwhile: {name}" for name in made.missing]
    text = "\n".join([f"wrote {rows:,} rows and {len(made.files):,} files to {file}", *missing])
    show({"file": file, "rows": rows, "files": len(made.files), "missing": made.missing}, text, as_json=as_json)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `db backup` wrote.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace what the database holds.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fill a database from a backup; it must be empty, or --force."""
    line = Line()
    with opened() as services:
        try:
            found = bring_back(
                file,
                services.engine,
                services.settings.data_dir,
                force=force,
                actor=actor(),
                now=services.now,
                progress=line,
            )
        finally:
            line.end()
    rows = sum(found.rows.values())
    text = f"restored {rows:,} rows and {len(found.files):,} files of {found.created_at}"
    show({"rows": rows, "files": len(found.files), "created_at": found.created_at}, text, as_json=as_json)


@app.command()
def prune(*, as_json: AsJson = False) -> None:
    """Drop what is older than the settings keep."""
    with opened() as services:
        dropped = prune_all(services)
    show(dropped, fields({name.replace("_", " "): count for name, count in dropped.items()}), as_json=as_json)
