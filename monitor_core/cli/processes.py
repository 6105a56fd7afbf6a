"""`serve`, `worker`, `collector` and `web`: the processes."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor_core import clock
from monitor_core.cli.session import load_settings, opened
from monitor_core.jobs.children import stop_with_parent
from monitor_core.jobs.supervisor import serve as supervise
from monitor_core.jobs.token import ensure_token
from monitor_core.jobs.worker import Worker, stop_on_signals
from monitor_core.storage.engine import open_engine
from monitor_core.storage.migrations import upgrade

if TYPE_CHECKING:
    from monitor_core.settings import Settings

WithParent = Annotated[bool, typer.Option("--with-parent", hidden=True)]


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 chooses one.", show_default="8501")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the data.", show_default="data")] = None,
) -> None:
    """Start the app: web process, worker and collector; stop all with Ctrl+C."""
    settings = load_settings(host=host, port=port, data_dir=data_dir)
    log_to_stderr(settings)
    ensure_token(settings.data_dir)
    _upgrade(settings)
    stop = threading.Event()
    stop_on_signals(stop.set)
    supervise(settings, stop=stop, say=_say)


def _upgrade(settings: Settings) -> None:
    """Bring the database up to date, or say why it cannot be reached, before any process starts."""
    engine = open_engine(settings.database)
    try:
        upgrade(engine)
    finally:
        engine.dispose()


def worker(*, with_parent: WithParent = False) -> None:
    """Run the worker alone: take jobs until stopped."""
    from monitor_core.jobs.handlers import HANDLERS  # noqa: PLC0415 - heavy; only this command needs it
    from monitor_core.jobs.pruning import chores  # noqa: PLC0415 - as above

    with opened() as services:
        log_to_stderr(services.settings)
        working = Worker(services, HANDLERS, chores=chores)
        stop_on_signals(working.stop)
        if with_parent:
            stop_with_parent(working.stop)
        working.run()


def collector(*, with_parent: WithParent = False) -> None:
    """Run the collector alone: scrape metrics and evaluate rules until stopped."""
    from monitor_core.jobs.alerting import rule_evaluation  # noqa: PLC0415 - heavy; only this command needs it
    from monitor_core.jobs.collector import Collector  # noqa: PLC0415 - heavy; only this command needs it

    settings = load_settings()
    log_to_stderr(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    _upgrade(settings)
    engine = open_engine(settings.database)
    try:
        rules = rule_evaluation(engine, settings, clock.now)
        collecting = Collector(engine, settings, clock.now, beside=[rules])
        stop_on_signals(collecting.stop)
        if with_parent:
            stop_with_parent(collecting.stop)
        collecting.run()
    finally:
        engine.dispose()


def web(*, with_parent: WithParent = False) -> None:
    """Run the web process alone: pages and HTTP interface, without a worker."""
    from monitor_core.asgi.server import run  # noqa: PLC0415 - heavy; only this command needs it

    settings = load_settings()
    log_to_stderr(settings)
    run(settings, with_parent=with_parent)


def log_to_stderr(settings: Settings) -> None:
    """Log plainly; the processes' output is one stream."""
    form = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    logging.basicConfig(level=settings.log_level, format=form, stream=sys.stderr, force=True)
    for chatty in ("alembic", "asyncio", "uvicorn.access", "watchdog"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
