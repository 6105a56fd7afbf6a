"""How fast the pages answer, in a real browser on a real server, and what an open page costs the server.

``python tests/benchmarks/bench_pages.py [--write]`` prints a table; ``--write`` also puts it into
``docs/benchmarks.md``. A second server with an empty Streamlit page is visited in turn, because a first visit is mostly
Streamlit's own time. Needs Chromium.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from playwright.sync_api import Browser, Page, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
BROWSER = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
REPEATS = 15
SESSIONS = 20
START, END = "<!-- pages -->", "<!-- /pages -->"

# Resolves when the script run that `click` starts has ended: milliseconds from the click to the changed page, or null
# when the run was so short that the page never said "running".
RERUN = """click => new Promise(resolve => {
  setTimeout(() => resolve(null), 5000);
  const app = document.querySelector('[data-testid=stApp]');
  const state = () => app.getAttribute('data-test-script-state');
  const begin = performance.now();
  let ran = false;
  new MutationObserver((_, watch) => {
    if (state() === 'running') ran = true;
    else if (ran) { watch.disconnect(); requestAnimationFrame(() => resolve(performance.now() - begin)); }
  }).observe(app, {attributes: true});
  document.querySelector(click).click();
})"""

# True when a canvas has been painted: some pixel of its middle row is not transparent.
PAINTED = """minimum => [...document.querySelectorAll('[data-testid=stEChartsChart] canvas')].some(canvas => {
  if (canvas.width < minimum || canvas.height < 8) return false;
  const row = canvas.getContext('2d').getImageData(0, Math.floor(canvas.height / 2), canvas.width, 1).data;
  return row.some(value => value > 0);
})"""
# True when a sparkline has been decoded and has its place on screen.
SPARK = """() => [...document.querySelectorAll('[data-testid=stMarkdown] img')].some(image =>
  image.complete && image.naturalWidth > 0 && image.getBoundingClientRect().width > 40)"""
NOW = "() => performance.now()"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure beside its goal, both in the unit that `measured` spells out."""

    what: str
    goal: float
    value: float
    measured: str

    @property
    def row(self) -> str:
        """A row of the table; a figure beyond its goal says so."""
        short = "" if self.value <= self.goal else " **short**"
        unit = self.measured.split()[1]
        return f"| {self.what} | <= {self.goal:g} {unit} | {self.measured}{short} |"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    url: str
    process: psutil.Process

    @property
    def web(self) -> psutil.Process:
        """The process that serves the pages."""
        children = self.process.children()
        return max(children, key=lambda one: one.memory_info().rss) if children else self.process


