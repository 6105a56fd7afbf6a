"""Advice on a model in the database, with drift, deployments and the record of decisions.

No SQL of its own is behind it: the rooms below are tested on both databases.
"""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor_core.errors import Conflict
from monitor_core.insight.advice import AdviceService, hash_of
from monitor_core.performance.service import PerformanceService
from monitor_core.runtime import open_services
from monitor_core.settings import DriftSettings, PerformanceSettings, Settings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.sources import open_source
from monitor_core.storage.deployments import DeploymentStore
from monitor_core.values import Granularity, ModelRef

OLD, NEW = ModelRef("churn", "1"), ModelRef("churn", "2")
LABELLED = Roles(
    (("id", Role.ENTITY_ID), ("day", Role.TIMESTAMP), ("predicted", Role.PREDICTION), ("label", Role.LABEL))
)
INPUTS = Roles((("day", Role.TIMESTAMP), ("age", Role.FEATURE), ("plan", Role.FEATURE)))


class World:
    """A model with two versions, and what is asked about it."""

    def __init__(self, services, clock):
        self.services, self.clock = services, clock
        services.models.add("churn", version="1", actor="ann")
        services.models.add_version(NEW, actor="ann")
        common = (services.engine, services.models, services.trail, services.settings, clock)
        self.performance = PerformanceService(*common)
        self.deployments = DeploymentStore(services.engine, services.trail, clock)
        self.advice = AdviceService(self.performance, services.drift, services.models, self.deployments, clock)

    def deliver(self, ref, first, days, *, recall, a_day=120, seed=1):
        """Labelled predictions; one in three is positive, one in ten of the others is called so."""
        rng = np.random.default_rng(seed)
        n = days * a_day
        label = rng.random(n) < 1 / 3
        predicted = rng.random(n) < np.where(label, recall, 0.1)
        day = np.datetime64(first) + np.repeat(np.arange(days), a_day)
        table = pa.table(
            {
                "id": [f"{ref.version}-{place}" for place in range(n)],
                "day": day,
                "predicted": predicted.astype(np.int8),
                "label": label.astype(np.int8),
            }
        )
        self.services.deliveries.take_in(
            open_source(table),
            LABELLED,
            ref,
            kind="labelled",
            granularity=Granularity.parse("day"),
            settings=self.services.settings.performance,
            idempotency_key=f"{ref} {first}",
            actor="ann",
        )
        self.clock.advance(minutes=1)

    def run_drift(self, ref, first, days, purpose, *, missing=0.0):
        """Inputs, of which a share of ages is missing; current ones are judged."""
        rng = np.random.default_rng(days)
        n = days * 300
        age = np.where(rng.random(n) < missing, np.nan, rng.normal(40, 10, n))
        day = np.datetime64(first) + np.repeat(np.arange(days), 300)
        content = io.BytesIO()
        pq.write_table(pa.table({"day": day, "age": age, "plan": rng.choice(["a", "b"], n)}), content)
        content.seek(0)
        snapshot = self.services.snapshots.stage(content, filename="x.parquet", ref=ref, purpose=purpose, actor="ann")
        with self.services.engine.begin() as connection:
            self.services.snapshots.accept(
                snapshot.snapshot_id, INPUTS, keep_rows=False, actor="ann", connection=connection
            )
        self.services.drift.take_in(snapshot.snapshot_id, actor="ann")
        if purpose == "current":
            self.services.drift.run(ref, actor="ann")


@pytest.fixture
def world(sqlite_engine, tmp_path, clock):
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=str(sqlite_engine.url),
        performance=PerformanceSettings(horizon=0),
        drift=DriftSettings(sample_rows=0),
    )
    with open_services(settings, now=clock) as services:
        yield World(services, clock)


@pytest.fixture
def fallen(world, clock):
    """Give a version that misses twice as much as the one before it did, against that one's weeks as baseline."""
    world.deployments.start(OLD, started_at=clock().replace(month=8), actor="ann")
    world.deliver(OLD, "2026-09-01", 45, recall=0.85)
    world.deployments.start(NEW, started_at=clock().replace(month=10, day=16), actor="ann")
    world.deliver(NEW, "2026-10-16", 35, recall=0.45)
    counts = world.performance.window(OLD, span=("2026-09-01", "2026-10-15")).counts
    assert counts.labelled == 45 * 120
    world.performance.baseline_from_span(OLD, "2026-09-01", "2026-10-15", actor="ann")
    world.performance.baseline_from_values(NEW, {"f1": 0.80}, actor="ann")
    return world


