"""Take an accepted upload in: check it, count it, and write everything that follows from it in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor_core.drift.build import baseline_from_summaries
from monitor_core.drift.count import count
from monitor_core.drift.held import place_and_count
from monitor_core.drift.progress import between
from monitor_core.drift.stored import SummaryPart
from monitor_core.errors import Conflict, Refused
from monitor_core.snapshots.roles import Role
from monitor_core.values import GranularityKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from monitor_core.clock import Clock
    from monitor_core.drift.baseline import Baseline
    from monitor_core.drift.count import Counted
    from monitor_core.drift.executor import Executor
    from monitor_core.drift.grid import Grid
    from monitor_core.drift.progress import Progress
    from monitor_core.drift.store import BaselineInfo, BaselineStore
    from monitor_core.drift.stored import SummaryStore
    from monitor_core.settings import DriftSettings
    from monitor_core.snapshots.check import CheckResult
    from monitor_core.snapshots.records import Snapshot
    from monitor_core.snapshots.roles import Roles
    from monitor_core.snapshots.service import SnapshotService
    from monitor_core.storage.models import Model, ModelStore
    from monitor_core.storage.trail import Trail
    from monitor_core.values import Granularity

__all__ = ["Intake", "TakenIn"]


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What an upload became."""

    snapshot_id: str
    purpose: str
    baseline_id: str | None
    """The baseline that it became; None for current data."""
    n_rows: int
    granules: tuple[tuple[str, int], ...]
    """(label, rows) of what was counted."""
    undated: int
    """Rows without a readable date, which are in no granule."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One upload with what is known about it."""

    snapshot: Snapshot
    roles: Roles
    model: Model
    settings: DriftSettings
    actor: str
    progress: Progress
    executor: Executor | None

    @property
    def granularity(self) -> Granularity | None:
        """The granules to tell apart; None for a baseline without dates."""
        kind = self.model.granularity.kind
        has_date = self.roles.fixed_date is not None or self.roles.one(Role.TIMESTAMP) is not None
        return self.model.granularity if has_date or kind is GranularityKind.ROWS else None