@contextmanager
def serving(data: Path) -> Iterator[Server]:
    """Run the app on a free port."""
    command = [sys.executable, "-m", "monitor_core", "serve", "--port", "0", "--data-dir", str(data)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, "the app did not start"
        try:
            yield Server(found[0], psutil.Process(process.pid))
        finally:
            process.terminate()


@contextmanager
def empty_page(folder: Path) -> Iterator[Server]:
    """Run Streamlit with nothing but a line of text, with the same configuration."""
    script = folder / "empty.py"
    script.write_text("import streamlit as st\nst.text('empty')\n")
    shutil.copytree(ROOT / ".streamlit", folder / ".streamlit", dirs_exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(script),
        "--server.port",
        port,
        "--server.headless",
        "true",
    ]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        while "http" not in (line := process.stdout.readline()):
            assert line, "Streamlit did not start"
        try:
            yield Server(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
        finally:
            process.terminate()


def wide_file(path: Path, first: str, days: int, *, features: int, rows: int) -> Path:
    """Write `rows` a day of normal columns."""
    rng, n = np.random.default_rng(3), days * rows
    dates = np.datetime64(first, "us") + np.repeat(np.arange(days), rows).astype("timedelta64[D]")
    columns = {"date": dates} | {f"x{i:03d}": rng.normal(size=n) for i in range(features)}
    pq.write_table(pa.table(columns), path)
    return path


def fill(data: Path, folder: Path) -> None:
    """Load the example, and a model of 500 features and 365 days."""

    def command(*words: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "monitor_core", "--data-dir", str(data), *words],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    command("example", "load")
    command("models", "add", "wide", "--version", "1")
    baseline = wide_file(folder / "baseline.parquet", "2025-01-01", 60, features=500, rows=60)
    current = wide_file(folder / "current.parquet", "2025-03-02", 365, features=500, rows=60)
    command("snapshots", "upload", "wide:1", str(baseline), "--baseline")
    command("snapshots", "upload", "wide:1", str(current))


def settled(page: Page) -> None:
    """Wait until the script has run."""
    page.wait_for_selector("[data-testid=stHeading]")
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.getAttribute('data-test-script-state') === 'notRunning'"
    )


def first_sight(page: Page, url: str, *, seen: str, is_chart: bool) -> float:
    """Return seconds from the request to the first text or the first painted chart.

    The visit starts on a page of the same server. Our answers carry ``Cross-Origin-Opener-Policy``, for which a
    browser that comes from ``about:blank`` starts a new process; an empty Streamlit page is spared that.
    """
    page.goto(f"{url}/_stcore/health")
    page.goto(url, wait_until="commit")
    page.wait_for_selector(seen, timeout=60_000)
    if is_chart:
        page.wait_for_function(SPARK, timeout=60_000)
    return float(page.evaluate(NOW)) / 1000


def visits(browser: Browser, app: Server, empty: Server) -> Iterator[Figure]:
    """Compare first visits: Overview's first chart with an empty page's first text, in turn."""
    for word, goal, keeps in (("cold", 2.0, False), ("warm", 1.6, True)):
        ratios, context = [], browser.new_context()
        page = context.new_page()
        if keeps:
            first_sight(page, app.url, seen="[data-testid=stMarkdown] img", is_chart=True)
            first_sight(page, empty.url, seen="[data-testid=stText]", is_chart=False)
        for _ in range(7):
            if not keeps:
                context.close()
                context = browser.new_context()
                page = context.new_page()
            plain = first_sight(page, empty.url, seen="[data-testid=stText]", is_chart=False)
            if not keeps:
                context.close()
                context = browser.new_context()
                page = context.new_page()
            chart = first_sight(page, app.url, seen="[data-testid=stMarkdown] img", is_chart=True)
            ratios.append((chart / plain, chart, plain))
        context.close()
        ratio, chart, plain = (statistics.median(column) for column in zip(*ratios, strict=True))
        measured = f"{ratio:.2f} x ({chart:.2f} s against {plain:.2f} s)"
        yield Figure(f"Overview's first chart against an empty page's first text, {word}", goal, ratio, measured)


def rerun(page: Page, click: str) -> float:
    """Click and return the milliseconds until the page has changed; NaN when no run was seen."""
    found = page.evaluate(RERUN, click)
    return float("nan") if found is None else float(found)


def repeated(page: Page, web: psutil.Process, act: Callable[[int], float]) -> tuple[float, float]:
    """Return the median milliseconds of `act` and the server's CPU milliseconds for one."""
    for number in range(3):
        act(number)
    page.wait_for_timeout(500)
    before, times = web.cpu_times(), [act(number) for number in range(REPEATS)]
    after = web.cpu_times()
    cpu = (after.user + after.system - before.user - before.system) / REPEATS
    return float(np.nanmedian(times)), 1000 * cpu


def answers(browser: Browser, app: Server) -> Iterator[Figure]:
    """Measure page switches and a control of the Drift page, on the example."""
    page, web = browser.new_page(viewport={"width": 1440, "height": 900}), app.web
    page.goto(f"{app.url}/drift?model=example+1")
    settled(page)
    toggle = page.locator("label:has-text('Only drifted') input")
    toggle.evaluate("one => one.setAttribute('data-bench', 'toggle')")

    def control(_: int) -> float:
        page.wait_for_timeout(150)
        toggle.evaluate("one => one.setAttribute('data-bench', 'toggle')")
        return rerun(page, "[data-bench=toggle]")

    time, cpu = repeated(page, web, control)
    yield Figure("control to changed page (Drift, Only drifted), median", 200, time, f"{time:.0f} ms")
    yield Figure("server CPU a rerun (Drift, everything included)", 40, cpu, f"{cpu:.0f} ms")
    yield from window_of_performance(page, app)
    targets = ("data", "settings", "overview", "drift", "performance")

    def switch(number: int) -> float:
        page.wait_for_timeout(150)
        name = targets[number % len(targets)]
        link = "a[href$='/']" if name == "overview" else f"a[href*='/{name}']"
        return rerun(page, f"[data-testid=stSidebarNav] {link}")

    time, cpu = repeated(page, web, switch)
    yield Figure("page switch, median over five pages", 300, time, f"{time:.0f} ms (server CPU {cpu:.0f} ms)")
    page.close()


def window_of_performance(page: Page, app: Server) -> Iterator[Figure]:
    """Measure another window on the Performance page: every figure, chart and the advice change."""
    page.goto(f"{app.url}/performance?model=example+1")
    settled(page)

    def control(number: int) -> float:
        page.wait_for_timeout(150)
        option = page.get_by_role("radio", name="7" if number % 2 else "30", exact=True)
        option.evaluate("one => one.setAttribute('data-bench', 'window')")
        try:
            return rerun(page, "[data-bench=window]")
        finally:
            page.evaluate("document.querySelector('[data-bench=window]')?.removeAttribute('data-bench')")

    control(1)
    control(0)
    time, cpu = repeated(page, app.web, lambda number: control(number + 1))
    yield Figure("control to changed page (Performance, window), median", 200, time, f"{time:.0f} ms")
    yield Figure("server CPU a rerun (Performance, everything included)", 40, cpu, f"{cpu:.0f} ms")


def wide_map(browser: Browser, app: Server) -> Iterator[Figure]:
    """Measure the heatmap of 500 features and 365 days, from the click on Drift to the painted map."""
    page, times = browser.new_page(viewport={"width": 1440, "height": 900}), []
    page.goto(f"{app.url}/settings?model=wide+1")
    settled(page)
    for _ in range(5):
        page.evaluate("document.querySelector(\"[data-testid=stSidebarNav] a[href*='/drift']\").click()")
        begin = float(page.evaluate(NOW))
        page.wait_for_function(PAINTED, arg=400, timeout=60_000)
        times.append(float(page.evaluate(NOW)) - begin)
        page.evaluate("document.querySelector(\"[data-testid=stSidebarNav] a[href*='/settings']\").click()")
        page.wait_for_function("() => !document.querySelector('[data-testid=stEChartsChart]')")
        settled(page)
    page.close()
    median = statistics.median(times) / 1000
    measured = f"{median:.2f} s (first {times[0] / 1000:.2f} s)"
    yield Figure("heatmap 500 x 365, click to painted", 1, median, measured)


def sessions(browser: Browser, app: Server) -> Iterator[Figure]:
    """Measure what idle open pages keep on the server."""
    contexts = [browser.new_context() for _ in range(3 + SESSIONS)]
    grown = 0.0
    for number, context in enumerate(contexts):
        page = context.new_page()
        page.goto(app.url)
        settled(page)
        if number == 2:
            grown = app.web.memory_info().rss
    grown = (app.web.memory_info().rss - grown) / SESSIONS / 2**20
    for context in contexts:
        context.close()
    yield Figure("server memory an idle session", 1, grown, f"{grown:.2f} MB")


def measure() -> list[Figure]:
    """Run everything."""
    found = next(filter(None, map(shutil.which, BROWSER)), None)
    if found is None:
        sys.exit("Chromium is not installed (Debian: apt-get install chromium)")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        fill(folder / "data", folder)
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        with serving(folder / "data") as app, empty_page(folder) as empty:
            figures = [
                *visits(browser, app, empty),
                *answers(browser, app),
                *wide_map(browser, app),
                *sessions(browser, app),
            ]
        browser.close()
    return figures


def table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table."""
    return "\n".join(["| what | goal | measured |", "|---|---|---|", *(one.row for one in figures)])


def main() -> None:
    """Print, and write when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    text = f"{table(measure())}\n\nLoad of the machine at the start: {load:.1f}."
    print(text)
    if options.write:
        document = ROOT / "docs" / "benchmarks.md"
        before, _, rest = document.read_text().partition(START)
        _, _, after = rest.partition(END)
        document.write_text(f"{before}{START}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
