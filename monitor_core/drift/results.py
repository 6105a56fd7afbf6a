"""What a drift comparison says: frozen values, no behaviour beyond look-ups."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from monitor_core.values import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from monitor_core.values import ModelRef, Verdict

__all__ = [
    "Calibration",
    "CellDetail",
    "CellState",
    "Distribution",
    "DriftReport",
    "FeatureDrift",
    "FeatureKind",
    "GranuleDrift",
    "MultivariateDrift",
    "RunMatrix",
    "RunSummary",
]


class FeatureKind(StrEnum):
    """How a column is summarised."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    DATETIME = "datetime"


class Calibration(StrEnum):
    """How far the reference granules allow to correct for granules that vary more than rows do."""

    CALIBRATED = "calibrated"
    SOME = "not yet calibrated"
    NONE = "uncalibrated"


class CellState(StrEnum):
    """What one cell of the heatmap (feature x granule) says."""

    STABLE = "stable"
    UNCONFIRMED = "unconfirmed"
    """Significant and large enough in this granule, but not yet in enough of the latest ones."""
    DRIFTED = "drifted"
    UNDECIDED = "undecided"
    """Not enough rows, or the statistic cannot be computed; the reasons say which."""
    ABSENT = "absent"
    """The column is not in the data of this granule."""


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """One feature against its baseline. Shares are 0..1; statistics that cannot be computed are None.

    Attributes
    ----------
    name, kind, role
        The column; `role` is ``feature``, ``prediction`` or ``score``.
    n_baseline, n_current
        Rows on each side, missing ones included.
    psi
        Population stability index over the baseline's cells.
    noise_floor, noise_q99
        Mean and 99 % quantile of `psi` when nothing has changed.
    psi_debiased
        `psi` minus `noise_floor`; may be negative.
    ks_low, ks_high
        Bounds of the Kolmogorov-Smirnov distance; equal when it is exact. None for categories.
    js
        Jensen-Shannon distance, base 2, square root, 0..1.
    wasserstein
        Wasserstein-1 in units of the baseline's IQR/1.349, within the baseline's range. None for categories.
    p_value, p_adjusted
        Pearson's two-sample test on the cells, corrected for overdispersion; adjusted over the features.
    dof
        Degrees of freedom behind `p_value`.
    missing_share, unseen_share, out_of_range_share
        In the current data: missing, of levels the baseline never held, outside the baseline's range.
    missing_share_baseline
        For comparison with `missing_share`.
    severity
        By size of `psi`, capped to what the evidence allows.
    verdict
        ``drifted``, ``stable`` or ``undecided``.
    confirmed
        Whether the finding held in enough of the latest granules; None for a comparison without granules.
    state
        What the heatmap shows.
    reasons
        Plain sentences: why this verdict, what was left out, how many rows would be needed.
    """

    name: str
    kind: FeatureKind
    role: str
    n_baseline: int
    n_current: int
    psi: float | None
    psi_debiased: float | None
    noise_floor: float | None
    noise_q99: float | None
    ks_low: float | None
    ks_high: float | None
    js: float | None
    wasserstein: float | None
    chi2: float | None
    dof: float | None
    p_value: float | None
    p_adjusted: float | None
    missing_share: float | None
    missing_share_baseline: float | None
    unseen_share: float | None
    out_of_range_share: float | None
    calibration: Calibration
    severity: Severity
    verdict: Verdict
    confirmed: bool | None
    state: CellState
    reasons: tuple[str, ...] = ()

    @property
    def awaits_calibration(self) -> bool:
        """Whether the change is significant and large enough, and only too few reference granules hold it back.

        Such a cell is `STABLE`, since it does not alert, but not within noise: its severity is low, not none (so it is
        in `RunMatrix` too).
        """
        return self.state is CellState.STABLE and self.severity is Severity.LOW


@dataclass(frozen=True, slots=True)
class MultivariateDrift:
    """Whether a classifier can tell the current rows from the baseline's.

    `auc` .5 means no; `p_value` compares it with the reference granules' own AUC (`null_auc`);
    `drivers` are (feature, share of importance), largest first.
    """

    auc: float | None
    null_auc: tuple[float, ...]
    p_value: float | None
    n_baseline: int
    n_current: int
    verdict: Verdict
    drivers: tuple[tuple[str, float], ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GranuleDrift:
    """All features of one granule (and one segment; ``""`` is everything)."""

    granule: str
    segment: str
    n_rows: int
    features: tuple[FeatureDrift, ...]
    drifted_share: float
    """Confirmed drifted features over features that could be judged."""
    severity: Severity
    verdict: Verdict
    multivariate: MultivariateDrift | None = None
    reasons: tuple[str, ...] = ()
    window: int = 1
    """Granules that were judged together: this one and those with data before it."""


@dataclass(frozen=True, slots=True)
class DriftReport:
    """A single comparison of two tables, without granules (`monitor_core.drift.compare`)."""

    features: Mapping[str, FeatureDrift]
    n_baseline: int
    n_current: int
    drifted_share: float
    severity: Severity
    verdict: Verdict
    absent: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    multivariate: MultivariateDrift | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One saved run, as lists and report headers show it."""

    run_id: str
    ref: ModelRef
    baseline_id: str
    baseline_number: int
    baseline_rows: int
    baseline_first: str | None
    baseline_last: str | None
    segment_column: str
    first_granule: str
    last_granule: str
    n_granules: int
    n_features: int
    n_rows: int
    severity: Severity
    verdict: Verdict
    n_drifted: int
    n_unconfirmed: int
    n_undecided: int
    created_at: datetime
    created_by: str
    settings: Mapping[str, object]
    left_out: tuple[str, ...] = ()
    """Sentences: what should have been judged and was not, and why."""


@dataclass(frozen=True, slots=True, eq=False)
class RunMatrix:
    """A run as the heatmap needs it: arrays of shape (features, granules), NaN where not computable."""

    run_id: str
    segment: str
    features: tuple[str, ...]
    roles: tuple[str, ...]
    granules: tuple[str, ...]
    n_rows: NDArray[np.int64]
    """Rows a granule, shape (granules,)."""
    psi: NDArray[np.float64]
    psi_debiased: NDArray[np.float64]
    noise_floor: NDArray[np.float64]
    p_adjusted: NDArray[np.float64]
    missing_share: NDArray[np.float64]
    state: NDArray[np.int8]
    """Index into ``tuple(CellState)``."""
    severity: NDArray[np.int8]
    """`Severity.rank`."""


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """Baseline and current shares over the same display bins.

    For numbers and dates (in microseconds since 1970 UTC) `edges` has one more entry than the shares; the outer bins
    are open and hold what lies beyond the baseline's range, or beyond its middle 99 % where outliers stretch the range.
    For categories `levels` names each bar and `edges` is None. Shares are of the values that are not missing.
    """

    kind: FeatureKind
    edges: NDArray[np.float64] | None
    levels: tuple[str, ...] | None
    baseline: NDArray[np.float64]
    current: NDArray[np.float64]
    n_baseline: int
    n_current: int


@dataclass(frozen=True, slots=True, eq=False)
class CellDetail:
    """Everything about one cell of the heatmap."""

    drift: FeatureDrift
    granule: str
    segment: str
    distribution: Distribution
    trend_granules: tuple[str, ...]
    trend_psi: NDArray[np.float64]
    trend_noise_q99: NDArray[np.float64]
