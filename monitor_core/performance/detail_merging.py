"""Several details of one granule as one: whoever reads the one learns the same as from the several."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.performance.details import (
    DELAYS,
    ENTITIES,
    SCORES,
    is_dense,
    pack,
    pack_dense,
    split,
    unpack_dense,
)
from monitor_core.performance.entity_sampling import MAX_ENTITIES, below, level_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["MERGED", "SAMPLED", "merged", "sample_of"]

MERGED = ("scores", "delays", "entities")
"""Kinds of details that can be added up."""
SAMPLED = 64
"""Entities of a sample at most."""
_DENSE_FROM = 2_000


def merged(kind: str, payloads: Sequence[bytes]) -> bytes:
    """Return the sum of details of one of the kinds `MERGED`.

    What cancels out stays, as zero: readers see how long the longest delay was, and how many entities there were.

    Examples
    --------
    >>> one, two = (pack(np.array([(3, n)], DELAYS)) for n in (2, -2))
    >>> [records.tolist() for _, records in split([merged("delays", [one, two])], DELAYS)]
    [[(3, 0)]]
    """
    if kind == "scores":
        return _scores(payloads)
    return _delays(payloads) if kind == "delays" else _entities(payloads)


def sample_of(payload: bytes) -> bytes:
    """Return the few of the entities that have the lowest keys, at the level that keeps no more."""
    ((head, records),) = split([payload], ENTITIES)
    level = level_for(records["entity"], json.loads(head)["level"], most=SAMPLED)
    return pack(records[below(records["entity"], level)], {"level": level})


def _scores(payloads: Sequence[bytes]) -> bytes:
    counts = unpack_dense([payload for payload in payloads if is_dense(payload)]).sum(axis=0, dtype=np.int64)
    for _, records in split([payload for payload in payloads if not is_dense(payload)], SCORES):
        counts += np.bincount(records["code"], weights=records["count"], minlength=counts.size).astype(np.int64)
    codes = np.flatnonzero(counts)
    if codes.size >= _DENSE_FROM and counts.min() >= 0 and counts.max() < 2**16:
        return pack_dense(counts)
    return pack(_records(SCORES, "code", codes, {"count": counts[codes]}))


def _delays(payloads: Sequence[bytes]) -> bytes:
    records = _together(payloads, DELAYS)
    codes, places = np.unique(records["delay"], return_inverse=True)
    return pack(_records(DELAYS, "delay", codes, {"count": _sums(places, records["count"], codes.size)}))


def _entities(payloads: Sequence[bytes]) -> bytes:
    """Entities, thinned out to as many as readers follow at most: they would thin them out as far themselves."""
    records = _together(payloads, ENTITIES)
    level = max(json.loads(head)["level"] for head, _ in split(payloads, ENTITIES))
    records = records[below(records["entity"], level)]
    keys, places = np.unique(records["entity"], return_inverse=True)
    counts = {name: _sums(places, records[name], keys.size) for name in ("true_positives", "errors")}
    level = level_for(keys, level, most=MAX_ENTITIES)
    summed = _records(ENTITIES, "entity", keys, counts)
    return pack(summed[below(keys, level)], {"level": level})


def _together(payloads: Sequence[bytes], kind: np.dtype[np.void]) -> NDArray[np.void]:
    return np.concatenate([records for _, records in split(payloads, kind)])


def _sums(places: NDArray[np.intp], values: NDArray[np.int32], size: int) -> NDArray[np.int64]:
    """Add up by place: whole numbers below 2^53 are exact in floats."""
    return np.bincount(places, weights=values, minlength=size).astype(np.int64)


def _records(
    kind: np.dtype[np.void], key: str, keys: NDArray[np.generic], values: dict[str, NDArray[np.int64]]
) -> NDArray[np.void]:
    records = np.empty(keys.size, kind)
    records[key] = keys
    for name, column in values.items():
        records[name] = column
    return records
