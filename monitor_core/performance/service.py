"""What can be asked about a model's performance: load counts, let pure functions judge them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from monitor_core.errors import InvalidInput
from monitor_core.performance.bands import ESTIMATED_METRICS
from monitor_core.performance.baselines import BaselineStore
from monitor_core.performance.calendar import granules_in
from monitor_core.performance.calibrator import calibrator_of
from monitor_core.performance.clusters import effect_of
from monitor_core.performance.comparison import compare
from monitor_core.performance.decisions import DecisionStore
from monitor_core.performance.estimate import estimated, not_estimated
from monitor_core.performance.maturity import delay_curve
from monitor_core.performance.metrics import INDEPENDENT, RANKING, bare_metrics, metrics_of
from monitor_core.performance.rolling import ROLLING_METRICS, rolling
from monitor_core.performance.sequential import Acknowledged, sequential
from monitor_core.performance.spread import MEASURED_FROM
from monitor_core.performance.store import PerformanceStore
from monitor_core.performance.thresholds import reliability, threshold_curve
from monitor_core.performance.viewing import load, load_window
from monitor_core.performance.windows import window_metrics
from monitor_core.values import ModelRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine

    from monitor_core.clock import Clock
    from monitor_core.performance.calibrator import Calibrator
    from monitor_core.performance.decisions import Action
    from monitor_core.performance.results import (
        BaselinePerformance,
        Comparison,
        Decision,
        DelayCurve,
        Estimated,
        Reliability,
        Rolling,
        Sequential,
        ThresholdCurve,
        WindowMetrics,
    )
    from monitor_core.performance.series import CellCounts, Series
    from monitor_core.performance.view import View
    from monitor_core.performance.windows import Piece
    from monitor_core.settings import PerformanceSettings, Settings
    from monitor_core.snapshots.roles import Roles
    from monitor_core.snapshots.sources import TableSource
    from monitor_core.stats import DesignEffect
    from monitor_core.storage.models import ModelStore
    from monitor_core.storage.trail import Trail

__all__ = ["ESTIMATED_METRICS", "ROLLING_METRICS", "PerformanceService"]

Kept = TypeVar("Kept")

_KEPT = 16
_MANY = 10_000


class PerformanceService:
    """Everything that can be asked about performance. Safe to share between threads.

    Every view takes ``as_of``, the moment as of which things were known (None: now), and answers the same for it
    whenever it is asked.

    Parameters
    ----------
    engine
        The database.
    models, trail
        The services that models and the operators' trail belong to.
    settings
        General settings.
    now
        The source of time.

    Attributes
    ----------
    store
        Counts, deliveries, corrections, segments and versions, as they are.
    """

    def __init__(self, engine: Engine, models: ModelStore, trail: Trail, settings: Settings, now: Clock) -> None:
        self._models = models
        self._settings = settings
        self._now = now
        self.store = PerformanceStore(engine)
        self._baselines = BaselineStore(engine, trail, now)
        self._decisions = DecisionStore(engine, trail, now)
        self._calibrators: dict[str, Calibrator | None] = {}
        self._effects: dict[str, DesignEffect] = {}

    def settings_of(self, ref: ModelRef) -> PerformanceSettings:
        """Return the thresholds in force for a model: general < the model's own."""
        return self._models.get(ref.model_id).performance_settings(self._settings.performance)

    def granules_in(self, ref: ModelRef, days: int) -> int | None:
        """Return the granules of a window of days; None: not available at this model's granularity."""
        return granules_in(days, self._models.get(ref.model_id).granularity)

    # Views

    def window(
        self,
        ref: ModelRef,
        *,
        granules: int = 30,
        span: tuple[str, str] | None = None,
        segment: str = "",
        as_of: datetime | None = None,
    ) -> WindowMetrics:
        """Return every metric of a window of matured granules.

        Parameters
        ----------
        granules
            So many by the calendar, ending with the last matured one (`granules_in` makes granules of days).
        span
            From one granule to another, both included, instead.
        segment
            A segment's value; "" is everything.
        """
        view = load_window(self.store, self._view(ref, segment, as_of), granules=granules, span=span)
        return self._window(view, view.piece(granules, span))

    def rolling(
        self, ref: ModelRef, metric: str, *, window: int = 30, segment: str = "", as_of: datetime | None = None
    ) -> Rolling:
        """Return one of `ROLLING_METRICS` for the window that ends at each granule."""
        view = self._view(ref, segment, as_of, scores=metric in RANKING)
        latest = load_window(self.store, view, granules=window, scores=False)
        effect = latest.effect(latest.piece(window))
        return rolling(view.series, view.maturity, metric, window=window, entities=effect)

    def sequential(self, ref: ModelRef, *, as_of: datetime | None = None) -> Sequential:
        """Return the evidence, granule by granule, that F1 has fallen below the baseline's lower bound."""
        view = self._view(ref, "", as_of)
        baseline = self._baselines.active(ref, as_of=as_of)
        return sequential(
            view.series,
            view.maturity,
            granularity=view.granularity,
            settings=view.settings,
            baseline=baseline,
            baseline_deff=self._baseline_deff(baseline),
            acknowledged=self._acknowledged(view),
        )

    def delays(self, ref: ModelRef, *, as_of: datetime | None = None) -> DelayCurve:
        """Return how long labels take to arrive, and when predictions are due."""
        return delay_curve(
            self.store.series(ref, as_of=as_of, delays=True),
            granularity=self._models.get(ref.model_id).granularity,
            as_of=as_of or self._now(),
            settings=self.settings_of(ref),
        )

    def thresholds(
        self,
        ref: ModelRef,
        *,
        granules: int = 30,
        span: tuple[str, str] | None = None,
        segment: str = "",
        as_of: datetime | None = None,
    ) -> ThresholdCurve:
        """Return what other cut-offs would have given in a window."""
        view = load_window(self.store, self._view(ref, segment, as_of), granules=granules, span=span)
        piece = view.piece(granules, span)
        return threshold_curve(view.labelled(piece), effect=view.effect(piece))

    def reliability(
        self,
        ref: ModelRef,
        *,
        granules: int = 30,
        span: tuple[str, str] | None = None,
        segment: str = "",
        as_of: datetime | None = None,
    ) -> Reliability:
        """Return how often like scores turned out positive in a window."""
        view = load_window(self.store, self._view(ref, segment, as_of), granules=granules, span=span)
        piece = view.piece(granules, span)
        return reliability(view.labelled(piece), effect=view.effect(piece))

    def estimated(
        self, ref: ModelRef, metric: str = "f1", *, window: int = 1, segment: str = "", as_of: datetime | None = None
    ) -> Estimated:
        """Return one of `ESTIMATED_METRICS` as the scores alone promise it, "if the concept is unchanged"."""
        baseline = self._baselines.active(ref, as_of=as_of)
        if baseline is None:
            return not_estimated(metric, "no estimate: there is no baseline performance")
        view = self._view(ref, segment, as_of, scores=True)
        return estimated(
            view.series,
            view.maturity,
            metric,
            calibrator=self._calibrator(baseline),
            settings=view.settings,
            window=window,
        )

    def compare(
        self,
        ref: ModelRef,
        other: str,
        *,
        granules: int = 30,
        span: tuple[str, str] | None = None,
        as_of: datetime | None = None,
    ) -> Comparison:
        """Return two versions of a model side by side: over the same granules if the other predicted there.

        Parameters
        ----------
        other
            Another version. Where none of its predictions in the window of `ref` has matured, its own latest window is
            taken.
        """
        if other == ref.version:
            raise InvalidInput(f"{ref} compared with itself", hint="name another version")
        mine = load_window(self.store, self._view(ref, "", as_of), granules=granules, span=span)
        piece = mine.piece(granules, span)
        all_theirs = self._view(ModelRef(ref.model_id, other), "", as_of)
        same = (piece.span.first, piece.span.last) if piece.span else None
        if same and all_theirs.piece(span=same).span is None:
            same = None
        theirs = load_window(self.store, all_theirs, granules=granules, span=same)
        cells = np.zeros(8, dtype=np.int64)
        if piece.span:
            first, last = piece.span.first, piece.span.last
            cells = self.store.pairs(ref.model_id, ref.version, other, as_of=as_of, first=first, last=last)
        return compare(self._window(mine, piece), self._window(theirs, theirs.piece(granules, same)), cells)

    # Baselines

    def baseline(self, ref: ModelRef, *, as_of: datetime | None = None) -> BaselinePerformance | None:
        """Return what a version is held against; as of an earlier moment, what it was held against then."""
        found = self._baselines.active(ref, as_of=as_of)
        return None if found is None else self._with_metrics(found)

    def baseline_id(self, ref: ModelRef) -> str | None:
        """Return which baseline a version is held against; cheaper than reading it."""
        return self._baselines.active_id(ref)

    def baseline_design_effect(self, ref: ModelRef, *, as_of: datetime | None = None) -> float:
        """Return how much the baseline's rows cluster: 1 for a test set, more for a past period whose granules vary."""
        return self._baseline_deff(self.baseline(ref, as_of=as_of))

    def baseline_cells(self, ref: ModelRef, *, as_of: datetime | None = None) -> tuple[CellCounts, ...]:
        """Return the baseline's labelled rows by cell of each feature; none for bare values and uncoded rows."""
        held = self.baseline(ref, as_of=as_of)
        return () if held is None else self._baselines.details(held.baseline_id).cells

    def baselines(self, ref: ModelRef) -> tuple[BaselinePerformance, ...]:
        """Return the baselines of a version, the latest first."""
        return tuple(map(self._with_metrics, self._baselines.list(ref)))

    def active_baselines(self) -> Mapping[ModelRef, str]:
        """Return the id of every version's active baseline."""
        return self._baselines.active_ids()

    def baseline_from_upload(
        self, source: TableSource, roles: Roles, ref: ModelRef, *, actor: str, **options: Any
    ) -> BaselinePerformance:
        """Make a labelled test set the active baseline (`BaselineStore.from_upload`)."""
        settings = self.settings_of(ref)
        made = self._baselines.from_upload(source, roles, ref, settings=settings, actor=actor, **options)
        return self._with_metrics(made)

    def baseline_from_span(self, ref: ModelRef, first: str, last: str, *, actor: str) -> BaselinePerformance:
        """Make a past period the active baseline."""
        return self._with_metrics(self._baselines.from_span(ref, first, last, actor=actor))

    def baseline_from_values(self, ref: ModelRef, given: Mapping[str, float], *, actor: str) -> BaselinePerformance:
        """Make bare values the active baseline: its uncertainty is unknown."""
        return self._with_metrics(self._baselines.from_values(ref, given, actor=actor))

    def activate_baseline(self, baseline_id: str, *, actor: str) -> BaselinePerformance:
        """Hold the version against this baseline from now on."""
        return self._with_metrics(self._baselines.activate(baseline_id, actor=actor))

    def delete_baseline(self, baseline_id: str, *, actor: str) -> None:
        """Delete a baseline."""
        self._baselines.delete(baseline_id, actor=actor)

    # Decisions

    def decide(
        self,
        ref: ModelRef,
        *,
        action: Action,
        reason: str,
        advised: str = "",
        evidence: Mapping[str, Any] | None = None,
        actor: str,
    ) -> Decision:
        """Write down what was decided; ``acknowledge`` makes the sequential evidence begin anew."""
        return self._decisions.add(
            ref, action=action, reason=reason, advised=advised, evidence=evidence or {}, actor=actor
        )

    def decisions(self, model_id: str, *, version: str | None = None, limit: int = 50) -> tuple[Decision, ...]:
        """Return the decisions on a model, the latest first."""
        return self._decisions.list(model_id, version=version, limit=limit)

    def _view(self, ref: ModelRef, segment: str, as_of: datetime | None, *, scores: bool = False) -> View:
        return load(
            self.store,
            ref,
            segment=segment,
            granularity=self._models.get(ref.model_id).granularity,
            settings=self.settings_of(ref),
            now=self._now(),
            as_of=as_of,
            scores=scores,
        )

    def _window(self, view: View, piece: Piece) -> WindowMetrics:
        baseline = self._baselines.active(view.ref, as_of=view.known)
        return window_metrics(
            view.series,
            view.maturity,
            piece,
            ref=view.ref,
            segment=view.segment,
            granularity=view.granularity,
            as_of=view.as_of,
            settings=view.settings,
            baseline=baseline,
            baseline_deff=self._baseline_deff(baseline),
            scores=view.scores,
        )

    def _acknowledged(self, view: View) -> tuple[Acknowledged, ...]:
        """Return each acknowledgement with the first granule that had not matured by then."""
        found = []
        for item in self._decisions.list(view.ref.model_id, version=view.ref.version, limit=_MANY):
            if item.action == "acknowledge" and (view.known is None or item.decided_at <= view.known):
                before = self._view(view.ref, "", item.decided_at).maturity
                first = int(before.codes[before.matured - 1]) + 1 if before.matured else np.iinfo(np.int64).min
                found.append(Acknowledged(item.decided_at, first))
        return tuple(found)

    def _of_span(self, baseline: BaselinePerformance, *, scores: bool = False) -> Series | None:
        """Return the series that a baseline of a past period was taken from; None for others."""
        first, last = (baseline.origin.get(name) for name in ("first", "last"))
        if not (isinstance(first, str) and isinstance(last, str)):
            return None
        text = baseline.origin.get("as_of")
        moment = datetime.fromisoformat(text) if isinstance(text, str) else baseline.created_at
        return self.store.series(baseline.ref, first=first, last=last, as_of=moment, scores=scores)

    def _effect(self, baseline: BaselinePerformance) -> DesignEffect:
        """Return how much a baseline's rows cluster: known of past periods only, and the same for good."""
        found = self._effects.get(baseline.baseline_id)
        if found is None:
            series = self._of_span(baseline)
            found = _keep(self._effects, baseline.baseline_id, INDEPENDENT if series is None else effect_of(series))
        return found

    def _baseline_deff(self, baseline: BaselinePerformance | None) -> float:
        return 1.0 if baseline is None else self._effect(baseline).deff

    def _with_metrics(self, baseline: BaselinePerformance) -> BaselinePerformance:
        if baseline.counts is None:
            return replace(baseline, metrics=bare_metrics(baseline.given))
        scores = self._baselines.details(baseline.baseline_id).scores
        labelled = None if scores is None else scores.labelled.sum(axis=(0, 1))
        return replace(baseline, metrics=metrics_of(baseline.counts, labelled, effect=self._effect(baseline)))

    def _calibrator(self, baseline: BaselinePerformance) -> Calibrator | None:
        """Return the calibrator fitted on a baseline; the latest few are kept."""
        key = baseline.baseline_id
        found = self._calibrators.get(key)
        if found is None:
            found = _keep(self._calibrators, key, self._fitted(baseline))
        return found

    def _fitted(self, baseline: BaselinePerformance) -> Calibrator | None:
        series = self._of_span(baseline, scores=True)
        details = self._baselines.details(baseline.baseline_id)
        if series is None and details.pieces is not None and len(details.pieces) >= MEASURED_FROM:
            return calibrator_of(details.pieces, are_pieces=True)
        scores = details.scores if series is None else series.scores
        return None if scores is None else calibrator_of(scores.labelled)


def _keep(kept: dict[str, Kept], key: str, value: Kept) -> Kept:
    """Keep a value with the latest few, and return it."""
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value
    return value
