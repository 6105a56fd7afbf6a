"""kill -9 while predictions and labels are taken in, at random points: nothing lost, nothing doubled after a retry."""

import importlib.util
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from monitor_core.clock import now
from monitor_core.performance.store import PerformanceStore
from monitor_core.storage.engine import open_engine
from monitor_core.storage.models import ModelStore
from monitor_core.storage.schema import performance_event
from monitor_core.storage.trail import Trail
from monitor_core.values import ModelRef

HERE = Path(__file__).resolve().parent
DELIVERIES = 18
ROWS = 20_000


@pytest.fixture(scope="module")
def take_in():
    """The function that takes a delivery in, here in this process."""
    spec = importlib.util.spec_from_file_location("deliverer", HERE / "deliverer.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.take_in


@pytest.fixture
def slain(slay):
    """A function that kills after a while and tells whether there was still somebody to kill."""

    def kill(pid, seconds):
        time.sleep(seconds)
        was_there = psutil.pid_exists(pid)
        slay(pid)
        return was_there

    return kill


@pytest.fixture
def begin(tmp_path):
    """Take a delivery in as a process of its own; returns its id at once."""
    with (tmp_path / "output").open("w") as output:
        parent = subprocess.Popen(
            [sys.executable, str(HERE / "deliverer.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        )
        assert parent.stdout.readline() == "ready\n"

        def start(*words):
            parent.stdin.write(json.dumps([str(word) for word in words]) + "\n")
            parent.stdin.flush()
            return int(parent.stdout.readline())

        yield start
        parent.kill()
        parent.wait()
        parent.stdin.close()
        parent.stdout.close()


def files(folder):
    """Predictions of two versions, labels, corrected labels, rows that come again: (path, version, kind)."""
    rng = np.random.default_rng(5)
    made = []
    for number in range(DELIVERIES):
        kind = ("predictions", "labels", "predictions")[number % 3]
        first = max(0, number // 3 * 2 - 1)  # the last day of each is the first of the next: labels change
        days = np.datetime64("2026-09-01") + first + rng.integers(0, 3, ROWS)
        columns = {"id": rng.integers(0, 16_000, ROWS), "when": days}
        if kind == "labels":
            columns["label"] = rng.integers(0, 2, ROWS)
        else:
            columns |= {"predicted": rng.integers(0, 2, ROWS), "score": rng.random(ROWS).round(3)}
        path = folder / f"{number}.parquet"
        pq.write_table(pa.table(columns), path)
        made.append((path, "2" if number % 3 == 2 else "1", kind))
    return made


def folder_of(url):
    return Path(url.removeprefix("sqlite:///")).parent


def add_model(url):
    engine = open_engine(url)
    models = ModelStore(engine, Trail(engine, now), now)
    models.add("churn", version="1", actor="ann")
    models.add_version(ModelRef("churn", "2"), actor="ann")
    return engine


def everything(engine):
    """All that the deliveries led to, but for ids, moments and delays, which follow the clock."""
    store, found = PerformanceStore(engine), {}
    for version in "12":
        series = store.series(ModelRef("churn", version), scores=True, entities=True)
        counts = {name: getattr(series, name).tolist() for name in ("predictions", "true_positives", "false_positives")}
        counts |= {name: getattr(series, name).tolist() for name in ("false_negatives", "brier", "corrections")}
        rows = store.rows(ModelRef("churn", version))
        found[version] = (
            series.granules,
            counts,
            series.scores.labelled.sum(axis=0).tolist(),
            series.entities.errors.tolist(),
            rows.select(["granule", "entity", "predicted", "score", "label"]).to_pydict(),
        )
    found["pairs"] = store.pairs("churn", "1", "2").tolist()
    found["batches"] = sorted(
        (batch.kind, batch.n_accepted, batch.n_duplicates, batch.n_corrections) for batch in store.batches("churn")
    )
    with engine.connect() as connection:
        found["events"] = connection.scalar(select(func.sum(performance_event.c.n_rows)))
    return found


@pytest.mark.calibration
def test_nothing_is_lost_or_doubled(database_url, undisturbed_url, begin, slain, take_in):
    """Each delivery is killed somewhere, then sent again with the same key until it is through."""
    engine = add_model(database_url)
    undisturbed = add_model(undisturbed_url)
    rng = random.Random(3)
    killed, seconds = 0, 1.0
    for number, (path, version, kind) in enumerate(files(folder_of(undisturbed_url))):
        began = time.monotonic()
        take_in(undisturbed_url, path, version, kind, f"key {number}")
        seconds = 0.5 * seconds + 0.5 * (time.monotonic() - began)
        for _ in range(2):
            pid = begin(database_url, path, version, kind, f"key {number}")
            killed += slain(pid, rng.uniform(0.0, 1.3 * seconds))
        again = take_in(database_url, path, version, kind, f"key {number}")
        assert take_in(database_url, path, version, kind, f"key {number}").batch_id == again.batch_id
    assert killed >= DELIVERIES, "most were killed too late to disturb anything"
    assert everything(engine) == everything(undisturbed)
    assert Trail(engine, now).verify() is None
    engine.dispose()
    undisturbed.dispose()


@pytest.mark.calibration
def test_two_at_once_both_count(database_url, begin, until, take_in, undisturbed_url):
    """Deliveries that touch the same rows at the same time, in either order: as one after the other."""
    engine = add_model(database_url)
    some = files(folder_of(undisturbed_url))[:6]
    pids = [begin(database_url, path, version, kind, path.stem) for path, version, kind in some]
    until(lambda: not any(psutil.pid_exists(pid) for pid in pids))
    order = [int(row.idempotency_key) for row in _in_order(engine)]
    assert sorted(order) == list(range(6))
    undisturbed = add_model(undisturbed_url)
    for number in order:
        take_in(undisturbed_url, *some[number], str(number))
    assert everything(engine) == everything(undisturbed)
    engine.dispose()
    undisturbed.dispose()


def _in_order(engine):
    from monitor_core.storage.schema import performance_batch

    query = select(performance_batch.c.idempotency_key).order_by(performance_batch.c.recorded_at)
    with engine.connect() as connection:
        return connection.execute(query).all()
