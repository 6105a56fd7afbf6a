"""How much the labelled rows of a window cluster: by granule, by seven granules, by entity."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor_core.stats import DesignEffect, design_effect

if TYPE_CHECKING:
    from monitor_core.performance.series import EntityClusters, Series

__all__ = ["by_entity", "effect_of", "relevant_of"]

IntArray: TypeAlias = NDArray[np.int64]


def relevant_of(series: Series) -> IntArray:
    """Return the relevant cases (TP + FP + FN) of each granule."""
    return np.asarray(series.true_positives + series.false_positives + series.false_negatives, dtype=np.int64)


def effect_of(series: Series, start: int = 0, stop: int | None = None) -> DesignEffect:
    """Return the design effect of the granules `start` to `stop` (left out) of a series.

    Entities count where the series holds them.
    """
    stop = len(series.granules) if stop is None else stop
    entities = None if series.entities is None else by_entity(series.entities, start, stop)
    return design_effect(series.true_positives[start:stop], relevant_of(series)[start:stop], entities=entities)


def by_entity(clusters: EntityClusters, start: int, stop: int) -> tuple[IntArray, IntArray]:
    """Return true positives and relevant cases of each sampled entity over the granules `start` to `stop`."""
    inside = (clusters.granule >= start) & (clusters.granule < stop)
    _, place = np.unique(clusters.entity[inside], return_inverse=True)
    size = int(place.max()) + 1 if place.size else 0
    hits = np.bincount(place, weights=clusters.true_positives[inside], minlength=size)
    wrong = np.bincount(place, weights=clusters.errors[inside], minlength=size)
    return hits.astype(np.int64), (hits + wrong).astype(np.int64)
