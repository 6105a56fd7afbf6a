"""Drift from upload to saved result, on both databases."""

import io
import time
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from monitor_core.drift.results import CellState
from monitor_core.errors import Cancelled, Conflict, InvalidInput, InvalidSetting, NotFound, Refused
from monitor_core.runtime import open_services
from monitor_core.settings import DriftSettings, Settings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.storage import schema
from monitor_core.values import ModelRef, Severity, Verdict

REF = ModelRef("churn", "1.0")
ROLES = Roles((("day", Role.TIMESTAMP), ("age", Role.FEATURE), ("plan", Role.FEATURE), ("score", Role.SCORE)))
SEGMENTED = Roles(ROLES.columns, segment="plan")


@pytest.fixture
def services(database_url, tmp_path, clock):
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url, drift=DriftSettings(sample_rows=100))
    with open_services(settings, now=clock) as opened:
        opened.models.add("churn", version="1.0", actor="ann")
        yield opened


def rows(first, days, *, a_day=300, shift=0.0, seed=1):
    """Return `days` days of rows from day number `first` of 2026 on."""
    rng = np.random.default_rng(seed + first)
    n = days * a_day
    day = np.datetime64("2026-01-01") + np.repeat(np.arange(first, first + days), a_day)
    return pa.table(
        {
            "day": day,
            "age": rng.normal(40 + 10 * shift, 10, n),
            "plan": rng.choice(["basic", "plus"], n, p=[0.7, 0.3]),
            "score": rng.uniform(size=n),
        }
    )


def upload(services, table, purpose="current", *, roles=ROLES, name="file.parquet", keep_rows=False):
    """Stage and accept a table."""
    content = io.BytesIO()
    pq.write_table(table, content)
    content.seek(0)
    snapshot = services.snapshots.stage(content, filename=name, ref=REF, purpose=purpose, actor="ann")
    with services.engine.begin() as connection:
        services.snapshots.accept(snapshot.snapshot_id, roles, keep_rows=keep_rows, actor="ann", connection=connection)
    return snapshot.snapshot_id


def take_in(services, table, purpose="current", **options):
    """Upload a table and take it in."""
    return services.drift.take_in(upload(services, table, purpose, **options), actor="ann")


@pytest.fixture
def based(services):
    """Give services with a baseline of 20 days."""
    take_in(services, rows(0, 20), "baseline")
    return services


@pytest.fixture
def drifted(based):
    """Give services with a baseline and 6 current days, of which the last 4 are shifted."""
    take_in(based, rows(20, 2))
    take_in(based, rows(22, 4, shift=1.0))
    return based


def count_rows(services, table):
    with services.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table))


