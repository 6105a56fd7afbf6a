"""What bad means, and what becomes of it."""

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.errors import Refused
from monitor_core.performance.reading import LONGEST_ID
from monitor_core.values import ModelRef

DAY = "2026-11-01"
REF = ModelRef("churn", "1")
GOOD = {"id": "good", "when": DAY, "predicted": 1, "score": 0.9, "label": 1, "known": DAY}


@pytest.fixture
def engine(sqlite_engine):
    """Reading does not depend on the database."""
    return sqlite_engine


def rows(**bad):
    """One good row, and one that differs."""
    second = {**GOOD, "id": "bad", **bad}
    return {name: [GOOD[name], second[name]] for name in GOOD}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"id": None}, "column 'id': 1 row (row 2: None); a row needs an entity id"),
        ({"id": "  "}, "column 'id': 1 row (row 2: '  '); a row needs an entity id"),
        ({"id": "x" * (LONGEST_ID + 1)}, "ids have at most 200 bytes"),
        ({"when": "soon"}, "column 'when': 1 row (row 2: 'soon'); allowed are ISO dates"),
        ({"when": None}, "column 'when': 1 row (row 2: None)"),
        ({"when": "2027-01-01"}, "dates after 2026-11-22 are in the future"),
        ({"when": "0001-01-01"}, "dates before 1900-01-01 are mistakes"),
        ({"score": 1.01}, "column 'score': 1 row (row 2: 1.01); allowed are numbers from 0 to 1"),
        ({"score": -0.01}, "(row 2: -0.01)"),
        ({"score": float("nan")}, "(row 2: nan)"),
        ({"score": float("inf")}, "(row 2: inf)"),
        ({"predicted": None}, "column 'predicted': 1 row (row 2: None); a row needs a prediction"),
        ({"predicted": 2}, "column 'predicted': 1 row (row 2: 2); allowed are 0 and 1"),
        (
            {"known": "2027-01-01"},
            "column 'known': 1 row (row 2: '2027-01-01'); dates after 2026-11-22 are in the future",
        ),
        ({"label": 7}, "column 'label': 1 row (row 2: 7); allowed are 0 and 1"),
    ],
)
def test_a_bad_row_is_kept_out_with_its_reason(desk, bad, reason):
    """The good one counts."""
    batch = desk.take(rows(**bad))
    assert (batch.n_accepted, batch.n_refused) == (1, 1)
    assert any(reason in text for text in batch.reasons), batch.reasons
    assert desk.counts() == {DAY: (1, 0, 0, 0, 1)}


def test_a_missing_score_is_fine(desk):
    """The row counts, but not towards scores."""
    desk.take(rows(score=None))
    series = desk.store.series(REF, scores=True)
    assert (series.predictions.tolist(), series.scored.tolist(), series.scores.made.sum()) == ([2], [1], 1)


def test_the_whole_is_refused_on_wish(desk):
    """Nothing is kept then, and the delivery can be sent again under the same key."""
    with pytest.raises(Refused, match="1 of 2 rows") as caught:
        desk.take(rows(score=3.0), on_bad="refuse", key="k")
    assert "row 2: 3.0" in caught.value.reasons[0]
    assert (desk.counts(), desk.store.batches("churn")) == ({}, ())
    assert not desk.take(rows(), on_bad="refuse", key="k").is_repeat


def test_nothing_good_is_refused(desk):
    """And so is an empty file."""
    with pytest.raises(Refused, match="2 of 2 rows"):
        desk.take({**rows(), "score": [4.0, 5.0]})
    empty = pa.table({name: pa.array([], kind) for name, kind in TYPES.items()})
    with pytest.raises(Refused) as caught:
        desk.take(empty)
    assert caught.value.reasons == ("there are no rows",)


TYPES = {"id": pa.string(), "when": pa.string(), "predicted": pa.int8(), "score": pa.float64(), "label": pa.int8()}
TYPES["known"] = pa.string()


def test_reasons_stay_short_however_many_rows(desk):
    """A count and three examples."""
    many = {name: [GOOD[name]] * 5_000 for name in GOOD}
    many["id"] = [f"e{number}" for number in range(5_000)]
    many["score"] = [0.5] * 10 + [2.0] * 4_990
    batch = desk.take(many)
    assert batch.n_refused == 4_990
    assert len(batch.reasons) == 1
    assert len(batch.reasons[0]) < 200


def test_a_row_is_refused_once(desk):
    """For the first of its reasons."""
    batch = desk.take(rows(score=9.0, label=9, id=None))
    assert (batch.n_refused, len(batch.reasons)) == (1, 1)


