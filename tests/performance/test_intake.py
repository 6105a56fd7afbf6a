"""Deliveries of predictions and labels, as they really come, on both databases."""

import pytest

from monitor_core.errors import NotFound, Refused

DAY, NEXT = "2026-11-01", "2026-11-02"


def labelled(**more):
    rows = {
        "id": ["a", "b", "c", "d", "e"],
        "when": [DAY, DAY, DAY, DAY, NEXT],
        "predicted": [1, 1, 0, 0, 1],
        "score": [0.9, 0.6, 0.4, 0.1, 0.8],
        "label": [1, 0, 1, 0, 1],
    }
    return {**rows, **more}


def test_labelled_rows_become_counts_by_granule(desk):
    """Each day its own true and false positives and negatives."""
    batch = desk.take(labelled())
    assert (batch.n_rows, batch.n_accepted, batch.first_granule, batch.last_granule) == (5, 5, DAY, NEXT)
    assert desk.counts() == {DAY: (1, 1, 1, 1, 4), NEXT: (1, 0, 0, 0, 1)}


def test_labels_may_come_later(desk):
    """By entity and date; until then the predictions are not labelled."""
    rows = labelled()
    label = rows.pop("label")
    desk.take(rows, kind="predictions")
    assert desk.counts()[DAY] == (0, 0, 0, 0, 4)
    desk.take({"id": rows["id"][:3], "when": rows["when"][:3], "label": label[:3]}, kind="labels")
    assert desk.counts()[DAY] == (1, 1, 1, 0, 4)


def test_the_same_delivery_again_is_answered_and_not_counted(desk):
    """By its key, whatever it holds."""
    first = desk.take(labelled(), key="k")
    again = desk.take(labelled(), key="k")
    assert (again.is_repeat, again.batch_id) == (True, first.batch_id)
    assert desk.counts()[DAY] == (1, 1, 1, 1, 4)


def test_an_unknown_version_is_named(desk):
    """With those there are."""
    with pytest.raises(NotFound, match="no version '9'"):
        desk.take(labelled(), version="9")


def test_missing_roles_are_all_named(desk):
    """Before anything is read."""
    with pytest.raises(Refused) as caught:
        desk.take({"x": [1]})
    assert len(caught.value.reasons) == 4


class TestWords:
    """What is called positive in one delivery is so in the next."""

    def said(self, word, other):
        return {"id": ["a", "b"], "when": ["2026-11-01"] * 2, "predicted": [word, other]}

    def test_the_polarity_cannot_be_turned_round(self, desk):
        """Labels would be held against predictions of the other class."""
        desk.take(self.said("good", "bad"), kind="predictions")
        with pytest.raises(Refused, match="cannot count as positive") as caught:
            desk.take({"id": ["a"], "label": ["bad"]}, kind="labels", positive="bad")
        assert "counted it as negative, 'good' as positive" in caught.value.reasons[0]

    def test_a_stray_value_is_a_bad_row(self, desk):
        """Not the positive class, with all ones as the negative one."""
        desk.take({**self.said("1", "0"), "label": ["1", "0"]})
        batch = desk.take({"id": ["a", "b"], "when": ["2026-11-01"] * 2, "label": ["1", "7"]}, kind="labels")
        assert (batch.n_duplicates, batch.n_refused, batch.n_corrections) == (1, 1, 0)

    def test_words_are_remembered_past_many_deliveries_of_numbers(self, desk):
        """However many lie between, one word alone is still known."""
        desk.take(
            {"id": ["a", "b"], "when": ["2026-11-01"] * 2, "label": ["up", "down"]}, kind="labels", positive="down"
        )
        for number in range(101):
            desk.take({"id": [f"n{number}"], "when": ["2026-11-02"], "predicted": [1]}, kind="predictions")
        batch = desk.take({"id": ["n0"], "label": ["down"]}, kind="labels")
        assert batch.effect["words"] == ["up", "down"]
