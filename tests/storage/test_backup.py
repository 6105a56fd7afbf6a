"""A backup holds everything, and comes back on either database."""

import io
import os
import tarfile
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from monitor_core.errors import Cancelled, Conflict, InvalidInput, NotFound
from monitor_core.storage import migrations, schema
from monitor_core.storage.archive import opened
from monitor_core.storage.backup import back_up, restore
from monitor_core.storage.engine import open_engine
from monitor_core.storage.models import ModelStore
from monitor_core.storage.trail import Trail
from monitor_core.values import ModelRef


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Cut tables into parts as if they were large."""
    monkeypatch.setattr("monitor_core.storage.portable._CHUNK_BYTES", 50_000)


@pytest.fixture
def filled(engine, clock, tmp_path):
    """Give a data folder, and the engine rows of every sort: text, JSON, moments, binary, truth values, nothing."""
    models = ModelStore(engine, Trail(engine, clock), clock)
    models.add("churn", title="Churn \u2028 é", version="1.0", actor="ann")
    models.update_version(ModelRef("churn", "1.0"), importance={"age": 0.1, "größe": 1e-300}, actor="ann")
    key = {"model_id": "churn", "version": "1.0"}
    snapshot = {
        **key,
        "purpose": "current",
        "filename": "a.csv",
        "sha256": "",
        "size_bytes": 2**40,
        "format": "csv",
        "uploaded_at": clock(),
    }
    states = [("51", "ready", True), ("52", "accepted", False), ("53", "ready", False), ("54", "refused", False)]
    with engine.begin() as connection:
        for snapshot_id, state, kept in states:
            row = {**snapshot, "snapshot_id": snapshot_id, "state": state, "rows_kept": kept}
            connection.execute(insert(schema.snapshot), row)
        grid = {**key, "grid_id": "g", "payload": os.urandom(1000), "created_at": clock()}
        connection.execute(insert(schema.drift_grid), grid)
        part = {"grid_id": "g", "snapshot_id": "51", "segment": "", "block": 0, "n_rows": 5}
        rows = [{**part, "granule": f"{day:03d}", "payload": os.urandom(2_000)} for day in range(100)]
        connection.execute(insert(schema.drift_summary), rows)
    data_dir = tmp_path / "data"
    for name, content in (("kept/51.parquet", b"kept rows"), ("staged/52/upload", b"a,b\n1,2\n")):
        path = data_dir / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    return data_dir


def contents(engine):
    """Return every row of every table but leases and what backing up itself records."""
    with engine.connect() as connection:
        tables = [table for table in schema.metadata.sorted_tables if table is not schema.lease]
        found = {table.name: connection.execute(select(table).order_by(*table.primary_key)).all() for table in tables}
    found["audit_event"] = [row for row in found["audit_event"] if not row.action.startswith("db.")]
    return found


@pytest.fixture
def other(request, tmp_path):
    """Give an engine on a fresh SQLite database."""
    opened_engine = open_engine(f"sqlite:///{tmp_path}/other.db")
    migrations.upgrade(opened_engine)
    yield opened_engine
    opened_engine.dispose()


@pytest.fixture
def saved(engine, filled, tmp_path, clock):
    """Give the path of a backup."""
    target = tmp_path / "saved.tar"
    back_up(engine, filled, target, actor="ann", now=clock)
    return target


class TestRoundTrip:
    """Nothing is lost, nothing is added."""

    def test_from_either_database_to_sqlite(self, engine, saved, other, tmp_path, clock):
        """Every row and every file; the trail still holds."""
        restore(saved, other, tmp_path / "new", actor="bob", now=clock)
        assert contents(other) == contents(engine)
        assert (tmp_path / "new" / "kept" / "51.parquet").read_bytes() == b"kept rows"
        assert (tmp_path / "new" / "staged" / "52" / "upload").read_bytes() == b"a,b\n1,2\n"
        assert Trail(other, clock).verify() is None

    def test_from_sqlite_to_either_database(self, engine, other, tmp_path, clock):
        """The way to move to PostgreSQL."""
        ModelStore(other, Trail(other, clock), clock).add("churn", version="1.0", actor="ann")
        target = tmp_path / "small.tar"
        back_up(other, tmp_path, target, actor="ann", now=clock)
        restore(target, engine, tmp_path, actor="bob", now=clock)
        assert contents(engine) == contents(other)
        ModelStore(engine, Trail(engine, clock), clock).add("fraud", actor="bob")
        assert Trail(engine, clock).verify() is None

    def test_the_manifest_tells(self, saved, engine):
        """What, how many, from when; large tables come in parts."""
        with opened(saved) as backup:
            manifest = backup.manifest
        assert manifest.revision == migrations.head()
        assert manifest.rows["drift_summary"] == 100
        assert len([member for member in manifest.members if member.name.startswith("tables/drift_summary/")]) > 1
        assert [member.name for member in manifest.files] == ["files/kept/51.parquet", "files/staged/52/upload"]
        assert saved.stat().st_mode & 0o777 == 0o600
        with engine.connect() as connection:
            assert connection.scalar(select(func.count()).select_from(schema.drift_summary)) == 100


class TestBackUp:
    """Complete or not at all."""

    def test_an_existing_file_is_not_replaced(self, sqlite_engine, tmp_path, clock):
        """Whatever it is."""
        target = tmp_path / "taken.tar"
        target.write_bytes(b"mine")
        with pytest.raises(Conflict, match="exists already"):
            back_up(sqlite_engine, tmp_path, target, actor="ann", now=clock)
        assert target.read_bytes() == b"mine"

    def test_cancelled_nothing_is_left(self, sqlite_engine, tmp_path, clock):
        """No draft either."""

        def stop(_share, _note):
            raise Cancelled("stop")

        folder = tmp_path / "backups"
        folder.mkdir()
        Trail(sqlite_engine, clock).record("a.b", "c", actor="ann")
        with pytest.raises(Cancelled):
            back_up(sqlite_engine, tmp_path, folder / "a.tar", actor="ann", now=clock, progress=stop)
        assert list(folder.iterdir()) == []

    def test_a_file_that_is_gone_is_named(self, engine, filled, tmp_path, clock):
        """The rest is saved all the same."""
        (filled / "kept" / "51.parquet").unlink()
        manifest = back_up(engine, filled, tmp_path / "a.tar", actor="ann", now=clock)
        assert manifest.missing == ("files/kept/51.parquet",)


def rewritten(saved, change):
    """Write the archive anew, with `change` made to each (name, content)."""
    target = saved.with_name("rewritten.tar")
    with tarfile.open(saved) as old, tarfile.open(target, "w") as new:
        for info in old.getmembers():
            content = old.extractfile(info).read()
            name, content = change(info.name, content)
            if content is not None:
                made = tarfile.TarInfo(name)
                made.size = len(content)
                new.addfile(made, io.BytesIO(content))
    return target


class TestRestore:
    """All or nothing."""

    @pytest.mark.parametrize(
        "damage",
        [
            (lambda n, c: (n, c[:-1] + b"x") if n == "files/kept/51.parquet" else (n, c), "'files/kept/51.*damaged"),
            (lambda n, c: (n, None if "audit" in n else c), "'tables/audit_event/000000.arrow' .* missing"),
            (lambda n, c: (n, None if n == "manifest.json" else c), "not a complete backup"),
            (lambda n, c: (n, b"{}" if n == "manifest.json" else c), "not a complete backup"),
            (lambda n, c: (n, c.replace(b"files/kept/51", b"files/kept/../../51")), "not a complete backup"),
            (lambda n, c: (n, c.replace(b"backup-1", b"backup-9")), "not a complete backup"),
        ],
    )
    def test_a_damaged_backup_changes_nothing(self, saved, other, clock, damage):
        """Whatever was done to it, with names from outside or without."""
        (change, message), target = damage, saved.with_name("new")
        before = contents(other)
        with pytest.raises(InvalidInput, match=message):
            restore(rewritten(saved, change), other, target, actor="bob", now=clock)
        assert contents(other) == before
        assert not target.exists()

    def test_a_truncated_backup_is_refused(self, saved, other, tmp_path, clock):
        """As a full disk leaves it."""
        cut = tmp_path / "cut.tar"
        cut.write_bytes(saved.read_bytes()[:50_000])
        with pytest.raises(InvalidInput, match="not a"):
            restore(cut, other, tmp_path, actor="bob", now=clock)

    def test_another_file_is_refused(self, other, tmp_path, clock):
        """By name, or for not being there."""
        (tmp_path / "notes.txt").write_text("notes", encoding="utf-8")
        with pytest.raises(InvalidInput, match=r"'notes.txt' is not a backup"):
            restore(tmp_path / "notes.txt", other, tmp_path, actor="bob", now=clock)
        with pytest.raises(NotFound, match="no file"):
            restore(tmp_path / "absent.tar", other, tmp_path, actor="bob", now=clock)

    def test_a_database_with_content_is_kept_unless_forced(self, saved, engine, filled, clock):
        """Forcing replaces everything."""
        before = contents(engine)
        ModelStore(engine, Trail(engine, clock), clock).add("later", actor="ann")
        with pytest.raises(Conflict, match="not empty"):
            restore(saved, engine, filled, actor="bob", now=clock)
        restore(saved, engine, filled, force=True, actor="bob", now=clock)
        assert contents(engine) == before
        newest = Trail(engine, clock).list(limit=1)[0]
        assert (newest.action, newest.detail["forced"]) == ("db.restore", True)

    def test_a_database_in_use_is_left_alone(self, saved, other, tmp_path, clock):
        """Someone holds a lease."""
        with other.begin() as connection:
            row = {"name": "worker", "owner": "x", "expires_at": clock() + timedelta(seconds=9)}
            connection.execute(insert(schema.lease), row)
        with pytest.raises(Conflict, match="in use"):
            restore(saved, other, tmp_path, force=True, actor="bob", now=clock)

    def test_a_backup_of_another_schema_is_named(self, saved, other, tmp_path, clock):
        """With what to do."""
        revision = f'"revision": "{migrations.head()}"'.encode()
        older = rewritten(saved, lambda name, content: (name, content.replace(revision, b'"revision": "0000"')))
        with pytest.raises(Conflict, match="has the schema 0000"):
            restore(older, other, tmp_path, actor="bob", now=clock)

    def test_rows_that_do_not_fit_undo_everything(self, saved, engine, filled, clock):
        """A failure in the last table leaves what was there."""
        before = contents(engine)
        with opened(saved) as backup:
            parts = {m.name: m for m in backup.manifest.members if "audit_event" in m.name}
        wrong = rewritten(
            saved,
            lambda name, content: (
                name,
                content.replace(b'"rows": %d' % next(iter(parts.values())).rows, b'"rows": 77')
                if name == "manifest.json"
                else content,
            ),
        )
        with pytest.raises(InvalidInput, match="manifest says otherwise"):
            restore(wrong, engine, filled, force=True, actor="bob", now=clock)
        assert contents(engine) == before

    def test_the_backup_is_of_one_moment(self, engine, filled, tmp_path, clock):
        """What is written while it runs is not in it."""

        def write(share, _note):
            if not done:
                done.append(share)
                with engine.begin() as connection:
                    connection.execute(update(schema.model).values(title="changed meanwhile"))

        done = []
        manifest = back_up(engine, filled, tmp_path / "a.tar", actor="ann", now=clock, progress=write)
        assert manifest.rows["model"] == 1
        with opened(tmp_path / "a.tar") as backup:
            part = next(member for member in manifest.members if member.name.startswith("tables/model/"))
            assert b"changed meanwhile" not in backup.read(part)
