"""Results of the performance capability: what the service returns and pages, reports and commands show.

Granules are text labels (see `monitor_core.values.Granularity`); fractions are 0..1; moments are UTC. "Relevant cases"
are true positives, false positives and false negatives: what F1 rests on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from monitor_core.performance.counts import Counts
    from monitor_core.values import ModelRef, Severity

__all__ = [
    "BaselinePerformance",
    "Batch",
    "Comparison",
    "Correction",
    "Decision",
    "DelayCurve",
    "Estimated",
    "Metric",
    "Reliability",
    "Rolling",
    "Sequential",
    "Span",
    "ThresholdCurve",
    "WindowMetrics",
]


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure with what it rests on."""

    name: str
    """f1 | precision | recall | roc_auc | average_precision | brier | log_loss | calibration_slope |
    calibration_intercept | calibration_error"""
    estimate: float | None
    """None when undefined (no relevant case, one class only, no scores)."""
    low: float | None
    high: float | None
    n: int
    """Cases it rests on: relevant cases for F1, predicted positives for precision, and so on."""
    method: str
    """In words: "Wilson on F*, design effect 1.8, t with 29 degrees of freedom"."""
    badge: str = ""
    """What a reader must know before believing it: "approximate", "undefined: no relevant case", ..."""
    error_bound: float = 0.0
    """How far the estimate may be off because it comes from a histogram of scores; 0 when it is exact."""


@dataclass(frozen=True, slots=True)
class Span:
    """First and last granule, both included, and how many lie between."""

    first: str
    last: str
    granules: int


@dataclass(frozen=True, slots=True)
class WindowMetrics:
    """How a version did in a window of matured granules."""

    ref: ModelRef
    segment: str
    span: Span | None
    """None when no granule has matured."""
    as_of: datetime
    counts: Counts
    due: int
    """Predictions in the window whose label should be there by now."""
    immature: int
    """Predictions after the window, made too recently to be judged."""
    coverage: float | None
    """Labelled over due; None when nothing is due."""
    state: str
    """full | partial | not_enough (words in `reasons`) | none"""
    reasons: tuple[str, ...]
    """Why there is no verdict, or why it is partial, with the number still missing."""
    design_effect: float
    design_effect_from: str
    """independent | granules | blocks | entities: what made the rows cluster most."""
    clusters: int
    metrics: tuple[Metric, ...]
    f1_bounds: tuple[float, float] | None
    """F1 if every label still missing were the worst or the best; only for a partial window."""
    severity: Severity
    """The document's level by size: F1 down by 3 % low, 5 % moderate, 10 % high; NONE without a baseline."""
    relative_drop: float | None
    """(baseline F1 - F1) / baseline F1; None without either."""
    probabilities: Mapping[float, float]
    """P(relative F1 drop > level) for 0, .03, .05 and .10; empty without a baseline's counts."""

    def metric(self, name: str) -> Metric:
        """Return the metric of that name."""
        return next(metric for metric in self.metrics if metric.name == name)


@dataclass(frozen=True, slots=True)
class Rolling:
    """One metric of a window that ends at each granule in turn; all tuples are parallel to `granules`."""

    metric: str
    window: int
    """Granules a window."""
    granules: tuple[str, ...]
    estimate: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    n: tuple[int, ...]
    coverage: tuple[float | None, ...]
    matured: tuple[bool, ...]
    """False for windows that hold granules whose labels are not due yet: shaded."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions of a model side by side, over the same span where possible."""

    current: WindowMetrics
    other: WindowMetrics
    cells: tuple[int, ...]
    """Labelled rows that both predicted, at 4 * label + 2 * current + other; empty when they share none."""
    probabilities: Mapping[float, float]
    """P(F1 of `current` is lower than that of `other` by more than this share) for 0, .03, .05 and .10; empty
    where either has no relevant case."""
    method: str
    """"paired", or "apart": other rows at another time, so that whatever else changed then counts, too."""


@dataclass(frozen=True, slots=True)
class Estimated:
    """What the metrics would be if the concept is unchanged, from scores alone; parallel to `granules`."""

    metric: str
    granules: tuple[str, ...]
    estimate: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    truth: tuple[float | None, ...]
    """What it turned out to be, where the labels have matured."""
    suspected_from: str | None
    """First granule of three running whose truth lies outside the band: "concept drift suspected"."""
    calibrator: str
    """isotonic | beta | none, with the reason it was chosen; empty when there is no estimate."""
    window: int = 1
    """Granules a window."""
    badge: str = ""
    """What a reader must know: "estimated, if the concept is unchanged", or why there is no estimate."""
    mean_error: float | None = None
    """Mean distance of estimate and truth where the labels have matured: the estimate's own error."""
    covered: float | None = None
    """Share of the windows with matured labels whose truth lies in the band."""


