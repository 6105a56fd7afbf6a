"""Time and memory of the drift engine, without and with many granules.

``python tests/benchmarks/bench_drift.py [--rows 1e7] [--folder DIR] [--only NAME]``. Each measurement runs in a process
of its own (peak memory is that process's); passes and bare reads alternate, so that a busy minute hits both. CPU
seconds are what to compare: wall time depends on what else the machine does, which is printed as its load.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from monitor_core.drift.baseline import Baseline, ReferenceGranules
from monitor_core.drift.build import build
from monitor_core.drift.count import count
from monitor_core.drift.grid import BLOCK_FEATURES, Grid
from monitor_core.drift.place import place_numbers
from monitor_core.drift.results import FeatureKind
from monitor_core.drift.rules import judge_each
from monitor_core.drift.summary import TableSummary
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.sources import open_source
from monitor_core.values import Granularity

GROUP_ROWS = 1_048_576
DAYS = np.datetime64("2026-01-01", "us") + np.arange(365).astype("timedelta64[D]")


def write(path: Path, rows: int, columns: int, *, codec: str, days: str = "") -> None:
    """Write normal columns, and a date column that is in order of time or shuffled."""
    if path.exists():
        return
    rng, fields = np.random.default_rng(0), [(f"x{i}", pa.float64()) for i in range(columns)]
    schema = pa.schema([*fields, ("when", pa.timestamp("us"))] if days else fields)
    split = codec == "zstd"
    with pq.ParquetWriter(path, schema, compression=codec, use_dictionary=False, use_byte_stream_split=split) as file:
        for first in range(0, rows, GROUP_ROWS):
            n = min(GROUP_ROWS, rows - first)
            data = [rng.normal(size=n) for _ in range(columns)]
            if days:
                place = np.arange(first, first + n) * 365 // rows if days == "ordered" else rng.integers(0, 365, n)
                data.append(DAYS[place])
            file.write_table(pa.table(data, schema=schema), row_group_size=GROUP_ROWS)


def read(path: Path) -> None:
    """Read everything once, fifty columns at a time, as the pass does."""
    source = open_source(path)
    names = source.schema.names
    parts = [
        (shard, names[i : i + BLOCK_FEATURES])
        for i in range(0, len(names), BLOCK_FEATURES)
        for shard in source.shards()
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda part: sum(batch.num_rows for batch in part[0].batches(part[1])), parts))


def roles_of(path: Path) -> Roles | None:
    names = open_source(path).schema.names
    if "when" not in names:
        return None
    return Roles(tuple((name, Role.TIMESTAMP if name == "when" else Role.FEATURE) for name in names))


def work(name: str, path: Path) -> None:
    """One measurement in a process of its own; prints JSON."""
    grid_file, result = path.with_suffix(".grid"), {}
    grid = Grid.from_bytes(grid_file.read_bytes()) if grid_file.exists() else None
    roles = roles_of(path) if path.exists() else None
    wall, cpu = time.perf_counter(), time.process_time()
    if name == "read":
        read(path)
    elif name == "build":
        grid_file.write_bytes(build(open_source(path), roles=roles and replace(roles)).grid.payload)
    elif name == "count":
        count(grid, open_source(path), roles, granularity=Granularity() if roles else None)
    else:
        result = judge_year()
        wall, cpu = result.pop("start")
    result |= {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "mb": peak_mb()}
    print(json.dumps(result))


def peak_mb() -> float:
    """Peak memory of this process (`ru_maxrss` would count the parent's too, until the program was loaded)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def judge_year(features: int = 1_000, granules: int = 365, rows: int = 2_000) -> dict[str, object]:
    """Judge a year of a thousand features with 60 reference days; summaries are drawn before the clock starts."""
    rng = np.random.default_rng(0)
    one = place_numbers("x", FeatureKind.NUMERIC, "feature", "double", np.sort(rng.normal(size=100_000)), knots=2_000)
    grid = Grid(tuple(replace(one, name=f"x{i}") for i in range(features)), "day")

    def drawn(n: int) -> TableSummary:
        empty, chances = TableSummary.empty(grid), np.full(one.n_cells - 2, 1.0 / (one.n_cells - 2))
        cells = np.pad(rng.multinomial(n, chances, size=features), ((0, 0), (1, 1)))
        return TableSummary(grid, n, cells.ravel(), empty.tallies, empty.sums, empty.extremes)

    days = [drawn(rows) for _ in range(4)]
    labels = tuple(f"r{i:02}" for i in range(60))
    reference = ReferenceGranules(labels, np.full(60, rows), np.stack([drawn(rows).psi_cells() for _ in labels]))
    baseline = Baseline(grid, {"": drawn(200_000)}, {"": reference})

    class Year(dict):
        def __getitem__(self, label: str) -> TableSummary:
            return days[int(label[1:]) % 4]

    start = (time.perf_counter(), time.process_time())
    first = None
    for _ in judge_each(baseline, Year.fromkeys(f"d{i:04}" for i in range(granules))):
        first = first or time.perf_counter() - start[0]
    return {"start": start, "first": first}


def run(name: str, path: Path) -> dict[str, float]:
    """Run one measurement apart."""
    command = [sys.executable, __file__, "--work", name, "--folder", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def best(name: str, path: Path, repeats: int) -> dict[str, float]:
    return min((run(name, path) for _ in range(repeats)), key=lambda found: found["cpu"])


def line(label: str, found: dict[str, float], note: str = "") -> None:
    print(f"| {label} | {found['cpu']:.2f} | {found['wall']:.2f} | {found['mb']:,.0f} | {note} |", flush=True)


def against_read(folder: Path, rows: int, repeats: int) -> None:
    """The pass beside a bare read of the same file."""
    for codec, goal in (("zstd", "2.0"), ("lz4", "4")):
        path = folder / f"{codec}-{rows}.parquet"
        write(path, rows, 100, codec=codec)
        line(f"baseline, {rows:,} x 100, {codec}", run("build", path))
        pairs = [(run("read", path), run("count", path)) for _ in range(repeats)]
        bare, full = (min((pair[side] for pair in pairs), key=lambda found: found["cpu"]) for side in (0, 1))
        line(f"bare read, {rows:,} x 100, {codec}", bare)
        line(f"pass, {rows:,} x 100, {codec}", full, f"{full['cpu'] / bare['cpu']:.2f} x the bare read (goal {goal} x)")


def large(folder: Path, rows: int) -> None:
    """Ten million rows, and how memory grows."""
    small, big = folder / "zstd-1000000.parquet", folder / f"zstd-{rows}.parquet"
    write(small, 1_000_000, 100, codec="zstd")
    write(big, rows, 100, codec="zstd")
    if not small.with_suffix(".grid").exists():
        run("build", small)
    big.with_suffix(".grid").write_bytes(small.with_suffix(".grid").read_bytes())
    few, many = run("count", small), run("count", big)
    line("pass, 1,000,000 x 100", few)
    line(f"pass, {rows:,} x 100", many, f"memory {many['mb'] / few['mb'] - 1:+.0%} (goal 10 %; 15 s on two idle cores)")


def wide(folder: Path) -> None:
    """A wide table, a fifth of 356,251 x 797 rows."""
    path = folder / "wide.parquet"
    write(path, 71_250, 797, codec="zstd")
    line("baseline, 71,250 x 797", run("build", path))
    line("pass, 71,250 x 797", best("count", path, 2))


def granules(folder: Path) -> None:
    """A year of days in one file, in order of time and shuffled."""
    for order in ("ordered", "shuffled"):
        path = folder / f"{order}.parquet"
        write(path, 1_000_000, 20, codec="zstd", days=order)
        run("build", path)
        line(f"pass, 1,000,000 x 20, 365 days {order}", best("count", path, 2))


def judging(folder: Path) -> None:
    """A year of a thousand features."""
    found = run("judge", folder / "none")
    line("judge 1,000 features x 365 days", found, f"first day after {found['first']:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=float, default=1e7)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work, given.folder)
        return
    with tempfile.TemporaryDirectory() as made:
        folder = given.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
        print("| what | CPU s | wall s | peak MB | |\n|---|---|---|---|---|")
        parts = {
            "read": lambda: against_read(folder, 1_000_000, 3),
            "large": lambda: large(folder, int(given.rows)),
            "wide": lambda: wide(folder),
            "granules": lambda: granules(folder),
            "judge": lambda: judging(folder),
        }
        for name, part in parts.items():
            if given.only in ("", name):
                part()
        print(f"\nload at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
