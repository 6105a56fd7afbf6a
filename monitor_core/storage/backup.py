"""Back everything up into one file, and bring it back, also into the other kind of database."""

from __future__ import annotations

import os
import secrets
import tarfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from monitor_core.errors import Conflict, InvalidInput, Unavailable
from monitor_core.storage import archive, migrations
from monitor_core.storage.archive import Archive, Manifest, Writer
from monitor_core.storage.engine import consistent
from monitor_core.storage.portable import chunks, rows_of
from monitor_core.storage.schema import lease, metadata, snapshot
from monitor_core.storage.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Table

    from monitor_core.clock import Clock
    from monitor_core.storage.archive import Member

    Progress = Callable[[float, str], None]

__all__ = ["back_up", "restore"]

_ROWS_AT_ONCE = 200


def _silent(_share: float, _note: str) -> None:
    """Tell nobody."""


def back_up(
    engine: Engine, data_dir: Path, target: Path, *, actor: str, now: Clock, progress: Progress = _silent
) -> Manifest:
    """Write the database, staged uploads and kept rows into one file, complete or not at all.

    The database is read at one moment, while work goes on. Files are read after it: one that is gone by then is named
    in the manifest's `missing`.

    Parameters
    ----------
    engine
        The database.
    data_dir
        The folder with staged uploads and kept rows.
    target
        A file that does not exist yet.
    progress
        Called with the share done and a note; may raise `Cancelled`, which leaves nothing behind.

    Raises
    ------
    Conflict
        The target exists.
    Unavailable
        The target cannot be written.
    """
    if target.exists():
        raise Conflict(f"{str(target)!r} exists already", hint="choose another name, or remove it first")
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with draft.open("xb") as file:
            draft.chmod(0o600)  # it holds everything, the operators' trail included
            with tarfile.open(fileobj=file, mode="w:", format=tarfile.PAX_FORMAT) as tar:
                moment = now()
                manifest = _write(engine, data_dir, Writer(tar, int(moment.timestamp())), moment, progress)
            file.flush()
            os.fsync(file.fileno())
        _publish(draft, target)
    except FileExistsError:
        raise Conflict(f"{str(target)!r} exists already", hint="choose another name, or remove it first") from None
    except OSError as error:
        raise Unavailable(f"{str(target)!r} cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    detail = {"file": target.name, "rows": sum(manifest.rows.values()), "files": len(manifest.files)}
    Trail(engine, now).record("db.backup", "database", actor=actor, detail=detail)
    progress(1.0, "done")
    return manifest


def _publish(draft: Path, target: Path) -> None:
    """Give a complete file its name, never in place of one that has appeared meanwhile."""
    try:
        os.link(draft, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        draft.replace(target)


def restore(
    source: Path,
    engine: Engine,
    data_dir: Path,
    *,
    force: bool = False,
    actor: str,
    now: Clock,
    progress: Progress = _silent,
) -> Manifest:
    """Bring a backup into a database of either kind, all or nothing.

    The whole file is verified before anything is written. Uploaded files are put in place first, the rows follow in one
    transaction: a crash in between leaves files that nobody names, which the daily pruning removes.

    Parameters
    ----------
    engine
        A database at this release's schema, without content unless `force`.
    force
        Replace what the database holds.

    Raises
    ------
    NotFound, InvalidInput
        The file is not there, no backup, or damaged.
    Conflict
        The database is not empty, is in use, or the backup was made by a release with another schema.
    """
    with archive.opened(source) as backup:
        if backup.manifest.revision != migrations.head():
            raise Conflict(
                f"{source.name!r} has the schema {backup.manifest.revision}, this release {migrations.head()}",
                hint="restore it with the release that wrote it, then start this one",
            )
        progress(0.0, "verifying the backup")
        backup.verify()
        with engine.begin() as connection:
            _check_target(connection, force=force, now=now())
            for member in backup.manifest.files:
                _place(backup, member, data_dir)
            _load(connection, backup, progress)
            detail = {"file": source.name, "created_at": backup.manifest.created_at, "forced": force}
            Trail(engine, now).record("db.restore", "database", actor=actor, detail=detail, connection=connection)
        progress(1.0, "done")
        return backup.manifest


def _tables() -> Iterator[Table]:
    """Yield the tables in the order of their references; who holds which lease dies with the processes."""
    return (table for table in metadata.sorted_tables if table is not lease)


def _write(engine: Engine, data_dir: Path, writer: Writer, moment: datetime, progress: Progress) -> Manifest:
    with consistent(engine) as connection:
        total = sum(_count(connection, table) for table in _tables()) or 1
        done = 0
        for table in _tables():
            for number, (payload, rows) in enumerate(chunks(connection, table)):
                writer.add_table(table.name, number, payload, rows)
                done += rows
                progress(0.9 * done / total, f"{done:,} of {total:,} rows")
        wanted = list(_files(connection, data_dir))
        revision = migrations.current(engine) or ""
    missing = [name for name, path in wanted if not writer.add_file(name, path)]
    manifest = Manifest(moment.astimezone(UTC).isoformat(), revision, tuple(writer.members), tuple(missing))
    writer.finish(manifest)
    return manifest


def _files(connection: Connection, data_dir: Path) -> Iterator[tuple[str, Path]]:
    """Yield (name in the archive, path) of every file that the database counts on."""
    column = snapshot.c
    query = select(column.snapshot_id, column.state, column.rows_kept).order_by(column.snapshot_id)
    for row in connection.execute(query):
        upload = data_dir / "staged" / row.snapshot_id / "upload"
        if row.state in ("staged", "accepted") or (row.state == "refused" and upload.is_file()):
            yield f"files/staged/{row.snapshot_id}/upload", upload
        if row.rows_kept:
            yield f"files/kept/{row.snapshot_id}.parquet", data_dir / "kept" / f"{row.snapshot_id}.parquet"


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _check_target(connection: Connection, *, force: bool, now: datetime) -> None:
    holder = connection.scalar(select(lease.c.name).where(lease.c.expires_at > now).limit(1))
    if holder is not None:
        raise Conflict(f"the database is in use (by the {holder})", hint="stop the app first")
    if not force:
        for table in _tables():
            if rows := _count(connection, table):
                raise Conflict(
                    f"the database is not empty: {rows:,} rows in {table.name!r}",
                    hint="restore into a new one, or replace everything with --force",
                )
    for table in reversed(metadata.sorted_tables):
        connection.execute(delete(table))


def _place(backup: Archive, member: Member, data_dir: Path) -> None:
    """Put a file where it belongs; the archive allows only names of our own making."""
    path = data_dir / member.name.removeprefix("files/")
    draft = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            for piece in backup.pieces(member):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise Unavailable(f"{str(path)!r} cannot be written: {error.strerror}") from error


def _load(connection: Connection, backup: Archive, progress: Progress) -> None:
    total = sum(backup.manifest.rows.values()) or 1
    done = 0
    for table in _tables():
        prefix = f"tables/{table.name}/"
        for member in backup.manifest.members:
            if member.name.startswith(prefix):
                rows = rows_of(table, backup.read(member))
                for first in range(0, len(rows), _ROWS_AT_ONCE):
                    connection.execute(insert(table), rows[first : first + _ROWS_AT_ONCE])
                done += len(rows)
                progress(0.1 + 0.9 * done / total, f"{done:,} of {total:,} rows")
        if (found := _count(connection, table)) != backup.manifest.rows.get(table.name, 0):
            raise InvalidInput(f"table {table.name!r} has {found} rows, the manifest says otherwise")