class Intake:
    """The one way for rows into the drift tables."""

    def __init__(
        self,
        *,
        engine: Engine,
        snapshots: SnapshotService,
        models: ModelStore,
        trail: Trail,
        now: Clock,
        baselines: BaselineStore,
        summaries: SummaryStore,
    ) -> None:
        self._engine = engine
        self._snapshots = snapshots
        self._models = models
        self._trail = trail
        self._now = now
        self._baselines = baselines
        self._summaries = summaries

    def take_in(
        self,
        snapshot_id: str,
        *,
        settings: DriftSettings,
        actor: str,
        progress: Progress,
        executor: Executor | None = None,
    ) -> TakenIn:
        """Do it; see `DriftService.take_in`."""
        snapshot = self._snapshots.get(snapshot_id)
        if snapshot.state == "ready":
            return self._known(snapshot)
        if snapshot.state != "accepted" or snapshot.roles is None:
            raise Conflict(
                f"{snapshot.filename!r} cannot be taken in, it is {snapshot.state}",
                hint="confirm its roles first" if snapshot.state == "staged" else "upload it again",
            )
        model = self._models.get(snapshot.ref.model_id)
        job = _Job(snapshot, snapshot.roles, model, settings, actor, progress, executor)
        taken = self._baseline(job) if snapshot.purpose == "baseline" else self._current(job)
        progress(1.0, "done")
        return taken

    def recount(self, snapshot: Snapshot, info: BaselineInfo, *, settings: DriftSettings, progress: Progress) -> None:
        """Count the kept rows of a snapshot on another baseline's grid."""
        if snapshot.roles is None:
            raise Conflict(f"{snapshot.filename!r} has no roles")
        model = self._models.get(snapshot.ref.model_id)
        job = _Job(snapshot, snapshot.roles, model, settings, "", progress, None)
        counted = self._counted(job, info, snapshot.roles, progress)
        with self._engine.begin() as connection:
            self._summaries.add(connection, info.grid_id, snapshot.snapshot_id, _parts(counted))

    def _known(self, snapshot: Snapshot) -> TakenIn:
        """Return what an upload became when it was taken in before: a job may be begun twice."""
        with self._engine.connect() as connection:
            made = self._baselines.made_from(connection, snapshot.snapshot_id, snapshot.ref)
        baseline_id = made.baseline_id if made else None
        return TakenIn(snapshot.snapshot_id, snapshot.purpose, baseline_id, snapshot.n_rows or 0, (), 0)

    def _baseline(self, job: _Job) -> TakenIn:
        result = self._checked(job, None)
        source = self._snapshots.open(job.snapshot.snapshot_id)
        tell = between(job.progress, 0.3, 0.85)
        grid, counted = place_and_count(
            source,
            roles=result.roles,
            granularity=job.granularity,
            settings=job.settings,
            executor=job.executor,
            progress=tell,
        )
        made = baseline_from_summaries(grid, ((key, counted.summary(*key)) for key in counted.rows))
        self._keep_rows(job)
        with self._engine.begin() as connection:
            info = self._write_baseline(connection, job, made, counted)
            self._finish(connection, job, result, counted, {"baseline": info.number, "sha256": info.sha256})
        return _taken(job, counted, baseline_id=info.baseline_id)

    def _write_baseline(self, connection: Connection, job: _Job, made: Baseline, counted: Counted) -> BaselineInfo:
        ref, snapshot_id, at = job.snapshot.ref, job.snapshot.snapshot_id, self._now()
        grid_id = self._baselines.add_grid(connection, ref, made.grid, at=at)
        self._summaries.add_samples(connection, snapshot_id, counted.samples)
        return self._baselines.add(
            connection,
            ref,
            made,
            grid_id=grid_id,
            kind="fixed",
            origin={"snapshot_id": snapshot_id},
            at=at,
            actor=job.actor,
        )

    def _current(self, job: _Job) -> TakenIn:
        info = self._baselines.active(job.snapshot.ref)
        if info is None:
            raise Conflict(
                f"{job.snapshot.ref} has no baseline to count {job.snapshot.filename!r} against",
                hint="upload a baseline first, then retry; the uploaded file stays",
            )
        result = self._checked(job, self._baselines.grid(info.grid_id))
        counted = self._counted(job, info, result.roles, between(job.progress, 0.3, 0.85))
        self._keep_rows(job)
        with self._engine.begin() as connection:
            self._baselines.info(info.baseline_id, connection=connection)  # it may have been deleted meanwhile
            self._summaries.add(connection, info.grid_id, job.snapshot.snapshot_id, _parts(counted))
            self._summaries.add_samples(connection, job.snapshot.snapshot_id, counted.samples)
            self._finish(connection, job, result, counted, {"baseline": info.number})
        return _taken(job, counted, baseline_id=None)

    def _checked(self, job: _Job, grid: Grid | None) -> CheckResult:
        expected = None if grid is None else {feature.name: feature.kind.value for feature in grid.features}
        snapshot_id = job.snapshot.snapshot_id
        result = self._snapshots.check(
            snapshot_id, job.roles, expected=expected, progress=between(job.progress, 0.0, 0.3)
        )
        if result.refusals:
            self._snapshots.mark_refused(snapshot_id, result.findings)
            raise Refused(
                f"{job.snapshot.filename!r} cannot be accepted",
                reasons=[finding.message for finding in result.refusals],
                hint="correct the file and upload it again, or change the roles",
            )
        return result

    def _counted(self, job: _Job, info: BaselineInfo, roles: Roles, progress: Progress) -> Counted:
        return count(
            self._baselines.grid(info.grid_id),
            self._snapshots.open(job.snapshot.snapshot_id),
            roles,
            granularity=job.model.granularity,
            settings=job.settings,
            executor=job.executor,
            rows_before=self._rows_before(job.model.granularity, info.grid_id),
            progress=progress,
        )

    def _rows_before(self, granularity: Granularity, grid_id: str) -> int:
        """Return how many rows the blocks so far hold: with granules of a number of rows the numbering goes on."""
        if granularity.rows is None:
            return 0
        blocks = self._summaries.granules(grid_id)
        return (int(blocks[-1][0].lstrip("#")) - 1) * granularity.rows + blocks[-1][1] if blocks else 0

    def _keep_rows(self, job: _Job) -> None:
        self._snapshots.write_kept(job.snapshot.snapshot_id, progress=between(job.progress, 0.85, 0.95))
        job.progress(0.95, "writing")

    def _finish(
        self, connection: Connection, job: _Job, result: CheckResult, counted: Counted, detail: dict[str, object]
    ) -> None:
        labels = [label for label in counted.granules if label]
        self._snapshots.mark_ready(
            job.snapshot.snapshot_id,
            result=result,
            first_granule=labels[0] if labels else None,
            last_granule=labels[-1] if labels else None,
            connection=connection,
        )
        self._models.remember_roles(job.model.model_id, job.roles.to_json(), connection=connection)
        self._trail.record(
            "snapshot.ready",
            f"{job.snapshot.filename} ({job.snapshot.snapshot_id})",
            actor=job.actor,
            detail={"model": str(job.snapshot.ref), "purpose": job.snapshot.purpose, "rows": result.n_rows, **detail},
            connection=connection,
        )


def _taken(job: _Job, counted: Counted, *, baseline_id: str | None) -> TakenIn:
    granules = tuple((label, counted.rows[label, ""]) for label in counted.granules if label)
    snapshot = job.snapshot
    return TakenIn(snapshot.snapshot_id, snapshot.purpose, baseline_id, counted.n_rows, granules, counted.undated)


def _parts(counted: Counted) -> Iterator[SummaryPart]:
    for granule, segment in counted.keys:
        for number, payload in enumerate(counted.blocks(granule, segment)):
            yield SummaryPart(granule, segment, number, counted.rows[granule, segment], payload)
