"""Open the database: SQLite tuned for several processes, or PostgreSQL through psycopg 3.

Two ways to use the engine, on both databases::

    with engine.begin() as connection:      # reads and writes; commits at the end
        ...
    with engine.connect() as connection:    # reads only; one consistent snapshot on SQLite
        ...

On SQLite a transaction that reads first and writes later can fail at the moment it wants to write, because another
process has written in between, and no waiting helps. `begin` therefore takes the write lock at once
(``BEGIN IMMEDIATE``) and waits for its turn, while `connect` never blocks anybody.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from monitor_core.errors import InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["consistent", "open_engine"]

BUSY_SECONDS = 60
"""How long a SQLite writer waits for its turn; the longest transaction commits one large upload."""

_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}",  # first: changing the journal mode may have to wait, too
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",  # with WAL: a power cut may lose the last commits, never the file
    "PRAGMA foreign_keys = ON",
)
_WRITES = "monitor_writes"


class SqliteEngine(Engine):
    """An engine whose `begin` takes the write lock at once."""

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a connection in a transaction that may write."""
        with self.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            yield connection


def open_engine(url: str) -> Engine:
    """Return an engine for the database at `url`.

    Parameters
    ----------
    url
        ``sqlite:///path``, ``postgresql://...`` or ``postgres://...``. A database in memory is refused: the app,
        the worker and the commands are processes of their own and must see the same data.

    Raises
    ------
    InvalidSetting
        When the address cannot be read or names another kind of database. The address itself is not repeated, it
        may hold a password.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidSetting("database_url is not an address", hint=_ALLOWED) from None
    match address.get_backend_name():
        case "sqlite":
            return _sqlite(address)
        case "postgresql" | "postgres":
            return create_engine(
                address.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                connect_args={"connect_timeout": 10, "application_name": "bellwether"},
                hide_parameters=True,
            )
        case other:
            raise InvalidSetting(f"database_url: {other!r} is not supported", hint=_ALLOWED)


_ALLOWED = "sqlite:///path/to/file or postgresql://user:password@host:port/name"


def _sqlite(address: URL) -> Engine:
    if not address.database or address.database == ":memory:":
        raise InvalidSetting("database_url: a database in memory cannot be shared by processes", hint=_ALLOWED)
    made = create_engine(address.set(drivername="sqlite+pysqlite"), hide_parameters=True)
    engine = SqliteEngine(made.pool, made.dialect, made.url, hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; `_begin` does
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def consistent(engine: Engine) -> Iterator[Connection]:
    """Open a connection whose queries all see the same moment, whatever others commit meanwhile."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            yield connection
        return
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        yield connection
