"""What a run's matrix says, read for a page: who needs attention, who leads, what is on screen. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.drift.results import CellState
from monitor_core.figures.drift import HeatmapView
from monitor_core.figures.thin import thin
from monitor_core.values import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from monitor_core.drift.results import RunMatrix

__all__ = [
    "SORTS",
    "Attention",
    "Leader",
    "absent",
    "attention",
    "awaiting",
    "default_cell",
    "drifted_shares",
    "leaders",
    "narrow",
    "spans",
]

_STATES = tuple(CellState)
_OPEN = (CellState.DRIFTED, CellState.ABSENT, CellState.UNCONFIRMED)
_SPARK_POINTS = 60
SORTS = ("As in the file", "By PSI", "By importance")
"""Orders of the heatmap's rows."""


@dataclass(frozen=True, slots=True)
class Attention:
    """A feature whose latest cell asks to be looked at."""

    feature: str
    granule: str
    since: str
    """First granule of the unbroken stretch that led here."""
    lasting: int
    """Granules of that stretch."""
    state: CellState
    psi: float
    p_adjusted: float
    n_rows: int


@dataclass(frozen=True, slots=True, eq=False)
class Leader:
    """A feature with a large PSI, and how it came there."""

    feature: str
    granule: str
    state: CellState
    psi: float
    p_adjusted: float
    n_rows: int
    history: tuple[float, ...]
    awaits: bool = False
    """Significant, and only too few reference granules hold it back."""


def attention(matrix: RunMatrix) -> tuple[Attention, ...]:
    """Return what is drifted, absent or unconfirmed in the latest granule, worst first."""
    if not matrix.granules:
        return ()
    last = matrix.state[:, -1]
    rows = np.flatnonzero(np.isin(last, [_STATES.index(state) for state in _OPEN]))
    found = [_attention(matrix, int(row), _STATES[last[row]]) for row in rows]
    return tuple(sorted(found, key=lambda one: (_OPEN.index(one.state), -np.nan_to_num(one.psi), one.feature)))


def _attention(matrix: RunMatrix, row: int, state: CellState) -> Attention:
    since = _since(matrix.state[row], state)
    return Attention(
        feature=matrix.features[row],
        granule=matrix.granules[-1],
        since=matrix.granules[since],
        lasting=len(matrix.granules) - since,
        state=state,
        psi=float(matrix.psi[row, -1]),
        p_adjusted=float(matrix.p_adjusted[row, -1]),
        n_rows=int(matrix.n_rows[-1]),
    )


def _since(states: NDArray[np.int8], now: CellState) -> int:
    same = {now} if now is CellState.ABSENT else {CellState.DRIFTED, CellState.UNCONFIRMED}
    quiet = np.flatnonzero(~np.isin(states, [_STATES.index(state) for state in same]))
    return int(quiet[-1]) + 1 if len(quiet) else 0


def leaders(matrix: RunMatrix, limit: int) -> tuple[Leader, ...]:
    """Return the features with the largest PSI in their latest computable granule, largest first."""
    known = ~np.isnan(matrix.psi)
    rows = np.flatnonzero(known.any(axis=1))
    columns = known.shape[1] - 1 - np.argmax(known[rows, ::-1], axis=1) if len(rows) else np.array([], dtype=np.intp)
    values = matrix.psi[rows, columns]
    return tuple(_leader(matrix, int(rows[i]), int(columns[i])) for i in np.argsort(-values, kind="stable")[:limit])


def _leader(matrix: RunMatrix, row: int, column: int) -> Leader:
    series = matrix.psi[row][~np.isnan(matrix.psi[row])]
    return Leader(
        feature=matrix.features[row],
        granule=matrix.granules[column],
        state=_STATES[matrix.state[row, column]],
        psi=float(matrix.psi[row, column]),
        p_adjusted=float(matrix.p_adjusted[row, column]),
        n_rows=int(matrix.n_rows[column]),
        history=tuple(float(value) for value in series[thin(series, _SPARK_POINTS)]),
        awaits=bool(awaiting(matrix)[row, column]),
    )


