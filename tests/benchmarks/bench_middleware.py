"""What counting a request costs, beside other ways of doing it, and whether routes are named rightly by old FastAPI.

``python tests/benchmarks/bench_middleware.py [--requests N] [--write]``. Everything runs in environments of its own
under ``build/bench``; what does not install here is named and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENVS = ROOT / "build" / "bench" / "venvs"
PEERS = Path(__file__).resolve().parent / "peers"
DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- instrumentation: begin -->", "<!-- instrumentation: end -->"
CURRENT = "fastapi==0.165.0"
OLDER = ("fastapi==0.115.14", "fastapi==0.136.3", "fastapi==0.137.0")
LIGHT = ("prometheus-client", "psutil")
REQUESTS_A_MINUTE = 1_000
SCRAPES_A_MINUTE = 4


@dataclass(frozen=True)
class Way:
    """One way to count requests."""

    name: str
    label: str
    packages: tuple[str, ...] = ()
    goal: float | None = None
    routes: int = 20
    asked: int = 0  # 0: all routes


WAYS = (
    Way("ours", "**Bellwether**, `instrument(app)`", goal=10),
    Way("ours", "**Bellwether**, 200 routes, 20 of them asked", goal=10, routes=200, asked=20),
    Way("ours", "**Bellwether**, 200 routes, all asked", goal=10, routes=200),
    Way("ours-traced", "**Bellwether**, each request with a trace id", goal=10),
    Way("ours-multiprocess", "**Bellwether**, several workers", goal=15),
    Way("scope-only", "**Bellwether**, around nothing, 20 routes", goal=10),
    Way("scope-only", "**Bellwether**, around nothing, 200 routes", goal=10, routes=200),
    Way("http-decorator", '`@app.middleware("http")` that does nothing'),
    Way("track-request", '`@app.middleware("http")` with `track_request`'),
    Way("instrumentator", "prometheus-fastapi-instrumentator", ("prometheus-fastapi-instrumentator",)),
    Way("instrumentator", "the same, 200 routes", ("prometheus-fastapi-instrumentator",), routes=200),
    Way("starlette-exporter", "starlette-exporter, `group_paths`", ("starlette-exporter",)),
    Way("starlette-exporter", "the same, 200 routes", ("starlette-exporter",), routes=200),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=1_000, help="requests a round")
    parser.add_argument("--rounds", type=int, default=3, help="processes of each")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    results: dict[Way, list[dict[str, float]]] = {way: [] for way in WAYS}
    problems: dict[Way, str] = {}
    for _ in range(options.rounds):
        for way in WAYS:
            try:
                results[way].append(measure(way, options.requests))
            except subprocess.CalledProcessError as error:
                problems[way] = (error.stderr or "no message").strip().splitlines()[-1][:160]
    written = table(results, problems)
    print(written)
    if options.write:
        write(written)
    return 0


def environment(packages: tuple[str, ...]) -> Path:
    """Return the Python of an environment with these packages."""
    folder = VENVS / re.sub(r"\W+", "-", packages[-1])
    python = folder / "bin" / "python"
    done = folder / ".middleware"
    if not done.exists() or done.read_text() != repr(packages):
        venv.create(folder, with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *packages], check=True, capture_output=True, text=True
        )
        done.write_text(repr(packages))
    return python


def measure(way: Way, requests: int) -> dict[str, float]:
    python = environment((*LIGHT, CURRENT, *way.packages))
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        if way.name == "ours-multiprocess":
            environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        command = [
            python,
            PEERS / "middleware.py",
            way.name,
            str(way.routes),
            str(requests),
            str(way.asked or way.routes),
        ]
        ran = subprocess.run(command, env=environ, cwd=folder, check=True, capture_output=True, text=True, timeout=600)
    found = json.loads(ran.stdout.splitlines()[-1])
    print(f"{way.label}: {found}", flush=True)
    return found


def routes_in(package: str) -> str:
    """Return what the address check says in an older FastAPI."""
    try:
        python = environment((*LIGHT, package))
    except subprocess.CalledProcessError:
        return f"{package} does not install here"
    ran = subprocess.run(
        [python, PEERS / "fastapi_routes.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    return " ".join(ran.stdout.split()) or ran.stderr.strip().splitlines()[-1]


def table(results: dict[Way, list[dict[str, float]]], problems: dict[Way, str]) -> str:
    head = (
        f"CPU a request beyond that of the application alone (FastAPI {CURRENT.partition('==')[2]}, 8 headers, no"
        f" server, requests over all routes), Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}, machine"
        f" load {os.getloadavg()[1]:.0f} on {os.cpu_count()} cores: a busy machine adds to all lines. Medians of"
        f" {len(results[WAYS[0]])} processes of 15 rounds each, in turn."
    )
    lines = [head, "", "| | goal µs | µs a request | series |", "| --- | ---: | ---: | ---: |"]
    for way, taken in results.items():
        if not taken:
            lines.append(f"| {way.label} | | {problems[way].replace('|', '/')} | |")
            continue
        extra = statistics.median(run["extra"] for run in taken)
        short = " **short**" if way.goal and extra > way.goal else ""
        lines.append(f"| {way.label} | {way.goal or ''} | {extra:.1f}{short} | {taken[0]['series']:,.0f} |")
    own = results[WAYS[0]]
    extra, scrape = (statistics.median(run[key] for run in own) for key in ("extra", "scrape"))
    share = (REQUESTS_A_MINUTE * extra + SCRAPES_A_MINUTE * scrape) / 60e6
    busy = (
        f"At {REQUESTS_A_MINUTE:,} requests and {SCRAPES_A_MINUTE} scrapes ({scrape / 1000:.1f} ms each) a minute:"
        f" {share:.3%} of one core (goal: under 1 %)."
    )
    older = (
        "Addresses of nested routers, mounts and the like counted under the right endpoint"
        f" (`tests/benchmarks/peers/fastapi_routes.py`): {'; '.join(routes_in(package) for package in OLDER)}."
    )
    return "\n".join([*lines, "", busy, "", older])


def write(written: str) -> None:
    """Put the table between its two marks in the document, which are added where they are missing."""
    text = DOCUMENT.read_text(encoding="utf-8")
    if BEGIN not in text:
        text += f"\n## Instrumentation\n\n{BEGIN}\n{END}\n"
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    DOCUMENT.write_text(pattern.sub(lambda _: f"{BEGIN}\n{written}\n{END}", text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
