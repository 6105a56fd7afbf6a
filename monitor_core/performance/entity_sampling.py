"""Which entities are followed: those whose key is below 2^64 / 2^level, the same ones everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MAX_ENTITIES", "below", "level_for"]

MAX_ENTITIES = 2_000
"""Entities that are followed at most."""


def below(keys: NDArray[np.uint64], level: int) -> NDArray[np.bool_]:
    """Tell of each key whether it is followed at a level.

    Examples
    --------
    >>> below(np.array([5, 2**63 + 5], np.uint64), 1).tolist()
    [True, False]
    """
    return np.ones(keys.size, bool) if level == 0 else keys < np.uint64(2 ** (64 - level))


def level_for(keys: NDArray[np.uint64], level: int, *, most: int = MAX_ENTITIES) -> int:
    """Return the first level, from `level` on, at which no more than `most` different keys are followed.

    Examples
    --------
    >>> level_for(np.array([1, 2**62, 2**63], np.uint64), 0, most=1)
    2
    """
    ordered = np.sort(keys[below(keys, level)])  # faster than np.unique
    distinct = ordered[np.append(True, ordered[1:] != ordered[:-1])[: ordered.size]]
    while distinct.size > most:
        level += 1
        distinct = distinct[below(distinct, level)]
    return level
