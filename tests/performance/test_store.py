"""Reading what was taken in, on both databases."""

import numpy as np
import pytest

from monitor_core.errors import NotFound
from monitor_core.settings import PerformanceSettings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.sources import open_source
from monitor_core.values import ModelRef

REF = ModelRef("churn", "1")
DAYS = [f"2026-11-{day:02d}" for day in range(1, 11)]


@pytest.fixture
def filled(desk):
    """Ten days of labelled predictions."""
    rng = np.random.default_rng(2)
    n = 5_000
    score = rng.beta(0.7, 0.7, n).round(3)
    desk.rows = {
        "id": [f"e{number % 700}" for number in range(n)],
        "when": [DAYS[number * 10 // n] for number in range(n)],
        "score": score,
        "predicted": (score >= 0.5).astype(int),
        "label": (rng.random(n) < score).astype(int),
    }
    desk.take(desk.rows)
    return desk


def test_a_series_can_be_bounded(filled):
    """Both ends included; beyond there is nothing."""
    assert filled.store.series(REF).granules == tuple(DAYS)
    assert filled.store.series(REF, first=DAYS[3], last=DAYS[5]).granules == tuple(DAYS[3:6])
    nothing = filled.store.series(REF, first="2027", **dict.fromkeys(("scores", "entities", "delays", "cells"), True))
    assert (nothing.granules, nothing.predictions.size, nothing.scores.made.shape) == ((), 0, (0, 2, 1_000))
    assert filled.store.series(ModelRef("churn", "2")).granules == ()


def test_scores_and_losses_are_those_of_the_rows(filled):
    """Within the rounding of a millionth."""
    series = filled.store.series(REF, scores=True)
    score, label = filled.rows["score"], filled.rows["label"]
    assert series.brier.sum() / 2**30 == pytest.approx(((score - label) ** 2).sum(), abs=1e-5)
    given = np.clip(np.where(label == 1, score, 1 - score), 1e-15, 1 - 1e-15)
    assert series.log_loss.sum() / 2**30 == pytest.approx(-np.log(given).sum(), abs=1e-5)
    assert series.log_loss_squared.sum() / 2**30 == pytest.approx((np.log(given) ** 2).sum(), abs=1e-5)
    expected = np.bincount(np.minimum((score * 1_000).astype(int), 999), minlength=1_000)
    assert abs(series.scores.made.sum(axis=(0, 1)) - expected).sum() <= 40  # 0.29 * 1000 is 290 or 289.99999999999994
    assert series.scores.labelled.sum() == 5_000


def test_entities_are_clusters_over_days(filled):
    """All of them, when they are few; each day its relevant rows."""
    series = filled.store.series(REF, entities=True)
    entities = series.entities
    assert entities.share == 1.0
    assert entities.true_positives.sum() == series.true_positives.sum()
    assert entities.errors.sum() == (series.false_positives + series.false_negatives).sum()
    per_day = np.bincount(entities.granule, entities.errors)
    assert per_day.tolist() == (series.false_positives + series.false_negatives).tolist()


def test_rows_are_there_while_they_are_kept(filled, clock):
    """The latest state; as of a moment, too."""
    table = filled.store.rows(REF, first=DAYS[0], last=DAYS[1])
    assert table.num_rows == 1_000
    assert table.schema.names == ["granule", "entity", "key", "moment", "predicted", "score", "segment", "label"]
    then = clock()
    clock.advance(days=1)
    filled.take({"id": ["e0"], "when": [DAYS[0]], "label": [1 - int(filled.rows["label"][0])]}, kind="labels")

    def label(**more):
        rows = filled.store.rows(REF, last=DAYS[0], **more)
        return dict(zip(rows["entity"].to_pylist(), rows["label"].to_pylist(), strict=True))["e0"]

    assert label() == 1 - label(as_of=then)
    assert filled.store.rows(ModelRef("churn", "2")).num_rows == 0


def test_only_some_columns_of_rows_may_be_read(filled, clock):
    """In the usual order; they hold what they hold among all of them."""
    clock.advance(days=1)
    filled.take({"id": ["e0"], "when": [DAYS[0]], "label": [1 - int(filled.rows["label"][0])]}, kind="labels")
    every = filled.store.rows(REF, last=DAYS[2])
    assert filled.store.rows(REF, last=DAYS[2], columns=("label", "predicted", "cell:")) == every.select(
        ["predicted", "label"]
    )
    assert filled.store.rows(REF, last=DAYS[2], columns=["granule", "segment"]) == every.select(["granule", "segment"])
    assert filled.store.rows(ModelRef("churn", "2"), columns=["label"]).schema.names == ["label"]


def test_deliveries_are_listed(filled, clock):
    """The latest first; one by its id."""
    clock.advance(days=1)
    latest = filled.take({"id": ["e0"], "when": [DAYS[0]], "label": [1]}, kind="labels")
    assert [batch.kind for batch in filled.store.batches("churn")] == ["labels", "labelled"]
    assert filled.store.batches("churn", limit=1) == (latest,)
    assert filled.store.batch(latest.batch_id) == latest
    with pytest.raises(NotFound, match="'nope'"):
        filled.store.batch("nope")


def test_the_clock_may_stand_still_or_go_back(desk, clock):
    """Deliveries keep their order: each is recorded after the one before."""
    first = desk.take({"id": ["a"], "when": [DAYS[0]], "predicted": [1], "label": [1]})
    clock.advance(hours=-5)
    second = desk.take({"id": ["a"], "when": [DAYS[0]], "label": [0]}, kind="labels")
    assert second.recorded_at > first.recorded_at
    assert desk.counts(as_of=first.recorded_at) == {DAYS[0]: (1, 0, 0, 0, 1)}


def test_the_census_files_are_joined_by_id(desk_with, shared_data):
    """Targets hold an id and a label, nothing else: every row finds its year."""
    desk = desk_with(granularity="year")
    source = open_source(shared_data / "employment_MA_analysis.pq")
    known = {
        "id": Role.ENTITY_ID,
        "year": Role.TIMESTAMP,
        "prediction": Role.PREDICTION,
        "predicted_probability": Role.SCORE,
    }
    roles = Roles(tuple((name, known.get(name, Role.FEATURE)) for name in source.schema.names), segment="SEX")
    rest = {"granularity": desk.granularity, "settings": PerformanceSettings(), "actor": "ann"}
    desk.intake.take_in(source, roles, REF, kind="predictions", idempotency_key="p", **rest)
    targets = Roles((("id", Role.ENTITY_ID), ("employed", Role.LABEL)))
    batch = desk.intake.take_in(
        open_source(shared_data / "employment_MA_analysis_target.pq"),
        targets,
        REF,
        kind="labels",
        idempotency_key="l",
        **rest,
    )
    assert (batch.n_accepted, batch.n_refused, batch.n_orphans) == (208_892, 0, 0)
    assert desk.counts() == {
        "2016": (29_819, 7_259, 4_815, 27_233, 69_126),
        "2017": (30_140, 6_999, 4_897, 27_599, 69_635),
        "2018": (30_490, 7_115, 4_932, 27_594, 70_131),
    }
    assert desk.store.series(REF, delays=True).delays.arrived.size == 0
    by_sex = [desk.store.series(REF, segment=sex).predictions.sum() for sex in desk.store.segments(REF)]
    assert sum(by_sex) == 208_892


def test_a_delivery_is_found_by_its_upload(desk):
    """Rows that came without a file belong to none."""
    rows = {"id": ["a"], "when": ["2026-11-01"], "score": [0.7], "predicted": [1], "label": [1]}
    desk.take(rows)
    assert desk.store.of_uploads("churn") == {}
