"""Labels of granules as the whole numbers of `Granules`, many at once; windows of days in granules."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.errors import InvalidInput
from monitor_core.values import GranularityKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from monitor_core.values import Granularity

__all__ = ["code_of", "codes_of", "granules_a_year", "granules_in"]

_UNITS = {
    GranularityKind.HOUR: "h",
    GranularityKind.DAY: "D",
    GranularityKind.MONTH: "M",
    GranularityKind.YEAR: "Y",
}
_A_YEAR = {
    GranularityKind.HOUR: 8_760,
    GranularityKind.DAY: 365,
    GranularityKind.WEEK: 52,
    GranularityKind.MONTH: 12,
    GranularityKind.YEAR: 1,
    GranularityKind.ROWS: 365,
}
_HOURS = {GranularityKind.HOUR: 1.0, GranularityKind.DAY: 24.0, GranularityKind.WEEK: 168.0, GranularityKind.MONTH: 730}


def codes_of(labels: Sequence[str], granularity: Granularity) -> NDArray[np.int64]:
    """Return the code of each label, as `Granules.code` does one by one: one more for each granule later.

    Examples
    --------
    >>> from monitor_core.values import Granularity
    >>> codes_of(["2026-02-28", "2026-03-01"], Granularity.parse("day"))
    array([20512, 20513])
    >>> codes_of(["2025-W52", "2026-W01"], Granularity.parse("week"))
    array([2921, 2922])
    >>> codes_of(["#00000012"], Granularity.parse("rows:500"))
    array([11])
    """
    if granularity.kind is GranularityKind.ROWS:
        return np.array([int(label[1:]) - 1 for label in labels], dtype=np.int64)
    if granularity.kind is GranularityKind.WEEK:
        return np.array([_week(label) for label in labels], dtype=np.int64)
    moments = np.array(labels, dtype=f"datetime64[{_UNITS[granularity.kind]}]")
    return moments.astype(np.int64)


def code_of(label: str, granularity: Granularity) -> int:
    """Return the code of a label that somebody wrote; raises `InvalidInput` when it is not one.

    Examples
    --------
    >>> from monitor_core.values import Granularity
    >>> code_of("2026-03-01", Granularity.parse("day"))
    20513
    """
    if granularity.kind is GranularityKind.ROWS:
        if not (label.startswith("#") and label[1:].isdecimal()):
            raise InvalidInput(f"{label!r} is not the label of a block of rows", hint="such as '#00000012'")
        return int(label[1:]) - 1
    granularity.window(label)  # says what is wrong with it
    return int(codes_of([label], granularity)[0])


def granules_in(days: int, granularity: Granularity) -> int | None:
    """Return how many granules make a window of so many days; None: not available at this granularity.

    Years are too long for a window of days, rows have no days.

    Examples
    --------
    >>> from monitor_core.values import Granularity
    >>> [granules_in(days, Granularity.parse("week")) for days in (7, 30, 90)]
    [1, 4, 13]
    >>> granules_in(30, Granularity.parse("year")) is None
    True
    """
    hours = _HOURS.get(granularity.kind)
    whole = round(24 * days / hours) if hours else 0
    # A month is a fair window of 30 days, never of 7.
    return whole if hours and 24 * days >= 0.95 * hours else None


def granules_a_year(granularity: Granularity) -> int:
    """Return about how many granules a year has; 365 for blocks of rows, whose pace is not known."""
    return _A_YEAR[granularity.kind]


def _week(label: str) -> int:
    """Weeks since the one of 1 January 1970, which began on Monday, 29 December 1969."""
    try:
        return (date.fromisocalendar(int(label[:4]), int(label[6:]), 1).toordinal() - 719_160) // 7
    except ValueError:
        raise InvalidInput(f"{label!r} is not the label of a week") from None