class TestTakeIn:
    """Uploads become baselines and granules."""

    def test_the_first_baseline_is_the_active_one(self, services, clock):
        """With everything that lists show."""
        taken = take_in(services, rows(0, 20), "baseline")
        (info,) = services.drift.baselines(REF)
        assert info.baseline_id == taken.baseline_id
        assert (info.number, info.kind, info.is_active, info.n_rows, info.n_features) == (1, "fixed", True, 6000, 3)
        assert (info.n_granules, info.first_granule, info.last_granule) == (20, "2026-01-01", "2026-01-20")
        assert (info.created_at, info.created_by, info.origin) == (clock(), "ann", {"snapshot_id": taken.snapshot_id})

    def test_a_second_baseline_waits(self, based):
        """Activating is a decision of its own."""
        take_in(based, rows(0, 20, seed=7), "baseline")
        assert [(info.number, info.is_active) for info in based.drift.baselines(REF)] == [(2, False), (1, True)]

    def test_current_data_become_granules(self, based):
        """Counted by day; the snapshot tells where from and where to."""
        taken = take_in(based, rows(20, 3))
        assert taken.granules == (("2026-01-21", 300), ("2026-01-22", 300), ("2026-01-23", 300))
        assert based.drift.granules(REF) == taken.granules
        snapshot = based.snapshots.get(taken.snapshot_id)
        assert (snapshot.state, snapshot.n_rows, snapshot.first_granule, snapshot.last_granule) == (
            "ready",
            900,
            "2026-01-21",
            "2026-01-23",
        )

    def test_uploads_of_the_same_day_add_up(self, based):
        """What came late belongs to its day."""
        take_in(based, rows(20, 2, a_day=100))
        take_in(based, rows(21, 2, a_day=50))
        assert based.drift.granules(REF) == (("2026-01-21", 100), ("2026-01-22", 150), ("2026-01-23", 50))

    def test_a_deleted_snapshot_takes_its_rows_along(self, based):
        """The others' rows stay."""
        take_in(based, rows(20, 2, a_day=100))
        late = take_in(based, rows(21, 2, a_day=50))
        based.snapshots.delete(late.snapshot_id, actor="ann")
        assert based.drift.granules(REF) == (("2026-01-21", 100), ("2026-01-22", 100))

    def test_without_a_baseline_current_data_wait(self, services):
        """The upload stays accepted; after a baseline it can be taken in."""
        waiting = upload(services, rows(20, 2))
        with pytest.raises(Conflict, match="no baseline to count"):
            services.drift.take_in(waiting, actor="ann")
        assert services.snapshots.get(waiting).state == "accepted"
        take_in(services, rows(0, 20), "baseline")
        assert len(services.drift.take_in(waiting, actor="ann").granules) == 2

    def test_a_refused_file_leaves_its_reasons_and_nothing_else(self, based):
        """Refusals are kept with the snapshot."""
        broken = pa.table({"day": ["2026-01-21"] * 5, "other": [1] * 5})
        snapshot_id = upload(based, broken)
        with pytest.raises(Refused) as caught:
            based.drift.take_in(snapshot_id, actor="ann")
        assert any("'age'" in reason for reason in caught.value.reasons)
        snapshot = based.snapshots.get(snapshot_id)
        assert (snapshot.state, bool(snapshot.findings)) == ("refused", True)
        assert based.drift.granules(REF) == ()

    def test_a_second_attempt_finds_the_work_done(self, based):
        """A job that died after its commit is begun again."""
        taken = take_in(based, rows(20, 2))
        assert based.drift.take_in(taken.snapshot_id, actor="ann").snapshot_id == taken.snapshot_id
        assert based.drift.granules(REF)[0] == ("2026-01-21", 300)
        baseline = based.drift.baselines(REF)[0]
        again = based.drift.take_in(baseline.origin["snapshot_id"], actor="ann")
        assert again.baseline_id == baseline.baseline_id

    @pytest.mark.parametrize("purpose", ["baseline", "current"])
    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.95])
    def test_cancelled_at_any_point_nothing_is_left(self, based, purpose, share):
        """And another attempt succeeds."""

        def stop(done, _note):
            if done >= share:
                raise Cancelled("stop")

        snapshot_id = upload(based, rows(20, 2), purpose)
        before = [count_rows(based, table) for table in schema.metadata.sorted_tables]
        with pytest.raises(Cancelled):
            based.drift.take_in(snapshot_id, actor="ann", progress=stop)
        assert [count_rows(based, table) for table in schema.metadata.sorted_tables] == before
        assert based.drift.take_in(snapshot_id, actor="ann").n_rows == 600

    def test_a_staged_upload_is_not_taken_in(self, based):
        """Its roles were not confirmed."""
        content = io.BytesIO(b"age\n1\n2\n")
        staged = based.snapshots.stage(content, filename="a.csv", ref=REF, purpose="current", actor="ann")
        with pytest.raises(Conflict, match="it is staged"):
            based.drift.take_in(staged.snapshot_id, actor="ann")

    def test_roles_are_remembered_and_everything_is_recorded(self, based):
        """For the next upload, and for the auditor."""
        assert Roles.from_json(based.models.get("churn").roles) == ROLES
        assert [record.action for record in based.trail.list(limit=3)] == [
            "snapshot.ready",
            "snapshot.accept",
            "snapshot.upload",
        ]
        assert based.trail.verify() is None

    def test_blocks_of_rows_are_numbered_on(self, services):
        """The second file fills the last block of the first."""
        services.models.update("churn", granularity="rows:200", actor="ann")
        take_in(services, rows(0, 4), "baseline")
        take_in(services, rows(4, 1))
        take_in(services, rows(5, 1))
        assert services.drift.granules(REF) == (("#00000001", 200), ("#00000002", 200), ("#00000003", 200))


