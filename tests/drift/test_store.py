"""Grids and baselines in the database."""

import threading

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from monitor_core.drift.build import build
from monitor_core.drift.store import BaselineStore
from monitor_core.errors import NotFound
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.sources import open_source
from monitor_core.storage import schema
from monitor_core.storage.models import ModelStore
from monitor_core.storage.trail import Trail
from monitor_core.values import Granularity, ModelRef

REF = ModelRef("churn", "1.0")
COLUMNS = [(f"f{number}", Role.FEATURE) for number in range(70)]
ROLES = Roles((("day", Role.TIMESTAMP), *COLUMNS, ("plan", Role.FEATURE)), segment="plan")


@pytest.fixture(scope="module")
def made():
    """Give a baseline of three days, two segments and two blocks of features."""
    rng = np.random.default_rng(1)
    columns = {name: rng.normal(size=300) for name, _ in COLUMNS}
    days = np.datetime64("2026-01-01") + np.repeat(np.arange(3), 100)
    table = pa.table({"day": days, **columns, "plan": ["basic", "plus", "plus"] * 100})
    return build(open_source(table), roles=ROLES, granularity=Granularity.parse("day"))


@pytest.fixture
def store(engine, clock):
    ModelStore(engine, Trail(engine, clock), clock).add("churn", version="1.0", actor="ann")
    return BaselineStore(engine)


def add(store, engine, clock, made, ref=REF):
    with engine.begin() as connection:
        grid_id = store.add_grid(connection, ref, made.grid, at=clock())
        return store.add(
            connection,
            ref,
            made,
            grid_id=grid_id,
            kind="fixed",
            origin={"snapshot_id": f"s{clock()}"},
            at=clock(),
            actor="ann",
        )


class TestBaselines:
    """Kept as made."""

    def test_it_comes_back_unchanged(self, store, engine, clock, made):
        """The hash covers every count; a fresh store reads what another one wrote."""
        info = add(store, engine, clock, made)
        loaded = BaselineStore(engine).load(info)
        assert loaded.sha256 == made.sha256 == info.sha256
        assert loaded.segments == ("basic", "plus")
        assert store.load(info) is store.load(info)

    def test_one_block_comes_back_for_one_feature(self, store, engine, clock, made):
        """With all segments."""
        info = add(store, engine, clock, made)
        with engine.connect() as connection:
            block = store.load_block(info, 1, connection=connection)
        for segment in ("", "plus"):
            expected = made.total(segment).feature("f69").cells
            assert np.array_equal(block.total(segment).feature("f69").cells, expected)

    def test_numbers_count_up_within_a_version(self, store, engine, clock, made):
        """And the first is the active one."""
        first, second = add(store, engine, clock, made), add(store, engine, clock, made)
        assert [(info.number, info.is_active) for info in (first, second)] == [(1, True), (2, False)]
        assert store.list(REF) == (second, first)
        assert store.active(REF) == first
        assert store.info(second.baseline_id) == second
        assert second.name == "baseline 2 of churn 1.0"

    def test_the_same_grid_is_kept_once(self, store, engine, clock, made):
        """Two baselines of the same file share it."""
        first, second = add(store, engine, clock, made), add(store, engine, clock, made)
        assert first.grid_id == second.grid_id
        with engine.connect() as connection:
            assert connection.scalar(select(func.count()).select_from(schema.drift_grid)) == 1

    def test_the_database_allows_one_active_baseline(self, store, engine, clock, made):
        """Whoever tries to have two."""
        add(store, engine, clock, made)
        add(store, engine, clock, made)
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(update(schema.baseline).values(is_active=True))

    def test_activating_from_many_threads_leaves_one(self, store, engine, clock, made):
        """Each of them waits for its turn."""
        infos = [add(store, engine, clock, made) for _ in range(4)]

        def activate(info):
            with engine.begin() as connection:
                store.activate(connection, info)

        threads = [threading.Thread(target=activate, args=(info,)) for info in infos * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert sum(info.is_active for info in store.list(REF)) == 1

    def test_the_grid_goes_with_its_last_baseline(self, store, engine, clock, made):
        """Not before."""
        infos = [add(store, engine, clock, made) for _ in range(2)]
        for left, info in zip((1, 0), infos, strict=True):
            with engine.begin() as connection:
                store.delete(connection, info)
                assert connection.scalar(select(func.count()).select_from(schema.drift_grid)) == left

    def test_an_upload_leads_to_its_baseline(self, store, engine, clock, made):
        """A job that is begun again finds it."""
        info = add(store, engine, clock, made)
        with engine.connect() as connection:
            assert store.made_from(connection, info.origin["snapshot_id"], REF) == info
            assert store.made_from(connection, "other", REF) is None

    def test_unknown_ones_are_named(self, store):
        """Baselines and grids."""
        with pytest.raises(NotFound, match="no baseline 'x'"):
            store.info("x")
        with pytest.raises(NotFound, match="no drift grid"):
            store.grid("x")

    def test_versions_do_not_mix(self, store, engine, clock, made):
        """Numbers, active ones and grids are a version's own."""
        other = ModelRef("churn", "2.0")
        with engine.begin() as connection:
            values = {"model_id": "churn", "version": "2.0", "created_at": clock()}
            connection.execute(insert(schema.model_version), values)
        first, second = add(store, engine, clock, made), add(store, engine, clock, made, other)
        assert (second.number, second.is_active) == (1, True)
        assert first.grid_id != second.grid_id
        assert store.list(other) == (second,)
