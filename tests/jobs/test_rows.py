"""Rows of plain values, as programs send them."""

import math

import pytest

from monitor_core.errors import InvalidInput
from monitor_core.jobs import rows
from monitor_core.jobs.rows import table_of
from monitor_core.snapshots.roles import Role


def test_keys_become_roles():
    """In a fixed order; a missing key is null."""
    table, roles = table_of(
        [{"score": 0.25, "entity_id": "a", "timestamp": "2026-11-01", "segment": "north"}, {"entity_id": 7}],
        "predictions",
    )
    assert [name for name, _ in roles.columns] == ["entity_id", "timestamp", "score", "segment"]
    assert roles.one(Role.SCORE) == "score"
    assert roles.segment == "segment"
    assert table.to_pylist()[1] == {"entity_id": "7", "timestamp": None, "score": None, "segment": None}


def test_truth_and_numbers_mean_the_same():
    """1, 1.0 and true are one label."""
    table, _ = table_of([{"entity_id": n, "label": value} for n, value in enumerate([1, 1.0, True, False])], "labels")
    assert table["label"].to_pylist() == ["1", "1", "1", "0"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "0 rows"),
        ([{"entity_id": 1}, 5], "row 2 is '5'"),
        ([{"entity_id": 1, "prediction": 1}], "row 1: 'prediction' is not known"),
        ([{"entity_id": 1}, {"entity_id": [2]}], r"row 2: entity_id is '\[2\]'"),
    ],
)
def test_a_bad_row_is_named(given, words):
    """Row, key and value."""
    with pytest.raises(InvalidInput, match=words):
        table_of(given, "labels")


@pytest.mark.parametrize("score", ["high", True])
def test_a_score_is_a_number(score):
    """Text is not read as one."""
    with pytest.raises(InvalidInput, match="row 1: score is"):
        table_of([{"entity_id": 1, "score": score}], "predictions")


def test_too_many_rows_are_a_file(monkeypatch):
    """The bound is said."""
    monkeypatch.setattr(rows, "MOST_ROWS", 2)
    with pytest.raises(InvalidInput, match="3 rows") as refused:
        table_of([{"entity_id": 1, "label": 0}] * 3, "labels")
    assert "1 to 2 a request" in refused.value.hint


def test_a_score_beyond_every_float_is_a_bad_row():
    """It does not take the others with it."""
    table, _ = table_of([{"entity_id": 1, "score": 10**400}, {"entity_id": 2, "score": 0.5}], "predictions")
    assert table["score"].to_pylist() == [math.inf, 0.5]
