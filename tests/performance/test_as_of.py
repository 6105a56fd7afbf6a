"""Whatever is delivered in whatever order: the counts are those of a recount, now and as of every moment before."""

from __future__ import annotations

from datetime import UTC, datetime
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor_core.performance import preparation, runs
from monitor_core.performance.counts import Counts
from monitor_core.performance.keys import keys_of
from monitor_core.storage.engine import open_engine
from monitor_core.values import ModelRef

EPOCH = datetime(2026, 11, 10, tzinfo=UTC)
DAYS = [20_760, 20_761, 20_763]  # days since 1970: 2026-11-03, -04 and -06
CELLS = ("young", "old")


class Ages:
    """A coder of one column of words."""

    features = (("age", CELLS),)

    def code(self, batch):
        words = batch.column("age")
        return np.array([[CELLS.index(word)] for word in words.to_pylist()], np.uint16)


rows = st.fixed_dictionaries(
    {
        "id": st.sampled_from("abcd"),
        "day": st.sampled_from(DAYS),
        "version": st.sampled_from(["1", "2"]),
        "predicted": st.integers(0, 1),
        "score": st.sampled_from([None, 0.0, 0.25, 0.5, 1.0]),
        "segment": st.sampled_from(["x", "y"]),
        "cell": st.sampled_from(CELLS),
        "label": st.sampled_from([None, 0, 1]),
        "known": st.sampled_from([None, 20_764, 20_767]),
    }
)
kinds = st.sampled_from(["predictions", "labels", "undated", "labelled"])
deliveries = st.lists(st.tuples(kinds, st.lists(rows, min_size=1, max_size=8), st.integers(0, 60)), max_size=6)


def table_of(kind, given_rows):
    days = pa.array([row["day"] for row in given_rows], pa.int32()).cast(pa.date32())
    columns = {"id": pa.array([row["id"] for row in given_rows])}
    if kind != "undated":
        columns["when"] = days
    if kind in ("predictions", "labelled"):
        columns |= {
            "version": [row["version"] for row in given_rows],
            "predicted": [row["predicted"] for row in given_rows],
            "score": pa.array([row["score"] for row in given_rows], pa.float64()),
            "area": [row["segment"] for row in given_rows],
            "age": [row["cell"] for row in given_rows],
        }
    if kind != "predictions":
        columns["label"] = pa.array([row["label"] for row in given_rows], pa.int64())
        columns["known"] = pa.array([row["known"] for row in given_rows], pa.int32()).cast(pa.date32())
    return pa.table(columns)


def shown(desk, **more):
    """Everything that can be read of both versions."""
    told = {}
    for version in "12":
        for segment in ("", "x", "y"):
            series = desk.store.series(
                ModelRef("churn", version),
                segment=segment,
                **dict.fromkeys(("scores", "entities", "delays", "cells"), True),
                **more,
            )
            told[version, segment] = series
    told["pairs"] = desk.store.pairs("churn", "1", "2", **more).tolist()
    return told


def flat(told):
    """The same as plain values, to compare; trailing delays without any count do not matter."""
    found = {"pairs": told["pairs"]}
    for key, series in told.items():
        if key == "pairs":
            continue
        for place, granule in enumerate(series.granules):
            counts = Counts(**{name: int(getattr(series, name)[place]) for name in Counts.__dataclass_fields__})
            delays = {
                int(d): int(series.delays.arrived[place, d]) for d in np.flatnonzero(series.delays.arrived[place])
            }
            cells = {
                (item.labels[cell], ("TP", "FP", "FN", "TN")[outcome]): int(item.counts[place, cell, outcome])
                for item in series.cells
                for cell, outcome in zip(*np.nonzero(item.counts[place]), strict=True)
            }
            mine = series.entities.granule == place
            entities = {
                int(e): (int(tp), int(wrong))
                for e, tp, wrong in zip(
                    series.entities.entity[mine],
                    series.entities.true_positives[mine],
                    series.entities.errors[mine],
                    strict=True,
                )
            }
            found[key, granule, "counts"] = counts
            found[key, granule, "delays"] = delays
            found[key, granule, "cells"] = cells
            found[key, granule, "entities"] = entities
            found[key, granule, "scores"] = (
                {(i, j): int(n) for (i, j), n in np.ndenumerate(series.scores.made[place]) if n},
                {at: int(n) for at, n in np.ndenumerate(series.scores.labelled[place]) if n},
            )
    return found


def day_label(day):
    return str(np.datetime64(day, "D"))