class TestRun:
    """Judging."""

    def test_a_shift_is_found_and_confirmed(self, drifted):
        """Unconfirmed on the first day, drifted from the second on; the rest is quiet."""
        run = drifted.drift.run(REF, actor="bob")
        matrix = drifted.drift.matrix(run.run_id)
        states = [tuple(CellState)[code] for code in matrix.state[matrix.features.index("age")]]
        assert matrix.granules == tuple(f"2026-01-{day}" for day in range(21, 27))
        assert states == [CellState.STABLE] * 2 + [CellState.UNCONFIRMED] + [CellState.DRIFTED] * 3
        assert set(matrix.state[matrix.features.index("plan")]) == {tuple(CellState).index(CellState.STABLE)}
        assert (run.n_drifted, run.verdict, run.n_granules, run.n_rows) == (1, Verdict.DRIFTED, 6, 1800)
        assert drifted.drift.latest(REF) == run == drifted.drift.run_summary(run.run_id)

    def test_a_range_uses_the_days_before_it_to_confirm(self, drifted):
        """The same day has the same verdict in a run of its own."""
        run = drifted.drift.run(REF, granules=("2026-01-24", "2026-01-24"), actor="bob")
        whole = drifted.drift.run(REF, actor="bob")
        assert (run.first_granule, run.last_granule, run.n_granules) == ("2026-01-24", "2026-01-24", 1)
        one = drifted.drift.granule(run.run_id, "2026-01-24")
        assert one == drifted.drift.granule(whole.run_id, "2026-01-24")
        assert one.features[0].state is CellState.DRIFTED

    def test_the_same_input_gives_the_same_bytes(self, drifted):
        """Results and the hash of what they depend on; both runs are kept."""
        first, second = (drifted.drift.run(REF, actor="bob") for _ in range(2))
        assert [run.run_id for run in drifted.drift.runs(REF)] in (
            [first.run_id, second.run_id],
            [second.run_id, first.run_id],
        )
        column = schema.drift_result.c
        with drifted.engine.connect() as connection:
            stored = [
                connection.execute(
                    select(column.granule, column.payload).where(column.run_id == run.run_id).order_by(column.granule)
                ).all()
                for run in (first, second)
            ]
            hashes = connection.scalars(select(schema.drift_run.c.input_sha256)).all()
        assert stored[0] == stored[1]
        assert hashes[0] == hashes[1]

    def test_other_data_or_settings_change_the_hash(self, drifted):
        """Whatever the results depend on is in it."""
        drifted.drift.run(REF, actor="bob")
        drifted.drift.run(REF, overrides={"fdr": 0.05}, actor="bob")
        take_in(drifted, rows(25, 1, a_day=10, seed=5))
        drifted.drift.run(REF, actor="bob")
        with drifted.engine.connect() as connection:
            hashes = connection.scalars(select(schema.drift_run.c.input_sha256)).all()
        assert len(set(hashes)) == 3

    def test_thresholds_of_the_model_and_of_the_run(self, drifted):
        """The run's win over the model's, and all are kept with the run."""
        drifted.models.set_thresholds("churn", {"min_rows": 400, "fdr": 0.05}, actor="ann")
        run = drifted.drift.run(REF, overrides={"fdr": 0.02}, actor="bob")
        assert (run.settings["min_rows"], run.settings["fdr"]) == (400, 0.02)
        assert run.settings == asdict(drifted.drift.settings_of(REF, {"fdr": 0.02}))
        assert run.n_undecided == 3
        with pytest.raises(InvalidSetting, match="'fdrr' is not a threshold"):
            drifted.drift.run(REF, overrides={"fdrr": 0.02}, actor="bob")

    def test_a_cell_has_everything(self, drifted):
        """Statistics, both distributions, the trend."""
        run = drifted.drift.run(REF, actor="bob")
        cell = drifted.drift.cell(run.run_id, "age", "2026-01-26")
        assert cell.drift == drifted.drift.granule(run.run_id, "2026-01-26").features[0]
        assert cell.distribution.baseline.sum() == pytest.approx(1.0)
        assert cell.distribution.current.sum() == pytest.approx(1.0)
        assert (cell.distribution.n_baseline, cell.distribution.n_current) == (6000, 300)
        matrix = drifted.drift.matrix(run.run_id)
        assert cell.trend_granules == matrix.granules
        assert np.array_equal(cell.trend_psi, matrix.psi[0], equal_nan=True)
        assert np.isfinite(cell.trend_noise_q99).all()

    def test_nothing_half_saved_when_cancelled(self, drifted):
        """The previous run keeps standing."""

        def stop(share, _note):
            if share > 0.9:
                raise Cancelled("stop")

        standing = drifted.drift.run(REF, actor="bob")
        with pytest.raises(Cancelled):
            drifted.drift.run(REF, actor="bob", progress=stop)
        assert drifted.drift.runs(REF) == (standing,)

    def test_a_long_run_tells_first_what_the_latest_day_shows(self, drifted):
        """Before any other is judged, and with every note after; nothing is saved until all are."""
        take_in(drifted, rows(26, 8, shift=1.0))
        told = []

        def progress(_share, note):
            told.append(note)
            assert "preview" not in note or not drifted.drift.runs(REF)

        run = drifted.drift.run(REF, actor="bob", progress=progress)
        preview = "preview of 2026-02-03: 1 of 3 features drifted, severity critical"
        assert told[told.index(preview) + 1] == f"14 of 14 judged; {preview}"
        assert (run.last_granule, run.n_drifted, run.severity) == ("2026-02-03", 1, Severity.CRITICAL)

    def test_runs_are_compared_cell_by_cell(self, drifted):
        """Only what is judged differently is listed."""
        before = drifted.drift.run(REF, actor="bob")
        same = drifted.drift.run(REF, actor="bob")
        strict = drifted.drift.run(REF, overrides={"confirm_hits": 1, "confirm_of": 1}, actor="bob")
        assert drifted.drift.compare_runs(before.run_id, same.run_id) == ()
        (change,) = drifted.drift.compare_runs(before.run_id, strict.run_id)
        assert (change.feature, change.granule) == ("age", "2026-01-23")
        assert (change.before, change.after) == (CellState.UNCONFIRMED, CellState.DRIFTED)

    def test_reports_are_kept_with_the_run(self, drifted):
        """And replaced, and deleted with it."""
        run = drifted.drift.run(REF, actor="bob")
        assert drifted.drift.report(run.run_id, "html") is None
        drifted.drift.save_report(run.run_id, "html", b"<p>one</p>")
        drifted.drift.save_report(run.run_id, "html", b"<p>two</p>")
        assert drifted.drift.report(run.run_id, "html") == b"<p>two</p>"
        drifted.drift.delete_run(run.run_id, actor="bob")
        assert count_rows(drifted, schema.drift_report) == 0
        assert count_rows(drifted, schema.drift_result) == 0

    def test_what_is_not_there_is_named(self, based):
        """Runs, baselines, granules, features, segments, versions."""
        with pytest.raises(Conflict, match=r"no data to compare with baseline 1 of churn 1\.0"):
            based.drift.run(REF, actor="bob")
        take_in(based, rows(20, 2))
        with pytest.raises(Conflict, match="there are data from 2026-01-21 to 2026-01-22"):
            based.drift.run(REF, granules=("2027-01-01", "2027-01-02"), actor="bob")
        with pytest.raises(NotFound, match="no version '2'"):
            based.drift.run(ModelRef("churn", "2"), actor="bob")
        with pytest.raises(NotFound, match="no baseline 'x'"):
            based.drift.run(REF, baseline_id="x", actor="bob")
        with pytest.raises(Conflict, match="segments of 'plan' are not counted"):
            based.drift.run(REF, segment_column="plan", actor="bob")
        run_id = based.drift.run(REF, actor="bob").run_id
        with pytest.raises(NotFound, match="no drift run 'y'"):
            based.drift.matrix("y")
        with pytest.raises(NotFound, match="granule '2020-01-01'"):
            based.drift.granule(run_id, "2020-01-01")
        with pytest.raises(NotFound, match="feature 'height'"):
            based.drift.cell(run_id, "height", "2026-01-21")
        with pytest.raises(NotFound, match="it judged no segments"):
            based.drift.matrix(run_id, "plus")


