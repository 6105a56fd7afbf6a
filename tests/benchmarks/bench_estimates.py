"""Estimates without labels, and how long the views of performance take.

Run by hand::

    python tests/benchmarks/bench_estimates.py              # the census files, a simulated world, three years of days
    python tests/benchmarks/bench_estimates.py --a-day 200  # a smaller database for the views
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.special import expit, logit

from monitor_core.performance.bands import ESTIMATED_METRICS, estimate_bands
from monitor_core.performance.calibrator import calibrator_of
from monitor_core.performance.service import ROLLING_METRICS
from monitor_core.runtime import open_services
from monitor_core.settings import Settings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.sources import open_source
from monitor_core.stats import binned_roc_auc, rates
from monitor_core.values import Granularity, ModelRef

ROOT = Path(__file__).resolve().parents[2]
CENSUS = Path(os.environ.get("MONITOR_SHARED") or ROOT.parent / "shared") / "data"
CHUNK, DAYS, STEP = 5_000, 1_096, 15
REF = ModelRef("bench", "1")


def truth_of(labelled, metric):
    """Metric by chunk of (chunks, predicted, label, bin)."""
    if metric == "roc_auc":
        by_label = labelled.sum(axis=1)
        return binned_roc_auc(by_label[:, 1], by_label[:, 0]).estimate
    (tn, fn), (fp, tp) = labelled.sum(axis=3).transpose(1, 2, 0)
    return getattr(rates(tp, fp, fn, tn), metric)


def histogram(chunk, predicted, label, score):
    """Count rows by chunk, predicted label, label and bin."""
    counts = np.zeros((int(chunk.max()) + 1, 2, 2, 1_000), dtype=np.int64)
    np.add.at(counts, (chunk, predicted, label, np.minimum((score * 1_000).astype(int), 999)), 1)
    return counts


def graded(title, baseline, judged):
    """Print error and coverage of every metric."""
    calibrator = calibrator_of(baseline)
    print(f"{title}: {calibrator.name} ({calibrator.reason}), {len(judged)} chunks")
    for metric in ESTIMATED_METRICS:
        bands, truth = estimate_bands(judged.sum(axis=2), calibrator, metric), truth_of(judged, metric)
        inside = (truth >= bands.low) & (truth <= bands.high)
        error, half = np.abs(truth - bands.estimate).mean(), (bands.high - bands.low).mean() / 2
        print(f"  {metric:10s} mean error {error:.5f}, half band {half:.4f}, covered {inside.mean():.3f}")


def census():
    """2015 is the baseline, 2016 to 2018 are judged in chunks of 5,000."""
    if not CENSUS.is_dir():
        print(f"census: no files at {CENSUS} (set MONITOR_SHARED)")
        return
    names = ["prediction", "predicted_probability"]

    def columns(file, *wanted):
        table = pq.read_table(CENSUS / f"employment_MA_{file}.pq", columns=list(wanted))
        return [table.column(name).to_numpy() for name in wanted]

    predicted, score, label = columns("reference", *names, "employed")
    baseline = histogram(np.arange(len(label)) // CHUNK, predicted, label, score)
    ids, predicted, score = columns("analysis", "id", *names)
    target, employed = columns("analysis_target", "id", "employed")
    order = np.argsort(target)
    label = employed[order][np.searchsorted(target[order], ids)]
    kept = slice(0, len(ids) // CHUNK * CHUNK)
    chunk = np.arange(len(ids)) // CHUNK
    judged = histogram(chunk[kept], predicted[kept], label[kept], score[kept])
    graded("census, 14 chunks of 2015", baseline, judged)
    graded("census, 2015 as a whole", baseline.sum(axis=0, keepdims=True), judged)


def world(rng, granules, rows, mood):
    """Scores mean what they say, but for a mood of each granule on the logit scale."""
    middles = (np.arange(1_000) + 0.5) / 1_000
    place = (rng.beta(0.8, 1.2, (granules, rows)) * 1_000).astype(int)
    label = rng.random(place.shape) < expit(logit(middles)[place] + rng.normal(0, mood, (granules, 1)))
    chunk = np.broadcast_to(np.arange(granules)[:, None], place.shape)
    parts = (chunk, (place >= 500).astype(int), label.astype(int), place / 1_000 + 5e-4)
    return histogram(*(part.ravel() for part in parts))


def simulated():
    """Print coverage where days have moods, by days of the baseline."""
    for days in (14, 28, 90):
        for mood in (0.0, 0.3):
            rng = np.random.default_rng(days)
            shares = []
            for _ in range(20):
                calibrator, judged = calibrator_of(world(rng, days, 1_000, mood)), world(rng, 50, 1_000, mood)
                for metric in ESTIMATED_METRICS:
                    bands, truth = estimate_bands(judged.sum(axis=2), calibrator, metric), truth_of(judged, metric)
                    shares.append(((truth >= bands.low) & (truth <= bands.high)).mean())
            covered = np.array(shares).reshape(20, -1).mean(axis=0)
            said = ", ".join(f"{name} {share:.3f}" for name, share in zip(ESTIMATED_METRICS, covered, strict=True))
            print(f"simulated, {days} days of baseline, mood {mood}: covered {said}")


def views(folder, a_day):
    """Print CPU of every view over three years of days."""
    moment = [datetime(2023, 11, 20, tzinfo=UTC)]
    with open_services(Settings(data_dir=folder), now=lambda: moment[0]) as services:
        fill(services, a_day, moment)
        moment[0] = datetime(2026, 11, 21, 12, tzinfo=UTC)
        service = services.performance
        service.baseline_from_span(REF, "2023-12-01", "2024-03-31", actor="bench")
        past = datetime(2026, 6, 1, tzinfo=UTC)
        calls = {
            "window of 30 days": lambda: service.window(REF),
            "window of 90 days, as of half a year ago": lambda: service.window(REF, granules=90, as_of=past),
            "window of three years": lambda: service.window(REF, granules=DAYS),
            **{f"rolling {name}": lambda name=name: service.rolling(REF, name) for name in ROLLING_METRICS},
            "evidence": lambda: service.sequential(REF),
            "delays": lambda: service.delays(REF),
            "cut-offs": lambda: service.thresholds(REF),
            "estimates": lambda: service.estimated(REF),
        }
        for title, call in calls.items():
            call()
            taken = []
            for _ in range(5):
                start = time.process_time()
                call()
                taken.append(time.process_time() - start)
            print(f"  {title}: {1_000 * min(taken):.0f} ms")


def fill(services, a_day, moment):
    """Three years of days, delivered every 15 days, labels up to nine days late; the same people every day."""
    services.models.add(REF.model_id, version=REF.version, granularity="day", actor="bench")
    rng, names = np.random.default_rng(0), ("id", "when", "predicted", "score", "label", "known")
    kinds = (Role.ENTITY_ID, Role.TIMESTAMP, Role.PREDICTION, Role.SCORE, Role.LABEL, Role.LABEL_DATE)
    start = time.perf_counter()
    for first in range(0, DAYS, STEP):
        when = np.datetime64("2023-11-20") + first + np.repeat(np.arange(STEP), a_day)
        score = rng.beta(0.8, 1.2, len(when))
        people = np.char.add("e", np.tile(np.arange(a_day), STEP).astype(str))
        label = (rng.random(len(when)) < score).astype(int)
        parts = (people, when, (score >= 0.5).astype(int), score, label, when + rng.integers(0, 10, len(when)))
        moment[0] = datetime(2023, 11, 20, tzinfo=UTC) + timedelta(days=first + STEP)
        services.deliveries.take_in(
            open_source(pa.table({name: pa.array(part) for name, part in zip(names, parts, strict=True)})),
            Roles(tuple(zip(names, kinds, strict=True))),
            REF,
            kind="labelled",
            granularity=Granularity(),
            settings=services.settings.performance,
            idempotency_key=str(first),
            actor="bench",
        )
    print(f"views over {DAYS:,} days of {a_day:,} ({time.perf_counter() - start:.0f} s to take in), CPU:")


def main():
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--a-day", type=int, default=1_000)
    options = parser.parse_args()
    census()
    simulated()
    with tempfile.TemporaryDirectory() as folder:
        views(Path(folder), options.a_day)


if __name__ == "__main__":
    main()
