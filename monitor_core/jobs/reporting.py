"""The report of a saved run: made once, kept with the run, the same whenever it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.jobs.progress import part
from monitor_core.reports import drift as reports

if TYPE_CHECKING:
    from monitor_core.drift.results import CellDetail, GranuleDrift, RunSummary
    from monitor_core.jobs.progress import Progress
    from monitor_core.runtime import Services

__all__ = ["report", "save_reports"]


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
    """Make and keep a run's report in every format that is not kept yet."""
    missing = [name for name in reports.FORMATS if services.drift.report(run.run_id, name) is None]
    if not missing:
        return
    progress(0.0, "writing the reports")
    granules = _granules(services, run)
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
    services.drift.save_report(run.run_id, format, payload)
    return payload


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
    telling = reports.telling_granules(granules)
    details = {}
    for number, (name, label) in enumerate(telling.items()):
        progress(number / len(telling), f"charts of the report: {number:,} of {len(telling):,} features")
        details[name] = services.drift.cell(run.run_id, name, label, "")
    return details
