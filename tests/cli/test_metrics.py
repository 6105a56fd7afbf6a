"""`metrics`: targets, a query, and the move."""

import time

import numpy as np
import pytest

from monitor_core.metrics.promql.reader import labels_of
from monitor_core.metrics.store.database import FILE
from monitor_core.metrics.store.writer import Batch, StoreWriter


@pytest.fixture
def store(tmp_path):
    """A data folder with three samples of one series."""
    data = tmp_path / "data"
    writer = StoreWriter(data / FILE, max_series=10)
    numbers = writer.numbers("a", [labels_of({"__name__": "x", "job": "api"})], {})
    now = round(time.time() * 1000)
    for step in range(3):
        writer.write("a", Batch(now - 30_000 + step * 15_000, np.array(list(numbers.values())), np.array([step / 2])))
    writer.close()
    return data


def test_a_query(cli, store):
    """Series and values."""
    done = cli("metrics", "query", "x * 2", data_dir=store)
    assert done.code == 0
    assert '{job="api"}' in done.out
    assert cli("metrics", "query", "x", as_json=True, data_dir=store).out["series"][0]["value"] == 1.0


def test_a_wrong_query(cli, store):
    """Exit code 2 and the place of the mistake."""
    done = cli("metrics", "query", "sum(", data_dir=store)
    assert done.code == 2
    assert "1:5" in done.err


def test_targets_before_the_first_scrape(cli, store):
    """What would be scraped, and what to do."""
    done = cli("metrics", "targets", data_dir=store)
    assert done.code == 3
    assert "unknown" in done.out
    assert "serve" in done.out


def test_the_move(cli, store, tmp_path):
    """Two files that only their owner may read; an existing folder is left alone."""
    folder = tmp_path / "move"
    done = cli("metrics", "export", folder, data_dir=store)
    assert done.code == 0
    assert "3 samples" in done.out
    assert sorted(path.name for path in folder.iterdir()) == ["prometheus.yml", "samples.om"]
    assert {path.stat().st_mode & 0o077 for path in folder.iterdir()} == {0}
    assert (folder / "samples.om").read_text().count('x{job="api"}') == 3
    again = cli("metrics", "export", folder, data_dir=store)
    assert again.code != 0
    assert "exists already" in again.err


def test_doctor_tells_where_metrics_come_from(cli, store, monkeypatch):
    """The store, or a server and what is wrong with it."""
    checks = {check["name"]: check for check in cli("doctor", as_json=True, data_dir=store).out["checks"]}
    assert checks["metrics"]["state"] == "note"
    assert "built-in store: nothing was scraped yet" in checks["metrics"]["detail"]
    monkeypatch.setenv("MONITOR_METRICS_PROMETHEUS_URL", "http://u:s3cret@127.0.0.1:9")
    done = cli("doctor", as_json=True, data_dir=store)
    checks = {check["name"]: check for check in done.out["checks"]}
    assert (done.code, checks["metrics"]["state"]) == (3, "down")
    assert "s3cret" not in str(done.out)
