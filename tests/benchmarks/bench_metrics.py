"""What metrics cost: scraping, storing, asking: python tests/benchmarks/bench_metrics.py."""

import json
import os
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from monitor_core.metrics.promql import Engine
from monitor_core.metrics.promql.reader import labels_of
from monitor_core.metrics.scrape.lines import PageReader
from monitor_core.metrics.server.replies import grid_from, payload_from
from monitor_core.metrics.store.compaction import HOUR_MS
from monitor_core.metrics.store.reader import StoreReader
from monitor_core.metrics.store.writer import Batch, StoreWriter

BASE = 1_700_000_000_000 // HOUR_MS * HOUR_MS
BOUNDS = (
    "0.01",
    "0.05",
    "0.1",
    "0.15",
    "0.25",
    "0.5",
    "1.0",
    "2.5",
    "5.0",
    "10.0",
    "15.0",
    "20.0",
    "30.0",
    "45.0",
    "60.0",
    "+Inf",
)
P95 = "histogram_quantile(.95, sum by (endpoint, le) (rate(x_bucket[5m])))"


def page(rng, n_lines=10_000):
    """A page as the client library writes it: histograms by path and method."""
    lines = [
        f'api_request_duration_seconds_bucket{{endpoint="/items/{n // 160}",le="{BOUNDS[n % 16]}",'
        f'method="{("GET", "POST", "PUT")[n // 16 % 3]}",status_code="{200 + n // 16 % 10}"}} {float(value)}'
        for n, value in enumerate(rng.integers(0, 10**6, n_lines))
    ]
    return "\n".join(["# TYPE api_request_duration_seconds histogram", *lines]) + "\n"


def cpu(call, repeats=9):
    """Median milliseconds of CPU."""
    taken = []
    for _ in range(repeats):
        begin = time.process_time()
        call()
        taken.append(1000 * (time.process_time() - begin))
    return float(np.median(taken))


def wall(call, repeats=5):
    """Median and least milliseconds."""
    taken = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - begin))
    return f"{np.median(taken):.0f} ms (least {min(taken):.0f})"


def scraping(folder):
    """A page of 10,000 samples, the first time and again."""
    rng = np.random.default_rng(1)
    pages = [page(rng) for _ in range(10)]
    writer = StoreWriter(folder / "scrape.db", max_series=20_000)
    known = {}
    reader = PageReader({"job": "api", "instance": "h:1"}, lambda wanted: writer.numbers("a", wanted, known))
    begin = time.process_time()
    reader.read(pages[0], is_openmetrics=False)
    print(f"10,000 lines, first time: {1000 * (time.process_time() - begin):.0f} ms CPU")
    parser = cpu(lambda: list(text_string_to_metric_families(pages[1])), 3)
    at = iter(range(BASE, 10**15, 15_000))
    reading = cpu(lambda: reader.read(pages[2], is_openmetrics=False))

    def scrape():
        read = reader.read(pages[3], is_openmetrics=False)
        writer.write("a", Batch(next(at), read.series, read.values))

    both = cpu(scrape)
    print(f"again: {reading:.1f} ms CPU; the parser {parser:.0f} ({parser / reading:.0f}x); with writing {both:.1f} ms")
    writer.close()


def a_day(folder):
    """A day of 160 buckets at 15 s: bytes on disk, and the p95 over it."""
    rng = np.random.default_rng(2)
    labels = [
        labels_of({"__name__": "x_bucket", "endpoint": f"/{endpoint}", "le": le, "job": "a"})
        for endpoint in range(10)
        for le in BOUNDS
    ]
    stamps = BASE + np.arange(5760) * 15_000
    counts = rng.poisson(1.0, (5760, 10, 16)).cumsum(axis=2).reshape(5760, 160).cumsum(axis=0).astype(float)
    writer = StoreWriter(folder / "day.db", max_series=20_000)
    numbers = writer.numbers("a", labels, {})
    series = np.array([numbers[item] for item in labels])
    for at, row in zip(stamps.tolist(), counts, strict=True):
        writer.write("a", Batch(at, series, row))
    begin = time.perf_counter()
    writer.tidy(int(stamps[-1]) + 600_000, 10**12)
    took = time.perf_counter() - begin
    reader = StoreReader(folder / "day.db")
    size = reader.rows("SELECT sum(length(stamps) + length(block)) FROM chunk")[0][0]
    samples = 32 * 240 * reader.rows("SELECT count(*) FROM chunk")[0][0]
    print(f"a day of 160 buckets: {size / samples:.2f} bytes a sample, deflated in {took:.2f} s")
    end = stamps[-1] / 1000
    print(f"reading them all: {wall(lambda: reader.select([], BASE, int(stamps[-1])))}")
    query = wall(lambda: Engine(reader).query_range(P95, end - 86_340, end, 60))
    print(f"p95 by endpoint over 24 h, 1,440 steps: {query}")
    print(f"p95 now: {wall(lambda: Engine(reader).query(P95, end))}")
    writer.close()
    reader.close()


def sizes(folder):
    """Bytes a sample by kind, from the chunks of 5,000 series."""
    rng = np.random.default_rng(3)
    kinds = {
        "counters": rng.poisson(3, (240, 5_000)).cumsum(axis=0),
        "sums": rng.exponential(0.1, (240, 5_000)).cumsum(axis=0),
        "gauges": rng.normal(50, 10, (240, 5_000)),
    }
    for kind, table in kinds.items():
        writer = StoreWriter(folder / f"{kind}.db", max_series=20_000)
        labels = [labels_of({"__name__": kind, "n": str(n)}) for n in range(5_000)]
        numbers = writer.numbers("a", labels, {})
        series = np.array([numbers[item] for item in labels])
        for step, row in enumerate(table.astype(float)):
            writer.write("a", Batch(BASE + step * 15_000, series, row))
        begin = time.process_time()
        writer.tidy(BASE + 2 * HOUR_MS, 10**12)
        took = time.process_time() - begin
        reader = StoreReader(folder / f"{kind}.db")
        size = reader.rows("SELECT sum(length(stamps) + length(block)) FROM chunk")[0][0]
        print(f"{kind}: {size / table.size:.2f} bytes a sample; an hour of 5,000 series deflated in {took:.1f} s CPU")
        reader.close()
        writer.close()


def answers():
    """JSON of 10,000 series x 121 points to arrays, beside MetricRangeDataFrame."""
    from prometheus_api_client import MetricRangeDataFrame

    rng = np.random.default_rng(4)
    result = [
        {
            "metric": {"__name__": "x", "job": f"job{n % 50}", "instance": f"host-{n}:9090"},
            "values": [
                [1_700_000_000 + 15 * at, repr(value)] for at, value in enumerate(rng.normal(size=121).tolist())
            ],
        }
        for n in range(10_000)
    ]
    body = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}, separators=(",", ":"))
    data, steps = body.encode(), np.arange(1_700_000_000_000, 1_700_001_800_001, 15_000)

    def frame():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            MetricRangeDataFrame(json.loads(data)["data"]["result"])

    ours = cpu(lambda: grid_from(payload_from(data, "x"), "x", steps), 5)
    theirs = cpu(frame, 3)
    print(
        f"JSON of 10,000 x 121 to a grid: {ours:.0f} ms CPU; MetricRangeDataFrame {theirs:.0f} ms, {theirs / ours:.1f}x"
    )


def main():
    """Print one line a figure."""
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        scraping(Path(folder))
        a_day(Path(folder))
        sizes(Path(folder))
    answers()


if __name__ == "__main__":
    main()
