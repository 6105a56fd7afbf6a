"""Count rows that occur twice, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Duplicates", "KeyCounter", "hash_keys"]

_MAX_KEYS = 8_000_000


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Rows whose key an earlier row has.

    Parameters
    ----------
    count
        How many, among the keys looked at.
    first
        ``(earlier row, repeating row)``, counted from 1, of the repetition that comes first; None without any.
    one_in
        One key in so many was looked at; 1 is all.
    """

    count: int
    first: tuple[int, int] | None
    one_in: int


@dataclass(slots=True)
class KeyCounter:
    """Collects 64-bit hashes of keys and counts those that repeat.

    At most 8 million keys are held (128 MB, three times that while counting). Beyond that every second key, by its
    hash, is let go: a key is then either followed with all its rows or not at all. Two different keys share a hash with
    a probability of about n²/2^65: once in 370,000 files of ten million rows.

    Examples
    --------
    >>> counter = KeyCounter()
    >>> counter.add(hash_keys(pa.array(["a", "b", "a", None])), first_row=1)
    >>> counter.result()
    Duplicates(count=1, first=(1, 3), one_in=1)
    """

    max_keys: int = _MAX_KEYS
    one_in: int = 1
    _hashes: list[NDArray[np.uint64]] = field(default_factory=list)
    _rows: list[NDArray[np.int64]] = field(default_factory=list)
    _held: int = 0

    def add(self, hashes: NDArray[np.uint64], *, first_row: int) -> None:
        """Take in the keys of consecutive rows; 0 stands for "no key" and is passed over."""
        rows = np.arange(first_row, first_row + hashes.size, dtype=np.int64)
        keep = (hashes != 0) & (hashes % np.uint64(self.one_in) == 0)
        self._hashes.append(hashes[keep])
        self._rows.append(rows[keep])
        self._held += int(keep.sum())
        while self._held > self.max_keys:
            self._thin()

    def _thin(self) -> None:
        self.one_in *= 2
        keeps = [hashes % np.uint64(self.one_in) == 0 for hashes in self._hashes]
        self._hashes = [hashes[keep] for hashes, keep in zip(self._hashes, keeps, strict=True)]
        self._rows = [rows[keep] for rows, keep in zip(self._rows, keeps, strict=True)]
        self._held = sum(hashes.size for hashes in self._hashes)

    def result(self) -> Duplicates:
        """Return what repeats among the rows so far."""
        if not self._held:
            return Duplicates(0, None, self.one_in)
        hashes, rows = np.concatenate(self._hashes), np.concatenate(self._rows)
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        repeats = np.flatnonzero(hashes[1:] == hashes[:-1]) + 1
        if not repeats.size:
            return Duplicates(0, None, self.one_in)
        second = repeats[np.argmin(rows[order[repeats]])]
        pair = int(rows[order[second - 1]]), int(rows[order[second]])
        return Duplicates(int(repeats.size), pair, self.one_in)


def hash_keys(ids: pa.Array, moments: NDArray[np.datetime64] | None = None) -> NDArray[np.uint64]:
    """Return a 64-bit hash of each row's id and moment; 0 where the id is missing."""
    hashes = _hash_values(ids)
    if moments is not None:
        hashes = _mix(hashes ^ _mix(moments.astype(np.int64).view(np.uint64)))
    return np.where(pc.is_valid(ids).to_numpy(zero_copy_only=False), np.maximum(hashes, np.uint64(1)), np.uint64(0))


def _hash_values(values: pa.Array) -> NDArray[np.uint64]:
    if pa.types.is_integer(values.type):
        return _mix(pc.fill_null(values, 0).to_numpy(zero_copy_only=False).astype(np.int64).view(np.uint64))
    if pa.types.is_floating(values.type):
        numbers = pc.fill_null(values.cast(pa.float64()), 0).to_numpy(zero_copy_only=False)
        return _mix((numbers + 0.0).view(np.uint64))  # -0.0 is 0.0
    encoded = values if pa.types.is_dictionary(values.type) else values.cast(pa.string()).dictionary_encode()
    levels = encoded.dictionary.to_numpy(zero_copy_only=False).astype(object)
    hashed = np.append(pd.util.hash_array(levels, categorize=False), np.uint64(0))
    codes = pc.fill_null(encoded.indices.cast(pa.int64()), len(levels)).to_numpy(zero_copy_only=False)
    return np.asarray(hashed[codes], np.uint64)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread 64 bits over 64 bits, one to one (SplitMix64; Steele, Lea and Flood 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), np.uint64)
