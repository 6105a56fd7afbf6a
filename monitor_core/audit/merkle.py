r"""Merkle trees as in RFC 6962, section 2.1: that a record is among many is proved by a few hashes.

``leaf = SHA-256(\0 data)``, ``node = SHA-256(\1 left right)``; a tree of n leaves splits at the largest power of two
below n. The prefixes keep a node from passing for a leaf.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Proof", "is_included", "prove", "root"]


@dataclass(frozen=True, slots=True)
class Proof:
    """What leads from one leaf to the root."""

    index: int
    size: int
    path: tuple[str, ...]
    """Hashes beside the way, from the leaf up; hexadecimal."""


def root(hashes: Sequence[str]) -> str:
    """Return the root over records' hashes, hexadecimal; of none: the hash of nothing.

    Examples
    --------
    >>> root([])[:16]
    'e3b0c44298fc1c14'
    """
    if not hashes:
        return sha256(b"").hexdigest()
    level = [_leaf(value) for value in hashes]
    while len(level) > 1:
        level = _above(level)
    return level[0].hex()


def prove(hashes: Sequence[str], index: int) -> Proof:
    """Return the proof that the record at `index` is among `hashes`.

    Examples
    --------
    >>> hashes = [f"{number:064x}" for number in range(5)]
    >>> proof = prove(hashes, 4)
    >>> len(proof.path), is_included(hashes[4], proof, root(hashes)), is_included(hashes[3], proof, root(hashes))
    (1, True, False)
    """
    if not 0 <= index < len(hashes):
        raise IndexError(f"record {index} of {len(hashes)}")
    level, place, path = [_leaf(value) for value in hashes], index, []
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            path.append(level[beside].hex())
        level, place = _above(level), place // 2
    return Proof(index, len(hashes), tuple(path))


def is_included(value: str, proof: Proof, expected: str) -> bool:
    """Return whether a proof leads from a record's hash to the expected root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= proof.index < proof.size:
        return False
    place, last, known = proof.index, proof.size - 1, _leaf(value)
    for step in proof.path:
        if last == 0:
            return False
        beside = bytes.fromhex(step)
        if place % 2 or place == last:
            known = _node(beside, known)
            while place % 2 == 0 and place:
                place, last = place // 2, last // 2
        else:
            known = _node(known, beside)
        place, last = place // 2, last // 2
    return last == 0 and known.hex() == expected


def _leaf(value: str) -> bytes:
    return sha256(b"\0" + bytes.fromhex(value)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def _above(level: list[bytes]) -> list[bytes]:
    pairs = [_node(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs
