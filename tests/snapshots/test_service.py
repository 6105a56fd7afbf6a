import hashlib
import io
import os
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert, select, update

from monitor_core.errors import Cancelled, Conflict, NotFound, Refused, Unavailable
from monitor_core.snapshots.findings import CheckFinding
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.storage.schema import audit_event, drift_grid, drift_summary, model
from monitor_core.values import ModelRef

REF = ModelRef("churn", "1")


@pytest.fixture
def engines(engine, tmp_path, clock, lab):
    """A service on each kind of database."""
    lab.add_model(engine)
    return lab.make_service(engine, tmp_path / "data", clock)


def stage(service, data, *, filename="jan.csv", purpose="current"):
    return service.stage(io.BytesIO(data), filename=filename, ref=REF, purpose=purpose, actor="ana")


def accept(service, snapshot_id, roles, *, keep_rows=False):
    with service._engine.begin() as connection:
        service.accept(snapshot_id, roles, keep_rows=keep_rows, actor="ana", connection=connection)


def finish(service, snapshot_id, result):
    with service._engine.begin() as connection:
        service.mark_ready(snapshot_id, result=result, first_granule="a", last_granule="b", connection=connection)


def take_in(service, data, *, keep_rows=False):
    """What the job does: accept, check, keep, mark, tidy."""
    snapshot_id = stage(service, data).snapshot_id
    roles = service.preview(snapshot_id).roles
    accept(service, snapshot_id, roles, keep_rows=keep_rows)
    result = service.check(snapshot_id, roles)
    service.write_kept(snapshot_id)
    finish(service, snapshot_id, result)
    service.tidy(snapshot_id)
    return snapshot_id


def files(tmp_path):
    return sorted(str(path.relative_to(tmp_path / "data")) for path in (tmp_path / "data").rglob("*") if path.is_file())


def actions(service):
    with service._engine.connect() as connection:
        return list(connection.execute(select(audit_event.c.action).order_by(audit_event.c.sequence)).scalars())


@pytest.mark.parametrize("form", ["csv", "gz:csv", "zip:parquet", "arrow", "jsonl"])
def test_an_upload_goes_all_the_way(form, engines, table, lab, tmp_path):
    """Staged, previewed, accepted, checked, opened, counted; then only the row stays."""
    service, data = engines, lab.encode(table, form)
    staged = stage(service, data, filename="jan/../fälle.dat")
    assert (staged.state, staged.filename, staged.size_bytes) == ("staged", "fälle.dat", len(data))
    assert staged.sha256 == hashlib.sha256(data).hexdigest()
    preview = service.preview(staged.snapshot_id)
    accept(service, staged.snapshot_id, preview.roles)
    result = service.check(staged.snapshot_id, preview.roles)
    assert (result.refusals, result.n_rows) == ((), 200)
    assert lab.read_all(service.open(staged.snapshot_id)).num_rows == 200
    finish(service, staged.snapshot_id, result)
    service.tidy(staged.snapshot_id)
    ready = service.get(staged.snapshot_id)
    assert (ready.state, ready.n_rows, ready.n_columns, ready.first_granule) == ("ready", 200, 8, "a")
    assert ready.roles == preview.roles
    assert files(tmp_path) == []
    with pytest.raises(NotFound, match="no longer there"):
        service.open(staged.snapshot_id)
    assert actions(service) == ["snapshot.upload", "snapshot.accept"]


def test_a_file_on_disk_is_copied_not_moved(service, table, lab, save):
    """The user's file stays where it is."""
    path = save(lab.encode(table, "parquet"), "a.parquet")
    staged = service.stage(path, filename=path.name, ref=REF, purpose="baseline", actor="ana")
    assert path.is_file()
    assert staged.format == "parquet"


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "C:\\x\\..\\..\\y", "a\0b\n", "/", "x" * 5_000, "😀.csv"])
def test_a_filename_is_never_a_path(name, service, tmp_path):
    """It is shown, shortened and printable; the disk knows only our own names."""
    staged = stage(service, b"a\n1\n", filename=name)
    assert len(staged.filename) <= 200
    assert staged.filename.isprintable()
    assert files(tmp_path) == [f"staged/{staged.snapshot_id}/upload"]


def test_the_same_file_twice_is_recognised(engines):
    """Once one is accepted, another cannot be counted as well; for another purpose it may."""
    service = engines
    first, second = stage(service, b"a\n1\n"), stage(service, b"a\n1\n")
    assert second.duplicate_of is None
    roles = service.preview(first.snapshot_id).roles
    accept(service, first.snapshot_id, roles)
    assert service.get(second.snapshot_id).duplicate_of == first.snapshot_id
    assert stage(service, b"a\n1\n").duplicate_of == first.snapshot_id
    assert stage(service, b"a\n1\n", purpose="baseline").duplicate_of is None
    with pytest.raises(Conflict, match="same content as an upload that was accepted before"):
        accept(service, second.snapshot_id, roles)
    service.delete(first.snapshot_id, actor="ana")
    accept(service, second.snapshot_id, roles)


def test_a_snapshot_is_accepted_once(engines):
    """A second click finds it accepted."""
    staged = stage(engines, b"a\n1\n")
    roles = engines.preview(staged.snapshot_id).roles
    accept(engines, staged.snapshot_id, roles)
    with pytest.raises(Conflict, match="is accepted"):
        accept(engines, staged.snapshot_id, roles)


def test_a_refused_snapshot_can_be_tried_with_other_roles(service):
    """The file is still there; the reasons are kept until then."""
    staged = stage(service, b"a,b\n1,2\n")
    roles = service.preview(staged.snapshot_id).roles
    accept(service, staged.snapshot_id, roles)
    service.mark_refused(staged.snapshot_id, [CheckFinding("refusal", "no date", row=3)])
    refused = service.get(staged.snapshot_id)
    assert (refused.state, refused.findings[0].row) == ("refused", 3)
    accept(service, staged.snapshot_id, roles)
    assert service.get(staged.snapshot_id).findings == ()


def test_what_was_deleted_meanwhile_is_not_finished(service):
    """The job's transaction fails, so that nothing of it is counted."""
    staged = stage(service, b"a\n1\n")
    roles = service.preview(staged.snapshot_id).roles
    accept(service, staged.snapshot_id, roles)
    result = service.check(staged.snapshot_id, roles)
    service.delete(staged.snapshot_id, actor="ana")
    with pytest.raises(Conflict, match="is deleted"):
        finish(service, staged.snapshot_id, result)


def test_an_unknown_model_gets_no_upload(service, tmp_path):
    """Nothing is written for it."""
    with pytest.raises(NotFound, match="there is no model other 1"):
        service.stage(io.BytesIO(b"a\n1\n"), filename="x", ref=ModelRef("other", "1"), purpose="current", actor="ana")
    assert not (tmp_path / "data").exists()


def test_a_file_too_large_is_stopped_on_the_way(sqlite_engine, tmp_path, clock, lab):
    """No more than the limit is ever written, and nothing stays."""
    lab.add_model(sqlite_engine)
    service = lab.make_service(sqlite_engine, tmp_path / "data", clock, max_bytes=3_000_000)

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            assert self.given < 10_000_000, "reading goes on after the limit"
            return b"1" * size

    with pytest.raises(Refused, match=r"more than 3,000,000 bytes, the setting snapshots\.max_bytes"):
        service.stage(Endless(), filename="x.csv", ref=REF, purpose="current", actor="ana")
    assert files(tmp_path) == []


@pytest.mark.parametrize(("data", "reason"), [(b"", "0 bytes"), (b"\x80\x05x", "pickle")])
def test_a_file_of_no_known_format_leaves_nothing(data, reason, service, tmp_path):
    """No row, no file, no record."""
    with pytest.raises(Refused, match=reason):
        stage(service, data)
    assert files(tmp_path) == []
    assert service.list() == ()
    assert actions(service) == []


def test_an_upload_that_breaks_off_leaves_nothing(service, tmp_path):
    """The browser goes away in the middle."""

    class Breaking(io.RawIOBase):
        def read(self, _size=-1):
            raise ConnectionResetError(104, "connection reset")

    with pytest.raises(Unavailable, match="cannot be stored"):
        service.stage(Breaking(), filename="x.csv", ref=REF, purpose="current", actor="ana")
    assert files(tmp_path) == []


def test_a_preview_shows_columns_roles_and_first_rows(service, table, lab):
    """Types and examples are those of the first rows."""
    preview = service.preview(stage(service, lab.encode(table, "parquet")).snapshot_id, rows=3)
    assert preview.n_rows == 200
    assert len(preview.rows) == 3
    assert dict(preview.roles.columns)["score"] is Role.SCORE
    city = next(column for column in preview.columns if column.name == "city")
    assert (city.kind, city.n_missing, city.examples) == ("categorical", 50, ("Ulm", "Köln", "東京"))
    assert preview.rows[0][3] == "Ulm"
    assert not preview.roles_remembered


@pytest.mark.parametrize(("text", "recalled"), [(b"a,b\n1,2\n", True), (b"ts,other,x\n2026-01-01,2,3\n", False)])
def test_a_file_of_another_kind_is_guessed_anew(service, text, recalled):
    """Roles of other columns say nothing about it."""
    before = Roles((("a", Role.IGNORED), ("b", Role.FEATURE)))
    with service._engine.begin() as connection:
        connection.execute(update(model).values(roles=before.to_json()))
    preview = service.preview(stage(service, text).snapshot_id)
    assert preview.roles_remembered is recalled
    assert preview.roles.columns[0] == (("a", Role.IGNORED) if recalled else ("ts", Role.TIMESTAMP))


def test_a_preview_reads_only_the_beginning(service, lab):
    """Damage far behind is left for the check to find."""
    text = b"a,b\n" + b"1,2\n" * 3_000_000 + b"1\n"
    staged = stage(service, text)
    preview = service.preview(staged.snapshot_id)
    assert (preview.n_rows, preview.n_looked_at) == (None, 10_000)
    (refusal,) = service.check(staged.snapshot_id, preview.roles).refusals
    assert refusal.message.endswith("row 3,000,001 has 1 value, the header has 2: '1'")


@pytest.mark.parametrize("form", ["gz:csv", "zip:csv", "zip:parquet", "gz:jsonl"])
def test_an_archive_is_previewed_by_its_first_file(form, service, table, lab):
    """Only its beginning is unpacked, where it is text."""
    preview = service.preview(stage(service, lab.encode(table, form)).snapshot_id)
    assert len(preview.columns) == 8
    assert preview.n_rows is None


def test_several_files_are_one_snapshot(service, lab, tmp_path):
    """Months uploaded at once are one baseline; the same files are recognised again."""
    parts = [("b.csv", io.BytesIO(b"a,ts\n1,2026-01-01\n")), ("a.csv", io.BytesIO(b"a,ts\n2,2026-02-01\n"))]
    staged = service.stage_many(parts, ref=REF, purpose="baseline", actor="ana")
    assert staged.filename == "b.csv and 1 more"
    assert lab.read_all(service.open(staged.snapshot_id)).column("a").to_pylist() == [1, 2]
    accept(service, staged.snapshot_id, service.preview(staged.snapshot_id).roles)
    again = [(name, io.BytesIO(file.getvalue())) for name, file in parts]
    assert service.stage_many(again, ref=REF, purpose="baseline", actor="ana").duplicate_of == staged.snapshot_id


def test_a_damaged_file_is_a_result_with_refusals(service, table, lab):
    """The check does not raise for what is wrong with a file."""
    data = lab.encode(table, "parquet")
    staged = stage(service, data[:-20])
    (refusal,) = service.check(staged.snapshot_id, service_roles(table)).refusals
    assert "footer or first rows cannot be read" in refusal.message


def service_roles(table):
    from monitor_core.snapshots.guess import guess

    return guess(table.schema, table)


def test_a_current_file_needs_a_date_unless_granules_are_rows(sqlite_engine, tmp_path, clock, lab):
    """A baseline does without."""
    lab.add_model(sqlite_engine, granularity="rows:500")
    service = lab.make_service(sqlite_engine, tmp_path / "data", clock)
    staged = stage(service, b"a\n1\n2\n")
    assert service.check(staged.snapshot_id, service.preview(staged.snapshot_id).roles).refusals == ()


def test_without_a_date_a_current_file_is_refused(service):
    """The reason says what to choose."""
    staged = stage(service, b"a\n1\n2\n")
    roles = service.preview(staged.snapshot_id).roles
    assert "choose a date column" in service.check(staged.snapshot_id, roles).refusals[0].message
    baseline = stage(service, b"a\n1\n2\n", purpose="baseline")
    assert service.check(baseline.snapshot_id, roles).refusals == ()


def test_a_text_file_is_read_the_way_the_baseline_was(service, lab):
    """Codes that look like numbers stay text when the baseline says so, and the work is done once."""
    staged = stage(service, b"zip,ts\n89073,2026-01-01\n89075,2026-01-01\n")
    roles = service.preview(staged.snapshot_id).roles
    notes = []
    result = service.check(
        staged.snapshot_id, roles, expected={"zip": "categorical"}, progress=lambda _, note: notes.append(note)
    )
    assert result.refusals == ()
    assert any("learning" in note for note in notes)
    assert lab.read_all(service.open(staged.snapshot_id)).column("zip").to_pylist() == ["89073", "89075"]
    notes.clear()
    service.check(
        staged.snapshot_id, roles, expected={"zip": "categorical"}, progress=lambda _, note: notes.append(note)
    )
    assert not any("learning" in note for note in notes)


def test_a_cancelled_check_can_be_done_again(service, lab):
    """What was half converted is not taken for whole."""
    staged = stage(service, b"a,ts\n1,2026-01-01\n")
    roles = service.preview(staged.snapshot_id).roles

    def stop(share, note):
        if "reading" in note:
            raise Cancelled(note)

    with pytest.raises(Cancelled):
        service.check(staged.snapshot_id, roles, progress=stop)
    assert service.check(staged.snapshot_id, roles).n_rows == 1


def test_kept_rows_can_be_opened_again(service, table, lab, tmp_path):
    """As Parquet with zstd; the upload itself is dropped."""
    snapshot_id = take_in(service, lab.encode(table, "csv"), keep_rows=True)
    assert files(tmp_path) == [f"kept/{snapshot_id}.parquet"]
    assert service.get(snapshot_id).rows_kept
    assert lab.read_all(service.open(snapshot_id)).to_pydict() == table.to_pydict()
    chunk = pq.ParquetFile(tmp_path / "data" / "kept" / f"{snapshot_id}.parquet").metadata.row_group(0).column(2)
    assert chunk.compression == "ZSTD"
    assert "BYTE_STREAM_SPLIT" in chunk.encodings


def test_categories_with_many_dictionaries_are_kept_as_their_values(service, lab):
    """Each batch of an Arrow stream may bring a dictionary of its own."""
    sink = io.BytesIO()
    batches = [
        pa.record_batch({"c": pa.array(values).dictionary_encode(), "ts": pa.array([2026] * 2)})
        for values in (["a", "b"], ["c", "a"])
    ]
    with pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    snapshot_id = take_in(service, sink.getvalue(), keep_rows=True)
    assert lab.read_all(service.open(snapshot_id)).column("c").to_pylist() == ["a", "b", "c", "a"]


def test_deletion_removes_files_and_what_was_counted(engines, table, lab, tmp_path):
    """The row stays, marked, and the trail says who did it."""
    service = engines
    snapshot_id = take_in(service, lab.encode(table, "csv"), keep_rows=True)
    with service._engine.begin() as connection:
        key = {"model_id": "churn", "version": "1", "grid_id": "g"}
        connection.execute(insert(drift_grid), {**key, "payload": b"", "created_at": lab.NOW})
        part = {"grid_id": "g", "snapshot_id": snapshot_id, "granule": "a", "segment": "", "block": 0}
        connection.execute(insert(drift_summary), {**part, "n_rows": 1, "payload": b""})
    service.delete(snapshot_id, actor="bo")
    assert files(tmp_path) == []
    with service._engine.connect() as connection:
        assert connection.execute(select(drift_summary)).all() == []
    deleted = service.get(snapshot_id)
    assert (deleted.state, deleted.rows_kept) == ("deleted", False)
    assert actions(service)[-1] == "snapshot.delete"
    with pytest.raises(Conflict, match="is deleted"):
        service.delete(snapshot_id, actor="bo")


