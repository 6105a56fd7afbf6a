"""Two classes, however they are written."""

import pyarrow as pa
import pytest

from monitor_core.errors import Refused
from monitor_core.performance.binary import BAD, MISSING, USUAL, Words, choose_words, read_binary


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
    """One word alone is enough then, and a third one is a bad row, not a class."""
    before = Words("ham", "spam")
    assert choose_words({"ham"}, before=before) == (before, "")
    assert choose_words({"ham", "eggs", "spam"}, before=before) == (before, "")
    assert choose_words({"zam", "spam"}, before=Words("", "spam")) == (Words("zam", "spam"), "")


@pytest.mark.parametrize(
    ("positive", "before"), [("ham", Words("ham", "spam")), ("no", USUAL), ("0", USUAL), ("yes", Words("yes", "no"))]
)
def test_what_counted_as_negative_does_not_become_positive(positive, before):
    """Both kinds of delivery would be counted together."""
    with pytest.raises(Refused, match="cannot count as positive"):
        choose_words({"ham", "spam"}, positive=positive, before=before)


@pytest.mark.parametrize("found", [{"0", "1", "7"}, {"yes", "no", "maybe", "later"}])
def test_a_stranger_among_the_usual_words_is_no_class(found):
    """Its rows are bad ones; 1 stays 1."""
    assert choose_words(found) == (None, "")


def test_one_usual_word_means_what_it_usually_does():
    """Whatever the alphabet says; and once the usual words have come, another one is a stranger."""
    words, note = choose_words({"1", "7"})
    assert (words, note) == (Words("7", "1"), "'1' counts as positive, '7' as negative ('1' as usual)")
    assert choose_words({"n", "a"})[0] == Words("n", "a")
    assert choose_words({"1", "7"}, before=USUAL) == (None, "")
    assert choose_words({"good", "bad"}, before=USUAL)[0] == Words("bad", "good")


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
