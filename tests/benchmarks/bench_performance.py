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
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import partial
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
from monitor_core.performance.counts import Counts
from monitor_core.performance.detail_merging import merged
from monitor_core.performance.details import DELAYS, ENTITIES, SCORES, pack
from monitor_core.performance.intake import PerformanceIntake
from monitor_core.performance.service import PerformanceService
from monitor_core.performance.store import PerformanceStore
from monitor_core.performance.totals import add_to_totals, pack_counts
from monitor_core.settings import PerformanceSettings, Settings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.sources import open_source
from monitor_core.storage.engine import open_engine
from monitor_core.storage.migrations import upgrade
from monitor_core.storage.models import ModelStore
from monitor_core.storage.schema import performance_count, performance_detail
from monitor_core.storage.trail import Trail
from monitor_core.values import Granularity, ModelRef

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

COUNTED = tuple(field.name for field in fields(Counts))
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
    """Ask everything of 100 million predictions: 91,324 a day, labels on each of the 31 days after.

    Changes of counts are all there; those of details for the latest 120 days, others are read by their totals alone.
    """
    engine = open_engine(url)
    upgrade(engine)
    ref = ModelRef("years", "1")
    trail = Trail(engine, now)
    models = ModelStore(engine, trail, now)
    models.add(ref.model_id, version=ref.version, granularity="day", actor="bench")
    rng = np.random.default_rng(3)
    first = np.datetime64(now().date()) - DAYS
    for start in range(0, DAYS, 100):
        with engine.begin() as connection:
            for day in range(start, min(start + 100, DAYS)):
                write_day(connection, ref, str(first + day), day, rng)
    measure_reading(PerformanceStore(engine), ref, "100 million predictions")
    service = PerformanceService(engine, models, trail, Settings(), now)
    service.baseline_from_span(ref, str(first), str(first + 59), actor="bench")
    measure_service(service, ref, first)
    engine.dispose()


def write_day(connection: Connection, ref: ModelRef, label: str, day: int, rng: np.random.Generator) -> None:
    """Write what a day's predictions and 31 deliveries of labels leave, as the writer does."""
    moments = [datetime.fromisoformat(label).replace(tzinfo=UTC) + timedelta(days=late + 1) for late in range(31)]
    moments = [at for at in moments if at <= now()] or moments[:1]
    rows, changes = [], {name: [] for name in ("counts", "scores", "entities", "delays")}
    for late, at in enumerate(moments):
        tp, fp, fn, tn = rng.multinomial(2_946, (0.3, 0.08, 0.08, 0.54)).tolist()
        made = 91_324 if late == 0 else 0
        values = (made, tp, fp, fn, tn, tp + fp + fn + tn, 2**37, 2**36, 2**39, 2**40, 0)
        key = {"model_id": ref.model_id, "version": ref.version, "segment": "", "granule": label}
        key |= {"batch_id": f"{day + late + 1:016x}", "recorded_at": at}
        rows.append({**key, **dict(zip(COUNTED, values, strict=True))})
        changes["counts"].append(pack_counts(values))
        for kind, payload in details(rng, made, (tn, fn, fp, tp), late).items():
            changes[kind].append(payload)
            if day >= DAYS - 120:
                connection.execute(insert(performance_detail), {**key, "kind": kind, "payload": payload})
    connection.execute(insert(performance_count), rows)
    for kind, payloads in changes.items():
        total = merged(kind, payloads) if kind != "counts" else pack_counts(np.sum([*map(unpacked, payloads)], axis=0))
        of = (ref.model_id, ref.version, "", kind)
        add_to_totals(connection, of, {label: total}, moments[-1])


def unpacked(payload: bytes) -> np.ndarray:
    """Return counts."""
    return np.frombuffer(payload, "<i8")


def details(rng: np.random.Generator, made: int, outcomes: tuple[int, ...], late: int) -> dict[str, bytes]:
    """Scores, entities and delays of one change."""
    bins = np.minimum(rng.beta(0.7, 0.7, made) * 1_000, 999).astype(int)
    codes = [bins + 1_000 * (bins >= 500)]
    for place, size in enumerate(outcomes):
        side = 500 * (place // 2)
        codes.append(2_000 + 1_000 * place + side + rng.integers(0, 500, size))
    counts = np.bincount(np.concatenate(codes), minlength=6_000)
    scores = np.empty(np.count_nonzero(counts), SCORES)
    scores["code"] = np.flatnonzero(counts)
    scores["count"] = counts[scores["code"]]
    entities = np.zeros(sum(outcomes[1:]), ENTITIES)
    entities["entity"] = np.sort(rng.integers(0, 2**64, entities.size, np.uint64))
    entities["true_positives"] = np.arange(entities.size) < outcomes[3]
    entities["errors"] = 1 - entities["true_positives"]
    delays = pack(np.array([(late, sum(outcomes))], DELAYS))
    return {"scores": pack(scores), "entities": pack(entities, {"level": 0}), "delays": delays}


def measure_service(service: PerformanceService, ref: ModelRef, first: np.datetime64) -> None:
    """Ask for windows, as-of views and curves."""
    ways: dict[str, Callable[[datetime | None], object]] = {
        f"window of {days}": partial(ask_window, service, ref, days) for days in (7, 30, 90, 365, DAYS)
    }
    span = (str(first + 300), str(first + 700))
    ways["span of 401 days"] = lambda at: service.window(ref, span=span, as_of=at)
    ways["thresholds, 365"] = lambda at: service.thresholds(ref, granules=365, as_of=at)
    for metric in ("f1", "brier", "roc_auc", "average_precision"):
        ways[f"rolling {metric}"] = partial(ask_rolling, service, ref, metric)
    ways["sequential"] = lambda at: service.sequential(ref, as_of=at)
    ways["delays"] = lambda at: service.delays(ref, as_of=at)
    ways["estimated f1"] = lambda at: service.estimated(ref, as_of=at)
    moments = {"now": None, "as of 30 days ago": now() - timedelta(days=30), "a year ago": now() - timedelta(days=365)}
    for name, ask in ways.items():
        shown = []
        for at in list(moments.values())[: 3 if "window" in name or "span" in name else 2]:
            ask(at)
            took = []
            for _ in range(7):
                used, began = time.process_time(), time.perf_counter()
                ask(at)
                took.append((time.process_time() - used, time.perf_counter() - began))
            shown.append("{:6.1f} ms CPU {:6.1f} ms wall".format(*(1_000 * np.median(took, axis=0))))
        print(f"      {name:28s} {' | '.join(shown)}", flush=True)


def ask_window(service: PerformanceService, ref: ModelRef, days: int, at: datetime | None) -> object:
    """Ask for a window."""
    return service.window(ref, granules=days, as_of=at)


def ask_rolling(service: PerformanceService, ref: ModelRef, metric: str, at: datetime | None) -> object:
    """Ask for a curve of three years."""
    return service.rolling(ref, metric, as_of=at)


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
    for shape in filter(None, options.shapes.split(",")):
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
