import pytest

from monitor_core.snapshots.purposes import PURPOSES as KNOWN
from monitor_core.snapshots.records import ColumnPreview
from monitor_core.snapshots.roles import Role
from monitor_core.ui.purposes import PURPOSES, TAKES, counts_of, delivered_words, role_options, two_words


def column(name, *examples, kind="categorical"):
    return ColumnPreview(name, "string", kind, 0, examples)


ROLES = {"came": Role.LABEL, "said": Role.PREDICTION, "city": Role.FEATURE}


def test_every_purpose_has_its_words():
    """What can be stored can be uploaded on the page."""
    assert set(PURPOSES.values()) == set(TAKES) == set(KNOWN)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ([column("came", "paid", "late"), column("said", "late")], ("late", "paid")),
        ([column("came", "yes", "no")], ()),
        ([column("came", "0", "1", kind="numeric")], ()),
        ([column("city", "Bonn", "Kiel")], ()),
        ([column("came", "paid")], ("paid",)),
        ([column("came", "a", "b", "c")], ()),
        ([], ()),
    ],
)
def test_only_two_words_that_say_nothing_themselves_are_asked_about(columns, words):
    """Numbers, truth values and yes or no need no question; features are none of it."""
    assert two_words(columns, ROLES) == words


def test_labels_take_only_what_serves_them():
    """No feature, no score."""
    assert "feature" not in role_options("labels")
    assert "score" in role_options("predictions")
    assert "feature" in role_options("current")


def test_what_did_not_occur_is_left_out():
    """And a single row is no rows."""
    assert delivered_words({"n_accepted": 1}) == "1 row taken in"
    assert delivered_words({"n_accepted": 9, "n_corrections": 2, "n_duplicates": 3, "n_refused": 1}) == (
        "9 rows taken in (2 corrected what was known), 3 known before, 1 refused"
    )
    assert counts_of({}) == {"Taken in": 0, "Known": 0, "Corrected": 0, "Waiting": 0, "Refused": 0}
