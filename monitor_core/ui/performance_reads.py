"""Performance: reads that are kept until something new is delivered, decided or due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from monitor_core.insight.breakdown import GoesWith, WorstSlices
    from monitor_core.performance.advice import Advice, Evidence
    from monitor_core.performance.results import (
        BaselinePerformance,
        Comparison,
        Correction,
        DelayCurve,
        Estimated,
        Reliability,
        Rolling,
        Sequential,
        ThresholdCurve,
        WindowMetrics,
    )
    from monitor_core.runtime import Services
    from monitor_core.values import ModelRef

__all__ = ["Asked", "Reads"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page shows: the key of everything that is kept."""

    model_id: str
    version: str
    window: int
    """Granules."""
    segment: str
    known: str
    """Changes when anything is delivered, decided or deployed, when thresholds change, and with each granule."""


@dataclass(frozen=True, slots=True)
class Reads:
    """Everything about one version's performance, read when it is first asked for and kept.

    Results are immutable, so that keeping the object itself is safe.
    """

    app: Services
    ref: ModelRef
    asked: Asked

    @classmethod
    def of(cls, app: Services, ref: ModelRef, *, window: int, segment: str) -> Reads:
        """Return the reads for what the controls ask; one cheap look at the database tells whether anything is new."""
        return cls(app, ref, Asked(ref.model_id, ref.version, window, segment, _known(app, ref)))

    def window(self) -> WindowMetrics:
        """Return the metrics of the window."""
        return _window(self.app, self.ref, self.asked)

    def rolling(self, metric: str) -> Rolling:
        """Return a metric over time."""
        return _rolling(self.app, self.ref, self.asked, metric)

    def other(self, version: str, metric: str) -> Rolling:
        """Return a metric of another version over time."""
        return _other(self.app, self.ref, self.asked, version, metric)

    def advice(self) -> tuple[Evidence, Advice]:
        """Return what to do; it is about the whole, whatever the segment."""
        return _advice(self.app, self.ref, self.asked)

    def baseline(self) -> BaselinePerformance | None:
        """Return what the version is held against."""
        return _baseline(self.app, self.ref, self.asked)

    def baselines(self) -> tuple[BaselinePerformance, ...]:
        """Return all that the version was ever held against, the latest first."""
        return _baselines(self.app, self.ref, self.asked)

    def sequential(self) -> Sequential:
        """Return the evidence gathered granule by granule."""
        return _sequential(self.app, self.ref, self.asked)

    def estimated(self, metric: str) -> Estimated:
        """Return the estimate without labels."""
        return _estimated(self.app, self.ref, self.asked, metric)

    def thresholds(self) -> ThresholdCurve:
        """Return what other cut-offs would have given."""
        return _thresholds(self.app, self.ref, self.asked)

    def reliability(self) -> Reliability:
        """Return how often like scores turned out positive."""
        return _reliability(self.app, self.ref, self.asked)

    def delays(self) -> DelayCurve:
        """Return how long labels take."""
        return _delays(self.app, self.ref, self.asked)

    def compare(self, version: str) -> Comparison:
        """Return this version beside another one."""
        return _compare(self.app, self.ref, self.asked, version)

    def corrections(self) -> tuple[Correction, ...]:
        """Return what later deliveries changed."""
        return _corrections(self.app, self.ref, self.asked)

    def goes_with(self) -> GoesWith:
        """Return which features' mix a fall goes with."""
        return _goes_with(self.app, self.ref, self.asked)

    def slices(self) -> WorstSlices:
        """Return where the model does worst."""
        return _slices(self.app, self.ref, self.asked)


def _known(app: Services, ref: ModelRef) -> str:
    model = app.models.get(ref.model_id)
    delivered = app.performance.store.batches(ref.model_id, limit=1)
    decided = app.performance.decisions(ref.model_id, limit=1)
    held = app.performance.baseline_id(ref) or ""
    serving = ",".join(f"{one.deployment_id}{one.ended_at}" for one in app.deployments.list(ref.model_id))
    run = app.drift.latest(ref)
    today = app.now().date().isoformat()
    parts = (
        *(delivered[0].batch_id if delivered else "", decided[0].decision_id if decided else "", held, serving),
        *(run.run_id if run else "", sorted(model.thresholds.items()), today),
    )
    return "|".join(map(str, parts))


# `_app` is not part of the key: `asked` names everything that the answer depends on.
_kept = st.cache_resource(max_entries=40, show_spinner=False)


@_kept
def _window(_app: Services, _ref: ModelRef, asked: Asked) -> WindowMetrics:
    return _app.performance.window(_ref, granules=asked.window, segment=asked.segment)


@st.cache_resource(max_entries=100, show_spinner=False)
def _rolling(_app: Services, _ref: ModelRef, asked: Asked, metric: str) -> Rolling:
    return _app.performance.rolling(_ref, metric, window=asked.window, segment=asked.segment)


@_kept
def _other(_app: Services, _ref: ModelRef, asked: Asked, version: str, metric: str) -> Rolling:
    other = type(_ref)(_ref.model_id, version)
    return _app.performance.rolling(other, metric, window=asked.window, segment=asked.segment)


@_kept
def _advice(_app: Services, _ref: ModelRef, asked: Asked) -> tuple[Evidence, Advice]:
    return _app.advice.advice(_ref, window=asked.window)


@_kept
def _baseline(_app: Services, _ref: ModelRef, asked: Asked) -> BaselinePerformance | None:  # noqa: ARG001 - the key
    return _app.performance.baseline(_ref)


@_kept
def _baselines(_app: Services, _ref: ModelRef, asked: Asked) -> tuple[BaselinePerformance, ...]:  # noqa: ARG001 - the key
    return _app.performance.baselines(_ref)


@_kept
def _sequential(_app: Services, _ref: ModelRef, asked: Asked) -> Sequential:  # noqa: ARG001 - the key
    return _app.performance.sequential(_ref)


@_kept
def _estimated(_app: Services, _ref: ModelRef, asked: Asked, metric: str) -> Estimated:
    return _app.performance.estimated(_ref, metric, segment=asked.segment)


@_kept
def _thresholds(_app: Services, _ref: ModelRef, asked: Asked) -> ThresholdCurve:
    return _app.performance.thresholds(_ref, granules=asked.window, segment=asked.segment)


@_kept
def _reliability(_app: Services, _ref: ModelRef, asked: Asked) -> Reliability:
    return _app.performance.reliability(_ref, granules=asked.window, segment=asked.segment)


@_kept
def _delays(_app: Services, _ref: ModelRef, asked: Asked) -> DelayCurve:  # noqa: ARG001 - the key
    return _app.performance.delays(_ref)


@_kept
def _compare(_app: Services, _ref: ModelRef, asked: Asked, version: str) -> Comparison:
    return _app.performance.compare(_ref, version, granules=asked.window)


@_kept
def _corrections(_app: Services, _ref: ModelRef, asked: Asked) -> tuple[Correction, ...]:  # noqa: ARG001 - the key
    return _app.performance.store.corrections(_ref.model_id, version=_ref.version)


@_kept
def _goes_with(_app: Services, _ref: ModelRef, asked: Asked) -> GoesWith:
    return _app.breakdown.goes_with(_ref, window=asked.window)


@_kept
def _slices(_app: Services, _ref: ModelRef, asked: Asked) -> WorstSlices:
    return _app.breakdown.slices(_ref, window=asked.window)
