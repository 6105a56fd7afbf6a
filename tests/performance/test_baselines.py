"""How well a version did when it was accepted, on both databases."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.errors import InvalidInput, NotFound, Refused
from monitor_core.performance.baselines import BaselineStore
from monitor_core.settings import PerformanceSettings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.sources import open_source
from monitor_core.values import ModelRef

REF = ModelRef("churn", "1")
DAY, NEXT = "2026-11-01", "2026-11-02"
ROLES = Roles((("predicted", Role.PREDICTION), ("score", Role.SCORE), ("label", Role.LABEL), ("age", Role.FEATURE)))


WORDS = Roles((("predicted", Role.PREDICTION), ("label", Role.LABEL)))


class Ages:
    """A coder of one column of words."""

    features = (("age", ("young", "old")),)

    def code(self, batch):
        return np.array([[("young", "old").index(word)] for word in batch.column("age").to_pylist()], np.uint16)


@pytest.fixture
def baselines(desk):
    return BaselineStore(desk.engine, desk.trail, desk.clock)


def upload(baselines, rows=None, *, roles=ROLES, coder=None, **more):
    rows = rows or {
        "predicted": [1, 1, 0, 0, 1],
        "score": [0.9, 0.6, 0.4, None, 0.8],
        "label": [1, 0, 1, 0, None],
        "age": ["young", "old", "old", "young", "old"],
    }
    source = open_source(pa.table(rows))
    return baselines.from_upload(source, roles, REF, settings=PerformanceSettings(), actor="ann", coder=coder, **more)


def test_a_labelled_upload_is_counted(baselines, desk):
    """Ids and dates are not needed; rows without a label are left out."""
    made = upload(baselines, coder=Ages(), snapshot_id="s1")
    counts = made.counts
    assert (counts.true_positives, counts.false_positives, counts.false_negatives, counts.true_negatives) == (
        1,
        1,
        1,
        1,
    )
    assert (counts.predictions, counts.scored, made.number, made.is_active) == (4, 3, 1, True)
    assert made.origin["snapshot_id"] == "s1"
    details = baselines.details(made.baseline_id)
    assert details.scores.labelled[0, 1, 1, 900] == 1
    assert details.cells[0].labels == ("young", "old")
    assert details.cells[0].counts[0].tolist() == [[1, 0, 0, 1], [0, 1, 1, 0]]
    assert desk.trail.list(action="performance_baseline.add")[0].detail["number"] == 1


def test_a_bad_row_refuses_the_upload(baselines):
    """A baseline is accepted as a whole."""
    with pytest.raises(Refused) as caught:
        upload(baselines, {"predicted": [1, 1], "score": [0.5, 7.0], "label": [1, 1], "age": ["young", "old"]})
    assert "row 2: 7.0" in caught.value.reasons[0]
    with pytest.raises(Refused) as caught:
        upload(baselines, {"predicted": [1], "score": [0.5], "label": pa.array([None], pa.int8()), "age": ["old"]})
    assert caught.value.reasons == ("no row has a label",)
    with pytest.raises(Refused, match="cannot be read"):
        upload(baselines, roles=Roles((("score", Role.SCORE),)))
    assert baselines.list(REF) == ()


def test_scores_alone_are_cut_at_the_threshold(baselines):
    """And the origin says so."""
    made = upload(
        baselines,
        roles=Roles((("score", Role.SCORE), ("label", Role.LABEL))),
        rows={"score": [0.9, 0.1], "label": [1, 1]},
    )
    assert (made.counts.true_positives, made.counts.false_negatives) == (1, 1)
    assert "scores from 0.5 on count as positive" in made.origin["notes"][0]


def test_a_past_span_is_kept_as_it_was_known(baselines, desk, clock):
    """Later corrections do not change it."""
    desk.take({"id": ["a", "b"], "when": [DAY, NEXT], "predicted": [1, 1], "score": [0.9, 0.8], "label": [1, 0]})
    made = baselines.from_span(REF, NEXT, DAY, actor="ann")
    assert (made.counts.true_positives, made.counts.false_positives, made.origin) == (
        1,
        1,
        {"first": DAY, "last": NEXT},
    )
    clock.advance(days=1)
    desk.take({"id": ["b"], "when": [NEXT], "label": [1]}, kind="labels")
    assert baselines.get(made.baseline_id).counts == made.counts
    assert baselines.details(made.baseline_id).scores.labelled.sum() == 2
    before = baselines.from_span(REF, DAY, NEXT, as_of=clock.moment.replace(hour=0), actor="ann")
    assert before.counts == made.counts
    with pytest.raises(InvalidInput, match="no labelled prediction from 2020"):
        baselines.from_span(REF, "2020", "2021", actor="ann")


def test_bare_values_have_no_counts(baselines):
    """Their uncertainty is unknown."""
    made = baselines.from_values(REF, {"f1": 0.8, "roc_auc": 1}, actor="ann")
    assert (made.counts, made.given) == (None, {"f1": 0.8, "roc_auc": 1.0})
    details = baselines.details(made.baseline_id)
    assert (details.scores, details.cells) == (None, ())


@pytest.mark.parametrize("given", [{}, {"f2": 0.5}, {"f1": 1.5}, {"f1": float("nan")}, {"f1": True}, {"f1": "0.5"}])
def test_impossible_values_are_refused(baselines, given):
    """By name."""
    with pytest.raises(InvalidInput):
        baselines.from_values(REF, given, actor="ann")


def test_one_is_active(baselines):
    """The latest, until another is chosen; deleting the active one leaves none."""
    first, second = (baselines.from_values(REF, {"f1": value}, actor="ann") for value in (0.7, 0.8))
    assert baselines.active(REF).baseline_id == second.baseline_id
    assert baselines.activate(first.baseline_id, actor="ann").is_active
    assert [item.is_active for item in baselines.list(REF)] == [False, True]
    baselines.delete(first.baseline_id, actor="ann")
    assert (baselines.active(REF), len(baselines.list(REF))) == (None, 1)
    third = baselines.from_values(REF, {"f1": 0.9}, actor="ann")
    assert third.number == 3


def test_unknown_ones_are_named(baselines):
    """Versions and baselines."""
    with pytest.raises(NotFound, match="churn 9"):
        baselines.from_values(ModelRef("churn", "9"), {"f1": 0.5}, actor="ann")
    with pytest.raises(NotFound, match="'nope'"):
        baselines.get("nope")


def test_words_mean_the_same_in_baseline_and_production(baselines, desk):
    """The positive one chosen for either holds for both."""
    table = {"predicted": ["bad", "good"], "label": ["bad", "good"]}
    upload(baselines, table, roles=replace(WORDS, positive="bad"))
    batch = desk.take({"id": ["a"], "when": ["2026-11-01"], "predicted": ["bad"]}, kind="predictions")
    assert batch.effect["words"] == ["good", "bad"]
    assert upload(baselines, table, roles=WORDS).counts.true_positives == 1
    with pytest.raises(Refused, match="cannot count as positive"):
        upload(baselines, table, roles=replace(WORDS, positive="good"))
