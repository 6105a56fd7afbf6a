"""The larger parts of a change as bytes: records of fixed length behind a short head, so that many are read at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.errors import InvalidInput
from monitor_core.performance.series import SCORE_BINS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = [
    "CELLS",
    "DELAYS",
    "ENTITIES",
    "SCORES",
    "SCORE_CODES",
    "is_dense",
    "join_parts",
    "pack",
    "pack_dense",
    "part",
    "split",
    "split_together",
    "unpack_dense",
]

SCORE_CODES = 6 * SCORE_BINS
"""Codes of `SCORES`, from 0 on."""

SCORES = np.dtype([("code", "<u2"), ("count", "<i4")])
"""``code``: 1000 * predicted + bin for all predictions, 2000 + 1000 * (2 * predicted + label) + bin for labelled."""
DELAYS = np.dtype([("delay", "<u2"), ("count", "<i4")])
ENTITIES = np.dtype([("entity", "<u8"), ("true_positives", "<i4"), ("errors", "<i4")])
"""Of the entities whose key is below 2^64 / 2^level; the level stands in the head."""
CELLS = np.dtype([("feature", "<u2"), ("cell", "<u2"), ("outcome", "u1"), ("count", "<i4")])
"""Features and cells by their place in the head; ``outcome``: TP, FP, FN, TN."""

_MAGIC = b"BPD1"
_DENSE = b"BPH1"
_PARTS = b"BPP1"


def pack(records: NDArray[np.void], head: Mapping[str, object] | None = None) -> bytes:
    """Return a payload.

    Examples
    --------
    >>> records = np.array([(7, 2)], DELAYS)
    >>> [part.tolist() for _, part in split([pack(records)], DELAYS)]
    [[(7, 2)]]
    """
    text = json.dumps(head or {}, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return b"".join([_MAGIC, len(text).to_bytes(4, "little"), text, records.tobytes()])


def split(payloads: Sequence[bytes], kind: np.dtype[np.void]) -> list[tuple[bytes, NDArray[np.void]]]:
    """Return head (JSON, unread) and records of each payload; raises `InvalidInput` for anything else."""
    starts = [_start_of(payload, kind) for payload in payloads]
    return [
        (payload[8:start], np.frombuffer(payload, kind, offset=start))
        for payload, start in zip(payloads, starts, strict=True)
    ]


def split_together(
    payloads: Sequence[bytes], kind: np.dtype[np.void]
) -> tuple[list[bytes], NDArray[np.void], NDArray[np.int64]]:
    """Return heads, all records one after the other, and how many records each payload has, as `split` would."""
    starts = [_start_of(payload, kind) for payload in payloads]
    bodies = [payload[start:] for payload, start in zip(payloads, starts, strict=True)]
    heads = [payload[8:start] for payload, start in zip(payloads, starts, strict=True)]
    sizes = np.array([len(body) for body in bodies], np.int64) // kind.itemsize
    return heads, np.frombuffer(b"".join(bodies), kind), sizes


def _start_of(payload: bytes, kind: np.dtype[np.void]) -> int:
    start = 8 + int.from_bytes(payload[4:8], "little")
    if payload[:4] != _MAGIC or len(payload) < start or (len(payload) - start) % kind.itemsize:
        raise InvalidInput(f"a stored detail of {len(payload)} bytes cannot be read")
    return start


def pack_dense(counts: NDArray[np.int64]) -> bytes:
    """Return the counts of all codes of `SCORES`, each below 2^16: shorter than records, and no work to read.

    Examples
    --------
    >>> payload = pack_dense(np.arange(SCORE_CODES))
    >>> is_dense(payload), unpack_dense([payload])[:, -1].tolist()
    (True, [5999])
    """
    return _DENSE + counts.astype("<u2").tobytes()


def is_dense(payload: bytes) -> bool:
    """Tell whether a payload is one of `pack_dense`."""
    return payload[:4] == _DENSE


def unpack_dense(payloads: Sequence[bytes]) -> NDArray[np.uint16]:
    """Return (payloads, codes) of what `pack_dense` made; raises `InvalidInput` for anything else."""
    size = len(_DENSE) + 2 * SCORE_CODES
    for payload in payloads:
        if payload[:4] != _DENSE or len(payload) != size:
            raise InvalidInput(f"a stored histogram of {len(payload)} bytes cannot be read")
    return np.frombuffer(b"".join(payloads), "<u2").reshape(len(payloads), size // 2)[:, len(_DENSE) // 2 :]


def join_parts(parts: Mapping[str, bytes]) -> bytes:
    """Return several named payloads as one.

    Examples
    --------
    >>> part(join_parts({"scores": b"abc", "cells": b""}), "scores")
    b'abc'
    """
    text = json.dumps({name: len(body) for name, body in parts.items()}).encode()
    return b"".join([_PARTS, len(text).to_bytes(4, "little"), text, *parts.values()])


def part(payload: bytes, name: str) -> bytes:
    """Return one of the payloads that `join_parts` joined; empty when it is not there."""
    if payload[:4] != _PARTS:
        raise InvalidInput(f"a stored baseline of {len(payload)} bytes cannot be read")
    at = 8 + int.from_bytes(payload[4:8], "little")
    for known, size in json.loads(payload[8:at]).items():
        if known == name:
            return payload[at : at + size]
        at += size
    return b""
