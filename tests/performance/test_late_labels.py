"""Late, partial, corrected, repeated and orphaned labels, with and without a date."""

import pyarrow as pa
import pytest
from sqlalchemy import func, select

from monitor_core.errors import Conflict
from monitor_core.performance.retention import drop_events
from monitor_core.settings import PerformanceSettings
from monitor_core.storage.schema import metadata
from monitor_core.values import ModelRef

DAY, NEXT = "2026-11-01", "2026-11-02"
REF = ModelRef("churn", "1")


def predict(desk, ids=("a", "b", "c"), when=DAY, predicted=1, **more):
    return desk.take(
        {"id": list(ids), "when": [when] * len(ids), "predicted": [predicted] * len(ids)}, kind="predictions", **more
    )


def label(desk, labels, when=DAY, **more):
    columns = {"id": list(labels), "label": list(labels.values())}
    if when is not None:
        columns["when"] = [when] * len(labels)
    return desk.take(columns, kind="labels", **more)


def test_labels_come_in_parts(desk):
    """Each adds to what is there; nothing else changes."""
    predict(desk)
    label(desk, {"a": 1})
    label(desk, {"b": 0})
    assert desk.counts() == {DAY: (1, 1, 0, 0, 3)}


def test_a_repeated_label_changes_nothing(desk):
    """An exact duplicate is no news, whatever the delivery is called."""
    predict(desk)
    label(desk, {"a": 1, "b": 0})
    again = label(desk, {"a": 1, "b": 0, "c": 0})
    assert (again.n_duplicates, again.n_accepted, again.n_corrections) == (2, 1, 0)
    assert desk.counts() == {DAY: (1, 2, 0, 0, 3)}


def test_a_corrected_label_is_listed_with_its_effect(desk, clock):
    """Only its granule changes; F1 before and after are told."""
    predict(desk)
    predict(desk, when=NEXT)
    label(desk, {"a": 1, "b": 1, "c": 1})
    label(desk, {"a": 1}, when=NEXT)
    before = clock.advance(days=1)
    batch = label(desk, {"a": 0, "b": 1})
    assert (batch.n_corrections, batch.n_duplicates, batch.recorded_at) == (1, 1, before)
    assert desk.counts() == {DAY: (2, 1, 0, 0, 3), NEXT: (1, 0, 0, 0, 3)}
    assert desk.store.series(REF).corrections.tolist() == [1, 0]
    (found,) = desk.store.corrections("churn")
    assert (found.version, found.granule, found.rows, found.recorded_by) == ("1", DAY, 1, "ann")
    assert (found.f1_before, found.f1_after) == (1.0, 0.8)
    assert desk.store.corrections("churn", version="2") == ()


def test_yesterday_is_reproduced(desk, clock):
    """As of a moment before the correction."""
    predict(desk)
    label(desk, {"a": 1})
    yesterday = clock()
    known = desk.counts(as_of=yesterday.replace(microsecond=999_999))
    clock.advance(days=1)
    label(desk, {"a": 0})
    assert desk.counts(as_of=clock.moment.replace(hour=0)) == known == {DAY: (1, 0, 0, 0, 3)}


def test_a_prediction_sent_again_with_changes_replaces_the_old_one(desk):
    """A correction, too."""
    predict(desk)
    label(desk, {"a": 1})
    batch = predict(desk, ids=["a", "d"], predicted=0)
    assert (batch.n_corrections, desk.counts()) == (1, {DAY: (0, 0, 1, 0, 4)})


def test_a_dated_label_may_come_before_its_prediction(desk):
    """It waits on its day, and counts when the prediction is there."""
    batch = label(desk, {"a": 1, "z": 1})
    assert (batch.n_orphans, desk.counts()) == (2, {})
    predict(desk)
    assert desk.counts() == {DAY: (1, 0, 0, 0, 3)}


def test_a_label_without_a_date_finds_its_prediction(desk):
    """By the entity alone, whichever day it was."""
    predict(desk, ids=["a"])
    predict(desk, ids=["b"], when=NEXT, predicted=0)
    batch = label(desk, {"a": 1, "b": 1}, when=None)
    assert (batch.n_accepted, batch.first_granule, batch.last_granule) == (2, DAY, NEXT)
    assert desk.counts() == {DAY: (1, 0, 0, 0, 1), NEXT: (0, 0, 1, 0, 1)}


def test_a_label_that_fits_two_predictions_is_refused(desk):
    """The reason names two of their days."""
    predict(desk, ids=["a"])
    predict(desk, ids=["a", "b"], when=NEXT)
    batch = label(desk, {"a": 1, "b": 1}, when=None)
    assert (batch.n_refused, batch.n_accepted) == (1, 1)
    assert "predicted more than once (the first for 2026-11-01 and 2026-11-02)" in batch.reasons[0]
    assert "row 1: 'a'" in batch.reasons[0]


