"""The file: its tables, and connections to it.

Series live on pages of `PAGE` places; a page belongs to one owner (a target), so that all on it are scraped at the same
moments. The number of a series is page * `PAGE` + place. The newest samples are rows of `head`, one a scrape and page;
whole hours become rows of `chunk`. Samples with a moment of their own are rows of `lone`.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from monitor_core.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["FILE", "PAGE", "connect_reading", "connect_writing", "reading", "writing"]

FILE = "metrics.db"
"""Its name in the data folder."""

PAGE = 32
"""Series a page: few enough that a query reads little it does not need, enough that they deflate together."""

_VERSION = 1
_BUSY_SECONDS = 30
_SCHEMA = """
CREATE TABLE page (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, made_ms INTEGER NOT NULL);
CREATE TABLE series (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id INTEGER NOT NULL UNIQUE,
    labels TEXT NOT NULL UNIQUE
);
CREATE TABLE head (
    page INTEGER NOT NULL, at_ms INTEGER NOT NULL, block BLOB NOT NULL, PRIMARY KEY (page, at_ms)
) WITHOUT ROWID;
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY AUTOINCREMENT, page INTEGER NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL,
    stamps BLOB NOT NULL, block BLOB NOT NULL, UNIQUE (page, start_ms)
);
CREATE TABLE lone (
    series INTEGER NOT NULL, at_ms INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (series, at_ms)
) WITHOUT ROWID;
CREATE TABLE metadata (name TEXT PRIMARY KEY, kind TEXT NOT NULL, help TEXT NOT NULL, unit TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE exemplar (
    series INTEGER PRIMARY KEY, labels TEXT NOT NULL, value REAL NOT NULL, at_ms INTEGER NOT NULL
);
CREATE TABLE target (owner TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE dropped (generation INTEGER NOT NULL);
INSERT INTO dropped VALUES (0);
"""


def connect_writing(path: Path) -> sqlite3.Connection:
    """Open the file for the one process that writes; make it when it is not there.

    Raises
    ------
    Unavailable
        When it cannot be made or is no database.
    Conflict
        When a newer release wrote it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(f"the file of metrics {path} cannot be used: {error}") from None
    try:
        _prepare(connection)
    except sqlite3.Error as error:
        connection.close()
        raise Unavailable(f"the file of metrics {path} cannot be used: {error}") from None
    _check(connection, path)
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    """Set the file up when it is new."""
    if _version(connection) == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last scrapes, never the file
    with writing(connection):
        if _version(connection) == 0:
            for statement in _SCHEMA.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_VERSION}")


def connect_reading(path: Path) -> sqlite3.Connection | None:
    """Open the file for reading; None when it is not there yet.

    Raises
    ------
    Unavailable, Conflict
        See `connect_writing`.
    """
    if not path.is_file():
        return None
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        is_made = _version(connection) != 0
    except sqlite3.Error as error:
        connection.close()
        raise Unavailable(f"the file of metrics {path} cannot be read: {error}") from None
    if not is_made:  # somebody is about to
        connection.close()
        return None
    _check(connection, path)
    return connection


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[None]:
    """See one moment, whatever is written meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _check(connection: sqlite3.Connection, path: Path) -> None:
    found = _version(connection)
    if found != _VERSION:
        connection.close()
        raise Conflict(
            f"the file of metrics {path} has form {found}, this release knows {_VERSION}",
            hint="use the newer release, or move the file away",
        )
