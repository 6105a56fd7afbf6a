"""Granules as whole numbers: the code of each row's granule, and the label of a code."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.values import Granularity, GranularityKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["UNDATED", "Granules"]

UNDATED = int(np.iinfo(np.int64).min)
"""The code of a row without a date."""

_UNITS = {
    GranularityKind.HOUR: "datetime64[h]",
    GranularityKind.DAY: "datetime64[D]",
    GranularityKind.WEEK: "datetime64[D]",
    GranularityKind.MONTH: "datetime64[M]",
    GranularityKind.YEAR: "datetime64[Y]",
}
_MONDAY = 3  # 1970-01-01 was a Thursday: three days after a Monday


class Granules:
    """Codes and labels of one granularity; codes of neighbouring granules differ by one.

    Examples
    --------
    >>> weeks = Granules(Granularity.parse("week"))
    >>> codes = weeks.codes(np.array(["2026-11-21", "2026-11-23", "NaT"], "datetime64[us]"))
    >>> [weeks.label(int(code)) for code in codes], int(codes[1] - codes[0])
    (['2026-W47', '2026-W48', ''], 1)
    >>> weeks.code("2026-W48") == codes[1]
    np.True_
    """

    def __init__(self, granularity: Granularity) -> None:
        self.granularity = granularity
        self._labels: dict[int, str] = {UNDATED: ""}

    @property
    def by_rows(self) -> bool:
        """Whether a granule is a block of rows, whatever their dates."""
        return self.granularity.kind is GranularityKind.ROWS

    def codes(self, moments: NDArray[np.datetime64]) -> NDArray[np.int64]:
        """Return the code of each moment; `UNDATED` for ``NaT`` (not for blocks of rows)."""
        kind = self.granularity.kind
        codes = moments.astype(_UNITS[kind]).astype(np.int64)
        if kind is GranularityKind.WEEK:
            codes = np.where(codes == UNDATED, codes, (codes + _MONDAY) // 7)
        return codes

    def at(self, moment: datetime) -> int:
        """Return the code of the granule that holds one moment."""
        naive = moment.astimezone(UTC).replace(tzinfo=None)
        return int(self.codes(np.array([naive], "datetime64[us]"))[0])

    def label(self, code: int) -> str:
        """Return the label of a code; empty for `UNDATED`."""
        if code not in self._labels:
            self._labels[code] = self._label(code)
        return self._labels[code]

    def code(self, label: str) -> int:
        """Return the code of a label; `UNDATED` for the empty one."""
        if not label:
            return UNDATED
        return int(label.lstrip("#")) - 1 if self.by_rows else self.at(self.granularity.window(label).start)

    def _label(self, code: int) -> str:
        if self.by_rows:
            return f"#{code + 1:08d}"
        kind = self.granularity.kind
        place = code * 7 - _MONDAY if kind is GranularityKind.WEEK else code
        start = np.array([place]).astype(_UNITS[kind]).astype("datetime64[us]")
        return self.granularity.label(start.tolist()[0].replace(tzinfo=UTC))
