"""Bellwether beside the drift libraries that pip can install: CPU seconds and peak memory on the same files.

``make bench`` or ``python tests/benchmarks/bench_peers.py [--rows N] [--columns N] [--peers a,b] [--write]``. Each
library gets a virtual environment of its own under ``build/bench``; one that does not install or run here is named and
skipped. Runs are interleaved: our own before every other one, so that a busy minute hits both.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import statistics
import subprocess
import sys
import venv
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "bench"
MEASURE = Path(__file__).resolve().parent / "peers" / "measure.py"
DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- against other tools: begin -->", "<!-- against other tools: end -->"
OURS = ("bellwether", "bellwether-stored", "read")
READS = {"both windows": 4.0, "baseline stored": 2.0}
"""Most CPU time, as multiples of a bare read of one window."""


@dataclass(frozen=True)
class Peer:
    """Another way to get there, and how much faster ours has to be: both windows, and with a stored baseline."""

    name: str
    label: str
    package: str
    extra: tuple[str, ...] = ()
    goals: tuple[float, float] | None = None


PEERS = (
    Peer("scipy", "plain loop over `scipy.stats.ks_2samp`", "", goals=(3.5, 8)),
    Peer("nannyml", "NannyML, KS", "nannyml", ("statsmodels",), goals=(2, 5)),
    Peer("alibi-detect", "alibi-detect, KSDrift", "alibi-detect", ("pyarrow<22",), goals=(4, 10)),
    Peer("frouros", "Frouros, KSTest", "frouros", ("pandas", "pyarrow")),
    Peer("whylogs", "whylogs, two profiles", "whylogs", ("pandas", "pyarrow"), goals=(40, 100)),
    Peer("evidently-ks", "Evidently, KS", "evidently", ("pandas<3",), goals=(40, 100)),
    Peer("evidently", "Evidently, default", "evidently", ("pandas<3",), goals=(80, 200)),
)


@dataclass
class Runs:
    """What the runs of one contender took."""

    version: str
    taken: list[dict] = field(default_factory=list)
    problem: str = ""

    def median(self, key: str) -> float:
        return statistics.median(run[key] for run in self.taken)


def main() -> int:
    options = arguments()
    wanted = [peer for peer in PEERS if not options.peers or peer.name in options.peers.split(",")]
    paths = [make_data(options.rows, options.columns, drifted) for drifted in (False, True)]
    stored = store_baseline(paths[0])
    inputs = [str(path) for path in (*paths, stored)]
    results = {name: Runs(version_of(Path(sys.executable), "bellwether-monitor")) for name in OURS}
    for peer in wanted:
        python, problem = environment(peer)
        results[peer.name] = Runs(version_of(python, peer.package or "scipy") if not problem else "", problem=problem)
        for _ in range(options.rounds):
            for name in OURS:
                measure(Path(sys.executable), name, inputs, results[name], options.timeout)
            if not results[peer.name].problem:
                measure(python, peer.name, inputs, results[peer.name], options.timeout)
        tell(peer.name, results[peer.name])
    written = table(options, wanted, results)
    print(written)
    if options.write:
        write(written)
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=1, help="runs of each library; ours runs twice as many kinds")
    parser.add_argument(
        "--peers", default="", help=f"only these, with commas: {', '.join(peer.name for peer in PEERS)}"
    )
    parser.add_argument("--timeout", type=float, default=420.0, help="seconds a run may take")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    return parser.parse_args()


def make_data(rows: int, columns: int, drifted: bool) -> Path:  # noqa: FBT001 - one of two files
    """Write numbers of five families; in the drifted file the first column of each has moved by .3 sd."""
    path = BUILD / f"{'current' if drifted else 'baseline'}_{rows}x{columns}.parquet"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([20261121, rows, columns, drifted])
    families = {
        "normal": rng.normal,
        "lognormal": lambda size: rng.lognormal(0.0, 1.0, size),
        "uniform": rng.random,
        "student": lambda size: rng.standard_t(3, size),
        "poisson": lambda size: rng.poisson(4.0, size).astype(np.float64),
    }
    data = {}
    for number in range(columns):
        family = list(families)[number % len(families)]
        values = families[family](size=rows)
        data[f"{family}_{number // len(families)}"] = values + 0.3 * values.std() * (drifted and number < len(families))
    pq.write_table(pa.table(data), path, compression="zstd", row_group_size=131_072)
    return path


def store_baseline(source: Path) -> Path:
    """Write the baseline as a store would keep it: grid and counts."""
    from monitor_core import drift

    baseline = drift.build_baseline(source)
    ((_, _, block),) = baseline.blocks()
    grid = baseline.grid.to_bytes()
    path = source.with_suffix(".baseline")
    path.write_bytes(len(grid).to_bytes(8, "little") + grid + block)
    return path


def environment(peer: Peer) -> tuple[Path, str]:
    """Return the Python of the library's own environment, and why there is none."""
    if not peer.package:
        return Path(sys.executable), ""
    folder = BUILD / "venvs" / peer.package
    python = folder / "bin" / "python"
    done = folder / f".installed-{zlib.crc32(repr((peer.package, peer.extra)).encode())}"
    if not done.exists():
        print(f"installing {peer.package} ...", flush=True)
        if not python.exists():
            venv.create(folder, with_pip=True)
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", peer.package, *peer.extra]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if ran.returncode:
            return python, f"does not install on Python {platform.python_version()}: {last_line(ran.stderr)}"
        done.touch()
    return python, ""


