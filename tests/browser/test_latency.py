"""A real service under load, scraped by the embedded engine or a real Prometheus, on the page of a fresh server."""

import csv
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
WAITS = (0.0, 0.0, 0.0, 0.02, 0.06, 0.12, 0.2, 0.3)
REQUESTS = 400


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Service:
    """A prediction service with the two lines, in a thread of this process."""

    def __init__(self):
        import uvicorn
        from fastapi import FastAPI, HTTPException
        from prometheus_client import CollectorRegistry

        from monitor_core import PerformanceMonitor

        self.registry = CollectorRegistry()
        app = FastAPI()
        monitor = PerformanceMonitor(self.registry)
        monitor.instrument(app)

        @app.get("/predict/{customer}")
        def predict(customer: int, wait: float = 0.0):
            time.sleep(wait)
            if customer == 13:
                raise HTTPException(503)
            monitor.track_prediction(customer % 2, 0.6 + 0.4 * (customer % 2), "1.0")
            return {"customer": customer}

        @app.get("/health")
        def health():
            return {}

        self.port = free_port()
        self.server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=self.port, log_level="warning"))
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        while not self.server.started:
            time.sleep(0.05)
        for path in (
            "/predict/1",
            "/predict/2",
            "/predict/13",
            "/health",
        ):  # each series is there before the first scrape
            self.ask(path)
        return self

    def __exit__(self, *_):
        self.server.should_exit = True
        self.thread.join(timeout=20)

    def ask(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            error.close()

    def load(self):
        """Four hundred requests from eight clients, one in thirty of them a failure."""
        choose = random.Random(4)
        paths = [
            f"/predict/{choose.choice([1, 2, 2, 2]) if at % 30 else 13}?wait={choose.choice(WAITS)}"
            for at in range(REQUESTS)
        ]
        with ThreadPoolExecutor(8) as clients:
            list(clients.map(self.ask, paths))

    def histogram(self):
        """Its own histogram: cumulative counts by bound."""
        found = {}
        for metric in self.registry.collect():
            for sample in metric.samples:
                if sample.name == "api_request_duration_seconds_bucket":
                    bound = float(sample.labels["le"])
                    found[bound] = found.get(bound, 0.0) + sample.value
        return found


def own_percentile(before, after, share):
    """The percentile of the requests in between, from the service's own buckets, written out."""
    bounds = sorted(after)
    cumulative = [after[bound] - before[bound] for bound in bounds]
    rank = share * cumulative[-1]
    place = next(at for at, count in enumerate(cumulative) if count >= rank)
    low, below = (bounds[place - 1], cumulative[place - 1]) if place else (0.0, 0.0)
    return low + (bounds[place] - low) * (rank - below) / (cumulative[place] - below)


@contextmanager
def app_server(data_dir, **settings):
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MONITOR_", "STREAMLIT_"))}
    environ |= {f"MONITOR_METRICS_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "monitor_core", "serve", "--port", "0", "--data-dir", str(data_dir)]
    log = data_dir.parent / f"{data_dir.name}.log"
    with log.open("w") as errors:
        running = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            found = re.search(r"http://\S+", running.stdout.readline())
            assert found, f"the server did not start: {log.read_text()[-2000:]}"
            yield found[0]
        finally:
            running.terminate()
            running.wait(timeout=30)
            running.stdout.close()


@contextmanager
def prometheus(folder, service):
    port = free_port()
    folder.mkdir()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        f"scrape_configs: [{{job_name: api, static_configs: [{{targets: ['127.0.0.1:{service.port}']}}]}}]\n"
    )
    command = [
        shutil.which("prometheus"),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("w") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()
            running.wait(timeout=30)


def figures(window, path):
    """The figures that the page gives to take away, by name."""
    with window.page.expect_download() as download:
        window.page.get_by_role("button", name="Figures").click()
    download.value.save_as(path)
    with path.open(encoding="utf-8-sig") as file:
        return {row["figure"]: row for row in csv.DictReader(file)}


def shown(name, page):
    return page.locator(".bw-figure", has_text=name).locator("strong").first.inner_text()


def follow(window, service):
    """Open the page while nothing happens, then load the service; give its histogram before and after."""
    window.go("/latency?live=true")
    window.page.locator(".bw-figure").first.wait_for()
    before = service.histogram()
    service.load()
    after = service.histogram()
    window.page.wait_for_function(
        "wanted => [...document.querySelectorAll('.bw-figure')].some(one => one.innerText.includes('Requests') "
        "&& one.innerText.includes(wanted))",
        arg=str(REQUESTS),
        timeout=45_000,
    )
    return before, after


def checked(window, service, tmp_path):
    before, after = follow(window, service)
    found = figures(window, tmp_path / "figures.csv")
    assert float(found["requests timed"]["value"]) == REQUESTS
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        told = found[f"{name} seconds"]
        assert float(told["value"]) == pytest.approx(own_percentile(before, after, share), abs=1e-9)
        assert float(told["bucket from"]) <= float(told["value"]) <= float(told["bucket to"])
    above = 1 - (after[0.15] - before[0.15]) / REQUESTS
    assert float(found["share above 0.15 s"]["value"]) == pytest.approx(above, abs=1e-12)
    assert shown("p95", window.page) == f"{1000 * own_percentile(before, after, 0.95):.0f} ms"
    assert shown("Above 150 ms", window.page) == f"{above:.1%}"
    return found


def test_a_service_under_load_scraped_by_the_app(visit, tmp_path):
    """No Prometheus anywhere: the live page shows the service's own p95 to 1e-9, without a reload."""
    with (
        Service() as service,
        app_server(
            tmp_path / "data",
            targets=f"api=http://127.0.0.1:{service.port}/metrics",
            scrape_interval=0.5,
            scrape_timeout=0.5,
            scrape_self=False,
        ) as url,
    ):
        window = visit(url)
        checked(window, service, tmp_path)
        window.sees("built-in store").picture("latency_live")
        assert float(figures(window, tmp_path / "again.csv")["5xx"]["value"]) == len(range(0, REQUESTS, 30))


@pytest.mark.prometheus
def test_a_service_under_load_scraped_by_prometheus(visit, tmp_path):
    """The same page with a server behind it: the same figures."""
    with (
        Service() as service,
        prometheus(tmp_path / "prometheus", service) as server,
        app_server(tmp_path / "data", prometheus_url=server) as url,
    ):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:  # until it has scraped once
            try:
                with urllib.request.urlopen(f"{server}/api/v1/query?query=api_requests_total", timeout=5) as answer:
                    if b"/health" in answer.read():
                        break
            except OSError:
                pass
            time.sleep(0.3)
        window = visit(url)
        checked(window, service, tmp_path)
        window.sees("Prometheus at 127.0.0.1").picture("latency_prometheus")


KNOWN = {"list": "[data-testid=stSidebarNav]", "listitem": "[data-testid=stSidebarNav]"}
"""Streamlit's own findings, each with the element of Streamlit that it concerns."""


def findings(page):
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa"]}}
    return [
        f"{violation['id']}: {node['target']} {node['html'][:160]} {node['failureSummary'][:160]}"
        for violation in Axe().run(page, options=options).response["violations"]
        for node in violation["nodes"]
        if not (
            violation["id"] in KNOWN
            and page.evaluate(
                "([selector, owner]) => Boolean(document.querySelector(selector)?.closest(owner))",
                [node["target"][0], KNOWN[violation["id"]]],
            )
        )
    ]


VIEWS = (
    ("machine", "light", "/latency"),
    ("machine", "dark", "/latency"),
    ("predictions", "dark", "/latency?more=Predictions&compare=true"),
    ("endpoint", "light", "/latency?endpoint=%2Fpredict%2F%7Bcustomer%7D&more=Targets"),
    ("explore", "light", "/latency?more=Explore&query=sum%20by%20(endpoint)%20(rate(api_requests_total%5B1m%5D))"),
    ("mistake", "dark", "/latency?more=Explore&query=sum(rate(up%5B5m%5D)"),
)


def test_each_view_in_both_appearances_and_on_a_phone(visit, tmp_path):
    """Pictures to look at, nothing that axe finds, nothing that scrolls sideways; and the empty state."""
    with (
        Service() as service,
        app_server(
            tmp_path / "data",
            targets=f"api=http://127.0.0.1:{service.port}/metrics",
            scrape_interval=0.5,
            scrape_timeout=0.5,
            scrape_self=False,
        ) as url,
    ):
        time.sleep(2)
        service.load()
        time.sleep(2)
        for name, scheme, path in VIEWS:
            window = visit(url, scheme=scheme, height=2000).go(path)
            window.picture(f"latency_{name}_{scheme}")
            assert not window.page.locator("[data-testid=stException]").count()
            assert findings(window.page) == []
        window = visit(url, width=390, height=844).go("/latency")
        window.page.wait_for_timeout(1200)
        window.picture("latency_phone")
        assert window.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_a_service_the_lines_to_paste_are_there(server, visit):
    """The first thing a new user sees, in both appearances."""
    for scheme in ("light", "dark"):
        window = visit(server, scheme=scheme).go("/latency")
        window.sees("No service is connected yet").picture(f"latency_connect_{scheme}")
        assert findings(window.page) == []


def test_a_service_that_dies_is_named_and_its_figures_stay(visit, tmp_path):
    """Live: the message comes by itself, the figures are still there."""
    with Service() as service:
        settings = {
            "targets": f"api=http://127.0.0.1:{service.port}/metrics",
            "scrape_interval": 0.5,
            "scrape_timeout": 0.5,
            "scrape_self": False,
        }
        with app_server(tmp_path / "data", **settings) as url:
            time.sleep(2)
            service.load()
            window = visit(url).go("/latency?live=true")
            window.page.locator(".bw-figure").first.wait_for()
            service.__exit__()
            window.sees("is down")
            window.picture("latency_down")
            assert window.page.locator(".bw-figure").count() == 6