class TestSegments:
    """Values of a column judged on their own."""

    @pytest.fixture
    def segmented(self, services):
        take_in(services, rows(0, 20), "baseline", roles=SEGMENTED)
        table = rows(20, 3)
        shifted = np.where(table["plan"].to_numpy(zero_copy_only=False) == "plus", 15.0, 0.0)
        age = pa.array(table["age"].to_numpy() + shifted)
        take_in(services, table.set_column(1, "age", age), roles=SEGMENTED)
        return services

    def test_each_has_its_own_results(self, segmented):
        """Only the customers with one plan became older."""
        run = segmented.drift.run(REF, segment_column="plan", actor="bob")
        assert segmented.drift.segments(run.run_id) == ("basic", "plus")
        latest = {
            segment: segmented.drift.granule(run.run_id, "2026-01-23", segment) for segment in ("", "basic", "plus")
        }
        assert [latest[segment].n_rows for segment in latest] == [300, latest["basic"].n_rows, latest["plus"].n_rows]
        assert latest["basic"].n_rows + latest["plus"].n_rows == 300
        assert latest["plus"].features[0].state is CellState.DRIFTED
        assert latest["basic"].features[0].state is CellState.STABLE

    def test_a_cell_of_a_segment(self, segmented):
        """Both sides are of the segment."""
        run = segmented.drift.run(REF, segment_column="plan", actor="bob")
        cell = segmented.drift.cell(run.run_id, "age", "2026-01-23", "plus")
        assert cell.distribution.n_current == segmented.drift.granule(run.run_id, "2026-01-23", "plus").n_rows

    def test_the_segments_add_up_to_the_whole(self, segmented):
        """Whether or not they are judged."""
        assert segmented.drift.granules(REF) == (("2026-01-21", 300), ("2026-01-22", 300), ("2026-01-23", 300))


