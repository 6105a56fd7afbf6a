"""A series as of a moment, with what is needed to judge it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.performance.clusters import effect_of
from monitor_core.performance.maturity import maturity
from monitor_core.performance.series import SCORE_BINS
from monitor_core.performance.windows import piece_of

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from monitor_core.performance.maturity import Maturity
    from monitor_core.performance.series import ScoreCounts, Series
    from monitor_core.performance.windows import Piece
    from monitor_core.settings import PerformanceSettings
    from monitor_core.stats import DesignEffect
    from monitor_core.values import Granularity, ModelRef

__all__ = ["View", "view_of"]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What was known of a version and segment at a moment."""

    ref: ModelRef
    segment: str
    series: Series
    maturity: Maturity
    granularity: Granularity
    settings: PerformanceSettings
    as_of: datetime
    known: datetime | None
    """As `as_of`, where an earlier moment was asked for; None: everything that is known."""
    scores: ScoreCounts | None = None
    """Of the window that it was loaded for, added up; None where it was loaded for none."""

    def piece(self, granules: int | None = None, span: tuple[str, str] | None = None) -> Piece:
        """Return the matured granules of a window or span (`windows.piece_of`)."""
        return piece_of(self.series, self.maturity, granularity=self.granularity, window=granules, span=span)

    def effect(self, piece: Piece) -> DesignEffect:
        """Return the design effect of a window."""
        return effect_of(self.series, piece.start, piece.stop)

    def labelled(self, piece: Piece) -> NDArray[np.int64]:
        """Return labelled rows of a window by label and bin of the score, (2, SCORE_BINS); zeros without scores."""
        if self.scores is not None:
            return np.asarray(self.scores.labelled.sum(axis=(0, 1)), dtype=np.int64)
        if self.series.scores is None:
            return np.zeros((2, SCORE_BINS), dtype=np.int64)
        return np.asarray(self.series.scores.labelled[piece.start : piece.stop].sum(axis=(0, 1)), dtype=np.int64)


def view_of(
    series: Series,
    *,
    ref: ModelRef,
    segment: str,
    granularity: Granularity,
    settings: PerformanceSettings,
    as_of: datetime,
    known: datetime | None = None,
) -> View:
    """Return the view of a series; delays in the series make the horizon, where it is not set."""
    matured = maturity(series, granularity=granularity, as_of=as_of, settings=settings)
    return View(ref, segment, series, matured, granularity, settings, as_of, known)
