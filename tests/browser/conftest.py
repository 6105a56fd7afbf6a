"""A fresh server of our own, and a real browser that may only talk to it."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCREENS = ROOT / "build" / "screens"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT = 60_000
HOSTILE = "**x** <img src=x onerror=alert(1)> :red[a] [a](javascript:alert(1))"


@contextmanager
def serving(data_dir):
    """Run the app on a free port; give its address."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MONITOR_", "STREAMLIT_"))}
    command = [sys.executable, "-m", "monitor_core", "serve", "--port", "0", "--data-dir", str(data_dir)]
    log = (data_dir.parent / f"{data_dir.name}.log").open("w+")
    server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        line = server.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, f"the server did not start: {line} {Path(log.name).read_text()[-2000:]}"
        yield found[0]
    finally:
        server.terminate()
        server.wait(timeout=30)
        server.stdout.close()
        log.close()


@pytest.fixture
def serve():
    """Start servers at will."""
    return serving


@pytest.fixture
def server(tmp_path):
    """An empty installation."""
    with serving(tmp_path / "data") as url:
        yield url


@pytest.fixture(scope="module")  # while it is open, its event loop keeps others in this process from running theirs
def engine(chromium):
    """One browser for all tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A page in the browser, with the few gestures that the stories need."""

    def __init__(self, page, url):
        self.page = page
        self.url = url
        page.set_default_timeout(WAIT)

    def go(self, path=""):
        self.page.goto(f"{self.url}{path}")
        self.settled()
        return self

    def settled(self):
        """Wait until the script has run and everything is drawn."""
        self.page.wait_for_selector("[data-testid=stHeading], [data-testid=stAlert]")
        self.page.wait_for_function(
            "() => document.querySelector('[data-testid=stApp]')?.getAttribute('data-test-script-state') !== 'running'"
        )
        self.page.wait_for_timeout(300)

    def sees(self, text):
        self.page.get_by_text(text, exact=False).first.wait_for()
        return self

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).first.click()
        self.settled()
        return self

    def menu(self, name):
        self.page.get_by_role("link", name=name).first.click()
        self.settled()
        return self

    def choose(self, label, option):
        self.page.get_by_role("combobox", name=label).first.click()
        self.page.get_by_role("option", name=option, exact=True).click()
        self.settled()
        return self

    def hand_in(self, paths, *, model=None, granularity=None, purpose=None):
        """Upload files on Data & reports, as far as the look at their columns."""
        page = self.page
        if model:
            page.get_by_role("textbox", name="Id", exact=True).fill(model)
            page.get_by_role("textbox", name="Id", exact=True).press("Enter")
            self.settled()
        if granularity:
            self.choose("Judged by", granularity)
        if purpose:
            page.get_by_role("radio", name=purpose).click()
            self.settled()
        page.locator("input[type=file]").first.set_input_files([str(path) for path in paths])
        page.get_by_role("button", name="Continue").wait_for()
        page.wait_for_function(
            "() => [...document.querySelectorAll('button')].some(b => b.innerText.includes('Continue') && !b.disabled)"
        )
        self.press("Continue")
        return self.sees("change what is wrong")

    def take_in(self):
        """Accept what was handed in, and wait until it is counted."""
        self.press("Accept")
        return self.sees("Done")

    def download(self, menu, name, path):
        """Save what a menu of downloads gives; return the name that it was given."""
        self.press(menu)
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=name, exact=True).click()
        download.value.save_as(path)
        return download.value.suggested_filename

    def picture(self, name):
        self.page.wait_for_timeout(1500)  # charts draw after the text
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENS / f"{name}.png", full_page=False)
        return self


@pytest.fixture
def visit(engine):
    """Open a window; every request to another host fails the test."""
    outside, contexts = [], []

    def opened(url, *, scheme="light", width=1440, height=900):
        context = engine.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            timezone_id="Europe/Berlin",
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("dialog", lambda dialog: outside.append(f"dialog: {dialog.message}"))

        def check(route):
            if route.request.url.startswith((url, "data:", "blob:")):
                route.continue_()
            else:
                outside.append(route.request.url)
                route.abort()

        page.route("**/*", check)
        return Visit(page, url)

    yield opened
    for context in contexts:
        context.close()
    assert not outside, f"the page asked other hosts: {outside}"


def make_file(path, first, days, *, shift_from=None, rows=300, seed=1):
    """Write days of data; from `shift_from` on, `amount` has moved by a standard deviation."""
    rng = np.random.default_rng(seed)
    start = np.datetime64(first)
    day = np.repeat(np.arange(days), rows)
    moved = np.zeros(len(day)) if shift_from is None else (start + day >= np.datetime64(shift_from)).astype(float)
    table = {
        "id": [f"c{i}" for i in range(len(day))],
        "date": [str(one) for one in start + day],
        "amount": rng.normal(0, 1, len(day)) + moved,
        "channel": rng.choice(["shop", "web", "phone"], len(day)),
        HOSTILE: rng.normal(0, 1, len(day)),
    }
    table |= {f"quiet_{i:02d}": rng.normal(i, 1 + i, len(day)) for i in range(20)}
    pq.write_table(pa.table(table), path)
    return path


@pytest.fixture
def files(tmp_path):
    """Two files of our own: a baseline of 30 days, and 20 days in which `amount` moves."""
    june = make_file(tmp_path / "june.parquet", "2026-06-01", 30)
    july = make_file(tmp_path / "july.parquet", "2026-07-01", 20, shift_from="2026-07-12", seed=2)
    return june, july


@pytest.fixture(scope="session")
def judged_folder(tmp_path_factory):
    """The data folder of a judged model, filled from the command line; copy it before serving it."""
    folder = tmp_path_factory.mktemp("judged")
    june = make_file(folder / "june.parquet", "2026-06-01", 30)
    july = make_file(folder / "july.parquet", "2026-07-01", 20, shift_from="2026-07-12", seed=2)
    environ = os.environ | {"MONITOR_DATA_DIR": str(folder / "data")}

    def command(*words):
        subprocess.run([sys.executable, "-m", "monitor_core", *words], cwd=ROOT, env=environ, check=True)

    command("models", "add", "shop", "--version", "1.0", "--title", "The shop")
    command("snapshots", "upload", "shop:1.0", str(june), "--baseline")
    command("snapshots", "upload", "shop:1.0", str(july))
    command("predictions", "upload", "shop:1.0", str(labelled_file(folder / "labelled.parquet")))
    command("performance", "baseline", "set", "shop:1.0", "--first", "2026-06-01", "--last", "2026-06-30")
    return folder / "data"


def labelled_file(path):
    """Write sixty days of predictions with what came true; from the fortieth day on they are worse."""
    rng = np.random.default_rng(6)
    day = np.repeat(np.arange(60), 80)
    came = rng.random(len(day)) < 0.4
    said = np.where(rng.random(len(day)) < np.where(day < 40, 0.88, 0.6), came, ~came)
    score = np.where(said, rng.uniform(0.5, 1.0, len(day)), rng.uniform(0.0, 0.5, len(day)))
    dates = [str(one) for one in np.datetime64("2026-06-01") + day]
    ids = [f"order {number}" for number in range(len(day))]
    pq.write_table(pa.table({"id": ids, "date": dates, "score": score, "prediction": said, "label": came}), path)
    return path


@pytest.fixture(scope="session")
def judged(judged_folder, tmp_path_factory):
    """A server with a judged model, for tests that only look."""
    copy = tmp_path_factory.mktemp("warm") / "data"
    shutil.copytree(judged_folder, copy)
    with serving(copy) as url:
        yield url
