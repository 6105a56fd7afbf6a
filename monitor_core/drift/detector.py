"""The front door that the original system's users know: arrays in, a dictionary or a text out."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from monitor_core import stats
from monitor_core.clock import now
from monitor_core.drift.baseline import Baseline
from monitor_core.drift.build import build
from monitor_core.drift.count import count
from monitor_core.drift.detector_report import level_of, write_report
from monitor_core.drift.detector_store import DetectorStore, points
from monitor_core.drift.grid import Grid
from monitor_core.drift.place import place_numbers
from monitor_core.drift.results import FeatureKind
from monitor_core.drift.rules import judge_single
from monitor_core.drift.summary import TableSummary, Tally
from monitor_core.errors import InvalidInput
from monitor_core.settings import DriftSettings
from monitor_core.snapshots.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from numpy.typing import ArrayLike, NDArray

    from monitor_core.drift.results import FeatureDrift

__all__ = ["DriftDetector"]

_KS_DRIFT = 0.30
_PSI_DRIFT, _PSI_MODERATE = 0.25, 0.10
_MOST_POINTS = 10_000


class DriftDetector:
    """Keep baselines of features in a file, and compare later values with them.

    The names, arguments and results of the original system's detector, over this package's statistics. What
    differs from it:

    - PSI counts in quantile cells of the baseline whose outer ones are open, not in bins of equal width; values
      beyond the baseline's range and missing values count. One half is added to each cell. Figures therefore
      differ, most of all for skewed data.
    - `status` still follows the well-known sizes of PSI and KS. Beside it stands `verdict`, which also asks whether
      the difference is more than noise: with few rows a large PSI means little.
    - A stored baseline keeps its counts, so a later comparison is exact, however large the data were.
    - Categories, truth values and dates are accepted, too.

    Parameters
    ----------
    baseline_db
        Path of an SQLite file, made when it does not exist, or ``":memory:"``.
    model_version
        Baselines are kept for each version.
    settings
        Thresholds of `verdict`.

    Attributes
    ----------
    baseline_db, model_version
        As given.
    left_out
        Features that the latest `detect_drift` could not compare, with the reason.

    Examples
    --------
    >>> detector = DriftDetector(":memory:", "1.0.0")
    >>> rng = np.random.default_rng(1)
    >>> detector.store_baseline_distribution("rsi_14", rng.normal(50, 10, 5_000))
    >>> result = detector.detect_drift({"rsi_14": rng.normal(57, 10, 1_000)})["rsi_14"]
    >>> result["status"], result["verdict"], result["n"]
    ('DRIFT', 'drifted', 1000)
    """

    def __init__(
        self, baseline_db: str | PathLike[str], model_version: str, *, settings: DriftSettings | None = None
    ) -> None:
        self.baseline_db = baseline_db
        self.model_version = model_version
        self.left_out: dict[str, str] = {}
        self._settings = settings or DriftSettings()
        self._store = DetectorStore(baseline_db)

    def calculate_ks_statistic(self, baseline_dist: ArrayLike, production_dist: ArrayLike) -> float:
        """Return the exact two-sample Kolmogorov-Smirnov distance, 0..1; NaN when a side has no values.

        Missing values are left out.

        Examples
        --------
        >>> DriftDetector(":memory:", "1").calculate_ks_statistic([1, 2, 3, 4], [3, 4, 5, 6])
        0.5
        """
        left, right = _values(baseline_dist), _values(production_dist)
        if not len(left) or not len(right):
            return math.nan
        everything = np.concatenate([left, right])
        below_left = np.searchsorted(left, everything, side="right") / len(left)
        below_right = np.searchsorted(right, everything, side="right") / len(right)
        return float(np.abs(below_left - below_right).max())

    def calculate_ks_statistic_with_pvalue(
        self, baseline_dist: ArrayLike, production_dist: ArrayLike
    ) -> tuple[float, float]:
        """Return the KS distance and its two-sided p-value; both NaN when a side has no values.

        Exact for small samples, asymptotic for large ones (SciPy decides). Rows are taken as independent; with ties
        the p-value is too large.
        """
        from scipy.stats import ks_2samp  # noqa: PLC0415 - costs more than a second

        left, right = _values(baseline_dist), _values(production_dist)
        if not len(left) or not len(right):
            return math.nan, math.nan
        result = ks_2samp(left, right)
        return float(result.statistic), float(result.pvalue)

    def calculate_psi(self, baseline_dist: ArrayLike, production_dist: ArrayLike, bins: int = 10) -> float:
        """Return the population stability index over `bins` quantile cells of the baseline; NaN when a side is empty.

        At most 20 distinct baseline values have a cell each, whatever `bins` is. Missing values have a cell, too. The
        index is above 0 by chance alone: by ``bins * (1/n + 1/m)`` or so (`stats.psi` tells it exactly).

        Raises
        ------
        InvalidInput
            When `bins` is below 2, or values are not numbers.
        """
        if bins < 2:
            raise InvalidInput(f"bins={bins!r}", hint="at least 2")
        left, right = _values(baseline_dist), _values(production_dist)
        missing = np.size(baseline_dist) - len(left), np.size(production_dist) - len(right)
        if not len(left) or not len(right) + missing[1]:
            return math.nan
        edges = _edges(left, bins)
        counts = [
            [*np.bincount(np.searchsorted(edges, side, side="right"), minlength=len(edges) + 1), lost]
            for side, lost in zip((left, right), missing, strict=True)
        ]
        return stats.psi(counts[0], counts[1]).psi

    def store_baseline_distribution(self, feature_name: str, distribution: ArrayLike) -> None:
        """Keep what a feature looked like; it replaces what was kept for the same feature and model version.

        Raises
        ------
        InvalidInput
            When there are no values, or they are not a column (two dimensions, mixed types).
        """
        baseline = build(open_source({feature_name: distribution}), settings=self._settings)
        self._store.put(feature_name, self.model_version, baseline, now=now())

    def load_baseline_distribution(self, feature_name: str) -> NDArray[Any] | None:
        """Return values that are distributed as the stored baseline; None when there is none.

        For numbers up to 10,000 values in order, at even steps of rank: exactly the stored ones where there are not
        more than that and at most 1,000 differ, else to within one in 2,000 of their ranks. For categories the
        levels, each as often as it came. Missing values are left out.
        """
        held = self._store.get(feature_name, self.model_version)
        if not isinstance(held, Baseline):
            return None
        summary = held.total().feature(feature_name)
        if not summary.grid.is_ordered:
            return np.repeat(np.array(summary.grid.levels, dtype=object), summary.cells[:-1])
        values, counts = points(summary)
        n = int(counts.sum())
        ranks = np.arange(n) if n <= _MOST_POINTS else np.linspace(0, n - 1, _MOST_POINTS).astype(np.int64)
        return np.asarray(values[np.searchsorted(np.cumsum(counts), ranks, side="right")] if n else np.zeros(0))

    def detect_drift(self, production_data: Mapping[str, ArrayLike]) -> dict[str, dict[str, Any]]:
        """Compare each feature with its stored baseline.

        Parameters
        ----------
        production_data
            Values by feature; the arrays may differ in length.

        Returns
        -------
        dict
            By feature: `ks_statistic` (the middle of `ks_low` and `ks_high`; NaN for categories), `psi` and `status`
            (``DRIFT`` from PSI .25 or above KS .3, ``MODERATE`` from PSI .1, else ``OK``), by size alone. And what
            the evidence says: `verdict`, `severity`, `psi_debiased`, `noise_floor`, `p_value`, `p_adjusted` (over the
            features given), `n`, `n_baseline`, `missing_share`, `reasons`. What cannot be computed is NaN.

            Features without a baseline are left out; `left_out` has the reasons.
        """
        self.left_out = {}
        pairs: list[tuple[Baseline, TableSummary]] = []
        for name, values in production_data.items():
            held = self._store.get(name, self.model_version)
            if isinstance(held, Baseline):
                counted = count(held.grid, open_source({name: values}))
                empty = TableSummary.empty(held.grid)
                pairs.append((held, counted.summary() if counted.n_rows else empty))
            else:
                self.left_out[name] = held
        if not pairs:
            return {}
        baselines, current = zip(*pairs, strict=True)
        total = _side_by_side([baseline.total() for baseline in baselines])
        whole = Baseline(total.grid, {"": total}, {})
        judged = judge_single(whole, replace(_side_by_side(current), grid=total.grid), settings=self._settings)
        return {drift.name: _result(drift) for drift in judged.features}

    def generate_drift_report(self, results: Mapping[str, Mapping[str, Any]], date: str) -> str:
        """Write the results of `detect_drift` as a text, with `date` as its date."""
        return write_report(results, str(date), model_version=self.model_version, left_out=self.left_out)

    def determine_alert_severity(self, psi: float, ks_stat: float) -> str:  # noqa: ARG002 - the original's signature
        """Return the name of a size of PSI: ``low`` < .1 <= ``moderate`` < .25 <= ``high`` < .4 <= ``critical``.

        `ks_stat` has no part in it, as before. A size is no evidence: see `verdict` in `detect_drift`.
        """
        return level_of(psi).value


def _values(values: ArrayLike) -> NDArray[np.float64]:
    """Return sorted numbers without the missing ones."""
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"values are not numbers: {error}") from None
    if numbers.ndim != 1:
        raise InvalidInput(f"an array of shape {numbers.shape}", hint="one dimension")
    return np.sort(numbers[~np.isnan(numbers)])


def _edges(ordered: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """Return where PSI cells begin: as everywhere else for ten, at other quantiles for another number."""
    grid = place_numbers("values", FeatureKind.NUMERIC, "feature", "double", ordered, knots=10 * bins)
    if bins == 10 or len(np.unique(ordered)) <= 20:
        return np.asarray(grid.knots[grid.starts[1:] - 1], dtype=np.float64)
    ranks = np.arange(1, bins) * len(ordered) // bins
    return np.unique(ordered[ranks])


def _side_by_side(parts: Sequence[TableSummary]) -> TableSummary:
    """Put features that were counted apart into one table; where a column is shorter the rest counts as not there."""
    n_rows = max(part.n_rows for part in parts)
    tallies = np.concatenate([part.tallies for part in parts])
    tallies[:, Tally.ABSENT] += np.array([n_rows - part.n_rows for part in parts])
    return TableSummary(
        Grid(tuple(part.grid.features[0] for part in parts)),
        n_rows,
        np.concatenate([part.cells for part in parts]),
        tallies,
        np.concatenate([part.sums for part in parts]),
        np.concatenate([part.extremes for part in parts]),
        tuple(pair for part in parts for pair in part.retyped),
    )


def _result(drift: FeatureDrift) -> dict[str, Any]:
    low, high = _number(drift.ks_low), _number(drift.ks_high)
    psi = _number(drift.psi)
    return {
        "ks_statistic": (low + high) / 2.0,
        "psi": psi,
        "status": _status(psi, low),
        "verdict": drift.verdict.value,
        "severity": drift.severity.value,
        "psi_debiased": _number(drift.psi_debiased),
        "noise_floor": _number(drift.noise_floor),
        "p_value": _number(drift.p_value),
        "p_adjusted": _number(drift.p_adjusted),
        "ks_low": low,
        "ks_high": high,
        "n": drift.n_current,
        "n_baseline": drift.n_baseline,
        "missing_share": _number(drift.missing_share),
        "reasons": drift.reasons,
    }


def _status(psi: float, ks_low: float) -> str:
    if psi >= _PSI_DRIFT or ks_low > _KS_DRIFT:
        return "DRIFT"
    return "MODERATE" if psi >= _PSI_MODERATE else "OK"


def _number(value: float | None) -> float:
    return math.nan if value is None else value
