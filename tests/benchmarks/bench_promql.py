"""How long PromQL takes over samples in memory: python tests/benchmarks/bench_promql.py."""

import os
import time
import tracemalloc

import numpy as np

from monitor_core.metrics.promql import Engine, MemoryReader
from monitor_core.metrics.promql.parser import parse

BOUNDS = (
    *("0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.15", "0.25"),
    *("0.5", "0.75", "1", "2.5", "5", "7.5", "10", "+Inf"),
)
DAY = 86_400
P95 = "histogram_quantile(.95, sum by (endpoint, le) (rate(x_bucket[5m])))"
REPEATS = 9


def day_of_buckets():
    """A day at 15 s of 10 endpoints x 16 buckets, each endpoint scraped at moments of its own, with a restart."""
    random, reader = np.random.default_rng(1), MemoryReader()
    stamps = np.arange(DAY // 15, dtype=np.int64) * 15_000
    for endpoint in range(10):
        seen = random.poisson(1.0, size=(len(BOUNDS), len(stamps))).cumsum(axis=0).cumsum(axis=1).astype(float)
        seen[:, len(stamps) // 2 :] -= seen[:, [len(stamps) // 2 - 1]]
        for bound, values in zip(BOUNDS, seen, strict=True):
            labels = {"__name__": "x_bucket", "endpoint": f"/{endpoint}", "le": bound}
            reader.add(labels, stamps + 700 * endpoint, values)
    return reader


def many_series():
    """Two hours at 15 s of 5,000 series."""
    random, reader = np.random.default_rng(2), MemoryReader()
    stamps = np.arange(480, dtype=np.int64) * 15_000
    for number in range(5000):
        labels = {"__name__": "y_total", "job": f"job{number % 50}", "series": str(number)}
        reader.add(labels, stamps, random.poisson(3.0, 480).cumsum().astype(float))
    return reader


def measured(name, call):
    """Print median, least and CPU time of some calls, after one that is not counted."""
    call()
    wall, cpu = [], []
    for _ in range(REPEATS):
        begin, busy = time.perf_counter(), time.process_time()
        call()
        wall.append(1000 * (time.perf_counter() - begin))
        cpu.append(1000 * (time.process_time() - busy))
    print(f"{name}: {np.median(wall):.1f} ms (least {min(wall):.1f}), CPU {np.median(cpu):.1f} ms")


def main():
    """Print one line a query."""
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    measured("parse the p95 query", lambda: parse(P95))
    engine = Engine(day_of_buckets())
    answer = engine.query_range(P95, 0, DAY - 60, 60)
    print(f"p95 by endpoint: {answer.samples:,} samples, {answer.value.values.shape} steps x series")
    measured("p95 by endpoint over 24 h", lambda: engine.query_range(P95, 0, DAY - 60, 60))
    tracemalloc.start()
    engine.query_range(P95, 0, DAY - 60, 60)
    print(f"its peak of memory: {tracemalloc.get_traced_memory()[1] / 2**20:.0f} MiB")
    tracemalloc.stop()
    measured("p95 by endpoint at one moment", lambda: engine.query(P95, DAY / 2))
    for function in ("avg_over_time", "stddev_over_time", "max_over_time"):
        text = f"{function}(x_bucket[5m])"
        measured(f"{text} over 24 h", lambda text=text: engine.query_range(text, 0, DAY - 60, 60))
    wide = Engine(many_series())
    measured("5,000 series at one moment", lambda: wide.query("y_total", 7000))
    rates = "sum by (job) (rate(y_total[5m]))"
    measured("5,000 series, rate by job, 121 steps", lambda: wide.query_range(rates, 0, 7200, 60))
    ratios = "y_total / on (series) group_left () y_total"
    measured("5,000 series against 5,000, 121 steps", lambda: wide.query_range(ratios, 0, 7200, 60))


if __name__ == "__main__":
    main()
