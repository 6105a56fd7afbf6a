"""The move to a Prometheus: what is written is read by its own tool, and holds every sample."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from monitor_core.metrics.promql import STALE
from monitor_core.metrics.promql.reader import labels_of
from monitor_core.metrics.store.backfill import openmetrics, prometheus_yml
from monitor_core.metrics.store.compaction import HOUR_MS
from monitor_core.metrics.store.reader import StoreReader
from monitor_core.metrics.store.writer import Batch, StoreWriter
from monitor_core.settings import MetricsSettings, read_targets

BASE = 1_790_000_000_000 // HOUR_MS * HOUR_MS


@pytest.fixture
def reader(tmp_path):
    """Three hours of 40 series, two of them deflated; one that ended, one with a moment of its own."""
    writer = StoreWriter(tmp_path / "metrics.db", max_series=100)
    labels = [labels_of({"__name__": "x_total", "n": str(n), "path": '/ä "b"\\\n'}) for n in range(40)]
    numbers = writer.numbers("a", labels, {})
    series = np.array(list(numbers.values()))
    rng = np.random.default_rng(1)
    for step in range(3 * 60):
        values = rng.normal(size=40)
        values[:3] = [np.inf, np.nan, STALE if step > 100 else 1.0]
        writer.write("a", Batch(BASE + step * 60_000, series, values))
    writer.write("a", Batch(BASE + 3 * HOUR_MS, series[:0], np.empty(0), lone=[(int(series[5]), BASE + 77, 42.0)]))
    writer.tidy(BASE + 2 * HOUR_MS + 600_000, 10**12)
    writer.close()
    made = StoreReader(tmp_path / "metrics.db")
    yield made
    made.close()


def samples(reader):
    """Return every sample but stale markers."""
    found = set()
    for labels, stamps, values in reader.select([], 0, 10**14):
        for at, value in zip(stamps.tolist(), values.tolist(), strict=True):
            found.add((dict(labels)["n"], at, repr(value)))
    stale = {("2", BASE + step * 60_000, "nan") for step in range(101, 180)}
    return found - stale


def test_every_sample_is_written(reader):
    """Once, exactly, in milliseconds."""
    text = "".join(openmetrics(reader, 0, 10**14))
    assert text.endswith("# EOF\n")
    found = set()
    for line in text.splitlines()[:-1]:
        head, value, at = line.rsplit(" ", 2)
        assert head.startswith('x_total{n="')
        found.add((head.split('"')[1], round(float(at) * 1000), repr(float(value))))
    assert found == samples(reader)


def test_a_part_of_the_time(reader):
    """From and to, both included."""
    text = "".join(openmetrics(reader, BASE + 60_000, BASE + 120_000))
    assert text.count("\n") - 1 == 80


@pytest.mark.prometheus
def test_promtool_reads_it(reader, tmp_path):
    """And finds the same samples."""
    (tmp_path / "samples.om").write_text("".join(openmetrics(reader, 0, 10**14)), encoding="utf-8")
    tool = shutil.which("promtool")
    made = [tool, "tsdb", "create-blocks-from", "openmetrics", str(tmp_path / "samples.om"), str(tmp_path / "blocks")]
    subprocess.run(made, check=True, capture_output=True)
    (tmp_path / "blocks" / "wal").mkdir()  # which the server would make
    dumped = subprocess.run(
        [tool, "tsdb", "dump", str(tmp_path / "blocks")], check=True, capture_output=True, text=True
    )
    found = set()
    for line in dumped.stdout.splitlines():
        head, value, at = line.rsplit(" ", 2)
        found.add((head.split('n="')[1].split('"')[0], int(at), repr(float(value))))
    assert found == samples(reader)


@pytest.mark.prometheus
def test_promtool_accepts_the_configuration(tmp_path):
    """Several targets a job, passwords, other paths."""
    targets = read_targets(
        "api=http://a:8000, api=http://b:8000, api=https://u:p%22w@c/other?module=x&module=y, batch=http://[::1]:9/m"
    )
    (tmp_path / "prometheus.yml").write_text(prometheus_yml(targets, MetricsSettings(scrape_interval=0.5)))
    (tmp_path / "rules.yml").write_text("groups: []\n")
    command = [shutil.which("promtool"), "check", "config", str(tmp_path / "prometheus.yml")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_labels_stay_the_same_after_the_move():
    """Job and instance as they are here."""
    targets = read_targets("api=http://a:8000, api=https://c/other")
    text = prometheus_yml(targets, MetricsSettings())
    assert text.count('labels: {job: "api"}') == 2
    assert json.dumps(["c:443"]) in text
    assert prometheus_yml([], MetricsSettings()).endswith("scrape_configs: []\n")
