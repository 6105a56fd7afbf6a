"""Labels with an end."""

import threading

import pytest
from prometheus_client import Counter

from monitor_core.metrics.instrument.bounded import BoundedFamily, LabelLimit, once_for


@pytest.fixture
def counter(registry):
    return Counter("seen_total", "Seen.", ["a", "b"], registry=registry)


def test_first_values_stay(labels_of, counter):
    """The limit is on new ones."""
    family = BoundedFamily(counter, (2, None))
    for text in "xyzxyz":
        family.child(text, "b").inc()
    assert labels_of("seen_total") == [("other", "b"), ("x", "b"), ("y", "b")]


def test_same_child_for_the_same_values(counter):
    """No new object per call."""
    family = BoundedFamily(counter, (2, 2))
    assert family.child("x", "y") is family.child("x", "y")


def test_combinations_have_an_end(labels_of, counter):
    """Two labels within their limits may still be too many together."""
    family = BoundedFamily(counter, (50, 50), most_series=100)
    for first in range(40):
        for second in range(40):
            family.child(str(first), str(second)).inc()
    found = labels_of("seen_total")
    assert len(found) == 101
    assert ("other", "other") in found


def test_nothing_gets_lost(registry, counter):
    """What is folded is still counted."""
    family = BoundedFamily(counter, (3, 3), most_series=4)
    for number in range(500):
        family.child(str(number % 7), str(number % 11)).inc()
    samples = [s.value for f in registry.collect() for s in f.samples if s.name == "seen_total"]
    assert sum(samples) == 500


def test_cache_has_an_end(counter):
    """A caller who makes up values fills no memory."""
    family = BoundedFamily(counter, (5, 5), most_series=10)
    for number in range(1_000):
        family.child(str(number), "b")
    assert len(family._children) <= 20


def test_long_values_are_cut():
    """A value is a word, not a document."""
    assert len(LabelLimit(1)("x" * 10_000)) == 120


def test_once_for_all(counter):
    """Whoever asks gets the same."""
    first = once_for(counter, BoundedFamily, counter, (1, 1))
    assert once_for(counter, BoundedFamily, counter, (9, 9)) is first


def test_threads_keep_the_limit(labels_of, counter):
    """Many at a time."""
    family = BoundedFamily(counter, (10, None))

    def work(start):
        for number in range(start, start + 200):
            family.child(str(number), "b").inc()

    threads = [threading.Thread(target=work, args=(200 * number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(labels_of("seen_total")) == 11
