"""A nightly batch of predictions: a job that ends before anybody could scrape it.

``python batch_job.py predictions.prom`` writes its metrics into a file for node-exporter's textfile collector, or for
whoever else reads the format. The file appears whole or not at all.
"""

import sys
import time
from pathlib import Path
from random import Random

from prometheus_client import CollectorRegistry, write_to_textfile

from monitor_core import PerformanceMonitor
from monitor_core.metrics.instrument import BusinessMetric

VERSION = "2026-11"


def main(target: Path) -> None:
    """Predict, count, write."""
    registry = CollectorRegistry()  # the job's own figures and nothing else
    monitor = PerformanceMonitor(
        registry,
        business=[
            BusinessMetric("batch_last_success_timestamp_seconds", "When the batch last ended well, unix time."),
            BusinessMetric("batch_rows_total", "Rows the batch went through.", kind="counter"),
        ],
    )
    rng = Random(7)
    with monitor.time_prediction(VERSION):
        scores = [rng.random() for _ in range(10_000)]
    labels = [int(score >= 0.5) for score in scores]
    monitor.track_predictions(labels, [max(score, 1 - score) for score in scores], VERSION)
    monitor.count("batch_rows_total", len(scores))
    monitor.set_gauge("batch_last_success_timestamp_seconds", time.time())
    write_to_textfile(str(target), registry)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "predictions.prom"))
