"""Add up stored details: score histograms, entities, delays and cells by granule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.performance.details import (
    CELLS,
    DELAYS,
    ENTITIES,
    SCORE_CODES,
    SCORES,
    is_dense,
    split_together,
    unpack_dense,
)
from monitor_core.performance.entity_sampling import MAX_ENTITIES, below, level_for
from monitor_core.performance.series import SCORE_BINS, CellCounts, Delays, EntityClusters, ScoreCounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["read_cells", "read_delays", "read_entities", "read_sampled", "read_scores", "sum_scores"]


def _together(
    payloads: Sequence[bytes], places: Sequence[int], kind: np.dtype[np.void]
) -> tuple[list[bytes], NDArray[np.void], NDArray[np.int64], NDArray[np.int64]]:
    """Heads, all records, the granule of each record, and records a payload."""
    heads, records, sizes = split_together(payloads, kind)
    return heads, records, np.repeat(np.asarray(places, np.int64), sizes), sizes


def read_scores(payloads: Sequence[bytes], places: Sequence[int], granules: int) -> ScoreCounts:
    """Return the histograms of `granules` granules from payloads and the place of the granule of each."""
    dense = [place for place, payload in zip(places, payloads, strict=True) if is_dense(payload)]
    table = unpack_dense([payload for payload in payloads if is_dense(payload)])
    if dense == list(range(granules)):
        counts = table.astype(np.int64)
    else:
        counts = np.zeros((granules, SCORE_CODES), np.int64)
        for place, row in zip(dense, table, strict=True):
            counts[place] += row
    sparse = [(payload, place) for payload, place in zip(payloads, places, strict=True) if not is_dense(payload)]
    if sparse:
        rows, row = np.unique([place for _, place in sparse], return_inverse=True)
        counts[rows] += _sparse([payload for payload, _ in sparse], row.tolist(), rows.size)
    return _as_scores(counts)


def sum_scores(payloads: Sequence[bytes]) -> ScoreCounts:
    """Return the sum of histograms as one of a single granule."""
    dense = unpack_dense([payload for payload in payloads if is_dense(payload)])
    sums = dense.sum(axis=0, dtype=np.int64)
    sparse = [payload for payload in payloads if not is_dense(payload)]
    return _as_scores((sums + _sparse(sparse, [0] * len(sparse), 1)).reshape(1, -1))


def _sparse(payloads: Sequence[bytes], places: Sequence[int], granules: int) -> NDArray[np.int64]:
    """Add up by granule and code."""
    _, records, granule, _ = _together(payloads, places, SCORES)
    places_of_codes = granule * SCORE_CODES + records["code"]
    # sums of whole numbers below 2^53 are exact in floats, and this is ten times faster than np.add.at
    sums = np.bincount(places_of_codes, weights=records["count"], minlength=granules * SCORE_CODES)
    return np.asarray(sums.astype(np.int64).reshape(granules, SCORE_CODES), np.int64)


def _as_scores(counts: NDArray[np.int64]) -> ScoreCounts:
    granules = len(counts)
    made = counts[:, : 2 * SCORE_BINS].reshape(granules, 2, SCORE_BINS)
    return ScoreCounts(made, counts[:, 2 * SCORE_BINS :].reshape(granules, 2, 2, SCORE_BINS))


def read_delays(payloads: Sequence[bytes], places: Sequence[int], granules: int) -> Delays:
    """Return delays by granule."""
    _, records, granule, _ = _together(payloads, places, DELAYS)
    longest = int(records["delay"].max()) + 1 if records.size else 0
    counts = np.zeros((granules, longest), np.int64)
    np.add.at(counts, (granule, records["delay"]), records["count"])
    return Delays(counts)


def read_entities(payloads: Sequence[bytes], places: Sequence[int]) -> EntityClusters:
    """Return the sampled entities: those that every payload holds, and about 2,000 at most."""
    heads, records, granule, _ = _together(payloads, places, ENTITIES)
    return _followed(records, granule, _level(heads))


def read_sampled(payloads: Sequence[bytes], places: Sequence[int]) -> EntityClusters | None:
    """Return the same from samples of each payload; None where they hold too few to tell."""
    heads, records, granule, _ = _together(payloads, places, ENTITIES)
    level = _level(heads)
    found = level_for(records["entity"], level)
    # All entities below this level are in the samples. If there are too many of them, the whole is thinned out further
    # than this, too; otherwise it might stop before.
    return _followed(records, granule, found) if found > level else None


def _level(heads: Sequence[bytes]) -> int:
    return max((int(json.loads(head)["level"]) for head in set(heads)), default=0)


def _followed(records: NDArray[np.void], granule: NDArray[np.int64], level: int) -> EntityClusters:
    entity = records["entity"].astype(np.uint64)
    level = level_for(entity, level, most=MAX_ENTITIES)
    chosen = below(entity, level)
    return _summed(entity[chosen], granule[chosen], records[chosen], 2.0**-level)


def _summed(
    entity: NDArray[np.uint64], granule: NDArray[np.int64], records: NDArray[np.void], share: float
) -> EntityClusters:
    order = np.lexsort((entity, granule))
    entity, granule, records = entity[order], granule[order], records[order]
    starts = np.flatnonzero(
        np.concatenate([[True], (entity[1:] != entity[:-1]) | (granule[1:] != granule[:-1])])[: entity.size]
    )
    right, wrong = (
        np.add.reduceat(records[name].astype(np.int64), starts) if starts.size else np.empty(0, np.int64)
        for name in ("true_positives", "errors")
    )
    kept = (right != 0) | (wrong != 0)
    return EntityClusters(granule[starts][kept], entity[starts][kept], right[kept], wrong[kept], share)


def read_cells(payloads: Sequence[bytes], places: Sequence[int], granules: int) -> tuple[CellCounts, ...]:
    """Return counts by cell of each feature, in the order of their first appearance."""
    heads, records, granule, sizes = _together(payloads, places, CELLS)
    words: dict[str, list[str]] = {}
    lookups = {head: _lookup(head, words) for head in dict.fromkeys(heads)}
    features = list(words)
    widest = max((len(listed) for listed in words.values()), default=0)
    counts = np.zeros((granules, len(features), widest, 4), np.int64)
    at = 0
    for head, size in zip(heads, sizes, strict=True):
        some, where = records[at : at + size], granule[at : at + size]
        names, cells = lookups[head]
        place = np.array([features.index(name) for name in names], np.int64)[some["feature"]]
        np.add.at(counts, (where, place, cells[some["feature"], some["cell"]], some["outcome"]), some["count"])
        at += int(size)
    return tuple(
        CellCounts(name, tuple(words[name]), counts[:, place, : len(words[name])])
        for place, name in enumerate(features)
    )


def _lookup(head: bytes, words: dict[str, list[str]]) -> tuple[list[str], NDArray[np.int64]]:
    """Names of the features of one payload, and where each of its cells stands among all words so far."""
    listed = json.loads(head)["features"]
    width = max(len(labels) for _, labels in listed)
    cells = np.zeros((len(listed), width), np.int64)
    for place, (name, labels) in enumerate(listed):
        known = words.setdefault(name, [])
        for label in labels:
            if label not in known:
                known.append(label)
        cells[place, : len(labels)] = [known.index(label) for label in labels]
    return [name for name, _ in listed], cells
