"""What is older than the settings keep goes, the rest stays."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from monitor_core.settings import RetentionSettings
from monitor_core.storage import schema
from monitor_core.storage.models import ModelStore
from monitor_core.storage.retention import Dropped, prune
from monitor_core.storage.trail import Trail

KEY = {"model_id": "churn", "version": "1.0"}


@pytest.fixture
def filled(engine, clock):
    """Give runs and uploads that are 1, 50 and 100 days old, the last one a baseline's."""
    ModelStore(engine, Trail(engine, clock), clock).add("churn", version="1.0", actor="ann")
    now = clock()
    with engine.begin() as connection:
        for days in (1, 50, 100):
            at = now - timedelta(days=days)
            snapshot = {
                **KEY,
                "snapshot_id": f"s{days}",
                "purpose": "current",
                "state": "ready",
                "filename": "",
                "sha256": "",
                "size_bytes": 1,
                "format": "csv",
                "uploaded_at": at,
            }
            connection.execute(insert(schema.snapshot), snapshot)
            rows = [
                {"snapshot_id": f"s{days}", "granule": f"{day:03d}", "n_rows": 1, "payload": b""} for day in range(120)
            ]
            connection.execute(insert(schema.drift_sample), rows)
        connection.execute(insert(schema.drift_grid), {**KEY, "grid_id": "g", "payload": b"", "created_at": now})
        baseline = {
            **KEY,
            "baseline_id": "b",
            "number": 1,
            "kind": "fixed",
            "origin": {"snapshot_id": "s100"},
            "grid_id": "g",
            "sha256": "",
            "n_rows": 1,
            "n_features": 1,
            "n_granules": 0,
            "created_at": now,
        }
        connection.execute(insert(schema.baseline), baseline)
        for days in (10, 50, 100):
            run = {
                **KEY,
                "run_id": f"r{days}",
                "baseline_id": "b",
                "settings": {},
                "input_sha256": "",
                "first_granule": "",
                "last_granule": "",
                "n_granules": 1,
                "n_features": 1,
                "n_rows": 1,
                "severity": "none",
                "verdict": "stable",
                "headline": {},
                "created_at": now - timedelta(days=days),
            }
            connection.execute(insert(schema.drift_run), run)


def names(engine, column):
    with engine.connect() as connection:
        return set(connection.scalars(select(column).distinct()))


@pytest.mark.usefixtures("filled")
class TestPrune:
    """By age."""

    def test_old_runs_go(self, engine, clock):
        """By the day they were made."""
        assert prune(engine, RetentionSettings(runs_days=30, samples_days=0), clock()) == Dropped(runs=2)
        assert names(engine, schema.drift_run.c.run_id) == {"r10"}

    def test_the_latest_run_stays_whatever_its_age(self, engine, clock):
        """The overview needs it."""
        assert prune(engine, RetentionSettings(runs_days=5, samples_days=0), clock()).runs == 2
        assert names(engine, schema.drift_run.c.run_id) == {"r10"}

    def test_zero_days_keep_for_good(self, engine, clock):
        """Which is the default for runs."""
        assert prune(engine, RetentionSettings(runs_days=0, samples_days=0), clock()) == Dropped()

    def test_old_samples_go_but_not_a_baselines(self, engine, clock):
        """More of them than fit into one transaction."""
        assert prune(engine, RetentionSettings(samples_days=30), clock()) == Dropped(samples=120)
        assert names(engine, schema.drift_sample.c.snapshot_id) == {"s1", "s100"}

    def test_a_second_time_there_is_nothing_left_to_do(self, engine, clock):
        """It may be called as often as one likes."""
        keep = RetentionSettings(runs_days=30, samples_days=30)
        prune(engine, keep, clock())
        assert prune(engine, keep, clock()) == Dropped()
