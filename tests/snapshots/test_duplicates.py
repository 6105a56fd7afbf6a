from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.snapshots.duplicates import Duplicates, KeyCounter, hash_keys


def count(*pieces, max_keys=8_000_000):
    counter, row = KeyCounter(max_keys=max_keys), 1
    for piece in pieces:
        counter.add(hash_keys(pa.array(piece)), first_row=row)
        row += len(piece)
    return counter.result()


def test_repetitions_are_counted_across_pieces():
    """The first repetition is given with the row that it repeats."""
    assert count(["a", "b"], ["c", "a"], ["a", "b"]) == Duplicates(3, (1, 4), 1)


def test_missing_ids_are_no_repetitions():
    """Nothing is known of them."""
    assert count([None, None, 1]).count == 0


def test_the_moment_is_part_of_the_key():
    """The same customer may come every day."""
    ids = pa.array([7, 7, 7])
    moments = np.array(["2026-01-01", "2026-01-02", "2026-01-02"], "datetime64[us]")
    counter = KeyCounter()
    counter.add(hash_keys(ids, moments), first_row=1)
    assert counter.result() == Duplicates(1, (2, 3), 1)


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int8(), pa.string()), pa.float64(), pa.int16()])
def test_every_type_of_id_can_be_counted(kind):
    """Text, categories, numbers."""
    values = pa.array([1, 2, 1, 3]).cast(pa.string()).cast(kind)
    counter = KeyCounter()
    counter.add(hash_keys(values), first_row=1)
    assert counter.result().first == (1, 3)


def test_memory_is_bounded_by_following_a_part_of_the_keys():
    """A key is followed with all its rows or not at all, and the result says how many are."""
    found = count(*[list(range(start, start + 1_000)) * 2 for start in range(0, 50_000, 1_000)], max_keys=10_000)
    assert found.one_in == 16
    assert abs(found.count * found.one_in - 50_000) < 5_000


@given(st.lists(st.integers(0, 20) | st.none(), max_size=60), st.integers(1, 9))
def test_the_count_is_that_of_a_plain_loop(values, size):
    """However the column is cut."""
    pieces = [pa.array(values[at : at + size], pa.int64()) for at in range(0, len(values), size)]
    seen = Counter(value for value in values if value is not None)
    assert count(*pieces).count == sum(times - 1 for times in seen.values())
