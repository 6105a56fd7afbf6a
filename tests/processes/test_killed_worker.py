"""kill -9 of the worker at random points of taking in and judging: nothing lost, nothing half, nothing twice."""

import io
import random
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor_core.jobs import commands
from monitor_core.jobs.queue import JobState
from monitor_core.runtime import open_services
from monitor_core.settings import load
from monitor_core.values import ModelRef

REF = ModelRef("churn", "1")
ROUNDS = 15
ROWS = 3_000


def content(day, n=ROWS):
    rng = np.random.default_rng(day)
    moments = np.datetime64("2026-01-01", "us") + np.timedelta64(day, "D") + rng.integers(0, 86_400, n).astype("m8[s]")
    columns = {f"x{number}": rng.normal(0.02 * day, 1, n) for number in range(12)}
    columns["plan"] = pa.array(rng.choice(["a", "b", "c"], n).tolist())
    file = io.BytesIO()
    pq.write_table(pa.table({"when": pa.array(moments), **columns}), file, row_group_size=500)
    file.seek(0)
    return file


def upload(services, day, *, purpose="current"):
    snapshot = services.snapshots.stage(content(day), filename=f"{day}.parquet", ref=REF, purpose=purpose, actor="ann")
    roles = services.snapshots.preview(snapshot.snapshot_id).roles
    return commands.accept_snapshot(services, snapshot.snapshot_id, roles, keep_rows=day % 3 == 0, actor="ann")


def begin(services):
    services.models.add(REF.model_id, version=REF.version, actor="ann")
    return upload(services, 0, purpose="baseline")


def state(services, job_id):
    return commands.queue(services).get(job_id).state


@pytest.fixture
def undisturbed(tmp_path):
    """The same uploads, taken in by nobody that dies."""
    from monitor_core.jobs.handlers import HANDLERS
    from monitor_core.jobs.worker import Worker

    settings = load(environ={}, arguments={"data_dir": tmp_path / "undisturbed"})
    with open_services(settings) as services:
        begin(services)
        for day in range(1, ROUNDS + 1):
            upload(services, day)
        Worker(services, HANDLERS).run_pending()
        yield services


def results(services):
    """Everything that the uploads led to, but for ids and moments."""
    matrix = services.drift.matrix(services.drift.latest(REF).run_id)
    return {
        "granules": services.drift.granules(REF),
        "runs": len(services.drift.runs(REF, limit=1_000)),
        "snapshots": sorted(
            (item.filename, item.state, item.n_rows, item.rows_kept) for item in services.snapshots.list(REF)
        ),
        "baselines": [(info.number, info.n_rows, info.is_active) for info in services.drift.baselines(REF)],
        "psi": matrix.psi.tolist(),
        "state": matrix.state.tolist(),
    }


@pytest.mark.calibration
def test_nothing_is_lost_half_or_twice(services, fork, slay, until, undisturbed):
    """Fifteen times: a worker is killed while it is on a job, and the next one finishes the job."""
    rng = random.Random(7)
    job_id = begin(services)
    worker, killed = fork("worker"), 0
    began = time.monotonic()
    until(lambda: state(services, job_id) is JobState.DONE)
    seconds = min(max(time.monotonic() - began, 0.3), 1.5)
    for day in range(1, ROUNDS + 1):
        job_id = upload(services, day)
        until(lambda job_id=job_id: state(services, job_id) is not JobState.QUEUED, every=0.001)
        time.sleep(rng.uniform(0.0, seconds))
        slay(worker)
        killed += state(services, job_id) is JobState.RUNNING
        worker = fork("worker")
        until(lambda job_id=job_id: state(services, job_id).is_final)
        job = commands.queue(services).get(job_id)
        assert job.state is JobState.DONE, job.error
        assert services.drift.run_summary(job_id).n_rows == ROWS * day
    slay(worker)
    assert killed >= ROUNDS // 3, "most were killed too late to disturb anything"
    assert results(services) == results(undisturbed)
    services.snapshots.prune(services.now())
    assert [path.name for path in (services.settings.data_dir / "staged").iterdir()] == []
    assert services.trail.verify() is None


def test_a_job_that_kills_its_worker_each_time_fails_in_the_end(services, fork, slay, until):
    """After three attempts, with the reason; the file stays, and the job can be retried."""
    job_id = begin(services)
    for attempt in range(1, 4):
        worker = fork("worker")
        until(lambda attempt=attempt: commands.queue(services).get(job_id).attempt == attempt, every=0.001)
        slay(worker)
        if state(services, job_id) is JobState.DONE:
            pytest.skip("the worker was too quick for this machine")
    worker = fork("worker")
    until(lambda: state(services, job_id).is_final)
    job = commands.queue(services).get(job_id)
    assert job.state is JobState.FAILED
    assert "stopped each time" in job.error.message
    commands.retry_job(services, job_id, actor="ann")
    until(lambda: state(services, job_id) is JobState.DONE)
    slay(worker)