@dataclass(frozen=True, slots=True)
class Sequential:
    """The evidence gathered day by day that F1 has fallen below the baseline's lower bound."""

    granules: tuple[str, ...]
    e_values: tuple[float, ...]
    threshold: float
    alarm: str | None
    """Granule at which the threshold was first reached since the last reset; latched."""
    acknowledged_at: datetime | None
    f_star: float
    """The null: F* at least this, the baseline's 97.5 % Wilson lower bound."""
    design_effect: float
    guarantee: str
    """guaranteed | calibrated"""
    relevant_per_granule: float
    expected_delay: Mapping[float, float | None]
    """Granules until an alarm is expected, by relative drop of F1 (.05, .10, .20); None: cannot be found."""
    expected_delay_large_baseline: Mapping[float, float | None]
    """The same if the baseline were known exactly: what a larger test set would change."""
    smallest_drop: float | None
    """Smallest relative drop found within one granule (one-sided 1 %, power 80 %); None: not even .99."""
    first_alarm: str | None = None
    """As `alarm`, whatever was acknowledged since: evidence that was gathered once stays gathered."""
    reason: str = ""
    """Why nothing is gathered (no baseline, no matured granule); empty when it is."""


@dataclass(frozen=True, slots=True)
class DelayCurve:
    """How long labels take to arrive, in granules, from those that have and those that have not yet."""

    delays: tuple[int, ...]
    arrived: tuple[float, ...]
    """Share of labels expected to have arrived within each delay."""
    n: int
    horizon: int
    """Granules after which a prediction counts as due."""
    horizon_from: str
    """set | observed | none"""


@dataclass(frozen=True, slots=True)
class ThresholdCurve:
    """What other cut-offs would have given; parallel to `thresholds`."""

    thresholds: tuple[float, ...]
    true_positives: tuple[int, ...]
    false_positives: tuple[int, ...]
    false_negatives: tuple[int, ...]
    true_negatives: tuple[int, ...]
    f1: tuple[float | None, ...]
    f1_low: tuple[float | None, ...]
    f1_high: tuple[float | None, ...]
    precision: tuple[float | None, ...]
    recall: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often what was given a score turned out positive, by groups of like scores; all tuples are parallel."""

    score: tuple[float, ...]
    """Mean score of the group."""
    observed: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    n: tuple[int, ...]
    metrics: tuple[Metric, ...]
    """calibration_slope, calibration_intercept and calibration_error."""


@dataclass(frozen=True, slots=True)
class BaselinePerformance:
    """How well a version did when it was accepted."""

    baseline_id: str
    ref: ModelRef
    number: int
    origin: Mapping[str, object]
    counts: Counts | None
    """None for bare values: "baseline uncertainty unknown"."""
    given: Mapping[str, float]
    """Bare values by metric, when that is all there is."""
    metrics: tuple[Metric, ...]
    is_active: bool
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One delivery of predictions or labels, and what became of its rows."""

    batch_id: str
    model_id: str
    kind: str
    """predictions | labels | labelled"""
    n_rows: int
    n_accepted: int
    n_duplicates: int
    n_refused: int
    n_orphans: int
    n_corrections: int
    reasons: tuple[str, ...]
    effect: Mapping[str, object]
    first_granule: str | None
    last_granule: str | None
    recorded_at: datetime
    recorded_by: str
    is_repeat: bool = False
    """The same delivery came before; this is its first answer and nothing was done again."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What one delivery changed of what was known of one granule."""

    batch_id: str
    recorded_at: datetime
    recorded_by: str
    version: str
    granule: str
    rows: int
    """Rows whose label or prediction was replaced."""
    before: Counts
    after: Counts
    f1_before: float | None
    """None: undefined, no relevant case."""
    f1_after: float | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on an advice."""

    decision_id: str
    ref: ModelRef
    decided_at: datetime
    decided_by: str
    action: str
    """keep | watch | retrain | roll_back | acknowledge"""
    reason: str
    advised: str
    evidence_sha256: str
