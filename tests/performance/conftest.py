"""A model on each database, with a way to deliver rows to it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest

from monitor_core.performance.intake import PerformanceIntake
from monitor_core.performance.store import PerformanceStore
from monitor_core.settings import PerformanceSettings
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.snapshots.sources import open_source
from monitor_core.storage.models import ModelStore
from monitor_core.storage.trail import Trail
from monitor_core.values import Granularity, ModelRef

REF = ModelRef("churn", "1")
KNOWN = {
    "id": Role.ENTITY_ID,
    "when": Role.TIMESTAMP,
    "predicted": Role.PREDICTION,
    "score": Role.SCORE,
    "label": Role.LABEL,
    "known": Role.LABEL_DATE,
    "version": Role.VERSION,
}

HERE = Path(__file__).resolve().parent


class Desk:
    """Where deliveries to one model are taken in."""

    def __init__(self, engine, clock, granularity="day", settings=None):
        self.engine, self.clock = engine, clock
        self.trail = Trail(engine, clock)
        self.models = ModelStore(engine, self.trail, clock)
        self.models.add(REF.model_id, version="1", granularity=granularity, actor="ann")
        self.models.add_version(ModelRef("churn", "2"), actor="ann")
        self.intake = PerformanceIntake(engine, self.trail, clock)
        self.store = PerformanceStore(engine)
        self.granularity = Granularity.parse(granularity)
        self.settings = settings or PerformanceSettings()
        self.numbers = count(1)

    def take(self, rows, *, kind="labelled", version="1", key=None, segment=None, **more):
        """Deliver a table, or columns; their names say what they are."""
        source = open_source(rows if not isinstance(rows, dict) else pa.table(rows))
        roles = Roles(
            tuple((name, KNOWN.get(name, Role.FEATURE)) for name in source.schema.names),
            segment=segment,
            fixed_date=more.pop("fixed_date", None),
            positive=more.pop("positive", None),
        )
        values = {"granularity": self.granularity, "settings": self.settings, "actor": "ann", **more}
        number = key or f"delivery {next(self.numbers)}"
        return self.intake.take_in(
            source, roles, ModelRef("churn", version), kind=kind, idempotency_key=number, **values
        )

    def counts(self, version="1", **more):
        """TP, FP, FN, TN and predictions by granule."""
        series = self.store.series(ModelRef("churn", version), **more)
        table = (series.true_positives, series.false_positives, series.false_negatives, series.true_negatives)
        rows = zip(*(part.tolist() for part in table), series.predictions.tolist(), strict=True)
        return dict(zip(series.granules, rows, strict=True))


@pytest.fixture
def desk(engine, clock):
    return Desk(engine, clock)


@pytest.fixture
def desk_with(engine, clock):
    """A function that opens a desk with a granularity and settings."""
    return lambda **more: Desk(engine, clock, **more)


@pytest.fixture
def desk_class():
    """The class of desks."""
    return Desk


@pytest.fixture(scope="session")
def migrated_copy(_migrated_sqlite):
    """A function (folder) -> address of an empty database there."""

    def copy(folder):
        shutil.copyfile(_migrated_sqlite, f"{folder}/a.db")
        return f"sqlite:///{folder}/a.db"

    return copy


@pytest.fixture(scope="session")
def world_class():
    """The class that knows by plain loops what deliveries lead to."""
    spec = importlib.util.spec_from_file_location("performance_oracle", HERE / "oracle.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.World
