"""The front door that the original system's users know: labelled predictions in, a dictionary or a text out."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from monitor_core import clock
from monitor_core.errors import InvalidInput
from monitor_core.performance.advice import advise
from monitor_core.performance.advice_words import level_of
from monitor_core.performance.monitor_metrics import Baseline, as_dictionary, evidence, is_sustained, tally
from monitor_core.performance.monitor_report import rollback_sentence, write_report
from monitor_core.performance.monitor_store import Label, MonitorStore
from monitor_core.settings import PerformanceSettings
from monitor_core.values import takes_old_entity_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from monitor_core.clock import Clock

__all__ = ["ModelMonitor"]

_METRICS = ("f1", "precision", "recall", "roc_auc")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ModelMonitor:
    """Keep labelled predictions in a file, and tell how well the model does against its baseline.

    The names, arguments and results of the original system's monitor, over this package's statistics. What differs
    from it:

    - A metric that is undefined (no relevant case, one class only) is NaN, not 0.
    - Beside each figure stand its 95 % interval, what it rests on, and an advice that says how sure a fall is. The
      level (``minor``, ``moderate``, ``severe``) is a size, and no evidence.
    - A window of 30 days is 30 days: today and the 29 before it, in UTC.
    - Labels and probabilities out of range, and dates that are none, are refused.

    Parameters
    ----------
    predictions_db
        Path of an SQLite file, made when it does not exist, or ``":memory:"``.
    baseline_metrics
        `f1`, and as far as known `precision`, `recall` and `roc_auc`, of the test set; 0..1.
    model_version
        The version whose labels are judged.
    baseline_counts
        (TP, FP + FN) of the test set. Without them the baseline is taken as exact, and said so.
    settings
        Least counts and levels.
    now
        Tells what day it is.

    Attributes
    ----------
    predictions_db, baseline_metrics, model_version
        As given.

    Examples
    --------
    >>> monitor = ModelMonitor(":memory:", {"f1": 0.72, "precision": 0.68, "recall": 0.76}, "1.0.0")
    >>> for row in range(200):
    ...     monitor.store_production_label(str(row), "2025-11-14", "2025-11-20", row % 2, row % 2 or row % 3 == 0, 0.5)
    >>> metrics = monitor.calculate_production_metrics("2025-11-01", "2025-11-30")
    >>> round(metrics["f1"], 3), metrics["predictions"], metrics["advice"]["action"]
    (0.855, 200, 'keep')
    """

    def __init__(
        self,
        predictions_db: str | PathLike[str],
        baseline_metrics: Mapping[str, float],
        model_version: str,
        *,
        baseline_counts: tuple[float, float] | None = None,
        settings: PerformanceSettings | None = None,
        now: Clock = clock.now,
    ) -> None:
        self.predictions_db = predictions_db
        self.baseline_metrics = baseline_metrics
        self.model_version = model_version
        self._baseline = _baseline(baseline_metrics, baseline_counts)
        self._settings = settings or PerformanceSettings()
        self._now = now
        self._store = MonitorStore(predictions_db)

    @takes_old_entity_name
    def store_production_label(  # noqa: PLR0917 - the original's signature
        self,
        entity_id: str,
        prediction_date: str,
        earnings_date: str,
        actual_label: int,
        predicted_label: int,
        predicted_probability: float | None,
        model_version: str | None = None,
    ) -> None:
        """Keep what became of a prediction; a second call for the same entity and date replaces the first.

        Parameters
        ----------
        entity_id
            What the prediction was about (its old name `bse_code` works, too).
        prediction_date, earnings_date
            When it was made, and when the truth was known; ``YYYY-MM-DD``.
        actual_label, predicted_label
            0 or 1.
        predicted_probability
            0..1; None where there is none.
        model_version
            The monitored version, unless said otherwise.

        Raises
        ------
        InvalidInput
            Names the argument, the value and what is allowed.
        """
        label = Label(
            _entity(entity_id),
            _day("prediction_date", prediction_date),
            _label("actual_label", actual_label),
            _label("predicted_label", predicted_label),
            None if predicted_probability is None else _share("predicted_probability", predicted_probability),
        )
        known = _day("earnings_date", earnings_date)
        self._store.put(label, earnings_date=known, version=model_version or self.model_version, now=self._now())

    def load_production_labels(
        self, start_date: str, end_date: str, model_version: str | None = None
    ) -> list[dict[str, Any]]:
        """Return what is kept of a version (the monitored one by default), both dates included.

        Returns
        -------
        list of dict
            `entity_id` (also as `bse_code`), `prediction_date`, `actual_label`, `predicted_label`,
            `predicted_probability`; by date and entity.
        """
        return [
            {
                "bse_code": label.entity_id,
                "entity_id": label.entity_id,
                "prediction_date": label.prediction_date,
                "actual_label": label.actual,
                "predicted_label": label.predicted,
                "predicted_probability": label.probability,
            }
            for label in self._labels(start_date, end_date, model_version)
        ]

    def calculate_production_metrics(
        self, start_date: str, end_date: str, min_predictions: int = 100
    ) -> dict[str, Any]:
        """Return the metrics of the monitored version from `start_date` to `end_date`, both included.

        Returns
        -------
        dict
            `f1`, `precision`, `recall`, `roc_auc` (NaN where undefined) and `predictions`. And what they rest on:
            `f1_interval` and the like (95 %, Wilson on F* with the design effect of days and entities; DeLong for the
            AUC), `n`, `scored`, `relevant`, the four counts, `design_effect`, `degradation`, `advice`.

            With fewer than `min_predictions`: ``{"insufficient_data": True, "count": ..., "needed": ...}``.
        """
        start_date, end_date = _day("start_date", start_date), _day("end_date", end_date)
        labels = self._labels(start_date, end_date, None)
        window = {"start_date": start_date, "end_date": end_date}
        if len(labels) < min_predictions or not labels:
            return {"insufficient_data": True, "count": len(labels), "needed": min_predictions, **window}
        counted = tally(labels)
        held = evidence(
            counted,
            self._baseline,
            version=self.model_version,
            previous=self._previous(end_date),
            is_sustained=is_sustained(self._store.days(end_date, version=self.model_version), self._baseline),
        )
        advice = advise(held, settings=self._settings)
        return {**as_dictionary(counted, advice, advice.level), **window}

    def calculate_rolling_metrics(self, window_days: int = 30) -> dict[str, Any]:
        """Return `calculate_production_metrics` of the last `window_days` days, today (UTC) included."""
        if window_days < 1:
            raise InvalidInput(f"window_days is {window_days!r}", hint="allowed: 1 or more")
        today = self._now().date()
        first = today - timedelta(days=window_days - 1)
        found = self.calculate_production_metrics(first.isoformat(), today.isoformat())
        return {**found, "window_days": window_days}

    def detect_degradation(self, metrics: Mapping[str, Any]) -> str:
        """Return the size of the relative drop of F1.

        ``none``, ``minor`` (from 3 %), ``moderate`` (from 5 %) or ``severe`` (above 10 %). A size is no evidence:
        see `advice` in `calculate_production_metrics`. Without F1 (not enough data, undefined) or with a baseline of
        0 there is no size: ``none``.
        """
        f1, baseline = metrics.get("f1"), self._baseline.given["f1"]
        if f1 is None or math.isnan(f1) or not baseline:
            return "none"
        return level_of((baseline - f1) / baseline, self._settings)

    def generate_performance_report(self, metrics: Mapping[str, Any], date: str) -> str:
        """Write the results of `calculate_production_metrics` as a text, with `date` as its date."""
        return write_report(
            metrics,
            str(date),
            baseline=self._baseline.given,
            baseline_counts=self._baseline.counts,
            version=self.model_version,
            level=self.detect_degradation(metrics),
        )

    def recommend_rollback(self, status: str) -> str | None:
        """Return a sentence for ``severe``, else None.

        By size alone, as before; `advice` in `calculate_production_metrics` says what the evidence carries.
        """
        if status != "severe":
            return None
        previous = self._store.previous(self._now().date().isoformat(), version=self.model_version)
        return rollback_sentence(self.model_version, previous[0] if previous else None)

    def get_dashboard_metrics(self) -> dict[str, Any]:
        """Return the last 30 days for a dashboard.

        Returns
        -------
        dict
            `f1_score`, `precision`, `recall`, `roc_auc`, `degradation_severity`, `predictions`, `f1_interval`, `advice`
            (the action). Without enough data the metrics are NaN, the severity is ``unknown``, and `insufficient_data`
            is there.
        """
        metrics = self.calculate_rolling_metrics()
        if metrics.get("insufficient_data"):
            nothing = dict.fromkeys(("f1_score", "precision", "recall", "roc_auc"), math.nan)
            return {
                **nothing,
                "degradation_severity": "unknown",
                "predictions": metrics["count"],
                "f1_interval": (0.0, 1.0),
                "advice": "not_enough_evidence",
                "insufficient_data": True,
            }
        return {
            "f1_score": metrics["f1"],
            "precision": metrics["precision"],
            "recall": metrics["recall"],
            "roc_auc": metrics["roc_auc"],
            "degradation_severity": self.detect_degradation(metrics),
            "predictions": metrics["predictions"],
            "f1_interval": metrics["f1_interval"],
            "advice": metrics["advice"]["action"],
        }

    def _labels(self, start_date: str, end_date: str, version: str | None) -> list[Label]:
        first, last = _day("start_date", start_date), _day("end_date", end_date)
        if first > last:
            raise InvalidInput(f"start_date {first} is after end_date {last}")
        return self._store.labels(first, last, version=version or self.model_version)

    def _previous(self, end_date: str) -> tuple[str, int, int, float] | None:
        found = self._store.previous(end_date, version=self.model_version)
        if found is None:
            return None
        version, tp, errors, last = found
        return version, tp, errors, float((date.fromisoformat(end_date) - date.fromisoformat(last)).days)


def _baseline(metrics: Mapping[str, float], counts: tuple[float, float] | None) -> Baseline:
    if "f1" not in metrics:
        raise InvalidInput(f"baseline_metrics has {sorted(metrics)}", hint="f1 is needed")
    given = {name: _share(f"baseline_metrics[{name!r}]", metrics[name]) for name in _METRICS if name in metrics}
    if counts is not None and (
        len(counts) != 2 or not all(math.isfinite(c) and c >= 0 for c in counts) or not sum(counts)
    ):
        raise InvalidInput(f"baseline_counts is {counts!r}", hint="(true positives, errors), 0 or more, not both 0")
    return Baseline(given, counts)


def _entity(value: object) -> str:
    text = str(value)
    if value is None or not text.strip():
        raise InvalidInput(f"entity_id is {value!r}", hint="allowed: text that is not empty")
    return text


def _day(name: str, value: object) -> str:
    text = value.isoformat()[:10] if isinstance(value, date) else str(value)
    with suppress(ValueError):
        if _DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    raise InvalidInput(f"{name} is {value!r}", hint="allowed: a date, YYYY-MM-DD")


def _label(name: str, value: Any) -> int:
    with suppress(TypeError, ValueError):
        if value in {0, 1}:
            return int(value)
    raise InvalidInput(f"{name} is {value!r}", hint="allowed: 0 or 1")


def _share(name: str, value: Any) -> float:
    try:
        share = float(value)
    except (TypeError, ValueError):
        share = math.nan
    if not 0.0 <= share <= 1.0:
        raise InvalidInput(f"{name} is {value!r}", hint="allowed: a number from 0 to 1")
    return share
