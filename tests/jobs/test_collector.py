"""The collector holds its lease while it scrapes, and lets go of it."""

import threading
import time
from contextlib import contextmanager

import pytest

from monitor_core import clock
from monitor_core.jobs.collector import COLLECTOR, Collector
from monitor_core.jobs.lease import Leases
from monitor_core.jobs.token import ensure_token
from monitor_core.metrics.embedded import EmbeddedSource
from monitor_core.runtime import open_services
from monitor_core.settings import load


@pytest.fixture
def services(tmp_path):
    """An installation that scrapes only itself, where nobody answers."""
    arguments = {"data_dir": tmp_path, "metrics.scrape_interval": 0.2, "port": 9}
    with open_services(load(environ={}, arguments=arguments)) as opened:
        yield opened


@contextmanager
def running(services, **options):
    collector = Collector(services.engine, services.settings, clock.now, beat_seconds=0.1, **options)
    thread = threading.Thread(target=collector.run)
    thread.start()
    try:
        yield collector
    finally:
        collector.stop()
        thread.join(timeout=10)
        assert not thread.is_alive()


def wait_for(check, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return
        time.sleep(0.05)
    raise AssertionError


def test_it_scrapes_while_it_has_the_lease(services):
    """And gives it back at the end."""
    leases = Leases(services.engine, clock.now)
    with running(services):
        wait_for(lambda: services.metrics.query("up", time.time()).value.values.tolist() == [0])
        assert leases.is_live(COLLECTOR)
    assert leases.holder(COLLECTOR) is None


def test_what_is_done_beside(services):
    """With the store, until the end."""
    seen = []

    def work(writer, stop):
        seen.append(writer.owners())
        stop.wait()
        seen.append("ended")

    with running(services, beside=[work]):
        wait_for(lambda: len(seen) == 1)
    assert seen[1:] == ["ended"]


def test_a_second_one_waits(services):
    """Until the first is gone."""
    leases = Leases(services.engine, clock.now)
    with running(services, owner="one"):
        wait_for(lambda: leases.is_live(COLLECTOR))
        with running(services, owner="two"):
            time.sleep(0.4)
            assert leases.holder(COLLECTOR).owner == "one"


def test_whoever_loses_the_lease_stops(services):
    """Another process has it now."""
    leases = Leases(services.engine, clock.now)
    with running(services, owner="one"):
        wait_for(lambda: leases.is_live(COLLECTOR))
        leases.release(COLLECTOR, "one")
        assert leases.acquire(COLLECTOR, "other")
        time.sleep(0.5)
        before = services.metrics.targets()[0].scraped_at
        time.sleep(0.5)
        assert services.metrics.targets()[0].scraped_at == before


def test_the_app_lets_it_in_with_the_token(services, tmp_path):
    """Where reading needs one."""
    token = ensure_token(tmp_path)
    free = Collector(services.engine, services.settings, clock.now)
    settings = load(environ={}, arguments={"data_dir": tmp_path, "host": "0.0.0.0"})
    guarded = Collector(services.engine, settings, clock.now)
    assert free._own_headers() == {}
    assert guarded._own_headers() == {"Authorization": f"Bearer {token}"}


def test_health_says_what_to_do(tmp_path):
    """Before the first scrape, when nothing is scraped, and when the collector is gone."""
    none = EmbeddedSource(load(environ={}, arguments={"data_dir": tmp_path, "metrics.scrape_self": False}), clock.now)
    assert "metrics.targets" in none.health().message
    never = EmbeddedSource(load(environ={}, arguments={"data_dir": tmp_path}), clock.now)
    assert "serve" in never.health().message
    assert not never.health().is_up
    assert never.query("up", 1).value.labels == ()
    assert not (tmp_path / "metrics.db").exists()


def test_health_of_a_collector_that_stopped(services):
    """How long ago it was."""
    with running(services):
        wait_for(lambda: services.metrics.targets()[0].scraped_at > 0)
    assert services.metrics.health().message == "0 of 1 targets up, 0 series"
    later = EmbeddedSource(services.settings, lambda: clock.now().replace(year=2090))
    assert "does the collector run" in later.health().message
    later.close()
