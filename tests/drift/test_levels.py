"""Counting levels."""

import pyarrow as pa

from monitor_core.drift import levels as module
from monitor_core.drift.levels import LevelCounts


def test_pieces_add_up():
    """Texts and dictionaries, in any number of pieces."""
    counts = LevelCounts()
    counts.add(pa.array(["b", "a", None]))
    counts.add(pa.array(["a", "ü", "a"]).dictionary_encode())
    counts.add(pa.array(["b"], pa.large_string()))
    assert counts.most_frequent(2) == [("a", 3), ("b", 2)]
    assert counts.n_values == 6


def test_ties_go_by_text():
    """The order of rows does not decide which level is kept."""
    counts = LevelCounts()
    counts.add(pa.array(["c", "b", "a"]))
    assert counts.most_frequent(2) == [("a", 1), ("b", 1)]


def test_the_rarest_levels_are_dropped_when_there_are_too_many(monkeypatch):
    """Memory is bounded; frequent levels and the number of values stay right."""
    monkeypatch.setattr(module, "_MAX_PENDING", 50)
    monkeypatch.setattr(module, "_MAX_LEVELS", 20)
    counts = LevelCounts()
    for piece in range(10):
        counts.add(pa.array([f"id{piece}-{i}" for i in range(30)] + ["often"] * 10))
    assert counts.most_frequent(1) == [("often", 100)]
    assert len(counts.items()) <= 20
    assert counts.n_values == 400


def test_nothing_counted_is_nothing_held():
    """No pieces, no levels."""
    assert LevelCounts().items() == LevelCounts().most_frequent(3) == []
