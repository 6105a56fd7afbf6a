"""From labelled predictions to the figures that `ModelMonitor` returns. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from monitor_core import stats
from monitor_core.performance.advice import Evidence
from monitor_core.performance.tempering import running_effect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from monitor_core.performance.advice import Advice
    from monitor_core.performance.monitor_store import Label
    from monitor_core.stats import DesignEffect

    _Sums: TypeAlias = NDArray[np.int64]

__all__ = ["Baseline", "Tally", "as_dictionary", "evidence", "is_sustained", "tally"]

_ALARM = 20.0


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the monitored version is compared with: bare values, and the counts behind them where they are known."""

    given: Mapping[str, float]
    counts: tuple[float, float] | None
    """(TP, errors)"""

    @property
    def f_star(self) -> float:
        """The null of the sequential alarm: F* is at least this. A bare value is taken as exact."""
        bound = float(stats.f_star_from_f1(self.given["f1"]))
        if self.counts is not None:
            tp, errors = self.counts
            bound = stats.wilson(tp, tp + errors).low
        return min(max(bound, 1e-6), 1.0 - 1e-6)


@dataclass(frozen=True, slots=True)
class Tally:
    """Labelled predictions, counted.

    Attributes
    ----------
    tp, fp, fn, tn
        Counts.
    spread
        How much rows cluster by day and by entity.
    auc
        Over the rows that have a probability; NaN with one class only.
    scored
        Those rows.
    """

    tp: int
    fp: int
    fn: int
    tn: int
    spread: DesignEffect
    auc: stats.AucResult
    scored: int

    @property
    def n(self) -> int:
        """Labelled predictions."""
        return self.tp + self.fp + self.fn + self.tn


def tally(labels: Sequence[Label]) -> Tally:
    """Count one or more labelled predictions."""
    actual = np.array([label.actual for label in labels], dtype=bool)
    predicted = np.array([label.predicted for label in labels], dtype=bool)
    score = np.array([math.nan if label.probability is None else label.probability for label in labels], np.float64)
    hit, relevant = actual & predicted, actual | predicted
    days = _by([label.prediction_date for label in labels], hit, relevant)
    entities = _by([label.entity_id for label in labels], hit, relevant)
    spread = stats.design_effect(*days, entities=entities)
    known = ~np.isnan(score)
    auc = stats.roc_auc(actual[known], score[known], deff=spread.deff, dof=spread.dof)
    wrong, missed = predicted & ~actual, actual & ~predicted
    tp, fp, fn, tn, scored = (int(np.count_nonzero(which)) for which in (hit, wrong, missed, ~relevant, known))
    return Tally(tp, fp, fn, tn, spread, auc, scored)


def _by(keys: Sequence[str], hit: NDArray[np.bool_], relevant: NDArray[np.bool_]) -> tuple[_Sums, _Sums]:
    """Sum both by key, in order of the keys."""
    _, place = np.unique(np.array(keys, dtype=object), return_inverse=True)
    return np.bincount(place[hit], minlength=place.max() + 1), np.bincount(place[relevant], minlength=place.max() + 1)


def evidence(
    counted: Tally,
    baseline: Baseline,
    *,
    version: str,
    previous: tuple[str, int, int, float] | None,
    is_sustained: bool,
) -> Evidence:
    """Put together what an advice needs; `previous` is version, TP, errors and days since it last served."""
    name, tp, errors, age = previous or ("", 0, 0, 0.0)
    return Evidence(
        current=(counted.tp, counted.fp + counted.fn),
        baseline=baseline.counts,
        baseline_f1=None if baseline.counts is not None else baseline.given["f1"],
        previous=(tp, errors) if previous else None,
        predictions=counted.n,
        labelled=counted.n,
        design_effect=counted.spread.deff,
        design_effect_dof=counted.spread.dof if math.isfinite(counted.spread.dof) else None,
        previous_age_days=age,
        sustained=is_sustained,
        false_positives=counted.fp,
        false_negatives=counted.fn,
        version=version,
        previous_version=name,
    )


def is_sustained(days: Sequence[tuple[int, int]], baseline: Baseline) -> bool:
    """Whether the sequential alarm has gone off on any day so far: (TP, relevant cases) of each, in order."""
    if not days:
        return False
    table = np.array(days, dtype=np.float64)
    effects = running_effect(table[:, 0], table[:, 1])[:-1]
    return bool(stats.e_process(table, f_star=baseline.f_star, deff=effects).max() >= _ALARM)


def as_dictionary(counted: Tally, advice: Advice, level: str) -> dict[str, Any]:
    """Return the figures under the known names, and what they rest on under further ones."""
    options = {"deff": counted.spread.deff, "dof": counted.spread.dof}
    errors = counted.fp + counted.fn
    f1 = stats.f1_interval(counted.tp, errors, **options)
    precision = stats.wilson(counted.tp, counted.tp + counted.fp, **options)
    recall = stats.wilson(counted.tp, counted.tp + counted.fn, **options)
    return {
        "f1": f1.estimate,
        "precision": precision.estimate,
        "recall": recall.estimate,
        "roc_auc": counted.auc.auc,
        "predictions": counted.n,
        "f1_interval": (f1.low, f1.high),
        "precision_interval": (precision.low, precision.high),
        "recall_interval": (recall.low, recall.high),
        "roc_auc_interval": (counted.auc.low, counted.auc.high),
        "n": counted.n,
        "scored": counted.scored,
        "relevant": counted.tp + errors,
        "true_positives": counted.tp,
        "false_positives": counted.fp,
        "false_negatives": counted.fn,
        "true_negatives": counted.tn,
        "design_effect": counted.spread.deff,
        "degradation": level,
        "advice": {
            "action": advice.action,
            "p_any_drop": advice.p_any_drop,
            "p_drop_5": advice.p_drop_5,
            "p_drop_10": advice.p_drop_10,
            "p_previous_better": advice.p_previous_better,
            "loss_stay": advice.loss_stay,
            "loss_roll": advice.loss_roll,
            "reasons": advice.reasons,
            "missing": advice.missing,
        },
    }