def awaiting(matrix: RunMatrix) -> NDArray[np.bool_]:
    """Return which cells are significant and held back only because days are not yet calibrated."""
    found: NDArray[np.bool_] = matrix.state == _STATES.index(CellState.STABLE)
    low: NDArray[np.bool_] = matrix.severity == Severity.LOW.rank
    return found & low


def absent(matrix: RunMatrix) -> int:
    """Return how many features are missing from the latest granule."""
    return int((matrix.state[:, -1] == _STATES.index(CellState.ABSENT)).sum()) if matrix.granules else 0


def drifted_shares(matrix: RunMatrix) -> tuple[float, ...]:
    """Return the share of drifted features in each granule."""
    if not matrix.granules or not matrix.features:
        return ()
    shares = (matrix.state == _STATES.index(CellState.DRIFTED)).mean(axis=0)
    return tuple(float(share) for share in shares)


def spans(n_granules: int) -> tuple[str, ...]:
    """Return the ranges that fit a run: 14, 30, 60 and 90 where there are more, and all.

    Examples
    --------
    >>> spans(45), spans(4)
    (('14', '30', 'All'), ('All',))
    """
    return (*(str(span) for span in (14, 30, 60, 90) if span < n_granules), "All")


def narrow(
    matrix: RunMatrix,
    *,
    span: str = "All",
    only_drifted: bool = False,
    search: str = "",
    sort: str = SORTS[0],
    importance: Mapping[str, float] | None = None,
) -> HeatmapView:
    """Return the part of a run that the controls ask for.

    Parameters
    ----------
    span
        Number of latest granules, or ``All``.
    only_drifted
        Only features that are drifted or unconfirmed in a granule shown.
    search
        Part of a feature's name, any case.
    sort
        One of `SORTS`; features without importance come last.
    importance
        Share by feature, from the model's description.
    """
    n = len(matrix.granules)
    columns = np.arange(max(n - int(span), 0) if span.isdigit() else 0, n)
    rows = np.arange(len(matrix.features))
    if only_drifted:
        wanted = [_STATES.index(CellState.DRIFTED), _STATES.index(CellState.UNCONFIRMED)]
        rows = rows[np.isin(matrix.state[:, columns], wanted).any(axis=1)]
    if search.strip():
        part = search.strip().casefold()
        rows = np.array([i for i in rows if part in matrix.features[i].casefold()], dtype=np.intp)
    return HeatmapView(matrix, _ordered(matrix, rows, columns, sort, importance or {}), columns)


def _ordered(
    matrix: RunMatrix, rows: NDArray[np.intp], columns: NDArray[np.intp], sort: str, importance: Mapping[str, float]
) -> NDArray[np.intp]:
    if sort == SORTS[1] and len(rows) and len(columns):
        # A drifted feature leads even where a quiet one has the larger, noisier PSI.
        drifted = (matrix.state[rows][:, columns[-1]] == _STATES.index(CellState.DRIFTED)).astype(int)
        return rows[np.lexsort((-np.nan_to_num(matrix.psi[rows, columns[-1]]), -drifted))]
    if sort == SORTS[2]:
        weights = np.array([importance.get(matrix.features[i], -1.0) for i in rows])
        return rows[np.argsort(-weights, kind="stable")]
    return rows


def default_cell(matrix: RunMatrix) -> tuple[str, str] | None:
    """Return the cell to open when nobody has chosen one: the worst of the latest granule."""
    if found := attention(matrix):
        return found[0].feature, found[0].granule
    if found_leaders := leaders(matrix, 1):
        return found_leaders[0].feature, found_leaders[0].granule
    return (matrix.features[0], matrix.granules[-1]) if matrix.features and matrix.granules else None
