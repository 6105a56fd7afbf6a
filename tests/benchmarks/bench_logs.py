"""Search of logs beside ripgrep, DuckDB, SQLite FTS5 and a Python loop, on generated lines.

    python tests/benchmarks/bench_logs.py [LINES] [--folder DIR] [--days 30] [--kills N]

Lines are JSON of a scoring service, seeded, spread over gzipped days. CPU is user and system time of this process and
its children. Everything but indexing is the best of five, the engines taking turns.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from monitor_core.logs.ingest.ingester import Ingester
from monitor_core.logs.query import parse
from monitor_core.logs.search import LogService, Times
from monitor_core.settings import LogSettings

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SETTINGS = LogSettings(search_seconds=600, search_rows=100_000_000)
TICKERS = [f"TK{i:03d}" for i in range(200)]
MESSAGES = (
    "prediction served for {t} in {ms} ms",
    "features loaded from cache for {t}: 25 of 25 present",
    "request {n} accepted from gateway node {k}",
    "model scored batch {n} with confidence 0.{k:02d}",
    "cache miss for key user/{n}, falling back to store",
)
ERRORS = ("timeout while reading features of {t} from db_{k}", "connection refused by peer {k}, retry {n}")
TRACE = "deadbeef" * 4


def cpu() -> float:
    """Return CPU seconds of this process and the children that ended."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def line(i: int, at: datetime, draw: random.Random, rare: int) -> str:
    """Return one line of a log, with its end."""
    level = draw.choices(("INFO", "DEBUG", "WARNING", "ERROR"), (80, 12, 6, 2))[0]
    ticker, ms, k = draw.choice(TICKERS), round(draw.lognormvariate(4, 1), 1), draw.randrange(100)
    text = draw.choice(ERRORS if level == "ERROR" else MESSAGES).format(t=ticker, ms=ms, n=i, k=k)
    if i == rare:
        text += " quizzacious"
    trace = TRACE if i in {rare, rare + 1} else f"{draw.getrandbits(128):032x}"
    moment = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f'{{"timestamp": "{moment}", "level": "{level}", "logger": "api_{k % 12}.handlers", "message": "{text}", '
        f'"context": {{"ticker": "{ticker}", "latency_ms": {ms}, "model_version": "2.{k % 4}", "host": "node-{k % 8}", '
        f'"path": "/v1/predict", "status": {500 if level == "ERROR" else 200}}}, "trace_id": "{trace}", '
        f'"span_id": "{draw.getrandbits(64):016x}"}}\n'
    )