class TestWindows:
    """Several days judged together."""

    def test_a_run_of_windows(self, services):
        """Each day stands for a week; the run counts every row once."""
        take_in(services, rows(0, 98, a_day=60), "baseline")
        take_in(services, rows(98, 15, a_day=60, shift=0.3))
        run = services.drift.run(REF, overrides={"window_granules": 7}, actor="bob")
        assert (run.n_granules, run.n_rows, run.left_out) == (15, 900, ())
        latest = services.drift.granule(run.run_id, run.last_granule)
        assert (latest.window, latest.n_rows, latest.features[0].state) == (7, 420, CellState.DRIFTED)
        assert services.drift.cell(run.run_id, "age", run.last_granule).distribution.n_current == 420
        last = services.drift.run(
            REF, overrides={"window_granules": 7}, granules=(run.last_granule, run.last_granule), actor="bob"
        )
        assert services.drift.granule(last.run_id, run.last_granule) == latest

    def test_a_rolling_baseline_of_windows(self, services):
        """It ends before the windows that confirm, and has enough days to make windows of."""
        take_in(services, rows(0, 10, a_day=60), "baseline")
        take_in(services, rows(10, 40, a_day=60))
        made = services.drift.baseline_from_range(REF, "2026-01-11", "2026-02-07", kind="rolling", actor="bob")
        run = services.drift.run(
            REF, baseline_id=made.baseline_id, overrides={"window_granules": 2}, granules=("2026-02-18", "2026-02-18"),
            actor="bob",
        )  # fmt: skip
        found = services.drift.granule(run.run_id, "2026-02-18")
        assert (found.window, found.n_rows, found.features[0].n_baseline) == (2, 120, 28 * 60)
        assert found.verdict is Verdict.STABLE

    def test_without_enough_baseline_days_go_one_by_one(self, drifted):
        """And the run says so."""
        run = drifted.drift.run(REF, overrides={"window_granules": 7}, actor="bob")
        assert run.left_out == (
            "judged day by day: windows of 7 days take a baseline of 98 days (14 windows), and this one has 20",
        )
        assert drifted.drift.granule(run.run_id, run.last_granule).window == 1

    def test_the_same_weekday_is_not_compared_with_weeks(self, services):
        """A window holds every weekday."""
        take_in(services, rows(0, 98, a_day=60), "baseline")
        take_in(services, rows(98, 15, a_day=60))
        made = services.drift.baseline_from_range(REF, "2026-04-09", "2026-04-23", kind="same_weekday", actor="bob")
        run = services.drift.run(REF, baseline_id=made.baseline_id, overrides={"window_granules": 7}, actor="bob")
        assert run.left_out == ("judged day by day: a baseline of the same weekday is not compared with windows",)


