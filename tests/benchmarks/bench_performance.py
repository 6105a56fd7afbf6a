"""How fast labelled predictions are taken in, and how fast years of counts are read.

Run by hand::

    python tests/benchmarks/bench_performance.py     # 10 million rows, on SQLite and on PostgreSQL if it is there
    python tests/benchmarks/bench_performance.py --rows 1000000 --database sqlite
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from conftest import PostgresServer, find_postgres

from monitor_core.clock import now
from monitor_core.performance.intake import PerformanceIntake
from monitor_core.performance.store import PerformanceStore
from monitor_core.settings import PerformanceSettings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.sources import open_source
from monitor_core.storage.engine import open_engine
from monitor_core.storage.migrations import upgrade
from monitor_core.storage.models import ModelStore
from monitor_core.storage.schema import performance_count
from monitor_core.storage.trail import Trail
from monitor_core.values import Granularity, ModelRef

if TYPE_CHECKING:
    from collections.abc import Callable

DAYS = 1_095
FIRST = np.datetime64("2023-11-01", "D")
REF = ModelRef("bench", "1")
ROLES = Roles(
    (
        ("id", Role.ENTITY_ID),
        ("when", Role.TIMESTAMP),
        ("score", Role.SCORE),
        ("prediction", Role.PREDICTION),
        ("label", Role.LABEL),
    )
)
SHAPES = {"ids": ("integer", True), "text": ("text", True), "shuffled": ("text", False)}


def write_file(path: Path, rows: int, ids: str, *, in_order: bool) -> None:
    """Write a file of labelled predictions over three years of days."""
    rng = np.random.default_rng(7)
    chunk = 1_000_000
    writer = None
    for start in range(0, rows, chunk):
        n = min(chunk, rows - start)
        number = np.arange(start, start + n)
        day = number * DAYS // rows if in_order else rng.integers(0, DAYS, n)
        score = np.round(rng.beta(0.7, 0.7, n), 6)
        table = pa.table(
            {
                "id": number if ids == "integer" else pa.array([f"cust-{value:09d}-x" for value in number]),
                "when": (FIRST + day).astype("datetime64[us]") + rng.integers(0, 86_400, n).astype("m8[s]"),
                "score": score,
                "prediction": (score >= 0.5).astype(np.int8),
                "label": (rng.random(n) < score).astype(np.int8),
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=chunk)
    if writer is not None:
        writer.close()


class Peak:
    """The most memory that was this process's own while something ran; mapped files do not count."""

    def __enter__(self) -> Self:
        self.bytes, self._stop = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self) -> None:
        process = psutil.Process()
        while not self._stop.wait(0.02):
            info = process.memory_info()
            self.bytes = max(self.bytes, info.rss - info.shared)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def measure_intake(url: str, path: Path) -> None:
    """Take one file in and say what it took."""
    engine = open_engine(url)
    upgrade(engine)
    trail = Trail(engine, now)
    models = ModelStore(engine, trail, now)
    models.add(REF.model_id, version=REF.version, granularity="day", actor="bench")
    used, began = time.process_time(), time.perf_counter()
    with Peak() as peak:
        batch = PerformanceIntake(engine, trail, now).take_in(
            open_source(path),
            ROLES,
            REF,
            kind="labelled",
            granularity=Granularity.parse("day"),
            settings=PerformanceSettings(),
            idempotency_key=path.name,
            actor="bench",
        )
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    print(
        f"  {path.stem:9s} {batch.n_accepted:>11,} rows  {wall:6.1f} s wall ({batch.n_rows / wall:>9,.0f} rows/s)"
        f"  {cpu:6.1f} CPU s  {peak.bytes / 2**20:6,.0f} MiB own memory",
        flush=True,
    )
    measure_reading(PerformanceStore(engine), REF, "of these rows")
    engine.dispose()


