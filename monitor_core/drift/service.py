"""What can be done about drift: take uploads in, keep baselines, judge, look at results."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from monitor_core.drift.build import baseline_from_summaries
from monitor_core.drift.changes import CellChange, changes
from monitor_core.drift.display import distribution
from monitor_core.drift.intake import Intake, TakenIn
from monitor_core.drift.judging import Judging
from monitor_core.drift.progress import between
from monitor_core.drift.ranges import BASELINE_KINDS, RangeReader, check_kind
from monitor_core.drift.recount import count_missing
from monitor_core.drift.results import CellDetail, Distribution
from monitor_core.drift.runs import NewRun, RunStore
from monitor_core.drift.store import BaselineInfo, BaselineStore
from monitor_core.drift.stored import SummaryStore
from monitor_core.errors import Conflict, InvalidInput, NotFound
from monitor_core.settings import DriftSettings, override
from monitor_core.storage.engine import consistent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Engine

    from monitor_core.clock import Clock
    from monitor_core.drift.executor import Executor
    from monitor_core.drift.grid import Grid
    from monitor_core.drift.progress import Progress
    from monitor_core.drift.results import GranuleDrift, RunMatrix, RunSummary
    from monitor_core.settings import Settings
    from monitor_core.snapshots.service import SnapshotService
    from monitor_core.storage.models import ModelStore
    from monitor_core.storage.trail import Trail
    from monitor_core.values import ModelRef

__all__ = ["BASELINE_KINDS", "BaselineInfo", "CellChange", "DriftService", "TakenIn"]


def _silent(_share: float, _note: str) -> None:
    """Tell nobody."""


class DriftService:
    """Everything that can be done about drift.

    Parameters
    ----------
    engine
        The database.
    snapshots, models, trail
        The services that uploads, models and the operators' trail belong to.
    settings
        General settings; a model's own thresholds win over them, those of a run over both.
    now
        The source of time.
    """

    def __init__(  # noqa: PLR0917 - the order that the composition root uses
        self,
        engine: Engine,
        snapshots: SnapshotService,
        models: ModelStore,
        trail: Trail,
        settings: Settings,
        now: Clock,
    ) -> None:
        self._engine = engine
        self._snapshots = snapshots
        self._models = models
        self._trail = trail
        self._settings = settings
        self._now = now
        self._baselines = BaselineStore(engine)
        self._summaries = SummaryStore(engine)
        self._runs = RunStore(engine)
        self._intake = Intake(
            engine=engine,
            snapshots=snapshots,
            models=models,
            trail=trail,
            now=now,
            baselines=self._baselines,
            summaries=self._summaries,
        )

    # Uploads

    def take_in(
        self, snapshot_id: str, *, actor: str, progress: Progress = _silent, executor: Executor | None = None
    ) -> TakenIn:
        """Check an accepted upload, count it, and write what follows from it in one transaction.

        A baseline upload becomes a grid and a baseline (the active one, if it is the first). A current one is counted
        on the active baseline's grid; what several uploads hold of one granule adds up. An upload that was taken in
        before is left as it is, so that a job may be begun again.

        Parameters
        ----------
        progress
            Called with the share done (0..1) and a note; may raise `Cancelled`, which leaves nothing behind.
        executor
            Where to count; threads of this process when None.

        Raises
        ------
        Refused
            With every reason; the upload is marked as refused.
        Conflict
            It is not accepted, or it is current data and there is no baseline yet.
        """
        ref = self._snapshots.get(snapshot_id).ref
        return self._intake.take_in(
            snapshot_id, settings=self.settings_of(ref), actor=actor, progress=progress, executor=executor
        )

    def granules(self, ref: ModelRef) -> tuple[tuple[str, int], ...]:
        """Return (label, rows) of the current data counted on the active baseline's grid, in time order."""
        info = self._baselines.active(ref)
        return self._summaries.granules(info.grid_id) if info else ()

    def settings_of(self, ref: ModelRef, overrides: Mapping[str, Any] | None = None) -> DriftSettings:
        """Return the thresholds in force for a model: general < the model's own < `overrides`."""
        own = self._models.get(ref.model_id).drift_settings(self._settings.drift)
        return override(own, overrides or {}, source="this run")

    # Baselines

    def baselines(self, ref: ModelRef) -> tuple[BaselineInfo, ...]:
        """Return the baselines of a model version, the newest first."""
        return self._baselines.list(ref)

    def grid(self, ref: ModelRef) -> Grid | None:
        """Return the cells of the active baseline; None without one."""
        info = self._baselines.active(ref)
        return None if info is None else self._baselines.grid(info.grid_id)

    def baseline_from_range(
        self,
        ref: ModelRef,
        first: str,
        last: str,
        *,
        kind: str = "fixed",
        actor: str,
        progress: Progress = _silent,
    ) -> BaselineInfo:
        """Make a baseline of granules that were counted before; it lies on the active baseline's grid.

        Parameters
        ----------
        first, last
            Labels of granules, both included.
        kind
            ``fixed``: compare with exactly these. ``rolling``: compare each granule with as many granules right before
            it. ``same_weekday``: compare each granule with those of the range that fall on its weekday.

        Raises
        ------
        Conflict
            There is no baseline whose grid could be used, or nothing was counted in the range.
        InvalidInput
            The kind is unknown or does not fit the model's granularity.
        """
        check_kind(kind, self._models.get(ref.model_id).granularity)
        info = self._baselines.active(ref)
        if info is None:
            raise Conflict(f"{ref} has no baseline yet", hint="upload one: its cells are used to count everything else")
        with consistent(self._engine) as connection:
            grid = self._baselines.grid(info.grid_id, connection=connection)
            added_up = RangeReader(connection, grid, info.grid_id, self._summaries)
            labels = added_up.labels(first, last)
            made = baseline_from_summaries(grid, added_up.read(labels, progress))
        origin = {"first": labels[0], "last": labels[-1]}
        with self._engine.begin() as connection:
            added = self._baselines.add(
                connection, ref, made, grid_id=info.grid_id, kind=kind, origin=origin, at=self._now(), actor=actor
            )
            detail = {"kind": kind, **origin, "rows": added.n_rows, "sha256": added.sha256}
            self._trail.record("baseline.add", added.name, actor=actor, detail=detail, connection=connection)
        return added

    def activate(self, baseline_id: str, *, actor: str) -> BaselineInfo:
        """Make a baseline the active one of its model version; nothing happens when it is."""
        with self._engine.begin() as connection:
            info = self._locked(connection, baseline_id)
            if not info.is_active:
                before = self._baselines.active(info.ref)
                self._baselines.activate(connection, info)
                detail = {"before": before.number if before else None, "after": info.number}
                self._trail.record("baseline.activate", info.name, actor=actor, detail=detail, connection=connection)
            return self._baselines.info(baseline_id, connection=connection)

    def delete_baseline(self, baseline_id: str, *, actor: str) -> None:
        """Delete a baseline and the runs against it; with the last one on its grid goes what was counted on it.

        Raises
        ------
        Conflict
            It is the active one and there are others: activate another one first.
        """
        with self._engine.begin() as connection:
            info = self._locked(connection, baseline_id)
            if info.is_active and len(self._baselines.list(info.ref)) > 1:
                raise Conflict(f"{info.name} is the active one", hint="activate another one first")
            self._baselines.delete(connection, info)
            detail = {"rows": info.n_rows, "sha256": info.sha256}
            self._trail.record("baseline.delete", info.name, actor=actor, detail=detail, connection=connection)

    # Runs

    def run(
        self,
        ref: ModelRef,
        *,
        baseline_id: str | None = None,
        granules: tuple[str, str] | None = None,
        segment_column: str = "",
        overrides: Mapping[str, Any] | None = None,
        run_id: str | None = None,
        actor: str,
        progress: Progress = _silent,
    ) -> RunSummary:
        """Judge granules against a baseline and save the results, all in one transaction.

        Parameters
        ----------
        baseline_id
            Compare with this baseline; the active one when None.
        granules
            First and last granule, both included; everything counted when None. Earlier granules are used to tell
            whether a finding is confirmed, but are not part of the run.
        segment_column
            Also judge each value of this column on its own; it must be the baseline's segment column.
        overrides
            Thresholds for this run only, by the name of the `DriftSettings` field.
        run_id
            Its id; a new one when None. A job gives its own, so that begun again it finds what it made.
        progress
            Called with the share done (0..1) and a note; may raise `Cancelled`, which leaves nothing behind.

        Raises
        ------
        NotFound
            There is no such model version or baseline.
        Conflict
            There is no baseline, no data to judge, or data that would have to be counted again and whose rows are gone.
        InvalidSetting
            A threshold is unknown or out of range.

        Notes
        -----
        The same input and settings give the same stored results, byte for byte.
        """
        self._models.version(ref)
        settings = self.settings_of(ref, overrides)
        info = self._chosen(ref, baseline_id)
        _check_segments(info, segment_column)
        left_out = self._count_missing(info, granules, settings, between(progress, 0.0, 0.3))
        by_segment = bool(segment_column)
        with consistent(self._engine) as connection:
            judging = self._judging(connection, info, settings)
            found = judging.judge(granules, by_segment=by_segment, progress=between(progress, 0.3, 0.95))
        new = NewRun(
            run_id=run_id or secrets.token_hex(10),
            against=info,
            segment_column=segment_column,
            settings=asdict(settings),
            input_sha256=found.input_sha256,
            results=found.results,
            latest=found.latest,
            left_out=(*left_out, *found.left_out),
        )
        progress(0.95, "writing")
        saved = self._save(new, dict(overrides or {}), actor=actor)
        progress(1.0, "done")
        return saved

    def runs(self, ref: ModelRef, limit: int = 50) -> tuple[RunSummary, ...]:
        """Return the runs of a model version, the newest first."""
        return self._runs.list(ref, limit=limit)

    def latest(self, ref: ModelRef) -> RunSummary | None:
        """Return the newest run of a model version, if there is one."""
        return next(iter(self._runs.list(ref, limit=1)), None)

    def run_summary(self, run_id: str) -> RunSummary:
        """Return the summary line of one run; raises `NotFound`."""
        return self._runs.get(run_id)

    def delete_run(self, run_id: str, *, actor: str) -> None:
        """Delete a run with its results and reports."""
        with self._engine.begin() as connection:
            run = self._runs.get(run_id, connection=connection)
            self._runs.delete(connection, run_id)
            detail = {"run_id": run_id, "created_at": run.created_at}
            self._trail.record("drift.delete", str(run.ref), actor=actor, detail=detail, connection=connection)

    def matrix(self, run_id: str, segment: str = "") -> RunMatrix:
        """Return a run as the heatmap needs it; raises `NotFound`."""
        return self._runs.matrix(run_id, segment)

    def granule(self, run_id: str, granule: str, segment: str = "") -> GranuleDrift:
        """Return all features of one granule of a run; raises `NotFound`."""
        return self._runs.granule(run_id, granule, segment)

    def segments(self, run_id: str) -> tuple[str, ...]:
        """Return the segments that a run judged beside the whole, in alphabetical order."""
        return self._runs.segments(run_id)

    def cell(self, run_id: str, feature: str, granule: str, segment: str = "") -> CellDetail:
        """Return everything about one cell of a run: statistics, both distributions, the feature's trend.

        Raises
        ------
        NotFound
            There is no such run, feature, granule or segment.
        """
        drift = next((one for one in self.granule(run_id, granule, segment).features if one.name == feature), None)
        if drift is None:
            raise NotFound(f"feature {feature!r} is not in run {run_id!r}")
        shown = self.distributions(run_id, {feature: granule}, segment)[feature]
        labels, trend = self._runs.trend(run_id, segment, feature)
        return CellDetail(
            drift=drift,
            granule=granule,
            segment=segment,
            distribution=shown,
            trend_granules=labels,
            trend_psi=trend[:, 0],
            trend_noise_q99=trend[:, 1],
        )

    def distributions(
        self, run_id: str, cells: Mapping[str, str], segment: str = "", *, progress: Progress = _silent
    ) -> dict[str, Distribution]:
        """Return both distributions of some cells of a run, by feature.

        Parameters
        ----------
        cells
            The granule to show of each feature.
        progress
            Called before each feature; may raise `Cancelled`.

        Raises
        ------
        NotFound
            There is no such run, feature, granule or segment.
        """
        run = self._runs.get(run_id)
        found = {}
        with consistent(self._engine) as connection:
            info = self._baselines.info(run.baseline_id, connection=connection)
            settings = DriftSettings(**dict(run.settings))  # type: ignore[arg-type]  # as `run` wrote it
            judging = self._judging(connection, info, settings)
            for number, (feature, granule) in enumerate(cells.items()):
                progress(number / len(cells), f"distributions of {number:,} of {len(cells):,} features")
                found[feature] = distribution(*judging.feature(feature, granule, segment))
        return found

    def compare_runs(self, before: str, after: str, segment: str = "") -> tuple[CellChange, ...]:
        """Return the cells that two runs judge differently, in the order of granules and features of `after`.

        Raises
        ------
        InvalidInput
            The runs belong to different model versions.
        """
        first, second = self._runs.get(before), self._runs.get(after)
        if first.ref != second.ref:
            raise InvalidInput(
                f"runs of {first.ref} and {second.ref} cannot be compared", hint="choose runs of one model"
            )
        return changes(self.matrix(before, segment), self.matrix(after, segment))

    def save_report(self, run_id: str, format: str, payload: bytes) -> None:  # noqa: A002 - the word people expect
        """Keep a report with its run, in place of an earlier one of the same format."""
        with self._engine.begin() as connection:
            self._runs.get(run_id, connection=connection)
            self._runs.save_report(connection, run_id, format, payload, at=self._now())

    def report(self, run_id: str, format: str) -> bytes | None:  # noqa: A002 - as above
        """Return a kept report, if there is one."""
        return self._runs.report(run_id, format)

    # Inside

    def _count_missing(
        self, info: BaselineInfo, granules: tuple[str, str] | None, settings: DriftSettings, progress: Progress
    ) -> tuple[str, ...]:
        """Count kept rows that were counted on another grid only; say what is left out."""

        def recount(snapshot_id: str, tell: Progress) -> None:
            self._intake.recount(self._snapshots.get(snapshot_id), info, settings=settings, progress=tell)

        return count_missing(info, granules, summaries=self._summaries, count=recount, progress=progress)

    def _judging(self, connection: Connection, info: BaselineInfo, settings: DriftSettings) -> Judging:
        return Judging(connection, info, baselines=self._baselines, summaries=self._summaries, settings=settings)

    def _save(self, new: NewRun, overrides: Mapping[str, Any], *, actor: str) -> RunSummary:
        """Write a run with everything in it, and that it was made."""
        with self._engine.begin() as connection:
            saved = self._runs.add(connection, new, at=self._now(), actor=actor)
            detail = {
                "run_id": saved.run_id,
                "baseline": saved.baseline_number,
                "first": saved.first_granule,
                "last": saved.last_granule,
                "overrides": overrides,
                "segment_column": new.segment_column,
                "severity": saved.severity,
            }
            self._trail.record("drift.run", str(saved.ref), actor=actor, detail=detail, connection=connection)
        return saved

    def _locked(self, connection: Connection, baseline_id: str) -> BaselineInfo:
        """Return a baseline as it is once nobody else changes those of its model version."""
        info = self._baselines.info(baseline_id, connection=connection)
        self._baselines.lock(connection, info.ref)
        return self._baselines.info(baseline_id, connection=connection)

    def _chosen(self, ref: ModelRef, baseline_id: str | None) -> BaselineInfo:
        if baseline_id is None:
            info = self._baselines.active(ref)
            if info is None:
                raise Conflict(f"{ref} has no baseline to compare with", hint="upload one first")
            return info
        info = self._baselines.info(baseline_id)
        if info.ref != ref:
            raise InvalidInput(f"baseline {baseline_id!r} belongs to {info.ref}, not to {ref}")
        return info


def _check_segments(info: BaselineInfo, segment_column: str) -> None:
    if segment_column and segment_column != info.segment_column:
        told = f"is segmented by {info.segment_column!r}" if info.segment_column else "has no segments"
        raise Conflict(
            f"segments of {segment_column!r} are not counted: {info.name} {told}",
            hint="upload a baseline with this segment column in its roles",
        )
