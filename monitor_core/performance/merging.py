"""Add up what the parts of a delivery change in the same granule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.performance.change import Change, VersionChange
from monitor_core.performance.counts import Counts
from monitor_core.performance.details import CELLS, DELAYS, ENTITIES, SCORES, pack, split
from monitor_core.performance.tally import MAX_ENTITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["merged"]

_KINDS = {"scores": SCORES, "delays": DELAYS}


def merged(changes: Sequence[Change]) -> Change:
    """Return one change for several that touch different rows of the same granule."""
    if len(changes) == 1:
        return changes[0]
    versions = sorted({version for change in changes for version in change.versions})
    pairs: dict[tuple[str, str], NDArray[np.int64]] = {}
    for change in changes:
        for pair, eight in change.pairs.items():
            pairs[pair] = pairs.get(pair, np.zeros(8, np.int64)) + eight
    by_version = {
        version: _version([change.versions[version] for change in changes if version in change.versions])
        for version in versions
    }
    return Change(by_version, pairs)


def _version(changes: Sequence[VersionChange]) -> VersionChange:
    counts: dict[int, Counts] = {}
    payloads: dict[tuple[int, str], list[bytes]] = {}
    for change in changes:
        for segment, added in change.counts.items():
            counts[segment] = counts.get(segment, Counts()) + added
        for key, payload in change.details.items():
            payloads.setdefault(key, []).append(payload)
    details = {key: _payload(key[1], parts) for key, parts in payloads.items()}
    return VersionChange(counts, details, sum(change.corrections for change in changes))


def _payload(kind: str, payloads: Sequence[bytes]) -> bytes:
    if len(payloads) == 1:
        return payloads[0]
    if kind == "entities":
        return _entities(payloads)
    if kind == "cells":
        return _cells(payloads)
    return pack(np.concatenate([records for _, records in split(payloads, _KINDS[kind])]))


def _entities(payloads: Sequence[bytes]) -> bytes:
    parts = split(payloads, ENTITIES)
    records = np.concatenate([part for _, part in parts])
    level = max(json.loads(head)["level"] for head, _ in parts)
    while True:
        if level:
            records = records[records["entity"] < np.uint64(2 ** (64 - level))]
        if records.size <= MAX_ENTITIES:
            return pack(records, {"level": level})
        level += 1


def _cells(payloads: Sequence[bytes]) -> bytes:
    """Give each feature one place. One book numbers the cells: a longer list of words begins like a shorter one."""
    features: dict[str, list[str]] = {}
    found = []
    for head, records in split(payloads, CELLS):
        listed = json.loads(head)["features"]
        for name, words in listed:
            features[name] = max(features.get(name, []), words, key=len)
        places = np.array([list(features).index(name) for name, _ in listed], np.uint16)
        moved = records.copy()
        moved["feature"] = places[records["feature"]]
        found.append(moved)
    return pack(np.concatenate(found), {"features": [[name, words] for name, words in features.items()]})
