"""Counts of a model version by granule: what is read from the store and what every view is computed from."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["SCORE_BINS", "CellCounts", "Delays", "EntityClusters", "ScoreCounts", "Series", "series_of", "since"]

SCORE_BINS = 1_000
"""Equal bins over [0, 1]; a score lies in bin min(floor(score * SCORE_BINS), SCORE_BINS - 1)."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCounts:
    """Histograms of scores, by granule (first axis) and bin (last axis)."""

    made: NDArray[np.int64]
    """(granules, 2, SCORE_BINS): all predictions, by predicted label."""
    labelled: NDArray[np.int64]
    """(granules, 2, 2, SCORE_BINS): those whose label is known, by predicted label and label."""


@dataclass(frozen=True, slots=True, eq=False)
class EntityClusters:
    """Relevant rows of a sample of entities, the same ones in every granule; one row a granule and entity."""

    granule: NDArray[np.int64]
    """Index into the granules."""
    entity: NDArray[np.uint64]
    true_positives: NDArray[np.int64]
    errors: NDArray[np.int64]
    share: float
    """Of all entities, the share that is sampled."""


@dataclass(frozen=True, slots=True, eq=False)
class Delays:
    """How many granules after the prediction a label became known, by granule (first axis) and delay (last axis)."""

    arrived: NDArray[np.int64]
    """(granules, delays)"""


@dataclass(frozen=True, slots=True, eq=False)
class CellCounts:
    """Labelled rows by cell of one feature: (granules, cells, 4), the last axis TP, FP, FN, TN."""

    feature: str
    labels: tuple[str, ...]
    """What to call the cells."""
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Counts of a model version and segment by granule, as known at a moment.

    Granules without any prediction are left out; `granules` is in order of time.
    """

    granules: tuple[str, ...]
    predictions: NDArray[np.int64]
    true_positives: NDArray[np.int64]
    false_positives: NDArray[np.int64]
    false_negatives: NDArray[np.int64]
    true_negatives: NDArray[np.int64]
    scored: NDArray[np.int64]
    brier: NDArray[np.int64]
    brier_squared: NDArray[np.int64]
    log_loss: NDArray[np.int64]
    log_loss_squared: NDArray[np.int64]
    corrections: NDArray[np.int64]
    scores: ScoreCounts | None = None
    entities: EntityClusters | None = None
    delays: Delays | None = None
    cells: tuple[CellCounts, ...] = ()
    """The last four are filled on request only."""


def series_of(
    granules: Sequence[str],
    *,
    tp: ArrayLike,
    fp: ArrayLike = 0,
    fn: ArrayLike = 0,
    tn: ArrayLike = 0,
    predictions: ArrayLike | None = None,
    scores: ScoreCounts | None = None,
    entities: EntityClusters | None = None,
    delays: Delays | None = None,
) -> Series:
    """Return a series of counts that were made elsewhere; single numbers hold for every granule.

    Parameters
    ----------
    granules
        Labels, in order of time.
    tp, fp, fn, tn
        Of the labelled predictions of each granule.
    predictions
        All predictions; those that are labelled when None.

    Examples
    --------
    >>> series_of(["2026-11-20", "2026-11-21"], tp=[3, 4], fn=1).predictions
    array([4, 5])
    """
    shape = (len(granules),)
    hits, alarms, misses, rest = (np.array(np.broadcast_to(np.asarray(n, np.int64), shape)) for n in (tp, fp, fn, tn))
    made = hits + alarms + misses + rest if predictions is None else np.asarray(predictions, dtype=np.int64)
    none = np.zeros(shape, dtype=np.int64)
    return Series(
        granules=tuple(granules),
        predictions=np.array(np.broadcast_to(made, shape)),
        true_positives=hits,
        false_positives=alarms,
        false_negatives=misses,
        true_negatives=rest,
        scored=none,
        brier=none,
        brier_squared=none,
        log_loss=none,
        log_loss_squared=none,
        corrections=none,
        scores=scores,
        entities=entities,
        delays=delays,
    )


def since(series: Series, start: int) -> Series:
    """Return the counts of the granules from `start` on, without what is filled on request.

    Examples
    --------
    >>> since(series_of(["2026-11-20", "2026-11-21"], tp=[3, 4]), 1).true_positives
    array([4])
    """
    counts = {field.name: getattr(series, field.name)[start:] for field in fields(Series)[: -len(_ON_REQUEST)]}
    return replace(series, **counts, **_ON_REQUEST)


_ON_REQUEST: Mapping[str, Any] = {"scores": None, "entities": None, "delays": None, "cells": ()}