def measure_reading(store: PerformanceStore, ref: ModelRef, title: str) -> None:
    """Read three years and thirty days, now and as of a moment."""
    then = now() - timedelta(days=30)
    ways = {
        "three years": {},
        "three years as of 30 days ago": {"as_of": then},
        "30 days": {"first": "2026-09-01", "last": "2026-09-30"},
        "30 days, all details": {
            "first": "2026-09-01",
            "last": "2026-09-30",
            **dict.fromkeys(("scores", "entities", "delays", "cells"), True),
        },
        "three years with scores": {"scores": True},
    }
    for name, arguments in ways.items():
        times = []
        for _ in range(7):
            began = time.perf_counter()
            store.series(ref, **arguments)
            times.append(time.perf_counter() - began)
        print(f"      {title}: {name:32s} {1000 * np.median(times):7.1f} ms", flush=True)


def measure_hundred_million(url: str) -> None:
    """Read counts as 100 million predictions leave them: 91,000 a day, labels on each of the 30 days after."""
    engine = open_engine(url)
    upgrade(engine)
    ref = ModelRef("years", "1")
    ModelStore(engine, Trail(engine, now), now).add(ref.model_id, version=ref.version, actor="bench")
    rng = np.random.default_rng(3)
    rows = []
    for day in range(DAYS):
        label = str(FIRST + day)
        for late in range(31):
            at = datetime.fromisoformat(label).replace(tzinfo=UTC) + timedelta(days=late + 1)
            tp, fp, fn, tn = rng.multinomial(2_946, (0.3, 0.08, 0.08, 0.54)).tolist()
            rows.append(
                {
                    "model_id": ref.model_id,
                    "version": ref.version,
                    "segment": "",
                    "granule": label,
                    "batch_id": f"{day + late + 1:016x}",
                    "recorded_at": at,
                    "predictions": 91_324 if late == 0 else 0,
                    "true_positives": tp,
                    "false_positives": fp,
                    "false_negatives": fn,
                    "true_negatives": tn,
                    "scored": tp + fp + fn + tn,
                    "brier": 2**37,
                    "brier_squared": 2**36,
                    "log_loss": 2**39,
                    "log_loss_squared": 2**40,
                    "corrections": 0,
                }
            )
    with engine.begin() as connection:
        for start in range(0, len(rows), 5_000):
            connection.execute(insert(performance_count), rows[start : start + 5_000])
    measure_reading(PerformanceStore(engine), ref, "100 million predictions")
    engine.dispose()


def in_process(url: str, job: str) -> None:
    """Run one measurement in a process of its own: memory and caches start fresh."""
    subprocess.run([sys.executable, __file__, "--one", url, job], check=True)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        url, job = options.one
        measure_hundred_million(url) if job == "years" else measure_intake(url, Path(job))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o755)
        if options.database != "postgresql":
            print("SQLite")
            run_all(lambda name: f"sqlite:///{folder / name}.db", folder, options)
        binaries = find_postgres()
        if options.database != "sqlite" and binaries:
            (folder / "server").mkdir()
            server = PostgresServer(Path(binaries), folder / "server")
            server.start()
            try:
                print("PostgreSQL")
                run_all(lambda name: created(server, name), folder, options)
            finally:
                server.stop()


def created(server: PostgresServer, name: str) -> str:
    """Create a database and return its address."""
    server.administer(f"CREATE DATABASE {name}")
    return server.url(name)


def run_all(address: Callable[[str], str], folder: Path, options: argparse.Namespace) -> None:
    """Measure every shape of file, then the years."""
    for shape in options.shapes.split(","):
        path = folder / f"{shape}.parquet"
        if not path.exists():
            ids, in_order = SHAPES[shape]
            write_file(path, options.rows, ids, in_order=in_order)
        in_process(address(shape), str(path))
    in_process(address("years"), "years")
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10
    print(f"  largest resident set of a process, mapped files included: {largest:,.0f} MiB")


if __name__ == "__main__":
    main()