class TestBaselines:
    """More than one baseline."""

    def test_exactly_one_is_active(self, based):
        """Activating one deactivates the other, recorded."""
        second = take_in(based, rows(0, 20, seed=7), "baseline").baseline_id
        based.drift.activate(second, actor="bob")
        assert [info.is_active for info in based.drift.baselines(REF)] == [True, False]
        record = based.trail.list(limit=1)[0]
        assert (record.action, record.actor, record.detail) == ("baseline.activate", "bob", {"before": 1, "after": 2})
        based.drift.activate(second, actor="bob")
        assert based.trail.list(limit=1)[0] == record

    def test_a_range_of_past_days(self, drifted):
        """Made of stored counts, no rows needed; the shifted days are normal against themselves."""
        made = drifted.drift.baseline_from_range(REF, "2026-01-23", "2026-01-26", actor="bob")
        assert (made.number, made.kind, made.n_rows, made.n_granules) == (2, "fixed", 1200, 4)
        run = drifted.drift.run(REF, baseline_id=made.baseline_id, granules=("2026-01-25", "2026-01-26"), actor="bob")
        assert (run.verdict, run.baseline_number) == (Verdict.STABLE, 2)

    def test_a_rolling_baseline_moves_along(self, based):
        """A lasting shift is found first and normal later."""
        take_in(based, rows(20, 6))
        take_in(based, rows(26, 12, shift=1.0))
        made = based.drift.baseline_from_range(REF, "2026-01-21", "2026-01-24", kind="rolling", actor="bob")
        run = based.drift.run(REF, baseline_id=made.baseline_id, actor="bob")
        matrix = based.drift.matrix(run.run_id)
        states = [tuple(CellState)[code] for code in matrix.state[matrix.features.index("age")]]
        assert states[:6] == [CellState.STABLE] * 6
        assert states[6:9] == [CellState.UNCONFIRMED, CellState.DRIFTED, CellState.DRIFTED]
        assert states[-3:] == [CellState.STABLE] * 3
        cell = based.drift.cell(run.run_id, "age", "2026-02-07")
        assert cell.distribution.n_baseline == 4 * 300

    def test_a_baseline_of_the_same_weekday(self, services):
        """Weekends differ from weekdays, and that is normal."""
        services.models.update("churn", granularity="day", actor="ann")
        weeks = [rows(day, 1, shift=1.0 if day % 7 in (2, 3) else 0.0) for day in range(70)]  # 2026-01-03: a Saturday
        take_in(services, pa.concat_tables(weeks[:7]), "baseline")
        take_in(services, pa.concat_tables(weeks[7:]))
        fixed = services.drift.run(REF, granules=("2026-02-26", "2026-03-11"), actor="bob")
        made = services.drift.baseline_from_range(REF, "2026-01-08", "2026-02-18", kind="same_weekday", actor="bob")
        weekly = services.drift.run(
            REF, baseline_id=made.baseline_id, granules=("2026-02-26", "2026-03-11"), actor="bob"
        )
        assert max(services.drift.matrix(weekly.run_id).psi[0]) < 0.15 < max(services.drift.matrix(fixed.run_id).psi[0])

    def test_bad_kinds_and_ranges(self, drifted):
        """Named, with what is possible."""
        with pytest.raises(InvalidInput, match="'seasonal' is not known"):
            drifted.drift.baseline_from_range(REF, "2026-01-21", "2026-01-22", kind="seasonal", actor="bob")
        with pytest.raises(Conflict, match="nothing was counted"):
            drifted.drift.baseline_from_range(REF, "2027-01-21", "2027-01-22", actor="bob")

    def test_the_active_one_is_not_deleted_while_there_are_others(self, based):
        """Then the other one can be, with its runs and its grid."""
        second = take_in(based, rows(0, 20, seed=7), "baseline").baseline_id
        with pytest.raises(Conflict, match="activate another one first"):
            based.drift.delete_baseline(based.drift.baselines(REF)[1].baseline_id, actor="bob")
        based.drift.delete_baseline(second, actor="bob")
        assert [info.number for info in based.drift.baselines(REF)] == [1]
        assert count_rows(based, schema.drift_grid) == 1

    def test_deleting_the_only_one_removes_all_counts(self, drifted):
        """Runs, results and summaries on its grid."""
        drifted.drift.run(REF, actor="bob")
        drifted.drift.delete_baseline(drifted.drift.baselines(REF)[0].baseline_id, actor="bob")
        for table in (schema.drift_grid, schema.drift_summary, schema.drift_run, schema.drift_result, schema.baseline):
            assert count_rows(drifted, table) == 0, table.name

    def test_the_same_file_may_be_the_baseline_of_two_versions(self, based):
        """Each has a grid of its own, deleted with it."""
        based.models.add_version(ModelRef("churn", "2.0"), actor="ann")
        content = io.BytesIO()
        pq.write_table(rows(0, 20), content)
        content.seek(0)
        other = ModelRef("churn", "2.0")
        snapshot = based.snapshots.stage(content, filename="a.parquet", ref=other, purpose="baseline", actor="ann")
        with based.engine.begin() as connection:
            based.snapshots.accept(snapshot.snapshot_id, ROLES, keep_rows=False, actor="ann", connection=connection)
        based.drift.take_in(snapshot.snapshot_id, actor="ann")
        based.drift.delete_baseline(based.drift.baselines(other)[0].baseline_id, actor="ann")
        assert count_rows(based, schema.drift_grid) == 1


