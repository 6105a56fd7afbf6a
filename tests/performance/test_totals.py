"""Totals of granules: whoever reads them learns what the changes themselves tell."""

import numpy as np
import pytest
from sqlalchemy import delete, select

from monitor_core.performance.detail_merging import SAMPLED, merged, sample_of
from monitor_core.performance.detail_reading import (
    read_delays,
    read_entities,
    read_sampled,
    read_scores,
    sum_scores,
)
from monitor_core.performance.details import DELAYS, ENTITIES, SCORES, is_dense, pack, split, unpack_dense
from monitor_core.performance.entity_sampling import below, level_for
from monitor_core.storage.schema import performance_detail, performance_total
from monitor_core.values import ModelRef

REF = ModelRef("churn", "1")
DAYS = [f"2026-11-{day:02d}" for day in range(1, 11)]


def scores(rng, n, low=-3):
    codes = np.sort(rng.choice(6_000, n, replace=False))
    records = np.empty(n, SCORES)
    records["code"], records["count"] = codes, rng.integers(low, 90, n)
    return pack(records)


def entities(keys, level=0):
    """As a change keeps them: thinned out to 2,000."""
    keys = np.unique(np.asarray(keys, np.uint64))
    level = level_for(keys, level)
    keys = keys[below(keys, level)]
    records = np.zeros(keys.size, ENTITIES)
    records["entity"], records["true_positives"], records["errors"] = keys, keys % np.uint64(3), keys % np.uint64(2)
    return pack(records, {"level": level})


def shown(clusters):
    return [part.tolist() for part in (clusters.granule, clusters.entity, clusters.true_positives, clusters.errors)] + [
        clusters.share
    ]


@pytest.mark.parametrize("low", [-3, 1])
@pytest.mark.parametrize("n", [200, 4_500])
def test_scores_of_totals_are_those_of_the_changes(n, low):
    """Short lists of a few and tables of many scores, together in one reading."""
    rng = np.random.default_rng(4)
    changes = [[scores(rng, n, low) for _ in range(4)] for _ in range(6)]
    flat = [payload for listed in changes for payload in listed]
    direct = read_scores(flat, np.repeat(np.arange(6), 4).tolist(), 6)
    for whole in (range(6), (1, 4), ()):
        payloads = [[merged("scores", listed)] if place in whole else listed for place, listed in enumerate(changes)]
        together = [payload for listed in payloads for payload in listed]
        places = [place for place, listed in enumerate(payloads) for _ in listed]
        found = read_scores(together, places, 6)
        assert np.array_equal(found.made, direct.made)
        assert np.array_equal(found.labelled, direct.labelled)
        summed = sum_scores(together)
        assert np.array_equal(summed.made[0], direct.made.sum(axis=0))
        assert np.array_equal(summed.labelled[0], direct.labelled.sum(axis=0))
    assert is_dense(merged("scores", changes[0])) == (n == 4_500 and low == 1)


def test_totals_are_added_to():
    """A total and a change make the same total as all changes."""
    rng = np.random.default_rng(5)
    for kind, change in (
        ("scores", lambda: scores(rng, 3_000, 1)),
        ("entities", lambda: entities(rng.integers(0, 2**64, 1_500, np.uint64))),
        ("delays", lambda: pack(np.array([(int(rng.integers(30)), 3)], DELAYS))),
    ):
        changes = [change() for _ in range(5)]
        total = merged(kind, changes[:1])
        for one in changes[1:]:
            total = merged(kind, [total, one])
        assert total == merged(kind, changes)


def test_a_count_too_large_for_the_table_is_kept():
    """Then the list holds it."""
    records = np.array([(code, 40_000) for code in range(3_000)], SCORES)
    twice = merged("scores", [pack(records), pack(records)])
    assert not is_dense(twice)
    assert read_scores([twice], [0], 1).made[0, 0, 5] == 80_000
    assert unpack_dense([merged("scores", [pack(records)])])[0, 5] == 40_000


def test_delays_of_totals_are_those_of_the_changes():
    """As wide, even where the longest cancels out."""
    changes = [pack(np.array([(1, 2), (9, 4)], DELAYS)), pack(np.array([(9, -4)], DELAYS))]
    assert read_delays([merged("delays", changes)], [0], 1).arrived.tolist() == [[0, 2, *[0] * 8]]
    assert read_delays(changes, [0, 0], 1).arrived.shape == (1, 10)


