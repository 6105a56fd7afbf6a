"""Entity ids as plain values and keys."""

import uuid

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.performance.keys import entity_type, keys_of, lengths_of, plain_entities


def key(value, kind=None):
    return int(keys_of(plain_entities(pa.array([value], kind)))[0])


@given(st.integers(-(10**17), 10**17))
def test_a_number_has_the_key_of_its_digits(number):
    """Whether it came as a number or as text, with blanks or without."""
    assert key(number) == key(str(number)) == key(f" {number} ")


@pytest.mark.parametrize("other", ["007", "+7", "7.0", "7a", "-0", "7-7"])
def test_what_is_not_written_like_a_number_is_a_text(other):
    """An id 007 is not the customer 7."""
    assert key(other) != key(7)


def test_numbers_that_came_as_floats_are_whole():
    """A missing value makes a whole column floats."""
    plain = plain_entities(pa.array([7.0, None, float("nan"), 7.5, 1e20]))
    assert plain.to_pylist() == ["7", None, None, "7.5", "1e+20"]
    assert key(7.0) == key(7)


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=30))
def test_keys_do_not_depend_on_the_place_in_an_array(texts):
    """Slices, dictionaries and large strings give the same keys, and different texts different ones."""
    array = pa.array(texts)
    keys = keys_of(plain_entities(array))
    again = keys_of(plain_entities(pa.concat_arrays([pa.array(["x" * 9]), array]).slice(1)))
    coded = keys_of(plain_entities(array.dictionary_encode()))
    large = keys_of(plain_entities(array.cast(pa.large_string())))
    assert keys.tolist() == again.tolist() == coded.tolist() == large.tolist()
    plain = plain_entities(array).to_pylist()
    assert len(set(keys.tolist())) == len({text for text in plain if text is not None}) + (None in plain)


def test_keys_of_similar_ids_differ():
    """Running numbers and uuids, a hundred thousand each: no two alike, and every bit is used."""
    names = [f"customer-{number:08d}" for number in range(100_000)]
    ids = [str(uuid.UUID(int=number * 2**64 + number)) for number in range(100_000)]
    keys = keys_of(pa.array(names + ids))
    assert np.unique(keys).size == 200_000
    bits = np.unpackbits(keys.view(np.uint8)).reshape(-1, 64).mean(axis=0)
    assert np.all(np.abs(bits - 0.5) < 0.01)


def test_a_missing_id_has_no_key():
    """Null, empty and blank."""
    assert [key(value, pa.string()) for value in (None, "", "  ")] == [0, 0, 0]
    assert keys_of(pa.array([None, 3])).tolist()[0] == 0


def test_types_are_kept_as_numbers_or_text():
    """Whole numbers as int64, the largest unsigned ones as text."""
    assert entity_type(pa.int8()) == pa.int64()
    assert entity_type(pa.dictionary(pa.int8(), pa.int64())) == pa.int64()
    assert entity_type(pa.uint64()) == pa.string()
    assert key(2**64 - 1, pa.uint64()) == key(str(2**64 - 1))


def test_lengths_are_in_bytes():
    """As many as the text takes."""
    assert lengths_of(pa.array(["a", "ü", None, ""])).tolist() == [1, 2, 0, 0]
    assert lengths_of(pa.array([], pa.string())).tolist() == []


def test_very_long_texts_do_not_take_long():
    """They are refused elsewhere; until then only their beginning is looked at."""
    assert key("x" * 10_000_000) == key("x" * 10_000_000)
