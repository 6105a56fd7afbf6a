"""Advice on a model version, on everything that is known of it; and the decisions taken on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.errors import Conflict
from monitor_core.insight.drift_state import drift_state
from monitor_core.insight.evidence import as_json, assemble, previous_live
from monitor_core.performance.advice import advise
from monitor_core.performance.decisions import evidence_hash

if TYPE_CHECKING:
    from datetime import datetime

    from monitor_core.clock import Clock
    from monitor_core.drift.service import DriftService
    from monitor_core.insight.drift_state import DriftState
    from monitor_core.performance.advice import Advice, Evidence
    from monitor_core.performance.decisions import Action
    from monitor_core.performance.results import Decision
    from monitor_core.performance.service import PerformanceService
    from monitor_core.storage.deployments import DeploymentStore
    from monitor_core.storage.models import ModelStore
    from monitor_core.values import ModelRef

__all__ = ["AdviceService", "hash_of"]

_RUNS = 200


def hash_of(evidence: Evidence) -> str:
    """Return the SHA-256 of evidence as canonical JSON.

    Examples
    --------
    >>> from monitor_core.performance.advice import Evidence
    >>> one = Evidence(current=(84, 83), predictions=1234, labelled=1234)
    >>> hash_of(one) == hash_of(Evidence(labelled=1234, predictions=1234, current=(84, 83)))
    True
    """
    return evidence_hash(as_json(evidence))


class AdviceService:
    """Puts evidence together and advises. Safe to share between threads.

    Parameters
    ----------
    performance, drift, models, deployments
        What is asked.
    now
        The source of time.
    """

    def __init__(
        self,
        performance: PerformanceService,
        drift: DriftService,
        models: ModelStore,
        deployments: DeploymentStore,
        now: Clock,
    ) -> None:
        self._performance = performance
        self._drift = drift
        self._models = models
        self._deployments = deployments
        self._now = now

    def advice(
        self, ref: ModelRef, *, as_of: datetime | None = None, window: int = 30, span: tuple[str, str] | None = None
    ) -> tuple[Evidence, Advice]:
        """Return what to do about a version, and the evidence for it.

        Parameters
        ----------
        as_of
            Everything as it was known at this moment; None: now.
        window
            Matured granules that are judged.
        span
            From one granule to another, both included, instead.
        """
        evidence = self.evidence(ref, as_of=as_of, window=window, span=span)
        settings = self._performance.settings_of(ref)
        return evidence, advise(evidence, settings=settings, drift=self._drift.settings_of(ref))

    def evidence(
        self, ref: ModelRef, *, as_of: datetime | None = None, window: int = 30, span: tuple[str, str] | None = None
    ) -> Evidence:
        """Return the evidence alone."""
        moment = self._now() if as_of is None else as_of
        previous = previous_live(self._deployments.list(ref.model_id, as_of=moment), ref, as_of=moment)
        comparison = None
        if previous is not None:
            comparison = self._performance.compare(ref, previous.ref.version, granules=window, span=span, as_of=as_of)
        return assemble(
            comparison.current
            if comparison is not None
            else self._performance.window(ref, granules=window, span=span, as_of=as_of),
            granularity=self._models.get(ref.model_id).granularity,
            settings=self._performance.settings_of(ref),
            sequential=self._performance.sequential(ref, as_of=as_of),
            baseline=self._performance.baseline(ref, as_of=as_of),
            baseline_design_effect=self._performance.baseline_design_effect(ref, as_of=as_of),
            comparison=comparison,
            previous=previous,
            drift=self._drifted(ref, moment),
        )

    def decide(
        self,
        ref: ModelRef,
        *,
        action: Action,
        reason: str,
        actor: str,
        as_of: datetime | None = None,
        window: int = 30,
        seen: str | None = None,
    ) -> Decision:
        """Write down what was decided on the advice, with the evidence that it rested on; nothing is done.

        Parameters
        ----------
        action
            keep | watch | retrain | roll_back | acknowledge; it need not be what was advised.
        reason
            Why, in words.
        seen
            `hash_of` the evidence that the decider saw; None: whatever it is by now.

        Raises
        ------
        Conflict
            The evidence is another one by now.
        """
        evidence, advice = self.advice(ref, as_of=as_of, window=window)
        if seen is not None and seen != hash_of(evidence):
            raise Conflict(f"the evidence on {ref} has changed since it was shown", hint="look at the advice again")
        return self._performance.decide(
            ref, action=action, reason=reason, advised=advice.action, evidence=as_json(evidence), actor=actor
        )

    def _drifted(self, ref: ModelRef, moment: datetime) -> DriftState | None:
        """Return what the last granule of the latest run says, of the runs that were there at that moment."""
        run = next((run for run in self._drift.runs(ref, limit=_RUNS) if run.created_at <= moment), None)
        return None if run is None else drift_state(self._drift.granule(run.run_id, run.last_granule))
