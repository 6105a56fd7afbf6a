"""Summaries and samples in the database."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import insert

from monitor_core.drift.build import make_grid
from monitor_core.drift.codec import encode
from monitor_core.drift.count import count
from monitor_core.drift.sample import RowSample
from monitor_core.drift.store import BaselineStore
from monitor_core.drift.stored import StoredSummaries, SummaryPart, SummaryStore
from monitor_core.snapshots.sources import open_source
from monitor_core.storage import schema
from monitor_core.storage.models import ModelStore
from monitor_core.storage.trail import Trail
from monitor_core.values import ModelRef

REF = ModelRef("churn", "1.0")
WIDE = 70
"""Features: more than one block."""


def table(seed, n):
    values = np.random.default_rng(seed).normal(size=(WIDE, n))
    return pa.table({f"f{number}": values[number] for number in range(WIDE)})


@pytest.fixture
def grid():
    return make_grid(open_source(table(0, 500)))


@pytest.fixture
def store(engine):
    return SummaryStore(engine)


@pytest.fixture
def grid_id(engine, clock, grid):
    """Give the id of a stored grid, with three snapshots s0, s1, s2 to count on it."""
    ModelStore(engine, Trail(engine, clock), clock).add("churn", version="1.0", actor="ann")
    row = {
        "model_id": "churn",
        "version": "1.0",
        "purpose": "current",
        "state": "ready",
        "filename": "a.csv",
        "sha256": "",
        "size_bytes": 1,
        "format": "csv",
        "first_granule": "2026-01-01",
        "last_granule": "2026-01-02",
    }
    with engine.begin() as connection:
        for number in range(3):
            at = clock() + timedelta(hours=number)
            connection.execute(insert(schema.snapshot), {**row, "snapshot_id": f"s{number}", "uploaded_at": at})
        return BaselineStore(engine).add_grid(connection, REF, grid, at=clock())


def summary(grid, seed, n):
    return count(grid, open_source(table(seed, n))).summary()


def parts(made, granule, segment=""):
    return [SummaryPart(granule, segment, number, made.n_rows, payload) for number, payload in enumerate(encode(made))]


class TestSummaries:
    """Granules are sums of what snapshots add."""

    @pytest.fixture
    def added(self, engine, store, grid, grid_id):
        """Give the summaries of two snapshots, both with rows of the first day."""
        one, two = summary(grid, 1, 100), summary(grid, 2, 50)
        with engine.begin() as connection:
            store.add(connection, grid_id, "s0", [*parts(one, "2026-01-01"), *parts(two, "2026-01-02")])
            store.add(
                connection, grid_id, "s1", [*parts(two, "2026-01-01"), *parts(two, "", ""), *parts(one, "d", "x")]
            )
        return one, two

    def test_a_granule_is_the_sum_of_its_snapshots(self, engine, grid, grid_id, added):
        """All blocks of features of both."""
        one, two = added
        with engine.connect() as connection:
            stored = StoredSummaries(connection, grid, grid_id, ["2026-01-01", "2026-01-02"])
            assert np.array_equal(stored["2026-01-01"].cells, one.merge(two).cells)
            assert np.array_equal(stored["2026-01-02"].cells, two.cells)
            assert (list(stored), len(stored), "2026-01-03" in stored) == (["2026-01-01", "2026-01-02"], 2, False)

    @pytest.mark.usefixtures("added")
    def test_granules_and_segments_are_listed(self, store, grid_id):
        """Rows once, not once a block; rows without a date are in no granule."""
        assert store.granules(grid_id) == (("2026-01-01", 150), ("2026-01-02", 50))
        assert store.granules(grid_id, segment="x") == (("d", 100),)
        assert store.segments(grid_id) == ("x",)

    def test_one_block_is_enough_for_one_feature(self, engine, store, grid, grid_id, added):
        """The second block holds the last features."""
        one, two = added
        number = grid.block_of("f69")
        with engine.connect() as connection:
            block = store.block(connection, grid, grid_id, granule="2026-01-01", segment="", number=number)
        assert number == 1
        assert np.array_equal(block.feature("f69").cells, one.merge(two).feature("f69").cells)

    def test_adding_again_replaces(self, engine, store, grid_id, added):
        """A snapshot that is counted twice counts once."""
        with engine.begin() as connection:
            store.add(connection, grid_id, "s0", parts(added[1], "2026-01-02"))
        assert store.granules(grid_id) == (("2026-01-01", 50), ("2026-01-02", 50))

    def test_the_hash_follows_what_was_read(self, engine, store, grid, grid_id, added):
        """Other counts, another hash."""
        digests = []
        for _ in range(2):
            with engine.connect() as connection:
                stored = StoredSummaries(connection, grid, grid_id, ["2026-01-01", "2026-01-02"])
                _ = stored["2026-01-01"], stored["2026-01-02"]
                digests.append(stored.digests)
            with engine.begin() as connection:
                store.add(connection, grid_id, "s2", parts(added[0], "2026-01-02"))
        assert digests[0]["2026-01-01"] == digests[1]["2026-01-01"]
        assert digests[0]["2026-01-02"] != digests[1]["2026-01-02"]

    @pytest.mark.usefixtures("added")
    def test_snapshots_that_were_never_counted(self, store, grid_id):
        """Those that a run must not pass over."""
        (missing,) = store.uncounted(REF, grid_id)
        assert (missing.snapshot_id, missing.filename, missing.rows_kept) == ("s2", "a.csv", False)

    @pytest.mark.usefixtures("added")
    def test_snapshots_of_a_range(self, engine, store, grid_id):
        """Both ends included."""
        with engine.connect() as connection:
            assert store.snapshots(connection, grid_id, "2026-01-01", "2026-01-01") == ("s0", "s1")
            assert store.snapshots(connection, grid_id, "2026-01-02", "2026-01-09") == ("s0",)


class TestSamples:
    """Rows kept for the multivariate check."""

    @pytest.mark.usefixtures("grid_id")
    def test_samples_of_a_granule_are_merged(self, engine, store):
        """At most so many rows, those with the smallest keys."""
        one = RowSample(10, np.array([1, 5, 9], np.uint64), pa.table({"x": [1, 5, 9]}))
        two = RowSample(20, np.array([2, 3], np.uint64), pa.table({"x": [2, 3]}))
        empty = RowSample(7, np.array([], np.uint64), pa.table({"x": pa.array([], pa.int64())}))
        with engine.begin() as connection:
            store.add_samples(connection, "s0", {"2026-01-01": one, "2026-01-02": empty})
            store.add_samples(connection, "s1", {"2026-01-01": two, "2026-01-03": two})
        with engine.connect() as connection:
            found = store.samples(connection, ["s0", "s1"], first="2026-01-01", last="2026-01-09", size=4)
            latest = store.samples(connection, ["s0", "s1"], first="", last="9", size=4, latest=1)
        assert {label: sample.table["x"].to_pylist() for label, sample in found.items()} == {
            "2026-01-01": [1, 2, 3, 5],
            "2026-01-03": [2, 3],
        }
        assert found["2026-01-01"].n_rows == 30
        assert list(latest) == ["2026-01-03"]
