"""`dashboards`: the generated files for Grafana, Prometheus and the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor_core.cli.output import show
from monitor_core.cli.session import AsJson
from monitor_core.dashboards import create_dashboard_files

app = typer.Typer(help="Dashboards and rules as files.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def noun() -> None:
    """Keep `write` a verb of its own while it is the only one."""


@app.command()
def write(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write into.")] = Path("dashboards"),
    app_url: Annotated[
        str, typer.Option("--app-url", help="Where the app is; dashboards link to it.")
    ] = "http://127.0.0.1:8501",
    source_url: Annotated[
        str, typer.Option("--source-url", help="What Grafana asks, a Prometheus say.", show_default="the app")
    ] = "",
    runbooks: Annotated[
        str, typer.Option("--runbooks", help="Address of the folder of runbooks.", show_default="their path")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write the Grafana dashboards and provisioning, the rules and the HTML dashboard."""
    written = create_dashboard_files(output, app_url=app_url, source_url=source_url, runbooks=runbooks)
    show({"files": written}, "\n".join(f"wrote {path}" for path in written), as_json=as_json)
