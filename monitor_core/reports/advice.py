"""The words of a report: status, next step, and the sentence that sums it up. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor_core.drift.results import Calibration, CellState
from monitor_core.values import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor_core.drift.results import FeatureDrift
    from monitor_core.reports.document import FeatureLine

__all__ = ["CALIBRATION", "STATUS", "advise", "counted", "judge_sentence"]

STATUS = {
    CellState.DRIFTED: "DRIFT",
    CellState.UNCONFIRMED: "UNCONFIRMED",
    CellState.STABLE: "OK",
    CellState.UNDECIDED: "UNDECIDED",
    CellState.ABSENT: "ABSENT",
}
"""The word a reader sees for each state."""

CALIBRATION = {
    Calibration.CALIBRATED: "calibrated: p-values allow for {word}s that differ more than rows do",
    Calibration.SOME: "not yet calibrated: too few reference {word}s to trust p-values alone, large effects only",
    Calibration.NONE: "uncalibrated: p-values take rows as independent, large effects only",
}
"""What the calibration means for the reader."""

_FEED_SHARE = 0.05
"""A share of missing, unseen or out-of-range values that rose by this much points at the feed, not at the world."""


def advise(drift: FeatureDrift, *, word: str) -> str:
    """Say what to do next about one feature; ``-`` when there is nothing to do."""
    match drift.state:
        case CellState.ABSENT:
            return "Restore the column"
        case CellState.UNCONFIRMED:
            return f"Wait for the next {word}"
        case CellState.UNDECIDED:
            return "See reason"
        case CellState.STABLE:
            return "-"
        case _:
            return _advise_drifted(drift)


def _advise_drifted(drift: FeatureDrift) -> str:
    risen = (drift.missing_share or 0.0) - (drift.missing_share_baseline or 0.0)
    if risen >= _FEED_SHARE:
        return "Check the feed: values missing"
    if (drift.unseen_share or 0.0) >= _FEED_SHARE:
        return "Check the feed: unknown levels"
    if (drift.out_of_range_share or 0.0) >= _FEED_SHARE:
        return "Check the feed: out of range"
    return "Review, consider retraining" if drift.severity >= Severity.HIGH else "Watch"


def counted(number: int, noun: str) -> str:
    """Return ``1 feature``, ``1,250 features``.

    Examples
    --------
    >>> counted(1, "day"), counted(1250, "row")
    ('1 day', '1,250 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def judge_sentence(lines: Sequence[FeatureLine], granules: Sequence[str], *, word: str) -> str:
    """Sum the report up in a few sentences; `lines` come worst first, `granules` are labels in order."""
    if not lines or not granules:
        return "Nothing to judge: the run holds no results."
    of = {state: [line for line in lines if line.drift.state is state] for state in CellState}
    n_open = len(of[CellState.UNDECIDED]) + len(of[CellState.ABSENT])
    judged = len(lines) - n_open
    when = f"the latest {word}, {granules[-1]}" if len(granules) > 1 else granules[-1]
    if drifted := of[CellState.DRIFTED]:
        parts = [_drift_sentence(drifted, judged, when)]
    elif judged:
        parts = [f"No drift in {counted(judged, 'feature')} in {when}."]
    else:
        parts = [f"Not enough data: no feature could be judged in {when}."]
    if unconfirmed := len(of[CellState.UNCONFIRMED]):
        parts.append(f"{counted(unconfirmed, 'feature')} unconfirmed: seen, but not yet in enough {word}s to alert.")
    if n_open and judged:
        parts.append(f"{counted(n_open, 'feature')} could not be judged.")
    past = sum(1 for line in lines if line.n_drifted and line.drift.state is not CellState.DRIFTED)
    if past:
        parts.append(f"{past:,} more drifted earlier in these {counted(len(granules), word)}.")
    return " ".join(parts)


def _drift_sentence(drifted: Sequence[FeatureLine], judged: int, when: str) -> str:
    worst = drifted[0]
    psi = f" (PSI {worst.drift.psi:.2f})" if worst.drift.psi is not None else ""
    return f"{len(drifted):,} of {counted(judged, 'feature')} drifted in {when}, most of all {worst.name}{psi}."