def generate(folder: Path, n_lines: int, days: int) -> int:
    """Write gzipped days; return the bytes they unpack to."""
    draw, total, a_day = random.Random(7), 0, n_lines // days
    for day in range(days):
        start = datetime(2026, 10, 24, tzinfo=UTC) + timedelta(days=day)
        with gzip.open(folder / f"app.log.{start:%Y-%m-%d}.gz", "wt", compresslevel=3) as file:
            for i in range(a_day):
                text = line(day * a_day + i, start + timedelta(seconds=86_400 * i / a_day), draw, n_lines // 2)
                total += len(text)
                file.write(text)
    return total


def size(folder: Path) -> int:
    """Return the bytes below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def ours(root: Path) -> dict[str, object]:
    """Return what is asked of the index."""
    service = LogService(root, SETTINGS, lambda: NOW)
    day = int(datetime(2026, 11, 8, tzinfo=UTC).timestamp()) * 1_000_000
    six_hours = Times(day, day + 6 * 3_600_000_000)

    def asked(text: str, **options: object) -> object:
        query = parse(text)
        return lambda: service.search(query, **options).count  # type: ignore[arg-type]

    return {
        "rare word": asked("quizzacious"),
        "absent word": asked("xylophonist"),
        "common word, newest 100": asked("prediction", limit=100, is_counted=False),
        "common word, exact count": asked("prediction", limit=1),
        "trace id": asked(f"trace_id:{TRACE}"),
        "errors in 6 h": asked("level>=ERROR", times=six_hours),
        "numeric count": asked("context.latency_ms>500", limit=1),
        "top ten over 30 days": lambda: service.facet(parse("level=ERROR"), "context.ticker").values,
        "day by minute and level": lambda: (
            service.histogram(parse("prediction"), times=Times(day, day + 86_400_000_000), step_seconds=60).total
        ),
        "30 days by hour and level": lambda: service.histogram(parse("*"), step_seconds=3_600).total,
        "30 days by hour, of a word": lambda: service.histogram(parse("prediction"), step_seconds=3_600).total,
    }


def peers(folder: Path, work: Path) -> dict[str, object]:
    """Return the rare word by other means."""
    files = sorted(map(str, folder.glob("*.gz")))
    (work / "peer.duckdb").unlink(missing_ok=True)
    table = duckdb.connect(str(work / "peer.duckdb"))
    pattern = str(folder / "*.gz")
    columns = "columns={'line': 'VARCHAR'}, delim='\\x01', quote='', escape='', header=false, auto_detect=false"
    table.execute(f"CREATE TABLE logs AS SELECT line FROM read_csv('{pattern}', {columns})")
    (work / "peer.sqlite").unlink(missing_ok=True)
    fts = sqlite3.connect(work / "peer.sqlite")
    fts.execute("CREATE VIRTUAL TABLE logs USING fts5(line)")

    def each() -> object:
        for name in files:
            with gzip.open(name, "rt") as file:
                for text in file:
                    yield (text,)

    started = cpu()
    with fts:
        fts.executemany("INSERT INTO logs VALUES (?)", each())
    print(f"SQLite FTS5: indexing {cpu() - started:.0f} CPU s, {(work / 'peer.sqlite').stat().st_size / 1e6:,.0f} MB")

    def loop() -> int:
        return sum("quizzacious" in json.loads(text)["message"] for (text,) in each())

    def ripgrep() -> int:
        words = ["rg", "-z", "-c", "--no-filename", "quizzacious", *files]
        return int(subprocess.run(words, check=True, capture_output=True).stdout)

    found = {
        "DuckDB table": lambda: table.execute(
            "SELECT count(*) FROM logs WHERE contains(line, 'quizzacious')"
        ).fetchone(),
        "SQLite FTS5": lambda: fts.execute("SELECT count(*) FROM logs WHERE logs MATCH 'quizzacious'").fetchone(),
        "Python loop": loop,
    }
    if shutil.which("rg") is None:
        print("rg is not installed: apt-get install ripgrep")
        return found
    return {"rg -z": ripgrep, **found}


def measure(asked: dict[str, object], repeats: int) -> None:
    """Print the best CPU and wall time of each, taking turns."""
    best: dict[str, tuple[float, float, object]] = {}
    for _ in range(repeats):
        for name, ask in asked.items():
            if repeats > 1 and best.get(name, (0,))[0] > 20:
                continue
            started, wall = cpu(), time.perf_counter()
            answer = ask()  # type: ignore[operator]
            took = cpu() - started, time.perf_counter() - wall, answer
            best[name] = min(best.get(name, took), took, key=lambda item: item[0])
    for name, (used, wall, answer) in best.items():
        words = f"{answer:,}" if isinstance(answer, int) else str(answer)[:60]
        print(f"| {name} | {used * 1e3:,.2f} | {wall * 1e3:,.2f} | {words} |")


def main() -> None:
    """Generate, index, measure."""
    options = argparse.ArgumentParser()
    options.add_argument("lines", type=int, nargs="?", default=1_000_000)
    options.add_argument("--folder", type=Path)
    options.add_argument("--days", type=int, default=30)
    options.add_argument("--without-peers", action="store_true")
    given = options.parse_args()
    work = given.folder or Path(tempfile.mkdtemp())
    (work / "in").mkdir(parents=True, exist_ok=True)
    raw = generate(work / "in", given.lines, given.days)
    print(f"{given.lines:,} lines, {raw / 1e6:,.0f} MB in {given.days} gzipped days; load {os.getloadavg()[0]:.1f}")
    shutil.rmtree(work / "index", ignore_errors=True)
    started, wall = cpu(), time.perf_counter()
    ingester = Ingester(work / "index", [work / "in"], SETTINGS, lambda: NOW)
    found = ingester.catch_up(lambda done: print(f"\r{done.n_lines:,}", end="", file=sys.stderr))
    ingester.close()
    used = cpu() - started
    wall = time.perf_counter() - wall
    print(f"indexed {found.n_lines:,} lines: {found.n_lines / used:,.0f} a CPU second, {used:.0f} CPU s, {wall:.0f} s")
    print(f"index: {size(work / 'index') / 1e6:,.0f} MB, {size(work / 'index') / raw:.3f} of the lines")
    print("| what | CPU ms | wall ms | answer |\n|---|---|---|---|")
    measure(ours(work / "index"), 5)
    if not given.without_peers:
        measure(peers(work / "in", work), 3)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
