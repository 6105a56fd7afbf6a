"""One target over time: what lands in the store, scrape by scrape."""

import numpy as np
import pytest

from monitor_core.metrics.promql.reader import is_stale
from monitor_core.metrics.scrape.target import TargetScraper
from monitor_core.metrics.sources import TargetHealth
from monitor_core.metrics.store.reader import StoreReader
from monitor_core.metrics.store.writer import StoreWriter
from monitor_core.settings import MetricsSettings, Target

BASE = 1_700_000_000.0


class Service:
    """A service whose page can be set."""

    def __init__(self, raw_server, answers):
        self.page, self.status, self.headers = "", "200 OK", {}

        def talk(connection, _server):
            connection.sendall(answers(self.page.encode(), self.status, **self.headers))
            return True

        self.host = raw_server(talk).host


class Scene:
    """A service, its scraper and the store."""

    def __init__(self, service, path, **settings):
        self.service, self.path, self.at = service, path, BASE
        self.settings = MetricsSettings(scrape_timeout=1.0, **settings)
        self.reader = StoreReader(path)
        self.start()

    def start(self):
        self.writer = StoreWriter(self.path, max_series=self.settings.max_series)
        self.scraper = TargetScraper(Target("api", f"http://{self.service.host}/metrics"), self.writer, self.settings)

    def stop(self):
        self.scraper.close()
        self.writer.close()

    def scrape(self, page=None, status="200 OK"):
        self.service.status = status
        if page is not None:
            self.service.page = page
        self.at += 15
        return self.scraper.scrape(self.at)

    def values(self, name, **labels):
        """Samples of one series; None for a stale marker."""
        wanted = {"__name__": name, "job": "api", "instance": self.service.host, **labels}
        for found, _, values in self.reader.select([], 0, 10**14):
            if dict(found) == wanted:
                return [None if stale else value for value, stale in zip(values, is_stale(values), strict=True)]
        return []


@pytest.fixture
def scene(raw_server, answers, tmp_path):
    made = []

    def make(**settings):
        made.append(Scene(Service(raw_server, answers), tmp_path / "metrics.db", **settings))
        return made[-1]

    yield make
    for one in made:
        one.stop()
        one.reader.close()


def test_a_good_scrape(scene):
    """Samples, and the five series about the scrape itself."""
    it = scene()
    state = it.scrape('x{a="1"} 1\ny 2\n')
    assert (state.health, state.samples, state.error) == (TargetHealth.UP, 2, "")
    assert state.scraped_at == it.at
    assert it.values("x", a="1") == [1]
    assert it.values("up") == [1]
    assert it.values("scrape_samples_scraped") == [2]
    assert it.values("scrape_series_added") == [2]
    assert len(it.values("scrape_duration_seconds")) == 1


def test_a_series_that_ends(scene):
    """Gets one stale marker, and lives again later."""
    it = scene()
    for page in ("x 1\ny 1\n", "y 2\n", "y 3\n", "x 4\ny 4\n"):
        it.scrape(page)
    assert it.values("x") == [1, None, 4]
    assert it.values("y") == [1, 2, 3, 4]


def test_a_failed_scrape_ends_everything_once(scene):
    """But up goes on."""
    it = scene()
    it.scrape("x 1\n")
    states = [it.scrape(status="503 Busy") for _ in range(2)]
    it.scrape("x 2\n")
    assert states[0].health is TargetHealth.DOWN
    assert "503" in states[0].error
    assert it.values("x") == [1, None, 2]
    assert it.values("up") == [1, 0, 0, 1]
    assert it.values("scrape_samples_scraped") == [1, 0, 0, 1]


def test_a_wrong_page_is_a_failed_scrape(scene):
    """Half a page counts as none."""
    it = scene()
    it.scrape("x 1\n")
    state = it.scrape("x 2\ny oops\n")
    assert "oops" in state.error
    assert it.values("x") == [1, None]
    assert it.values("y") == []


def test_a_restart_of_the_collector(scene):
    """Series go on under their numbers; those that went meanwhile end."""
    it = scene()
    it.scrape("x 1\ny 1\n")
    it.stop()
    it.start()
    it.scrape("x 2\n")
    assert it.values("x") == [1, 2]
    assert it.values("y") == [1, None]
    assert it.reader.rows("SELECT count(*) FROM series") == [(7,)]


def test_the_limit_is_visible(scene):
    """New series are left out, counted, and taken when there is room."""
    it = scene(max_series=8)  # five are about the scrape
    state = it.scrape("".join(f'x{{n="{n}"}} 1\n' for n in range(5)))
    assert (state.samples, state.left_out) == (5, 2)
    assert it.values("scrape_samples_post_metric_relabeling") == [3]
    it.scrape('x{n="4"} 1\n')
    state = it.scrape('x{n="4"} 2\n')
    assert state.left_out == 0
    assert it.values("x", n="4")[-1] == 2


def test_moments_in_the_future_are_left_out(scene):
    """More than ten minutes ahead: somebody's clock is wrong."""
    it = scene()
    ms = round((it.at + 15) * 1000)
    it.scrape(f"x 1 {ms - 60_000}\ny 1 {ms + 60_000}\nz 1 {ms + 3_600_000}\nold 1 1000\n")
    assert it.values("x") == [1]
    assert it.values("y") == [1]
    assert it.values("z") == it.values("old") == []


def test_exemplars_and_metadata_are_kept(scene):
    """The latest example of each series."""
    it = scene()
    it.service.headers = {"content_type": "application/openmetrics-text; version=1.0.0"}
    for trace in ("a", "b"):
        it.scrape(f'# TYPE h histogram\n# HELP h Words.\nh_bucket{{le="+Inf"}} 1 # {{trace_id="{trace}"}} 0.5\n# EOF\n')
    ((labels, value, at),) = it.reader.rows("SELECT labels, value, at_ms FROM exemplar")
    assert (labels, value, at) == ('{"trace_id":"b"}', 0.5, round(it.at * 1000))
    assert it.reader.rows("SELECT * FROM metadata") == [("h", "histogram", "Words.", "")]


def test_numbers_are_exact(scene):
    """As the page wrote them."""
    it = scene()
    it.scrape("x 0.1\ny 1e-320\nz 123456789.123456789\n")
    assert it.values("x") == [0.1]
    assert it.values("y") == [1e-320]
    assert it.values("z") == [123456789.123456789]
    assert np.isfinite(it.values("scrape_duration_seconds")).all()
