"""The same scrapes in our store and, where one is installed, in a real Prometheus.

The real server scrapes a page that changes with every request; afterwards our scraper gets the same pages, at the
moments that the real server wrote down. Where there is none, the moments are made up.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import anyio
import numpy as np
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from monitor_core import clock
from monitor_core.asgi.access import Access
from monitor_core.asgi.context import Context, told
from monitor_core.asgi.guard import Guard, allowed_hosts
from monitor_core.asgi.prometheus_api import prometheus_routes
from monitor_core.errors import MonitorError
from monitor_core.metrics.embedded import EmbeddedSource
from monitor_core.metrics.scrape.target import TargetScraper
from monitor_core.metrics.server.source import PrometheusSource
from monitor_core.metrics.store.database import FILE
from monitor_core.metrics.store.writer import StoreWriter
from monitor_core.settings import MetricsSettings, load, read_targets

if TYPE_CHECKING:
    from pathlib import Path

N_PAGES = 20
INTERVAL = 0.5


def page(number: int, rng: np.random.Generator, totals: dict[str, float]) -> str | None:
    """Return one page; None where the service does not answer."""
    if number in {15, 16}:
        return None
    lines = ["# HELP hits_total Requests\\nanswered.", "# TYPE hits_total counter"]
    if number == 11:
        totals.clear()  # a restart
    for code in ("200", "404", "500"):
        for method in ("GET", "POST"):
            key = f'hits_total{{code="{code}",method="{method}"}}'
            totals[key] = totals.get(key, 0) + int(rng.poisson(5))
            lines.append(f"{key} {totals[key]:g}")
    lines += ["# TYPE temperature gauge"]
    lines += [f'temperature{{room="{room}"}} {rng.normal(20, 9)!r}' for room in ("a", 'b \\"quoted\\"\\n\\\\', "ü")]
    if number not in range(5, 9):
        lines.append(f"sometimes {number}")
    lines += ["# TYPE odd untyped", f'odd{{kind="inf"}} {"+Inf" if number % 2 else "-Inf"}', 'odd{kind="nan"} NaN']
    lines += [f'odd{{kind="tiny"}} {1e-9 * number!r}', f'odd{{kind="huge"}} {1e22 * (number + 1)!r}', 'odd{kind=""} 7']
    lines += ["# HELP lat_seconds Latency.", "# TYPE lat_seconds histogram"]
    seen = rng.exponential(0.2, size=20)
    for bound in ("0.05", "0.1", "0.25", "0.5", "1.0", "+Inf"):
        key = f'lat_seconds_bucket{{le="{bound}",job="inner"}}'
        totals[key] = totals.get(key, 0) + int((seen <= float(bound)).sum())
        lines.append(f"{key} {totals[key]:g}")
    totals["sum"] = totals.get("sum", 0) + float(seen.sum())
    totals["count"] = totals.get("count", 0) + len(seen)
    lines += [
        f'lat_seconds_sum{{job="inner"}} {totals["sum"]!r}',
        f'lat_seconds_count{{job="inner"}} {totals["count"]:g}',
    ]
    return "\n".join(lines) + "\n"


@dataclass
class PageServer:
    """Serves pages one after the other, or the one that is set."""

    pages: list
    served: int = 0
    fixed: int | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                text = outer.next()
                body = (text or "out of order").encode()
                self.send_response(200 if text else 503)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def next(self):
        if self.fixed is not None:
            return self.pages[self.fixed]
        at = self.served
        self.served += 1
        if self.served >= len(self.pages):
            self.done.set()
        return self.pages[at] if at < len(self.pages) else None

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@dataclass
class History:
    """What was scraped, when, and who holds it."""

    pages: list
    moments: list
    first: float
    last: float
    data_dir: Path
    instance: str
    real: str | None
    settings: object


def get_json(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def start_prometheus(folder: Path, target: str):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "prometheus.yml").write_text(
        f"global: {{scrape_interval: {round(INTERVAL * 1000)}ms, scrape_timeout: {round(INTERVAL * 1000)}ms}}\n"
        f"scrape_configs: [{{job_name: api, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    command = [shutil.which("prometheus"), f"--config.file={folder}/prometheus.yml", "--log.level=error"]
    command += [f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return process, f"http://127.0.0.1:{port}"


def scraped_by_prometheus(server: PageServer, address: str) -> list[float]:
    """Wait until every page was served and one scrape more has failed; return the moments of the scrapes."""
    assert server.done.wait(60)
    time.sleep(3 * INTERVAL)
    for _ in range(100):
        try:
            answer = get_json(f"{address}/api/v1/query?{urlencode({'query': 'up[10m]'})}")
            found = answer["data"]["result"][0]["values"][: len(server.pages)]
            if len(found) == len(server.pages):
                for number, (_, up) in enumerate(found):
                    if up == "0":  # on a busy machine a scrape may come too late
                        server.pages[number] = None
                return [at for at, _ in found]
        except (OSError, IndexError):
            pass
        time.sleep(0.1)
    raise AssertionError("Prometheus does not answer")


@pytest.fixture(scope="session")
def history(tmp_path_factory):
    """Give the same scrapes in our store and in a real Prometheus, if there is one."""
    rng, totals = np.random.default_rng(5), {}
    server = PageServer([page(number, rng, totals) for number in range(N_PAGES)])
    folder = tmp_path_factory.mktemp("history")
    process, real = start_prometheus(folder, server.address) if shutil.which("prometheus") else (None, None)
    try:
        if real:
            moments = scraped_by_prometheus(server, real)
        else:
            now = time.time() - N_PAGES * INTERVAL
            moments = [round(now + number * INTERVAL, 3) for number in range(N_PAGES)]
        arguments = {
            "data_dir": folder / "ours",
            "metrics.targets": f"api=http://{server.address}/metrics",
            "metrics.scrape_self": False,
        }
        settings = load(environ={}, arguments=arguments)
        replay(server, moments, settings)
        yield History(server.pages, moments, moments[0], moments[-1], folder / "ours", server.address, real, settings)
    finally:
        server.close()
        if process is not None:
            process.terminate()
            process.wait(timeout=30)


def replay(server: PageServer, moments: list[float], settings) -> None:
    """Let our scraper see the same pages at the same moments."""
    writer = StoreWriter(settings.data_dir / FILE, max_series=5_000)
    (target,) = read_targets(settings.metrics.targets)
    scraper = TargetScraper(target, writer, settings.metrics)
    for number, at in enumerate(moments):
        server.fixed = number
        scraper.scrape(at)
    scraper.close()
    writer.close()


class ApiServer:
    """Our HTTP API over a source, behind a socket."""

    def __init__(self, source, settings):
        services = type("Services", (), {"metrics": source, "settings": settings})()
        context = Context(services, Access(settings, "the-token"), anyio.CapacityLimiter(4))
        app = Starlette(
            routes=prometheus_routes(lambda: context),
            middleware=[Middleware(Guard, names=allowed_hosts(settings))],
            exception_handlers={MonitorError: told},
        )
        self._server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none"))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        while not self._server.started:
            time.sleep(0.01)

    def close(self):
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


@pytest.fixture(scope="session")
def our_api(history):
    """Our HTTP API over our store, in the ways of Prometheus 2.42."""
    source = EmbeddedSource(history.settings, clock.now, compat=2)
    server = ApiServer(source, history.settings)
    yield server.address
    server.close()
    source.close()


@pytest.fixture(
    params=["embedded", "our api", pytest.param("prometheus", marks=pytest.mark.prometheus)],
)
def source(request, history):
    """Give each kind of source over the same scrapes."""
    if request.param == "embedded":
        made = EmbeddedSource(history.settings, clock.now, compat=2)
    elif request.param == "our api":
        made = PrometheusSource(MetricsSettings(prometheus_url=request.getfixturevalue("our_api")))
    else:
        made = PrometheusSource(MetricsSettings(prometheus_url=history.real))
    yield made
    made.close()
