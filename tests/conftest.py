"""Shared fixtures: a database of each kind, fresh for every test."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from monitor_core.storage.engine import open_engine
from monitor_core.storage.migrations import upgrade

POSTGRES = pytest.param("postgresql", marks=pytest.mark.postgres)


def required(server: str) -> bool:
    """Whether the environment insists on this server, so that its absence is a failure and not a skip."""
    return server in os.environ.get("MONITOR_REQUIRE", "").replace(",", " ").split()


def unavailable(server: str, reason: str) -> None:
    """Skip, or fail where the server is required."""
    if required(server):
        pytest.fail(f"{server} is required (MONITOR_REQUIRE) but {reason}")
    pytest.skip(f"{server}: {reason}")


class PostgresServer:
    """A PostgreSQL server of our own in a temporary folder, reached through its socket."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.binaries = binaries
        self.folder = folder
        self.data = folder / "data"

    def start(self) -> None:
        """Initialise and start; durability is off, the data die with the tests."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
        options = (
            f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off -c full_page_writes=off"
            " -c synchronous_commit=off -c max_connections=200 -c shared_buffers=64MB"
        )
        self._run("pg_ctl", "-D", self.data, "-o", options, "-l", self.folder / "log", "-w", "start")

    def stop(self) -> None:
        """Stop at once."""
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def url(self, database: str) -> str:
        """Return the address of one database."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def administer(self, statement: str) -> None:
        """Run one statement outside of a transaction."""
        address = self.url("postgres").replace("postgresql://", "postgresql+psycopg://")
        engine = create_engine(address, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self.binaries / program), *map(str, arguments)]
        if os.geteuid() == 0:  # the server refuses to run as root
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stdout}")


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@pytest.fixture(scope="session")
def postgres():
    """Give a running PostgreSQL server, or skip (fail where MONITOR_REQUIRE names it)."""
    binaries = _binaries()
    if binaries is None:
        unavailable("postgres", "its programs are not installed (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="bw-pg-"))  # short: a socket's path has at most 107 characters
    server = PostgresServer(binaries, folder)
    server.start()
    # Migrating takes 20 times as long as copying what was migrated.
    server.administer("CREATE DATABASE migrated")
    engine = open_engine(server.url("migrated"))
    upgrade(engine)
    engine.dispose()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory):
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


def _fresh_url(kind, request, tmp_path, *, migrated):
    if kind == "sqlite":
        path = tmp_path / f"{secrets.token_hex(4)}.db"
        if migrated:
            shutil.copyfile(request.getfixturevalue("_migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres")
    name = f"test_{secrets.token_hex(6)}"
    server.administer(f"CREATE DATABASE {name} TEMPLATE {'migrated' if migrated else 'template0'}")
    yield server.url(name)
    server.administer(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", POSTGRES])
def empty_url(request, tmp_path):
    """Give the address of an empty database, on each kind."""
    yield from _fresh_url(request.param, request, tmp_path, migrated=False)


@pytest.fixture(params=["sqlite", POSTGRES])
def database_url(request, tmp_path):
    """Give the address of a migrated, empty database, on each kind."""
    yield from _fresh_url(request.param, request, tmp_path, migrated=True)


@pytest.fixture
def engine(database_url):
    """Give an engine on a migrated, empty database, on each kind."""
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def sqlite_engine(request, tmp_path):
    """Give an engine on SQLite only, for what does not depend on the database."""
    for url in _fresh_url("sqlite", request, tmp_path, migrated=True):
        opened = open_engine(url)
        yield opened
        opened.dispose()


class FakeClock:
    """A clock that stands still until told otherwise."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **parts: float) -> datetime:
        """Move on by days, hours, seconds ..."""
        self.moment += timedelta(**parts)
        return self.moment


@pytest.fixture
def clock():
    """Give a clock at a fixed moment that tests move on."""
    return FakeClock(datetime(2026, 11, 21, 12, 0, tzinfo=UTC))
