"""Put the services together from the settings: the only place where that happens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from monitor_core import clock
from monitor_core.drift.service import DriftService
from monitor_core.errors import InvalidSetting, Unavailable
from monitor_core.insight.advice import AdviceService
from monitor_core.insight.breakdown import BreakdownService
from monitor_core.metrics.sources import open_source
from monitor_core.performance.intake import PerformanceIntake
from monitor_core.performance.service import PerformanceService
from monitor_core.settings import Settings, redacted
from monitor_core.snapshots.service import SnapshotService
from monitor_core.storage import migrations
from monitor_core.storage.deployments import DeploymentStore
from monitor_core.storage.engine import open_engine
from monitor_core.storage.models import ModelStore
from monitor_core.storage.trail import Trail

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from sqlalchemy import Engine

    from monitor_core.clock import Clock
    from monitor_core.metrics.sources import MetricsSource

__all__ = ["Services", "open_services"]


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that pages, commands, routes and jobs call. Safe to share between threads.

    Usable as a context manager that closes the database at the end.
    """

    settings: Settings
    engine: Engine
    trail: Trail
    models: ModelStore
    snapshots: SnapshotService
    drift: DriftService
    deliveries: PerformanceIntake
    performance: PerformanceService
    deployments: DeploymentStore
    advice: AdviceService
    breakdown: BreakdownService
    metrics: MetricsSource
    now: Clock

    def close(self) -> None:
        """Close the database's connections."""
        self.metrics.close()
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_services(settings: Settings, *, now: Clock = clock.now) -> Services:
    """Open the database, bring it to this release's schema, and put the services on top.

    Any number of processes may do this at once; one of them migrates, the others wait.

    Parameters
    ----------
    settings
        From `settings.load`.
    now
        The source of time.

    Raises
    ------
    InvalidSetting
        `data_dir` cannot be made or written to.
    Unavailable
        The database cannot be reached.
    Conflict
        The database was written by a newer release.
    """
    engine = open_engine(settings.database)
    _make_folder(settings.data_dir)
    if engine.url.get_backend_name() == "sqlite":
        _make_folder(Path(str(engine.url.database)).parent)
    try:
        migrations.upgrade(engine)
    except BaseException as error:
        engine.dispose()
        if not isinstance(error, DBAPIError):
            raise
        raise Unavailable(
            f"the database {redacted(settings.database)} cannot be used: {_first_line(error)}",
            hint="is it running, and is database_url right? `doctor` tells more",
        ) from error
    trail = Trail(engine, now)
    models = ModelStore(engine, trail, now)
    snapshots = SnapshotService(engine, settings, trail, now)
    drift = DriftService(engine, snapshots, models, trail, settings, now)
    deliveries = PerformanceIntake(engine, trail, now)
    performance = PerformanceService(engine, models, trail, settings, now)
    deployments = DeploymentStore(engine, trail, now)
    advice = AdviceService(performance, drift, models, deployments, now)
    return Services(
        settings=settings,
        engine=engine,
        trail=trail,
        models=models,
        snapshots=snapshots,
        drift=drift,
        deliveries=deliveries,
        performance=performance,
        deployments=deployments,
        advice=advice,
        breakdown=BreakdownService(performance, drift, models),
        metrics=open_source(settings, now),
        now=now,
    )


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidSetting(f"the folder {str(path)!r} cannot be made: {error.strerror}") from None


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
