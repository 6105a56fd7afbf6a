"""Estimates without labels on the census employment data: 2015 is the baseline, 2016 to 2018 are judged."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn import metrics as sk

from monitor_core.performance.bands import estimate_bands
from monitor_core.performance.calibrator import calibrator_of

CHUNK = 5_000
ORACLES = {
    "f1": sk.f1_score,
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "accuracy": sk.accuracy_score,
}


def columns(path, *names):
    table = pq.read_table(path, columns=list(names))
    return [table.column(name).to_numpy() for name in names]


def histogram(chunk, *places, score):
    size = (int(chunk.max()) + 1, *[2] * len(places), 1_000)
    counts = np.zeros(size, dtype=np.int64)
    np.add.at(counts, (chunk, *places, np.minimum((score * 1_000).astype(int), 999)), 1)
    return counts


@pytest.fixture(scope="module")
def census(shared_data):
    """(calibrator, predictions by chunk, (predicted, score, label, chunk))"""
    label, predicted, score = columns(
        shared_data / "employment_MA_reference.pq", "employed", "prediction", "predicted_probability"
    )
    chunk = np.arange(len(label)) // CHUNK
    calibrator = calibrator_of(histogram(chunk, predicted, label, score=score))
    ids, predicted, score = columns(
        shared_data / "employment_MA_analysis.pq", "id", "prediction", "predicted_probability"
    )
    target_ids, employed = columns(shared_data / "employment_MA_analysis_target.pq", "id", "employed")
    order = np.argsort(target_ids)
    label = employed[order][np.searchsorted(target_ids[order], ids)]
    whole = len(ids) // CHUNK * CHUNK
    predicted, score, label = predicted[:whole], score[:whole], label[:whole]
    chunk = np.arange(whole) // CHUNK
    return calibrator, histogram(chunk, predicted, score=score), (predicted, score, label, chunk)


def truth(metric, rows):
    predicted, score, label, chunk = rows
    parts = [chunk == number for number in range(chunk[-1] + 1)]
    if metric == "roc_auc":
        return np.array([sk.roc_auc_score(label[part], score[part]) for part in parts])
    return np.array([ORACLES[metric](label[part], predicted[part]) for part in parts])


@pytest.mark.parametrize(("metric", "most"), [("f1", 0.0066), ("roc_auc", 0.0041)])
def test_the_mean_error_is_small(census, metric, most):
    calibrator, made, rows = census
    error = np.abs(estimate_bands(made, calibrator, metric).estimate - truth(metric, rows))
    assert len(error) == 41
    assert error.mean() <= most


@pytest.mark.parametrize("metric", [*ORACLES, "roc_auc"])
def test_the_band_covers_at_least_90_percent_of_chunks(census, metric):
    calibrator, made, rows = census
    bands, known = estimate_bands(made, calibrator, metric), truth(metric, rows)
    assert ((known >= bands.low) & (known <= bands.high)).mean() >= 0.9