def expected(world):
    """What the oracle says, in the same form."""
    found = {"pairs": world.pairs("1", "2")}
    for version in "12":
        for segment in ("", "x", "y"):
            for day in world.days(version, segment):
                whole = segment == ""
                made, labelled = {}, {}
                for _, item, label in world.rows(version, day, segment):
                    if item.score is not None:
                        at = min(int(item.score * 1_000), 999)
                        made[item.predicted, at] = made.get((item.predicted, at), 0) + 1
                        if label is not None:
                            place = (item.predicted, label.label, at)
                            labelled[place] = labelled.get(place, 0) + 1
                entities = {
                    int(keys_of(pa.array([entity]))[0]): both for entity, both in world.entities(version, day).items()
                }
                key = (version, segment), day_label(day)
                found[*key, "counts"] = world.counts(version, day, segment)
                found[*key, "delays"] = world.delays(version, day) if whole else {}
                found[*key, "cells"] = world.cells(version, day) if whole else {}
                found[*key, "entities"] = entities if whole else {}
                found[*key, "scores"] = made, labelled
    return found


def check_rows(desk, world):
    """Single rows say the same."""
    for version in "12":
        table = desk.store.rows(ModelRef("churn", version))
        told = (
            {
                (row["granule"], row["entity"]): (
                    row["predicted"],
                    row["score"],
                    row["segment"],
                    row["label"],
                    row["cell:age"],
                )
                for row in table.to_pylist()
            }
            if table.num_rows
            else {}
        )
        assert told == {
            (day_label(day), entity): (
                item.predicted,
                item.score,
                item.segment,
                None if label is None else label.label,
                item.cell,
            )
            for day in world.days(version)
            for entity, item, label in world.rows(version, day)
        }


def play(desk, world, given_deliveries):
    """Deliver all of it; afterwards look again at every moment before."""
    clock, then = desk.clock, []
    for kind, some, hours in given_deliveries:
        clock.advance(hours=hours)
        good = some
        if kind in ("labels", "undated"):
            good = [row for row in some if row["label"] is not None]
            if kind == "undated":
                for row in good:
                    days = {day for _, day, entity in world.predictions if entity == row["id"]}
                    if len(days) > 1:
                        good = [r for r in good if r["id"] != row["id"]]
            if not good:
                continue
        today = (clock() - datetime(1970, 1, 1, tzinfo=UTC)).days
        world.deliver(kind, good, today)
        coder = Ages() if kind in ("predictions", "labelled") else None
        segment = "area" if coder else None
        batch = desk.take(
            table_of(kind, some), kind="labels" if kind == "undated" else kind, coder=coder, segment=segment
        )
        now = flat(shown(desk))
        assert now == expected(world)
        then.append((batch.recorded_at, now))
    for moment, known in then:
        assert flat(shown(desk, as_of=moment)) == known
    check_rows(desk, world)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_deliveries=deliveries)
def test_any_deliveries_add_up_to_a_recount_as_of_every_moment(
    given_deliveries, migrated_copy, desk_class, world_class, clock
):
    """On SQLite, against an oracle that goes row by row."""
    with TemporaryDirectory() as folder:
        engine = open_engine(migrated_copy(folder))
        play(desk_class(engine, type(clock)(EPOCH)), world_class(), given_deliveries)
        engine.dispose()


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_long_story_on_each_database(desk, clock, world_class, in_parts, monkeypatch):
    """One random sequence of thirty deliveries, taken as a whole or, like large ones, in parts."""
    if in_parts:
        monkeypatch.setattr(runs, "_PART_ROWS", 2)
        monkeypatch.setattr(preparation, "_MUCH", 0)
    rng = np.random.default_rng(11)
    story = []
    for _ in range(30):
        some = [
            {
                "id": str(rng.choice(list("abcdefgh"))),
                "day": int(rng.choice(DAYS)),
                "version": str(rng.choice(["1", "2"])),
                "predicted": int(rng.integers(0, 2)),
                "score": None if rng.random() < 0.2 else float(rng.choice([0.0, 0.25, 0.5, 1.0])),
                "segment": str(rng.choice(["x", "y"])),
                "cell": str(rng.choice(CELLS)),
                "label": None if rng.random() < 0.3 else int(rng.integers(0, 2)),
                "known": None if rng.random() < 0.5 else 20_764,
            }
            for _ in range(rng.integers(1, 12))
        ]
        story.append(
            (str(rng.choice(["predictions", "labels", "undated", "labelled"])), some, int(rng.integers(0, 40)))
        )
    clock.moment = EPOCH
    play(desk, world_class(), story)
