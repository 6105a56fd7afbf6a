"""The words and colours of states, and numbers as the pages show them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from monitor_core.drift.results import CellState
from monitor_core.values import Severity

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from monitor_core.drift.results import RunSummary

    Colour = Literal["red", "orange", "green", "gray", "blue"]

__all__ = ["AWAITS", "SEVERITY", "STATE", "age", "counted", "duration", "moment", "run_status", "size", "state_words"]

SEVERITY: dict[Severity, tuple[str, Colour, str]] = {
    Severity.CRITICAL: ("Critical", "red", ":material/error:"),
    Severity.HIGH: ("High", "red", ":material/warning:"),
    Severity.MODERATE: ("Moderate", "orange", ":material/warning:"),
    Severity.LOW: ("Low", "gray", ":material/info:"),
    Severity.NONE: ("None", "green", ":material/check_circle:"),
}
"""Word, colour and icon of each severity."""

STATE: dict[CellState, tuple[str, Colour]] = {
    CellState.DRIFTED: ("Drifted", "red"),
    CellState.UNCONFIRMED: ("Unconfirmed", "orange"),
    CellState.STABLE: ("Within noise", "gray"),
    CellState.UNDECIDED: ("Undecided", "gray"),
    CellState.ABSENT: ("Absent", "gray"),
}
"""Word and colour of each state of a cell."""

AWAITS: tuple[str, Colour] = ("Significant, days not yet calibrated", "gray")
"""Word and colour of a cell that only too few reference granules hold back (`FeatureDrift.awaits_calibration`)."""

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def state_words(state: CellState, *, awaits: bool) -> tuple[str, Colour]:
    """Return word and colour of a cell.

    Examples
    --------
    >>> state_words(CellState.STABLE, awaits=False)[0], state_words(CellState.STABLE, awaits=True)[0]
    ('Within noise', 'Significant, days not yet calibrated')
    """
    return AWAITS if awaits and state is CellState.STABLE else STATE[state]


def run_status(run: RunSummary, *, n_absent: int = 0) -> tuple[str, Colour, str]:
    """Return the one badge of a run: what its latest granule says.

    Parameters
    ----------
    n_absent
        Features that are missing from the latest granule.
    """
    absent = f"{n_absent:,} absent"
    if run.n_drifted:
        _, colour, icon = SEVERITY[max(run.severity, Severity.MODERATE)]
        return f"{run.n_drifted:,} of {run.n_features:,} drifting{f', {absent}' if n_absent else ''}", colour, icon
    if n_absent:
        return absent, "orange", ":material/visibility_off:"
    if run.n_features and run.n_undecided >= run.n_features:
        return "Not enough data", "gray", ":material/help:"
    if run.n_unconfirmed:
        return f"{run.n_unconfirmed:,} unconfirmed", "orange", ":material/hourglass_top:"
    return "No drift", "green", ":material/check_circle:"


def counted(number: int, noun: str) -> str:
    """Return ``1 row``, ``20,000 rows``.

    Examples
    --------
    >>> counted(1, "row"), counted(20_000, "row")
    ('1 row', '20,000 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Return a length of time in its one telling unit.

    Examples
    --------
    >>> duration(0.2), duration(75), duration(7200), duration(3 * 86_400)
    ('under 1 s', '1 min', '2 h', '3 d')
    """
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{int(seconds // length):,} {unit}"
    return "under 1 s"


def age(then: datetime, now: datetime) -> str:
    """Return how long ago something was; a moment still to come counts as now.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> age(datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 23, 5, tzinfo=UTC))
    '2 d'
    """
    return duration(max((now - then).total_seconds(), 0.0))


def moment(when: datetime, zone: tzinfo) -> str:
    """Return a moment in the viewer's zone.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> moment(datetime(2026, 11, 21, 5, 30, tzinfo=UTC), UTC)
    '2026-11-21 05:30'
    """
    return f"{when.astimezone(zone):%Y-%m-%d %H:%M}"


def size(n_bytes: int) -> str:
    """Return a number of bytes as people say it.

    Examples
    --------
    >>> size(532), size(2_500_000), size(3 * 2**30)
    ('532 B', '2.4 MiB', '3.0 GiB')
    """
    value, unit = float(n_bytes), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{int(value)} B" if unit == "B" else f"{value:.1f} {unit}"
