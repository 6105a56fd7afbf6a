"""`doctor`: what is configured, what is reachable, what is missing and how to get it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from monitor_core import clock
from monitor_core.cli.edge import SOURCE_DOWN
from monitor_core.cli.output import show, table
from monitor_core.cli.session import AsJson, load_settings
from monitor_core.errors import MonitorError
from monitor_core.jobs.lease import WORKER, Leases
from monitor_core.jobs.supervisor import is_loopback, running_at
from monitor_core.jobs.token import token_path
from monitor_core.settings import describe
from monitor_core.storage.engine import open_engine
from monitor_core.storage.migrations import current, head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from monitor_core.settings import Settings

_LEAST_FREE = 1 << 30
_EXTRAS = (
    ("psycopg", "PostgreSQL as database", "app"),
    ("pyspark", "counting on Spark", "spark"),
    ("dask", "counting on Dask", "dask"),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    state: str
    """``fine``, ``note`` (nothing is broken) or ``down``."""
    detail: str
    remedy: str = ""


def doctor(*, as_json: AsJson = False) -> None:
    """Show what is configured, reachable and missing; exit with 3 when something is down."""
    settings = load_settings()
    checks = [
        *_folder(settings.data_dir),
        *_database(settings),
        *_metrics(settings),
        *_server(settings),
        *_extras(),
    ]
    described = describe(settings)
    data = {
        "settings": [{"key": item.setting.key, "value": item.text, "origin": item.origin} for item in described],
        "checks": checks,
    }
    rows = [[item.state, item.name, item.detail] for item in checks]
    remedies = [f"{item.name}: {item.remedy}" for item in checks if item.remedy]
    configured = [[item.setting.key, item.text, item.origin] for item in described]
    lines = [table(configured, ["setting", "value", "from"]), "", table(rows, ["state", "what", "detail"])]
    show(data, "\n".join([*lines, *(["", *remedies] if remedies else [])]), as_json=as_json)
    if any(item.state == "down" for item in checks):
        raise typer.Exit(SOURCE_DOWN)


def _folder(folder: Path) -> Iterator[Check]:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield Check(
            "data folder", "down", f"{folder.absolute()} cannot be written", "give it to the user who runs this"
        )
        return
    yield Check("data folder", "fine", f"{folder.absolute()}{'' if folder.exists() else ' (made at the first start)'}")
    free = shutil.disk_usage(there).free
    detail = f"{free / 2**30:,.1f} GiB free"
    if free < _LEAST_FREE:
        yield Check("disk", "down", detail, "make room: at least 1 GiB is needed to take uploads in")
    else:
        yield Check("disk", "fine", detail)
    token = token_path(folder)
    if token.exists() and token.stat().st_mode & 0o077:
        yield Check("write token", "down", "others may read it", f"chmod 600 {token}")
    else:
        yield Check("write token", "fine" if token.exists() else "note", "made" if token.exists() else "not made yet")


def _database(settings: Settings) -> Iterator[Check]:
    if not settings.database_url and not (settings.data_dir / "monitor.db").exists():
        yield Check("database", "note", "SQLite, not made yet", "it is made at the first start, or by `db upgrade`")
        return
    engine = open_engine(settings.database)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        yield Check("database", "fine", f"{engine.dialect.name} answers")
        yield from _schema(engine)
    except SQLAlchemyError as error:
        remedy = "check that the server runs and that the address (database_url) is right"
        yield Check("database", "down", f"{engine.dialect.name} does not answer ({type(error).__name__})", remedy)
    finally:
        engine.dispose()


def _schema(engine: Engine) -> Iterator[Check]:
    revision = current(engine)
    if revision != head():
        yield Check(
            "schema", "note", f"revision {revision or 'none'}, newest is {head()}", "`db upgrade` or the next start"
        )
        return
    yield Check("schema", "fine", f"revision {revision}")
    leases = Leases(engine, clock.now)
    held = leases.holder(WORKER)
    if leases.is_live(WORKER) and held is not None:
        yield Check("worker", "fine", f"runs ({held.owner.rpartition('/')[0].rpartition('/')[2]})")
    else:
        yield Check("worker", "note", "none runs", "`serve` starts it; commands do their work themselves meanwhile")


def _metrics(settings: Settings) -> Iterator[Check]:
    """Ask where metrics come from; targets that are down are named."""
    from monitor_core.metrics.sources import SourceKind, open_source  # noqa: PLC0415 - heavy; only a look needs it

    source = open_source(settings, clock.now)
    try:
        health = source.health()
        if source.kind is SourceKind.PROMETHEUS:
            yield Check("metrics", "fine" if health.is_up else "down", health.message)
            return
        yield Check("metrics", "fine" if health.is_up else "note", f"{source.name}: {health.message}")
        for target in source.targets():
            if target.error:
                yield Check(f"target {target.job}", "note", f"{target.instance}: {target.error}")
    except MonitorError as error:
        yield Check("metrics", "down", str(error))
    finally:
        source.close()


def _server(settings: Settings) -> Iterator[Check]:
    at = running_at(settings.data_dir)
    if at is not None:
        yield Check("app", "fine", f"running at {at}")
    elif _is_taken(settings):
        remedy = "choose another port (--port, MONITOR_PORT)"
        yield Check("port", "down", f"{settings.host} port {settings.port} is used by another program", remedy)
    else:
        yield Check("port", "fine", f"{settings.host} port {settings.port} is free")
    if not is_loopback(settings.host):
        yield Check(
            "exposure",
            "note",
            f"listens on {settings.host}: whoever reaches it sees the pages",
            "put a proxy with a login before it; reading over HTTP needs the token",
        )


def _is_taken(settings: Settings) -> bool:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError:
        return True
    return False


def _extras() -> Iterator[Check]:
    for module, purpose, extra in _EXTRAS:
        if importlib.util.find_spec(module) is not None:
            yield Check(module, "fine", purpose)
        else:
            yield Check(module, "note", f"not installed: {purpose}", f"pip install 'bellwether-monitor[{extra}]'")