def test_a_later_row_of_the_same_entity_and_day_counts(desk):
    """The contradiction is counted and said; a plain repetition is a duplicate."""
    batch = desk.take(
        {
            "id": ["a", "a", "b", "b"],
            "when": [DAY] * 4,
            "predicted": [1, 1, 0, 0],
            "label": [0, 1, 0, 0],
        }
    )
    assert desk.counts() == {DAY: (1, 0, 0, 1, 2)}
    assert (batch.n_accepted, batch.n_duplicates, batch.n_corrections) == (3, 1, 0)
    assert any("1 row is contradicted by a later row" in text and "(row 1)" in text for text in batch.reasons)


def test_labels_without_a_value_are_refused_in_a_file_of_labels(desk):
    """In a labelled file they are simply not known yet."""
    desk.take({"id": ["a", "b"], "when": [DAY] * 2, "predicted": [1, 1], "label": [1, None]})
    assert desk.counts() == {DAY: (1, 0, 0, 0, 2)}
    batch = desk.take({"id": ["a", "b"], "when": [DAY] * 2, "label": [None, 0]}, kind="labels")
    assert (batch.n_refused, desk.counts()) == (1, {DAY: (1, 1, 0, 0, 2)})


def test_unknown_versions_in_a_file_are_named(desk):
    """With those the model has; no version is made up."""
    batch = desk.take(
        {
            "id": ["a", "b", "c"],
            "when": [DAY] * 3,
            "predicted": [1, 1, 0],
            "label": [1, 1, 1],
            "version": ["1", "9", "2"],
        }
    )
    assert batch.n_refused == 1
    assert "row 2: '9'" in batch.reasons[0]
    assert "the model has the versions 1, 2" in batch.reasons[0]
    assert (desk.counts("1"), desk.counts("2")) == ({DAY: (1, 0, 0, 0, 1)}, {DAY: (0, 0, 1, 0, 1)})


def test_scores_alone_are_cut_at_the_threshold(desk):
    """And the answer says so."""
    batch = desk.take({"id": ["a", "b"], "when": [DAY] * 2, "score": [0.5, 0.49], "label": [1, 1]})
    assert desk.counts() == {DAY: (1, 0, 1, 0, 2)}
    assert batch.reasons == ("no prediction column: scores from 0.5 on count as positive (setting threshold)",)
    refused = desk.take({"id": ["a", "b"], "when": [DAY] * 2, "score": [None, 0.1], "label": [1, 1]})
    assert refused.n_refused == 1


def test_words_for_the_classes_are_remembered(desk):
    """The greater by the alphabet is positive unless chosen; later files need not hold both."""
    first = desk.take({"id": ["a", "b"], "when": [DAY] * 2, "predicted": ["good", "bad"], "label": ["good", "good"]})
    assert "'good' counts as positive" in first.reasons[0]
    desk.take({"id": ["c"], "when": [DAY], "predicted": ["bad"], "label": ["bad"]})
    assert desk.counts() == {DAY: (1, 0, 1, 1, 3)}


def test_the_positive_word_can_be_chosen(desk):
    """Then nothing is guessed."""
    batch = desk.take(
        {"id": ["a", "b"], "when": [DAY] * 2, "predicted": ["good", "bad"], "label": ["good", "bad"]}, positive="bad"
    )
    assert (batch.reasons, desk.counts()) == ((), {DAY: (1, 0, 0, 1, 2)})


def test_more_than_two_words_are_no_classes(desk):
    """They are listed."""
    with pytest.raises(Refused) as caught:
        desk.take({"id": ["a", "b", "c"], "when": [DAY] * 3, "predicted": ["x", "y", "z"], "label": ["x", "x", "x"]})
    assert caught.value.reasons == ("3 different values: 'x', 'y', 'z'; allowed are two",)


def test_scores_among_words_are_read_where_they_can_be(desk):
    """A text column of numbers with one word in it."""
    batch = desk.take(
        {"id": ["a", "b"], "when": [DAY] * 2, "predicted": [1, 1], "score": ["0.9", "high"], "label": [1, 1]}
    )
    assert batch.n_refused == 1
    assert "'high'" in batch.reasons[0]


def test_bad_rows_among_many_batches_have_their_row_of_the_file(desk):
    """Numbers go on over pieces of a file."""
    n = 300_000
    score = np.full(n, 0.5)
    score[270_000] = 7
    batch = desk.take(
        {"id": np.arange(n), "when": [DAY] * n, "predicted": np.ones(n, np.int8), "score": score, "label": np.ones(n)}
    )
    assert "row 270,001: 7.0" in batch.reasons[0]
