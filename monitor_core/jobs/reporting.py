"""The report of a saved run: made once and kept with the run, the same whenever it is asked for.

Formats that list every cell grow with features times granules (800 bytes a cell); of a wide, long run they are
made when asked for and not kept. The bytes are the same either way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from monitor_core.drift.results import CellDetail
from monitor_core.jobs.progress import part
from monitor_core.reports import drift as reports

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor_core.drift.results import FeatureDrift, GranuleDrift, RunSummary
    from monitor_core.jobs.progress import Progress
    from monitor_core.runtime import Services

__all__ = ["report", "save_reports"]

_EVERY_CELL = frozenset({"csv", "json"})
_MOST_CELLS = 20_000


def report(services: Services, run_id: str, format: str) -> bytes:  # noqa: A002 - the word people expect
    """Return a run's report in one format; made and kept at the first call if the run's job did not.

    Raises
    ------
    NotFound
        There is no such run.
    InvalidInput
        The format is not known.
    """
    reports.check(format)
    kept = services.drift.report(run_id, format)
    if kept is not None:
        return kept
    run = services.drift.run_summary(run_id)
    granules = _granules(services, run)
    return _make(services, run, format, granules, _details(services, run, granules, lambda _share, _note: None))


def save_reports(services: Services, run: RunSummary, progress: Progress) -> None:
    """Make and keep a run's report in every format that is not kept yet, and is not too large to be kept."""
    progress(0.0, "writing the reports")
    granules = _granules(services, run)
    wanted = [name for name in reports.FORMATS if _is_kept(name, granules)]
    missing = [name for name in wanted if services.drift.report(run.run_id, name) is None]
    if not missing:
        return
    details = _details(services, run, granules, part(progress, 0.0, 0.8))
    for done, name in enumerate(missing, start=1):
        _make(services, run, name, granules, details)
        progress(0.8 + 0.2 * done / len(missing), "writing the reports")


def _make(
    services: Services,
    run: RunSummary,
    format: str,  # noqa: A002 - as above
    granules: tuple[GranuleDrift, ...],
    details: dict[str, CellDetail],
) -> bytes:
    payload = reports.render(run, services.models.get(run.ref.model_id), granules, details, format=format)
    if _is_kept(format, granules):
        services.drift.save_report(run.run_id, format, payload)
    return payload


def _is_kept(format: str, granules: tuple[GranuleDrift, ...]) -> bool:  # noqa: A002 - as above
    return format not in _EVERY_CELL or sum(len(result.features) for result in granules) <= _MOST_CELLS


def _granules(services: Services, run: RunSummary) -> tuple[GranuleDrift, ...]:
    """Return every result of the run, those of segments after the whole."""
    segments = ["", *(name for name in services.drift.segments(run.run_id) if name)]
    return tuple(
        services.drift.granule(run.run_id, label, segment)
        for segment in segments
        for label in services.drift.matrix(run.run_id, segment).granules
    )


def _details(
    services: Services, run: RunSummary, granules: tuple[GranuleDrift, ...], progress: Progress
) -> dict[str, CellDetail]:
    """Return the cell of each feature that the report shows, as `DriftService.cell` would, from what is read anyway."""
    telling = reports.telling_granules(granules)
    shown = services.drift.distributions(run.run_id, telling, progress=progress)
    whole = {
        result.granule: {feature.name: feature for feature in result.features} for result in granules[: run.n_granules]
    }
    labels = tuple(whole)
    return {
        name: CellDetail(
            drift=whole[label][name],
            granule=label,
            segment="",
            distribution=shown[name],
            trend_granules=labels,
            trend_psi=_trend([features.get(name) for features in whole.values()], "psi"),
            trend_noise_q99=_trend([features.get(name) for features in whole.values()], "noise_q99"),
        )
        for name, label in telling.items()
    }


def _trend(cells: list[FeatureDrift | None], field: str) -> NDArray[np.float64]:
    values = [None if cell is None else getattr(cell, field) for cell in cells]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
