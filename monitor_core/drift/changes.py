"""What two runs judge differently. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from monitor_core.drift.results import CellState

if TYPE_CHECKING:
    from monitor_core.drift.results import RunMatrix

__all__ = ["CellChange", "changes"]


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell that two runs judge differently; None where a run has no such cell."""

    feature: str
    granule: str
    before: CellState | None
    after: CellState | None
    psi_before: float | None
    psi_after: float | None


def changes(before: RunMatrix, after: RunMatrix) -> tuple[CellChange, ...]:
    """Return the cells of which two runs say something else, in the order of granules and features of `after`."""
    first, second = _states(before), _states(after)
    order = list(dict.fromkeys([*second, *first]))
    found = []
    for granule, feature in order:
        was, now = first.get((granule, feature)), second.get((granule, feature))
        if (was and was[0]) != (now and now[0]):
            found.append(
                CellChange(
                    feature,
                    granule,
                    before=was[0] if was else None,
                    after=now[0] if now else None,
                    psi_before=was[1] if was else None,
                    psi_after=now[1] if now else None,
                )
            )
    return tuple(found)


def _states(matrix: RunMatrix) -> dict[tuple[str, str], tuple[CellState, float | None]]:
    known = tuple(CellState)
    return {
        (granule, feature): (known[state], float(psi) if isfinite(psi) else None)
        for column, granule in enumerate(matrix.granules)
        for feature, state, psi in zip(matrix.features, matrix.state[:, column], matrix.psi[:, column], strict=True)
    }
