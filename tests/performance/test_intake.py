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
