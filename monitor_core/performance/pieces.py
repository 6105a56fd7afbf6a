"""Histograms of a file's rows, piece after piece: what rows that lie together have in common shows between pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor_core.performance.series import SCORE_BINS
from monitor_core.performance.tally import score_bins

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Pieces"]

IntArray: TypeAlias = NDArray[np.int64]

_FIRST = 250
_MOST = 28
_SIZE = 4 * SCORE_BINS


class Pieces:
    """Collects labelled rows in the order of a file into 14 to 28 pieces of as many rows each, however long it is.

    Examples
    --------
    >>> pieces = Pieces()
    >>> pieces.add(np.zeros(30_000, int), np.zeros(30_000, int), np.full(30_000, 0.25))
    >>> pieces.counts.shape, int(pieces.counts[0].sum())
    ((15, 2, 2, 1000), 2000)
    """

    def __init__(self) -> None:
        self._rows = _FIRST
        self._full: list[IntArray] = []
        self._last = np.zeros(_SIZE, dtype=np.int64)
        self._held = 0

    def add(self, predicted: ArrayLike, label: ArrayLike, score: ArrayLike) -> None:
        """Add rows; those without a score are left out."""
        scores = np.asarray(score, dtype=np.float64)
        known = np.flatnonzero(~np.isnan(scores))
        outcome = 2 * np.asarray(predicted, dtype=np.int64)[known] + np.asarray(label, dtype=np.int64)[known]
        codes = outcome * SCORE_BINS + score_bins(scores[known])
        while codes.size:
            taken, codes = codes[: self._rows - self._held], codes[self._rows - self._held :]
            self._last += np.bincount(taken, minlength=_SIZE)
            self._held += taken.size
            if self._held == self._rows:
                self._close()

    @property
    def counts(self) -> IntArray:
        """Rows by piece, predicted label, label and bin: (pieces, 2, 2, SCORE_BINS); a short last piece is left out."""
        shape = (len(self._full), 2, 2, SCORE_BINS)
        return np.array(self._full, dtype=np.int64).reshape(shape)

    def _close(self) -> None:
        self._full.append(self._last)
        self._last, self._held = np.zeros(_SIZE, dtype=np.int64), 0
        if len(self._full) == _MOST:
            self._full = [one + two for one, two in zip(self._full[::2], self._full[1::2], strict=True)]
            self._rows *= 2
