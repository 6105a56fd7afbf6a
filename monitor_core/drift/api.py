"""Compare two tables, or a table with a stored baseline, from Python."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from monitor_core.drift.build import build
from monitor_core.drift.count import count
from monitor_core.drift.results import CellState, DriftReport
from monitor_core.drift.rules import judge_single
from monitor_core.drift.summary import TableSummary
from monitor_core.settings import DriftSettings
from monitor_core.snapshots.sources import open_source
from monitor_core.values import Granularity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa
    from numpy.typing import ArrayLike

    from monitor_core.drift.baseline import Baseline
    from monitor_core.drift.executor import Executor
    from monitor_core.snapshots.roles import Roles

    Source: TypeAlias = str | Path | pa.Table | pd.DataFrame | Mapping[str, ArrayLike]

__all__ = ["build_baseline", "compare"]

_DEFAULTS = DriftSettings()


def build_baseline(
    source: Source,
    *,
    roles: Roles | None = None,
    granularity: Granularity | str | None = None,
    settings: DriftSettings = _DEFAULTS,
    executor: Executor | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Baseline:
    """Make a baseline that tables can be compared with.

    Parameters
    ----------
    source
        Path of a CSV, JSONL, Parquet or Arrow file (also gz, zip), an Arrow table, a pandas frame or a dict of arrays.
        Files may be larger than memory (see `build`).
    roles
        Which columns are monitored, which is the date, and by which column to segment. None: every column is a feature.
    granularity
        ``day`` and the like: together with a date column the baseline learns how much days differ by themselves.
    settings
        Thresholds and bounds.
    executor
        Where to count; threads by default.
    progress
        Called with the share done and a note.

    Returns
    -------
    Baseline
        Counts only, no rows; `Baseline.sha256` names its content.

    Raises
    ------
    Refused
        When the file or the arrays cannot be read; with every reason.
    InvalidInput
        When there are no rows, or a monitored column is not there.

    Examples
    --------
    >>> baseline = build_baseline({"age": [31, 54, 47, 31], "city": ["Ulm", "Bonn", None, "Ulm"]})
    >>> baseline.n_rows, [feature.kind.value for feature in baseline.grid.features]
    (4, ['numeric', 'categorical'])
    """
    unit = Granularity.parse(granularity) if isinstance(granularity, str) else granularity
    return build(
        open_source(source), roles=roles, granularity=unit, settings=settings, executor=executor, progress=progress
    )


def compare(
    baseline: Baseline,
    source: Source,
    *,
    roles: Roles | None = None,
    settings: DriftSettings = _DEFAULTS,
    executor: Executor | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> DriftReport:
    """Compare one table with a baseline, all rows together.

    Parameters
    ----------
    baseline
        From `build_baseline`.
    source, roles, settings, executor, progress
        As there. Columns are matched by name; roles only decide which unknown columns are reported as extra.

    Returns
    -------
    DriftReport
        A feature is ``drifted`` when its change is significant (Benjamini-Hochberg over the features at
        `settings.fdr`) and large enough (`settings.min_debiased_psi`); `confirmed` is None, since nothing is
        repeated. Columns that are absent, extra or of another type are in the report; they raise nothing.

    Notes
    -----
    Without granules in the baseline rows are taken as independent. Rows of one day usually are not: give the baseline
    dates and a granularity when false alarms matter.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> baseline = build_baseline({"x": rng.normal(size=5000), "y": rng.normal(size=5000)})
    >>> report = compare(baseline, {"x": rng.normal(size=1000) + 0.5, "y": rng.normal(size=1000)})
    >>> {name: feature.verdict.value for name, feature in report.features.items()}
    {'x': 'drifted', 'y': 'stable'}
    """
    counted = count(
        baseline.grid,
        open_source(source),
        roles,
        settings=replace(settings, sample_rows=0),
        executor=executor,
        progress=progress,
    )
    summary = counted.summary() if counted.n_rows else TableSummary.empty(baseline.grid)
    judged = judge_single(baseline, summary, settings=settings)
    return DriftReport(
        features={feature.name: feature for feature in judged.features},
        n_baseline=baseline.n_rows,
        n_current=summary.n_rows,
        drifted_share=judged.drifted_share,
        severity=judged.severity,
        verdict=judged.verdict,
        absent=tuple(feature.name for feature in judged.features if feature.state is CellState.ABSENT)
        or counted.absent,
        extra=tuple(name for name, _ in counted.extra),
        reasons=judged.reasons,
    )
