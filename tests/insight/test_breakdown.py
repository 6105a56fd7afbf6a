"""What a fall goes with and where it is worst, from the database."""

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.drift.grid import Grid
from monitor_core.drift.place import place_levels
from monitor_core.insight import breakdown
from monitor_core.insight.breakdown import BreakdownService
from monitor_core.insight.coding import GridCoder
from monitor_core.performance.service import PerformanceService
from monitor_core.runtime import open_services
from monitor_core.settings import PerformanceSettings, Settings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.sources import open_source
from monitor_core.values import Granularity, ModelRef

REF = ModelRef("churn", "1")
PLANS, REGIONS = ("basic", "pro"), ("north", "south")
ROLES = Roles(
    (
        ("id", Role.ENTITY_ID),
        ("day", Role.TIMESTAMP),
        ("predicted", Role.PREDICTION),
        ("label", Role.LABEL),
        ("plan", Role.FEATURE),
        ("region", Role.FEATURE),
    )
)
CODER = GridCoder(
    Grid(
        tuple(
            place_levels(name, "feature", "string", [(level, 5_000) for level in levels], n_values=10_000, max_levels=9)
            for name, levels in (("plan", PLANS), ("region", REGIONS))
        )
    )
)


def table(first, days, *, basic, bad=None, a_day=400, seed=1):
    """Rows of which a share is basic; basic ones are answered worse, those in `bad` worst."""
    rng = np.random.default_rng(seed)
    n = days * a_day
    plan, region = (rng.random(n) >= basic).astype(int), rng.integers(0, 2, n)
    label = rng.random(n) < 0.3
    recall = np.where(plan == 0, 0.55, 0.95)
    if bad is not None:
        recall = np.where(bad(plan, region), 0.2, recall)
    predicted = rng.random(n) < np.where(label, recall, 0.04)
    return pa.table(
        {
            "id": [f"{first}-{place}" for place in range(n)],
            "day": np.datetime64(first) + np.repeat(np.arange(days), a_day),
            "predicted": predicted.astype(np.int8),
            "label": label.astype(np.int8),
            "plan": np.array(PLANS)[plan],
            "region": np.array(REGIONS)[region],
        }
    )


class World:
    def __init__(self, services, clock):
        self.services, self.clock = services, clock
        services.models.add("churn", version="1", actor="ann")
        self.performance = PerformanceService(
            services.engine, services.models, services.trail, services.settings, clock
        )
        self.breakdown = BreakdownService(self.performance, services.drift, services.models)

    def deliver(self, first, days, coder=CODER, **options):
        self.services.deliveries.take_in(
            open_source(table(first, days, **options)),
            ROLES,
            REF,
            kind="labelled",
            granularity=Granularity.parse("day"),
            settings=self.services.settings.performance,
            idempotency_key=first,
            actor="ann",
            coder=coder,
        )
        self.clock.advance(minutes=1)


@pytest.fixture
def world(sqlite_engine, tmp_path, clock):
    settings = Settings(
        data_dir=tmp_path, database_url=str(sqlite_engine.url), performance=PerformanceSettings(horizon=0)
    )
    with open_services(settings, now=clock) as services:
        yield World(services, clock)


@pytest.fixture
def based(world):
    """Give a model whose baseline are three weeks of half basic, half pro."""
    world.deliver("2026-09-01", 21, basic=0.5)
    world.performance.baseline_from_span(REF, "2026-09-01", "2026-09-21", actor="ann")
    return world


class TestGoesWith:
    def test_a_mix_that_changed(self, based):
        """Nearly all are basic now, each answered as before: the fall goes with the plan, not with the region."""
        based.deliver("2026-10-25", 25, basic=0.95, seed=2)
        found = based.breakdown.goes_with(REF, window=25)
        assert [link.feature for link in found.links] == ["plan"]
        assert found.links[0].explained == pytest.approx(1.0, abs=0.15)
        assert "goes with its mix" in found.links[0].sentence()

    def test_answers_that_got_worse(self, based):
        """The same mix: there is nothing for it to go with."""
        based.deliver("2026-10-25", 25, basic=0.5, bad=lambda plan, _: plan == 1, seed=2)
        found = based.breakdown.goes_with(REF, window=25)
        assert found.links == ()
        assert "no feature's mix" in found.reason

    def test_importance_ranks(self, based):
        """What the version does not use counts for nothing."""
        based.services.models.update_version(REF, importance={"region": 1.0}, actor="ann")
        based.deliver("2026-10-25", 25, basic=0.95, seed=2)
        assert based.breakdown.goes_with(REF, window=25).links[0].rank == 0.0

    def test_without_cells(self, world):
        """Bare values, rows that were not coded, nothing at all: the reason is said."""
        assert "matured" in world.breakdown.goes_with(REF).reason
        world.deliver("2026-10-25", 25, basic=0.5, coder=None)
        world.performance.baseline_from_values(REF, {"f1": 0.8}, actor="ann")
        assert "no rows by feature" in world.breakdown.goes_with(REF).reason


class TestSlices:
    def test_worst_slice(self, based):
        """Pro in the south is answered worst, and is named so."""
        based.deliver("2026-10-25", 25, basic=0.5, bad=lambda plan, region: (plan == 1) & (region == 1), seed=2)
        found = based.breakdown.slices(REF, window=25)
        assert found.slices[0].name == "plan = pro and region = south"
        assert (found.rows, found.first, found.last) == (10_000, "2026-10-25", "2026-11-18")

    def test_many_rows_are_read_from_the_end(self, based, monkeypatch):
        """Of a window that is too large the latest granules are looked at, and it is said which."""
        based.deliver("2026-10-25", 25, basic=0.5, seed=2)
        monkeypatch.setattr(breakdown, "_MOST_ROWS", 1_000)
        found = based.breakdown.slices(REF, window=25)
        assert (found.rows, found.first) == (800, "2026-11-17")
        monkeypatch.setattr(breakdown, "_MOST_ROWS", 100)
        assert based.breakdown.slices(REF, window=25).first == "2026-11-18"

    def test_without_cells(self, world):
        """The reason is said."""
        assert "matured" in world.breakdown.slices(REF).reason
        world.deliver("2026-10-25", 25, basic=0.5, coder=None)
        assert "not told by any feature" in world.breakdown.slices(REF).reason
