"""Two classes, however they are written."""

import pyarrow as pa
import pytest

from monitor_core.errors import Refused
from monitor_core.performance.binary import BAD, MISSING, Words, choose_words, read_binary


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 0, None], pa.int64()),
        ([1.0, 0.0, float("nan")], pa.float32()),
        ([True, False, None], pa.bool_()),
        (["1", "0", ""], pa.string()),
        (["TRUE", " false ", None], pa.large_string()),
        (["Yes", "no", None], pa.dictionary(pa.int8(), pa.string())),
        ([1, 0, None], pa.dictionary(pa.int8(), pa.int64())),
        (["1.0", "0.0", None], pa.string()),
    ],
)
def test_the_usual_ways_are_read(values, kind):
    """Numbers, booleans, words, through dictionaries too."""
    column = (
        pa.array(values, kind)
        if not pa.types.is_dictionary(kind)
        else pa.array(values, kind.value_type).dictionary_encode()
    )
    assert read_binary(column, None).tolist() == [1, 0, MISSING]


@pytest.mark.parametrize("value", [2, -1, 0.5])
def test_other_numbers_are_bad(value):
    """Not rounded."""
    assert read_binary(pa.array([value]), None).tolist() == [BAD]


def test_columns_of_other_types_are_bad_where_they_hold_something():
    """Dates are no classes; nothing at all is missing."""
    assert read_binary(pa.array([0, None], pa.date32()), None).tolist() == [BAD, MISSING]
    assert read_binary(pa.nulls(2), None).tolist() == [MISSING, MISSING]


def test_words_are_read_as_chosen():
    """Exactly so; the usual words are strangers then."""
    read = read_binary(pa.array(["spam", "ham", "Spam", "1"]), Words("ham", "spam"))
    assert read.tolist() == [1, 0, BAD, BAD]


def test_the_choice_is_remembered():
    """One word alone is enough then."""
    before = Words("ham", "spam")
    assert choose_words({"ham"}, before=before) == (before, "")
    with pytest.raises(Refused, match="two classes"):
        choose_words({"ham", "eggs", "spam"}, before=before)


def test_one_unknown_word_alone_says_nothing():
    """Which class it is must be told."""
    with pytest.raises(Refused) as caught:
        choose_words({"spam"})
    assert caught.value.reasons == ("only 'spam' occurs; which class is it? Choose the positive value",)
    assert choose_words({"spam"}, positive="spam") == (Words("", "spam"), "")


def test_a_positive_value_may_turn_the_usual_words_round():
    """Where 0 is what one looks for."""
    words, _ = choose_words({"no", "yes"}, positive="no")
    assert read_binary(pa.array(["no", "yes"]), words).tolist() == [1, 0]
