"""Where `DriftDetector` keeps its baselines: one table in an SQLite file of its own."""

from __future__ import annotations

import json
import math
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.drift.baseline import Baseline
from monitor_core.drift.grid import FeatureGrid, Grid
from monitor_core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from os import PathLike

    from monitor_core.drift.summary import FeatureSummary

__all__ = ["DetectorStore", "quantiles"]

_TABLE = """
CREATE TABLE IF NOT EXISTS drift_baselines (
    baseline_id INTEGER PRIMARY KEY AUTOINCREMENT,
    feature_name TEXT NOT NULL,
    model_version TEXT NOT NULL,
    distribution_type TEXT NOT NULL,
    bins TEXT NOT NULL,
    counts TEXT NOT NULL,
    mean REAL,
    std REAL,
    min REAL,
    max REAL,
    percentiles TEXT NOT NULL,
    created_at TEXT NOT NULL,
    grid BLOB,
    summary BLOB,
    UNIQUE (feature_name, model_version)
)
"""

_PUT = """
INSERT INTO drift_baselines (feature_name, model_version, distribution_type, bins, counts, mean, std, min, max,
    percentiles, created_at, grid, summary)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (feature_name, model_version) DO UPDATE SET
    distribution_type = excluded.distribution_type, bins = excluded.bins, counts = excluded.counts,
    mean = excluded.mean, std = excluded.std, min = excluded.min, max = excluded.max,
    percentiles = excluded.percentiles, created_at = excluded.created_at, grid = excluded.grid,
    summary = excluded.summary
"""

_PERCENTS = (5, 25, 50, 75, 95)


class DetectorStore:
    """Keeps one baseline a feature and model version.

    A file that the original system wrote is taken over: the columns that it lacks are added, and features
    stored without counts are reported as not comparable until they are stored again.

    Parameters
    ----------
    path
        An SQLite file, made when it does not exist, or ``":memory:"``.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = path
        self._kept = sqlite3.connect(path, check_same_thread=False) if str(path) == ":memory:" else None
        with self._connection() as connection:
            connection.execute(_TABLE)
            held = {row[1] for row in connection.execute("PRAGMA table_info(drift_baselines)")}
            for column in ("grid", "summary"):
                if column not in held:
                    connection.execute(f"ALTER TABLE drift_baselines ADD COLUMN {column} BLOB")

    def put(self, feature: str, version: str, baseline: Baseline, *, now: datetime) -> None:
        """Keep a baseline of one column; it replaces an older one of the same feature and version."""
        summary = baseline.total().feature(baseline.grid.features[0].name)
        bins, counts = _histogram(baseline, summary)
        percentiles = dict(zip((f"p{part}" for part in _PERCENTS), quantiles(summary, _PERCENTS), strict=False))
        described = (summary.mean, summary.std, summary.minimum, summary.maximum)
        ((_, _, payload),) = baseline.blocks()
        with self._connection() as connection:
            connection.execute(
                _PUT,
                (
                    feature,
                    version,
                    summary.grid.kind.value,
                    json.dumps(bins),
                    json.dumps(counts),
                    *described,
                    json.dumps(percentiles),
                    now.isoformat(),
                    baseline.grid.to_bytes(),
                    payload,
                ),
            )

    def get(self, feature: str, version: str) -> Baseline | str:
        """Return the baseline, or why there is none to compare with."""
        query = "SELECT grid, summary FROM drift_baselines WHERE feature_name = ? AND model_version = ?"
        with self._connection() as connection:
            row = connection.execute(query, (feature, version)).fetchone()
        if row is None:
            return f"no baseline is stored for model version {version!r}"
        if row[0] is None or row[1] is None:
            return "the stored baseline has no counts (an older version wrote it): store it again"
        return Baseline.from_blocks(Grid.from_bytes(row[0]), [("", 0, row[1])])

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            if self._kept:
                with self._kept as connection:
                    yield connection
            else:
                with closing(sqlite3.connect(self._path)) as opened, opened as connection:
                    yield connection
        except sqlite3.Error as error:
            raise Unavailable(f"drift baselines in {str(self._path)!r}: {error}") from error


def quantiles(summary: FeatureSummary, percents: Sequence[float]) -> list[float]:
    """Return percentiles of a number or date, to within one cell of the summary; none for categories and empty columns.

    The lower end of the cell is taken, which is the exact order statistic where each distinct value has a cell.
    """
    values, counts = points(summary)
    if not counts.sum():
        return []
    ranks = np.ceil(np.asarray(percents) / 100.0 * counts.sum()).clip(1)
    return [float(value) for value in values[np.searchsorted(np.cumsum(counts), ranks)]]


def points(summary: FeatureSummary) -> tuple[np.ndarray, np.ndarray]:
    """Return a value for each fine cell (its lower end) and the rows in it; empty for categories."""
    knots = summary.grid.knots
    if not summary.grid.is_ordered or not len(knots):
        return np.zeros(0), np.zeros(0, np.int64)
    return np.concatenate([knots[:1], knots]).astype(np.float64), summary.cells


def _histogram(baseline: Baseline, summary: FeatureSummary) -> tuple[list[float | str | None], list[int]]:
    """Return what people read in the table: the ends of the PSI cells (or the levels) and the rows in them."""
    feature: FeatureGrid = summary.grid
    if not feature.is_ordered:
        return [*feature.levels], [int(count) for count in summary.cells[:-1]]
    counts = [int(count) for count in baseline.total().psi_cells()[:-1]]
    inner = [float(knot) for knot in feature.knots[feature.starts[1:] - 1]]
    ends = [summary.minimum, *inner, summary.maximum]
    return [end if end is not None and math.isfinite(end) else None for end in ends], counts