@pytest.mark.parametrize(("distinct", "share"), [(2**64, 1.0), (2**64, 0.1), (40_000, 1.0), (900, 1.0)])
def test_entities_of_totals_are_those_of_the_changes(distinct, share):
    """New ones each day, or the same ones again and again; few or many; zero in sum, too."""
    rng = np.random.default_rng(6)
    pool = rng.integers(0, 2**64, 40_000, np.uint64)[:distinct]
    changes = []
    for _ in range(120):
        for _ in range(2):
            size = int(rng.integers(50, 3_000) * share)
            drawn = rng.integers(0, 2**64, size, np.uint64) if distinct == 2**64 else rng.choice(pool, size)
            changes.append(entities(drawn))
    places = np.repeat(np.arange(120), 2).tolist()
    direct = shown(read_entities(changes, places))
    totals = [merged("entities", changes[2 * day : 2 * day + 2]) for day in range(120)]
    assert shown(read_entities(totals, range(120))) == direct
    samples = [sample_of(total) for total in totals]
    assert max(len(records) for _, records in split(samples, ENTITIES)) <= SAMPLED
    sampled = read_sampled(samples, range(120))
    assert sampled is None or shown(sampled) == direct
    # half of the days are still open as of the moment: the changes themselves stand in for them
    mixed = samples[:60] + changes[120:]
    sampled = read_sampled(mixed, list(range(60)) + places[120:])
    assert sampled is None or shown(sampled) == direct
    if distinct == 2**64 and share == 1.0:
        assert sampled is not None


def test_totals_follow_each_delivery(desk, clock):
    """They are the sums of all changes, and a view as of a moment in between adds up the changes."""
    rng = np.random.default_rng(8)
    rows = {"id": [f"e{n}" for n in range(600)], "when": [DAYS[n % 10] for n in range(600)]}
    score = rng.random(600).round(3)
    desk.take({**rows, "score": score, "predicted": (score > 0.5).astype(int)}, kind="predictions")
    moments = [clock()]
    for part in range(3):
        clock.advance(days=1)
        chosen = range(part, 600, 3 + part)
        some = {name: [values[n] for n in chosen] for name, values in rows.items()}
        desk.take({**some, "label": rng.integers(0, 2, len(some["id"])).tolist()}, kind="labels")
        moments.append(clock())
    wanted = dict.fromkeys(("scores", "entities", "delays"), True)
    for moment in (None, *moments):
        series = desk.store.series(REF, as_of=moment, **wanted)
        payloads, places = _changes(desk, series.granules, moment)
        assert np.array_equal(series.scores.labelled, read_scores(payloads, places, 10).labelled)
        summed = desk.store.scores(REF, DAYS[2], DAYS[7], as_of=moment)
        assert np.array_equal(summed.made[0], series.scores.made[2:8].sum(axis=0))
        assert series.predictions.tolist() == [60] * 10
    assert series.entities.true_positives.sum() == series.true_positives.sum()


def _changes(desk, granules, moment):
    column = performance_detail.c
    query = select(column.granule, column.payload).where(column.kind == "scores", column.segment == "")
    if moment is not None:
        query = query.where(column.recorded_at <= moment)
    with desk.engine.connect() as connection:
        found = connection.execute(query).all()
    return [row.payload for row in found], [granules.index(row.granule) for row in found]


def test_years_of_granules_are_read_without_their_changes(desk):
    """What is known now needs the totals alone."""
    desk.take({"id": ["a", "b"], "when": DAYS[:2], "score": [0.2, 0.9], "predicted": [0, 1], "label": [1, 1]})
    before = desk.store.series(REF, scores=True)
    with desk.engine.begin() as connection:
        connection.execute(delete(performance_detail))
        kinds = set(connection.scalars(select(performance_total.c.kind)))
    assert kinds >= {"counts", "scores", "entities", "sample"}
    after = desk.store.series(REF, scores=True)
    assert np.array_equal(after.scores.made, before.scores.made)