def test_the_interval_is_that_of_the_window(fallen):
    """One figure, one interval, wherever it is shown."""
    _, advice = fallen.advice.advice(NEW)
    window = fallen.performance.window(NEW, granules=30)
    f1 = window.metric("f1")
    assert window.design_effect > 1.0
    assert (advice.f1, advice.f1_low, advice.f1_high) == (f1.estimate, f1.low, f1.high)


def test_nothing_yet(world):
    """A model without predictions: what is missing is said."""
    evidence, advice = world.advice.advice(NEW)
    assert advice.action == "not_enough_evidence"
    assert evidence.predictions == 0
    assert len(advice.missing) == 4


def test_fallen_version_is_rolled_back(fallen):
    """Counts, alarm and previous version come together."""
    evidence, advice = fallen.advice.advice(NEW)
    assert evidence.sustained
    assert (evidence.previous_version, evidence.labelled) == ("1", 30 * 120)
    assert evidence.previous_age_days == 36
    assert advice.action == "roll_back"
    assert advice.command == "bellwether models deploy churn:1"


def test_probabilities_are_those_of_the_window(fallen):
    """The card and the figures beside it are one computation."""
    advice = fallen.advice.advice(OLD)[1]
    window = fallen.performance.window(OLD)
    assert advice.p_any_drop == pytest.approx(window.probabilities[0.0], abs=1e-12)
    assert advice.p_drop_10 == pytest.approx(window.probabilities[0.10], abs=1e-12)


def test_healthy_version_is_kept(fallen):
    """The version before, in its own time."""
    assert fallen.advice.advice(OLD)[1].action == "keep"


def test_faulty_feed_comes_first(fallen):
    """A third of the ages is missing: nobody should retrain on that."""
    fallen.run_drift(NEW, "2026-09-01", 30, "baseline")
    fallen.run_drift(NEW, "2026-11-10", 5, "current", missing=0.35)
    evidence, advice = fallen.advice.advice(NEW)
    assert "age" in evidence.data_fault
    assert (advice.action, advice.reasons[0].startswith("Fix the feed first")) == ("watch", True)


def test_as_of(fallen, clock):
    """What was not yet known changes nothing of what was."""
    before, moment = fallen.advice.advice(NEW), clock()
    clock.moment = clock.moment.replace(month=12)
    fallen.deliver(NEW, "2026-11-21", 10, recall=0.95, seed=9)
    assert fallen.advice.advice(NEW, as_of=moment) == before
    assert fallen.advice.advice(NEW) != before


class TestDecide:
    def test_decision_keeps_its_evidence(self, fallen):
        """Who, what, why, and the hash of what it rested on."""
        evidence, advice = fallen.advice.advice(NEW)
        made = fallen.advice.decide(
            NEW, action="retrain", reason="rollback impossible", actor="ann", seen=hash_of(evidence)
        )
        assert (made.action, made.advised, made.decided_by) == ("retrain", advice.action, "ann")
        assert made.evidence_sha256 == hash_of(evidence)
        assert fallen.performance.decisions("churn") == (made,)

    def test_the_same_evidence_all_day(self, fallen, clock):
        """What was seen this morning can be decided on in the evening."""
        seen = hash_of(fallen.advice.evidence(NEW))
        clock.advance(hours=8)
        assert fallen.advice.decide(NEW, action="keep", reason="wait", actor="ann", seen=seen).advised == "roll_back"

    def test_evidence_that_changed_is_told(self, fallen):
        """Nobody decides on what is no longer so."""
        with pytest.raises(Conflict, match="has changed"):
            fallen.advice.decide(NEW, action="keep", reason="fine", actor="ann", seen="0" * 64)

    def test_acknowledging_does_not_change_the_advice(self, fallen):
        """It silences the alarm; the evidence stands."""
        fallen.advice.decide(NEW, action="acknowledge", reason="seen", actor="ann")
        assert fallen.advice.advice(NEW)[1].action == "roll_back"
