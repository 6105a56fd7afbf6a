"""Bring a database to the schema of this release.

The revisions are plain Alembic files in ``versions``; this module stands in for Alembic's ``env.py``, so that they run
from an installed package, in one transaction, on a connection that the caller's engine has opened. A new revision is
written by hand; ``tests/storage/test_migrations.py`` compares the outcome with `monitor_core.storage.schema`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from monitor_core.errors import Conflict
from monitor_core.storage.schema import metadata

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection, Engine

__all__ = ["current", "head", "upgrade"]

_LOCK = 0x62656C6C  # "bell": one advisory lock for everybody who wants to migrate


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """Run the missing revisions; nothing happens when there are none.

    Several processes may call this at once: they take turns, and the later ones find nothing left to do. All missing
    revisions run in one transaction, so a failure leaves the database as it was.

    Returns
    -------
    before, after
        The revision found (None for an empty database) and the one reached.

    Raises
    ------
    Conflict
        When the database was written by a newer release.
    """
    target = head()
    before = current(engine)
    if before == target:
        return before, target
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        before = _current(connection)  # another process may have been first
        if before != target:
            _run(connection, before)
    return before, target


def head() -> str:
    """Return the revision that this release expects."""
    revision = _scripts().get_current_head()
    if revision is None:
        raise LookupError("the package holds no migrations; it was installed incompletely")
    return revision


def current(engine: Engine) -> str | None:
    """Return the revision of the database; None when it is empty."""
    with engine.connect() as connection:
        return _current(connection)


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _run(connection: Connection, before: str | None) -> None:
    scripts = _scripts()
    known = {script.revision for script in scripts.walk_revisions()}
    if before is not None and before not in known:
        raise Conflict(
            f"the database is at revision {before!r}, which this release does not know",
            hint="it was written by a newer release: install that one, or restore a backup",
        )

    def steps(revision: Any, _context: Any) -> Any:
        return scripts._upgrade_revs("head", revision)  # noqa: SLF001 - what alembic.command.upgrade itself calls

    with EnvironmentContext(_config(), scripts, fn=steps) as environment:
        environment.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
        with environment.begin_transaction():
            environment.run_migrations()
