"""How much less clustered rows say than independent ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from monitor_core.stats.arrays import FloatArray

__all__ = ["DesignEffect", "DesignEffects", "design_effect", "rolling_design_effect"]

_BLOCK = 7
_BLOCKS_FROM = 28


@dataclass(frozen=True, slots=True)
class DesignEffect:
    """The variance of F* over that of as many independent cases.

    Attributes
    ----------
    deff
        1 or more; divide counts by it.
    dof
        Clusters - 1: degrees of freedom of Student's t. Infinite where rows are taken as independent.
    source
        "independent", "granules", "blocks" (of seven granules) or "entities": what made the rows cluster most.
    clusters
        How many there are of that.
    """

    deff: float
    dof: float
    source: str
    clusters: int


@dataclass(frozen=True, slots=True, eq=False)
class DesignEffects:
    """`DesignEffect` of many windows: parallel arrays; `blocks` says where blocks of seven were what counted."""

    deff: FloatArray
    dof: FloatArray
    blocks: NDArray[np.bool_]


def design_effect(
    tp: ArrayLike, relevant: ArrayLike, *, entities: tuple[ArrayLike, ArrayLike] | None = None
) -> DesignEffect:
    """Return how much rows cluster by granule, by seven granules and by entity, whichever is most.

    Parameters
    ----------
    tp, relevant
        True positives and relevant cases (TP + FP + FN) of each granule in order of time, shape (granules,).
    entities
        The same two by entity, shape (entities,), over the window; a sample of the entities will do.

    Returns
    -------
    DesignEffect
        Clusters without a relevant case do not exist. With fewer than two clusters, or F* of 0 or 1, nothing can be
        measured and rows are taken as independent: deff 1, infinite dof.

    Notes
    -----
    max(1, C / (C - 1) sum e_c^2 / (m p (1 - p))) with e_c = TP_c - p m_c: the variance of a ratio of sums over that
    of a binomial (Kish 1965; Rao & Scott 1984). Blocks of seven count from 28 granules on and are counted from the
    end; what is left over joins the oldest.

    Examples
    --------
    >>> design_effect([9, 1, 9, 1], [10, 10, 10, 10])
    DesignEffect(deff=8.533333333333333, dof=3.0, source='granules', clusters=4)
    >>> design_effect([5], [10])
    DesignEffect(deff=1.0, dof=inf, source='independent', clusters=0)
    """
    hits, cases = _columns(tp, relevant)
    found = [("granules", *_ratio(hits, cases))]
    if hits.size >= _BLOCKS_FROM:
        found.append(("blocks", *_ratio(*(_in_blocks(side, hits.size) for side in (hits, cases)))))
    if entities is not None:
        found.append(("entities", *_ratio(*_columns(*entities))))
    source, deff, clusters = max(found, key=lambda entry: entry[1])
    if deff <= 1.0:
        return DesignEffect(1.0, np.inf, "independent", 0)
    return DesignEffect(float(deff), float(clusters - 1), source, int(clusters))


def rolling_design_effect(tp: ArrayLike, relevant: ArrayLike, window: int) -> DesignEffects:
    """Return `design_effect` by granules and blocks of the window that ends at each granule in turn.

    Parameters
    ----------
    tp, relevant
        As for `design_effect`, shape (granules,).
    window
        Granules a window, 1 or more; the first windows are shorter.

    Returns
    -------
    DesignEffects
        Arrays of shape (granules,).

    Examples
    --------
    >>> rolling_design_effect([9, 1, 9, 1], [10, 10, 10, 10], 2).deff.round(2)
    array([ 1. , 12.8, 12.8, 12.8])
    """
    if window < 1:
        raise InvalidInput(f"a window of {window} granules", hint="1 or more")
    hits, cases = _columns(tp, relevant)
    lengths = np.minimum(np.arange(1, len(hits) + 1), window)
    return _many(_windows(hits, window), _windows(cases, window), lengths)


def _many(hits: FloatArray, cases: FloatArray, lengths: int | NDArray[np.int64]) -> DesignEffects:
    """Design effect of the last `lengths` granules of each row."""
    deff, clusters = _ratio(hits, cases)
    by_block, blocks = _ratio(*(_in_blocks(side, lengths) for side in (hits, cases)))
    more = (np.asarray(lengths) >= _BLOCKS_FROM) & (by_block > deff) & (by_block > 1.0)
    deff, clusters = np.where(more, by_block, deff), np.where(more, blocks, clusters)
    clustered = deff > 1.0
    return DesignEffects(np.where(clustered, deff, 1.0), np.where(clustered, clusters - 1.0, np.inf), more)


def _windows(side: FloatArray, window: int) -> FloatArray:
    """Row i holds the `window` granules that end at i; what would lie before the first is 0."""
    if not side.size:
        return np.zeros((0, window))
    padded = np.concatenate([np.zeros(window - 1), side])
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, window), dtype=np.float64)


def _in_blocks(side: FloatArray, lengths: int | NDArray[np.int64]) -> FloatArray:
    """Add up seven granules at a time, from the end; what is left over of each row's `lengths` joins the oldest."""
    count = -(-side.shape[-1] // _BLOCK)
    spare = np.zeros((*side.shape[:-1], count * _BLOCK - side.shape[-1]))
    whole = np.concatenate([spare, side], axis=-1).reshape(*side.shape[:-1], count, _BLOCK).sum(axis=-1)[..., ::-1]
    oldest = np.maximum(np.asarray(lengths) // _BLOCK, 1)[..., None] - 1
    place = np.arange(count)
    rest = np.where(place > oldest, whole, 0.0).sum(axis=-1, keepdims=True)
    return np.where(place > oldest, 0.0, whole) + np.where(place == oldest, rest, 0.0)


def _ratio(hits: FloatArray, cases: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Design effect over the clusters along the last axis (0 where it cannot be measured), and their number."""
    total = cases.sum(axis=-1, keepdims=True)
    share = hits.sum(axis=-1, keepdims=True) / np.maximum(total, 1e-300)
    errors = hits - share * cases
    clusters = (cases > 0).sum(axis=-1).astype(np.float64)
    spread = (errors * errors).sum(axis=-1) * clusters
    scale = (total * share * (1.0 - share))[..., 0] * (clusters - 1.0)
    return np.divide(spread, scale, out=np.zeros_like(spread), where=scale > 0), clusters


def _columns(tp: ArrayLike, relevant: ArrayLike) -> tuple[FloatArray, FloatArray]:
    hits, cases = np.asarray(tp, dtype=np.float64), np.asarray(relevant, dtype=np.float64)
    if hits.ndim != 1 or hits.shape != cases.shape:
        raise InvalidInput(
            f"true positives of shape {hits.shape}, relevant cases of {cases.shape}", hint="one list each"
        )
    if not np.all((hits >= 0) & (hits <= cases) & (cases < np.inf)):
        raise InvalidInput(
            "a cluster with more true positives than relevant cases, or not a count", hint="(TP, TP + FP + FN)"
        )
    return hits, cases