def test_a_label_without_date_and_prediction_waits(desk):
    """And joins when the prediction comes; a later delivery does not join it twice."""
    batch = label(desk, {"a": 1, "b": 0}, when=None)
    assert (batch.n_orphans, batch.first_granule) == (2, None)
    joined = predict(desk, ids=["a"])
    assert (joined.effect["joined"], desk.counts()) == (1, {DAY: (1, 0, 0, 0, 1)})
    predict(desk, ids=["a", "b"], when=NEXT)
    assert desk.counts() == {DAY: (1, 0, 0, 0, 1), NEXT: (0, 1, 0, 0, 2)}


def test_a_waiting_label_that_fits_two_new_predictions_goes_on_waiting(desk):
    """Nobody can tell which; the answer says so."""
    label(desk, {"a": 1}, when=None)
    batch = desk.take({"id": ["a", "a"], "when": [DAY, NEXT], "predicted": [1, 1]}, kind="predictions")
    assert "goes on waiting" in batch.reasons[0]
    assert desk.counts() == {DAY: (0, 0, 0, 0, 1), NEXT: (0, 0, 0, 0, 1)}


def test_labels_hold_for_every_version(desk):
    """Live and shadow; the pair is counted where both predicted the row."""
    predict(desk)
    predict(desk, ids=["b", "c", "d"], predicted=0, version="2")
    label(desk, {"a": 1, "b": 1, "c": 0, "d": 0})
    assert (desk.counts("1"), desk.counts("2")) == ({DAY: (2, 1, 0, 0, 3)}, {DAY: (0, 0, 1, 2, 3)})
    assert desk.store.pairs("churn", "1", "2").tolist() == [0, 0, 1, 0, 0, 0, 1, 0]
    assert desk.store.pairs("churn", "2", "1").tolist() == [0, 1, 0, 0, 0, 1, 0, 0]
    assert desk.store.versions("churn") == ("1", "2")


def test_delays_are_counted_from_when_a_label_was_known(desk, clock):
    """By its own date, else by the moment of recording if the prediction was recorded when it was made."""
    today = clock().date().isoformat()
    predict(desk, when=today)
    predict(desk, when="2026-01-01")
    clock.advance(days=5)
    label(desk, {"a": 1, "b": 1}, when=today)
    label(desk, {"a": 1}, when="2026-01-01")
    desk.take({"id": ["c"], "when": ["2026-01-01"], "label": [1], "known": ["2026-01-31"]}, kind="labels")
    delays = desk.store.series(REF, delays=True).delays.arrived
    assert {place: int(number) for place, number in enumerate(delays[0]) if number} == {30: 1}
    assert {place: int(number) for place, number in enumerate(delays[1]) if number} == {5: 2}


def test_labels_after_the_rows_are_gone_are_refused(desk, clock):
    """The counts stay, and the reason names the setting."""
    predict(desk)
    label(desk, {"a": 1})
    clock.advance(days=401)
    predict(desk, when=clock().date().isoformat())
    assert drop_events(desk.engine, "churn", keep_days=400, now=clock()) == 1
    assert desk.counts()[DAY] == (1, 0, 0, 0, 3)
    batch = desk.take({"id": ["b", "b"], "when": [DAY, clock().date().isoformat()], "label": [1, 1]}, kind="labels")
    assert (batch.n_refused, batch.n_accepted) == (1, 1)
    assert "single rows of 2026-11-01 are no longer kept (setting keep_events_days, 400)" in batch.reasons[0]
    assert desk.store.rows(REF, last=DAY).num_rows == 0
    assert drop_events(desk.engine, "churn", keep_days=0, now=clock()) == 0


def test_labels_that_nobody_predicted_are_dropped_with_age(desk, clock):
    """Their day is not closed by that."""
    label(desk, {"a": 1})
    label(desk, {"b": 1}, when=None)
    clock.advance(days=500)
    assert drop_events(desk.engine, "churn", keep_days=400, now=clock()) == 0
    predict(desk, ids=["a", "b"])
    assert desk.counts() == {DAY: (0, 0, 0, 0, 2)}


def test_deleting_the_model_removes_everything(desk, clock):
    """No table keeps a row of it."""
    predict(desk)
    label(desk, {"a": 1})
    clock.advance(days=500)
    drop_events(desk.engine, "churn", keep_days=400, now=clock())
    predict(desk, when=NEXT, version="2")
    desk.models.delete("churn", actor="ann")
    with desk.engine.connect() as connection:
        for table in metadata.sorted_tables:
            if table.name.startswith("performance") or table.name in ("deployment", "decision"):
                assert connection.scalar(select(func.count()).select_from(table)) == 0, table.name