class TestAnotherGrid:
    """A baseline whose cells lie elsewhere."""

    @pytest.fixture
    def second(self, based):
        """Give the id of a second uploaded baseline."""
        return take_in(based, rows(0, 20, seed=7), "baseline").baseline_id

    def test_dropped_rows_cannot_be_compared(self, based, second):
        """The files are named, and what to do."""
        take_in(based, rows(20, 2), name="march.parquet")
        with pytest.raises(Conflict, match=r"'march.parquet' cannot be compared with baseline 2.*keep rows"):
            based.drift.run(REF, baseline_id=second, actor="bob")

    def test_kept_rows_are_counted_again(self, based, second):
        """As if they had been counted there from the start."""
        take_in(based, rows(20, 2), keep_rows=True)
        run = based.drift.run(REF, baseline_id=second, actor="bob")
        assert (run.n_rows, run.left_out) == (600, ())
        assert count_rows(based, schema.drift_summary) == 4

    def test_what_is_left_out_is_said(self, based, second):
        """Newer data are judged; the older file is named, not passed over."""
        take_in(based, rows(20, 2), name="march.parquet")
        based.drift.activate(second, actor="bob")
        take_in(based, rows(22, 2))
        run = based.drift.run(REF, actor="bob")
        assert (run.first_granule, run.n_granules) == ("2026-01-23", 2)
        assert run.left_out == (
            "'march.parquet' left out: it was counted for another baseline and the rows were dropped",
        )
        assert based.drift.run_summary(run.run_id) == run


class TestMultivariate:
    """All features together, on the sampled rows."""

    def test_without_sampled_rows_it_is_undecided(self, database_url, tmp_path, clock):
        """And says why."""
        settings = Settings(data_dir=tmp_path, database_url=database_url, drift=DriftSettings(sample_rows=0))
        with open_services(settings, now=clock) as services:
            services.models.add("churn", version="1.0", actor="ann")
            take_in(services, rows(0, 20), "baseline")
            take_in(services, rows(20, 1))
            run = services.drift.run(REF, overrides={"multivariate": True}, actor="bob")
            found = services.drift.granule(run.run_id, "2026-01-21").multivariate
        assert found.verdict is Verdict.UNDECIDED
        assert "no rows of this granule were kept" in found.reasons[0]

    def test_a_shift_is_told_apart(self, tmp_path, clock):
        """The classifier sees it, and names the feature."""
        settings = Settings(data_dir=tmp_path, drift=DriftSettings(multivariate=True))
        with open_services(settings, now=clock) as services:
            services.models.add("churn", version="1.0", actor="ann")
            take_in(services, rows(0, 15), "baseline")
            take_in(services, rows(15, 1, shift=1.0))
            run = services.drift.run(REF, actor="bob")
            found = services.drift.granule(run.run_id, "2026-01-16").multivariate
        assert (found.verdict, found.drivers[0][0]) == (Verdict.DRIFTED, "age")


def test_a_large_matrix_is_read_fast(based):
    """500 features in 365 granules, from the database to arrays."""
    from dataclasses import replace

    from monitor_core.drift.record import encode_granule

    take_in(based, rows(20, 1))
    run = based.drift.run(REF, actor="bob")
    one = based.drift.granule(run.run_id, "2026-01-21")
    features = tuple(replace(one.features[0], name=f"feature_{number}", psi=number / 500) for number in range(500))
    payloads = [
        {
            "run_id": run.run_id,
            "segment": "large",
            "granule": f"2027-{number:03d}",
            "payload": encode_granule(replace(one, granule=f"2027-{number:03d}", segment="large", features=features)),
        }
        for number in range(365)
    ]
    with based.engine.begin() as connection:
        connection.execute(schema.drift_result.insert(), payloads)
    times = []
    for _ in range(3):
        started = time.process_time()
        matrix = based.drift.matrix(run.run_id, "large")
        times.append(time.process_time() - started)
    assert matrix.psi.shape == (500, 365)
    assert min(times) < 0.3
