"""Rules evaluated beside the scraping."""

import threading
import time

import pytest

from monitor_core import clock
from monitor_core.alerts.loading import load_rules
from monitor_core.alerts.store import AlertStore
from monitor_core.jobs.alerting import rule_evaluation
from monitor_core.metrics.store.database import FILE
from monitor_core.metrics.store.writer import StoreWriter
from monitor_core.settings import load


@pytest.fixture
def running(sqlite_engine, tmp_path):
    """The work that a collector does, in a thread of its own."""
    settings = load(environ={}, arguments={"data_dir": tmp_path})
    writer = StoreWriter(tmp_path / FILE, max_series=5_000)
    stop = threading.Event()
    work = rule_evaluation(sqlite_engine, settings, clock.now)
    thread = threading.Thread(target=work, args=(writer, stop))
    thread.start()
    yield thread, stop
    stop.set()
    thread.join()
    writer.close()


def test_every_rule_is_evaluated_and_the_work_ends_when_asked(running, sqlite_engine):
    """Nothing was scraped yet: no rule fails, none fires."""
    thread, stop = running
    expected = sum(len(group.rules) for group in load_rules())
    end = time.monotonic() + 60
    while len(AlertStore(sqlite_engine).health()) < expected:
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    assert [one for one in AlertStore(sqlite_engine).health() if one.error] == []
    stop.set()
    thread.join(timeout=30)
    assert not thread.is_alive()