def test_the_granularity_is_fixed_once_rows_are_in(desk):
    """Counts are labelled by it."""
    predict(desk)
    with pytest.raises(Conflict, match="holds data by day"):
        desk.models.update("churn", granularity="week", actor="ann")


@pytest.mark.parametrize(
    ("granularity", "when", "expected"),
    [
        ("hour", ["2026-11-01T05:10", "2026-11-01T05:50", "2026-11-01T06:00"], ["2026-11-01T05", "2026-11-01T06"]),
        ("week", ["2026-11-15", "2026-11-16", "2026-11-20"], ["2026-W46", "2026-W47"]),
        ("month", ["2026-09-30", "2026-10-01", "2026-10-31"], ["2026-09", "2026-10"]),
        ("year", [2025, 2026, 2026], ["2025", "2026"]),
    ],
)
def test_granules_of_every_length(desk_with, granularity, when, expected):
    """Labels join by granule, not by moment."""
    desk = desk_with(granularity=granularity)
    desk.take({"id": ["a", "b", "c"], "when": when, "predicted": [1, 1, 1]}, kind="predictions")
    desk.take({"id": ["a", "b", "c"], "when": when, "label": [1, 1, 1]}, kind="labels")
    counts = desk.counts()
    assert list(counts) == expected
    assert sum(row[0] for row in counts.values()) == 3


def test_blocks_of_rows_fill_one_after_the_other(desk_with):
    """Labels find their rows by entity; another version's predictions of the same rows lie in the same blocks."""
    desk = desk_with(granularity="rows:100")
    ids = [f"e{number}" for number in range(250)]
    desk.take({"id": ids, "predicted": [1] * 250}, kind="predictions")
    desk.take({"id": ids[90:160], "predicted": [0] * 70}, kind="predictions", version="2")
    desk.take({"id": [*ids[:120], "unknown"], "label": [1] * 121}, kind="labels")
    assert desk.counts() == {
        "#00000001": (100, 0, 0, 0, 100),
        "#00000002": (20, 0, 0, 0, 100),
        "#00000003": (0, 0, 0, 0, 50),
    }
    assert desk.counts("2") == {"#00000001": (0, 0, 10, 0, 10), "#00000002": (0, 0, 20, 0, 60)}
    desk.take({"id": ["new", *ids[:3]], "predicted": [1, 1, 1, 0]}, kind="predictions")
    assert desk.counts()["#00000003"] == (0, 0, 0, 0, 51)
    assert desk.counts()["#00000001"] == (99, 0, 1, 0, 100)


def test_one_date_for_the_whole_file(desk):
    """Instead of a column."""
    desk.take({"id": ["a"], "predicted": [1], "label": [1]}, fixed_date=DAY)
    assert desk.counts() == {DAY: (1, 0, 0, 0, 1)}


def test_ids_join_whatever_their_type(desk):
    """A number in one file is the same as its digits in another."""
    desk.take({"id": [7, 8], "when": [DAY] * 2, "predicted": [1, 1]}, kind="predictions")
    desk.take({"id": [" 7", "8 "], "when": [DAY] * 2, "label": [1, 0]}, kind="labels")
    desk.take({"id": pa.array([7.0, None]), "when": [DAY] * 2, "label": [1, 1]}, kind="labels")
    assert desk.counts() == {DAY: (1, 1, 0, 0, 2)}


def test_segments_follow_their_values(desk):
    """A row whose segment changes moves; at most twenty values are followed."""
    rows = {"id": ["a", "b"], "when": [DAY] * 2, "predicted": [1, 1], "label": [1, 0], "area": ["north", "south"]}
    desk.take(rows, segment="area")
    assert desk.store.segments(REF) == ("north", "south")
    desk.take({**rows, "area": ["south", "south"]}, segment="area")
    assert desk.counts(segment="south") == {DAY: (1, 1, 0, 0, 2)}
    assert desk.counts(segment="north") == {}
    many = [f"s{number}" for number in range(40)]
    desk.take({"id": many, "when": [NEXT] * 40, "predicted": [1] * 40, "label": [1] * 40, "area": many}, segment="area")
    assert "(other)" in desk.store.segments(REF)
    assert len(desk.store.segments(REF)) == 21


def test_another_threshold_setting(desk_with):
    """Of the model, where only scores are sent."""
    desk = desk_with(settings=PerformanceSettings(threshold=0.8))
    desk.take({"id": ["a", "b"], "when": [DAY] * 2, "score": [0.8, 0.79], "label": [1, 1]})
    assert desk.counts() == {DAY: (1, 0, 1, 0, 2)}