def version_of(python: Path, package: str) -> str:
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=False).stdout.strip()


def measure(python: Path, name: str, inputs: list[str], into: Runs, timeout: float) -> None:
    try:
        ran = subprocess.run(
            [python, MEASURE, name, *inputs], capture_output=True, text=True, check=False, timeout=timeout, cwd=BUILD
        )
    except subprocess.TimeoutExpired:
        into.problem = f"took more than {timeout:.0f} s"
        return
    if ran.returncode:
        into.problem = f"does not run here: {last_line(ran.stderr)}"
    else:
        into.taken.append(json.loads(ran.stdout.splitlines()[-1]))


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and "ignored" not in line]
    return re.sub(r" \(?/\S*", "", lines[-1].strip())[:160] if lines else "no message"


def tell(name: str, runs: Runs) -> None:
    said = (
        runs.problem
        or f"{runs.median('cpu'):.1f} CPU s, {runs.median('peak') / 2**20:.0f} MiB, {runs.taken[-1]['figures']}"
    )
    print(f"{name}: {said}", flush=True)


def table(options: argparse.Namespace, wanted: list[Peer], results: dict[str, Runs]) -> str:
    both, stored, read = (results[name] for name in OURS)
    ours = dict(zip(READS, (both, stored), strict=True))
    head = (
        f"{options.rows:,} rows x {options.columns} columns of float64 a window, Parquet (zstd), "
        f"Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}. CPU seconds in all threads, "
        f"reading included, imports not; medians of {len(both.taken)} runs of ours, "
        f"interleaved with {options.rounds} of each other."
    )
    lines = [
        head,
        "",
        "| | version | CPU s | wall s | peak MiB | ours is faster: both windows (goal) | baseline stored (goal) |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
        *(row(f"**Bellwether**, {what}", runs) for what, runs in ours.items()),
        row("bare read of one window, by ours", read),
    ]
    for peer in wanted:
        runs = results[peer.name]
        if runs.problem:
            lines.append(f"| {peer.label} | {runs.version} | {runs.problem.replace('|', '/')} | | | | |")
            continue
        ratios = [runs.median("cpu") / mine.median("cpu") for mine in (both, stored)]
        goals = peer.goals or (None, None)
        shown = [f"{ratio:.1f} x{against(ratio, goal)}" for ratio, goal in zip(ratios, goals, strict=True)]
        lines.append(row(peer.label, runs, *shown))
    return "\n".join([*lines, "", multiples(ours, read)])


def multiples(ours: dict[str, Runs], read: Runs) -> str:
    """Say what ours takes in units that do not depend on the machine."""
    said = []
    for what, runs in ours.items():
        factor = runs.median("cpu") / read.median("cpu")
        short = "" if factor <= READS[what] else ", **short**"
        said.append(f"{what} {factor:.2f} x (goal {READS[what]:g} x{short})")
    return f"In units of that bare read: {'; '.join(said)}."


def against(ratio: float, goal: float | None) -> str:
    if goal is None:
        return ""
    return f" ({goal:g})" if ratio >= goal else f" ({goal:g}, short)"


def row(label: str, runs: Runs, *more: str) -> str:
    figures = f"{runs.median('cpu'):.2f} | {runs.median('wall'):.2f} | {runs.median('peak') / 2**20:.0f}"
    return f"| {label} | {runs.version} | {figures} | {' | '.join(more or ('', ''))} |"


def write(written: str) -> None:
    """Put the table between its two marks in the document, which are added where they are missing."""
    text = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else "# Benchmarks\n"
    if BEGIN not in text:
        text += f"\n## Against other tools\n\n{BEGIN}\n{END}\n"
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    DOCUMENT.write_text(pattern.sub(lambda _: f"{BEGIN}\n{written}\n{END}", text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