def test_the_newest_snapshot_is_listed_first(engines, clock):
    """Of one model version, or of all."""
    ids = []
    for n in range(3):
        clock.moment += timedelta(minutes=1)
        ids.append(stage(engines, f"a\n{n}\n".encode()).snapshot_id)
    assert [found.snapshot_id for found in engines.list(REF)] == ids[::-1]
    assert [found.snapshot_id for found in engines.list(limit=1)] == ids[2:]


def test_an_unknown_snapshot_is_not_found(service):
    """The id is named."""
    with pytest.raises(NotFound, match="there is no snapshot 'nope'"):
        service.get("nope")


def age(path, hours, clock):
    """Make a folder and all in it look older."""
    then = clock().timestamp() - hours * 3_600
    for item in [*path.rglob("*"), path]:
        os.utime(item, (then, then))


def test_pruning_drops_what_nobody_confirmed(engines, clock, tmp_path):
    """After the hours of the setting, and not before."""
    staged = stage(engines, b"a\n1\n")
    clock.moment += timedelta(hours=47)
    assert engines.prune(clock()).expired == ()
    clock.moment += timedelta(hours=2)
    assert engines.prune(clock()).expired == (staged.snapshot_id,)
    assert engines.get(staged.snapshot_id).state == "deleted"
    assert files(tmp_path) == []


def test_pruning_drops_kept_rows_past_their_time(engines, clock, table, lab, tmp_path):
    """The snapshot itself stays ready."""
    snapshot_id = take_in(engines, lab.encode(table, "csv"), keep_rows=True)
    clock.moment += timedelta(days=89)
    assert engines.prune(clock()).kept_rows == ()
    clock.moment += timedelta(days=2)
    assert engines.prune(clock()).kept_rows == (snapshot_id,)
    assert (engines.get(snapshot_id).state, engines.get(snapshot_id).rows_kept) == ("ready", False)
    assert files(tmp_path) == []


def test_pruning_drops_what_a_crash_left(service, clock, tmp_path, lab):
    """Folders without a row, drafts, uploads already counted; not an upload that is still coming in."""
    data = tmp_path / "data"
    for name in ("dead", "coming"):
        (data / "staged" / name).mkdir(parents=True)
        (data / "staged" / name / "upload.part").write_bytes(b"x")
    (data / "kept").mkdir()
    (data / "kept" / "dead.parquet.part").write_bytes(b"x")
    (data / "kept" / "gone.parquet").write_bytes(b"x")
    for old in (data / "staged" / "dead", data / "kept"):
        age(old, 3, clock)
    age(data / "staged" / "coming", 1, clock)
    left = service.prune(clock()).leftovers
    assert sorted(left) == ["kept/dead.parquet.part", "kept/gone.parquet", "staged/dead"]
    assert files(tmp_path) == ["staged/coming/upload.part"]


def test_pruning_tidies_up_after_a_job_that_died_late(service, tmp_path, clock):
    """Counted, but its upload still there."""
    staged = stage(service, b"a,ts\n1,2026-01-01\n")
    roles = service.preview(staged.snapshot_id).roles
    accept(service, staged.snapshot_id, roles)
    finish(service, staged.snapshot_id, service.check(staged.snapshot_id, roles))
    assert files(tmp_path) != []
    service.prune(clock())
    assert files(tmp_path) == []


def test_an_accepted_upload_is_never_pruned(service, tmp_path, clock):
    """Its job may wait for days."""
    staged = stage(service, b"a\n1\n")
    accept(service, staged.snapshot_id, service.preview(staged.snapshot_id).roles)
    age(tmp_path / "data" / "staged", 100, clock)
    clock.moment += timedelta(days=30)
    service.prune(clock())
    assert files(tmp_path) == [f"staged/{staged.snapshot_id}/upload"]
