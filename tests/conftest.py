"""What every test may count on: which servers are there, databases to work on, and where shared data lies.

A test marked ``browser``, ``postgres``, ``prometheus`` or ``spark`` is skipped, saying so, where that is missing.
Named in ``MONITOR_REQUIRE`` (a list with commas) the run fails instead: what should be tested is never passed over in
silence.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, text

from monitor_core.storage.engine import open_engine
from monitor_core.storage.migrations import upgrade

settings.register_profile("here", deadline=None)  # how long a case takes tells about the machine's other work
settings.load_profile("here")

POSTGRES = pytest.param("postgresql", marks=pytest.mark.postgres)
ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def find_postgres() -> str | None:
    """Return the folder of the newest PostgreSQL's programs."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(folders[-1]) if folders else shutil.which("initdb")
    return str(Path(found).parent) if found else None


def find_spark() -> str | None:
    """Return the Java program, if PySpark is installed beside it."""
    return shutil.which("java") if find_spec("pyspark") else None


FINDERS = {
    "browser": find_chromium,
    "postgres": find_postgres,
    "prometheus": lambda: shutil.which("prometheus"),
    "spark": find_spark,
}
WAYS = {
    "browser": "apt-get install chromium",
    "postgres": "apt-get install postgresql",
    "prometheus": "apt-get install prometheus",
    "spark": "apt-get install default-jre-headless, and make test EXTRAS=spark",
}


def required() -> set[str]:
    names = {name.strip() for name in os.environ.get("MONITOR_REQUIRE", "").split(",")} - {""}
    if unknown := names - set(FINDERS):
        raise pytest.UsageError(f"MONITOR_REQUIRE: {sorted(unknown)} not known, allowed are {sorted(FINDERS)}")
    return names


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = {name for name, find in FINDERS.items() if find() is None}
    if lacking := missing & required():
        raise pytest.UsageError(f"MONITOR_REQUIRE names what is not installed: {', '.join(sorted(lacking))}")
    for item in items:
        for name in missing:
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=f"{name}: not found ({WAYS[name]})"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser, for Playwright's `executable_path`."""
    found = find_chromium()
    assert found, "tests that use this fixture carry the marker 'browser'"
    return found


@pytest.fixture(scope="session")
def postgres_bin() -> Path:
    """Folder of `initdb` and `postgres`."""
    found = find_postgres()
    assert found, "tests that use this fixture carry the marker 'postgres'"
    return Path(found)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the census files; skips, saying so, where it is absent."""
    folder = Path(os.environ.get("MONITOR_SHARED") or ROOT.parent / "shared") / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder} (set MONITOR_SHARED)")
    return folder


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


@pytest.fixture(scope="session")
def postgres(postgres_bin):
    """Give a running PostgreSQL server, one for the whole session."""
    folder = Path(tempfile.mkdtemp(prefix="bw-pg-"))  # short: a socket's path has at most 107 characters
    server = PostgresServer(postgres_bin, folder)
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
