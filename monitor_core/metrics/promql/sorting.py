"""The order of the series of an instant query."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor_core.metrics.promql.frame import Frame
    from monitor_core.metrics.promql.results import Labels

__all__ = ["by_label", "by_value", "natural"]

_DIGITS = re.compile(r"([0-9]+)")


def by_value(frame: Frame, *, descending: bool) -> Frame:
    """Sort by the value at the only step; NaN comes last either way."""
    values = frame.values[:, 0]
    key = np.where(np.isnan(values), 0.0, -values if descending else values)
    return frame.rows(np.lexsort((key, np.isnan(values))))


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Give a key that sorts numbers inside of texts by their size.

    Examples
    --------
    >>> sorted(["node10", "node9", "node"], key=natural)
    ['node', 'node9', 'node10']
    """
    pieces = _DIGITS.split(text)
    return tuple((1, int(piece), piece) if piece.isdecimal() else (2, 0, piece) for piece in pieces if piece)


def by_label(frame: Frame, names: Sequence[str], *, descending: bool) -> Frame:
    """Sort by the values of some labels, then by all of them."""

    def key(row: int) -> tuple[list[tuple[tuple[int, int, str], ...]], Labels]:
        values = dict(frame.labels[row])
        return [natural(values.get(name, "")) for name in names], frame.labels[row]

    return frame.rows(sorted(range(len(frame.labels)), key=key, reverse=descending))
