"""Samples as bytes: differences, their bytes sorted by weight, deflated.

A block is a table of samples: one row a scrape, one column a series. Counters grow by small whole numbers, so that all
but the lowest bytes of the differences are zero; sorted by weight they deflate to almost nothing. Columns whose values
are whole numbers, or have few decimals, are kept as whole numbers; others as the differences of their bit patterns.
Nothing is rounded.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.metrics.promql.reader import STALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Stamps = NDArray[np.int64]
    Table = NDArray[np.float64]

__all__ = ["ABSENT", "decode_stamps", "decode_table", "encode_stamps", "encode_table", "is_absent"]

ABSENT = np.array([0x7FF00000000000A5], dtype=np.uint64).view(np.float64)[0]
"""The NaN that fills a table where a series has no sample."""

_ABSENT_BITS, _STALE_BITS = (np.array([value]).view(np.uint64)[0] for value in (ABSENT, STALE))
_SPECIAL = np.array([0.0, ABSENT, STALE, np.nan, np.inf, -np.inf])
_MOST_DECIMALS = 6
_AS_BITS = 255
_HEADER = struct.Struct("<IHBB")
_LEVEL = 6


def is_absent(table: Table) -> NDArray[np.bool_]:
    """Tell where a table has no sample.

    Examples
    --------
    >>> is_absent(np.array([1.0, np.nan, ABSENT])).tolist()
    [False, False, True]
    """
    return np.asarray(table.view(np.uint64) == _ABSENT_BITS)


def encode_stamps(stamps: Stamps) -> bytes:
    """Encode moments that rise.

    Examples
    --------
    >>> moments = np.arange(1_700_000_000_000, 1_700_003_600_000, 15_000)
    >>> len(encode_stamps(moments)) < 80, np.array_equal(decode_stamps(encode_stamps(moments)), moments)
    (True, True)
    """
    twice = np.diff(np.diff(stamps, prepend=0), prepend=0)
    return zlib.compress(_planes(_folded(twice)[:, None]).tobytes(), _LEVEL)


def decode_stamps(data: bytes) -> Stamps:
    """Undo `encode_stamps`."""
    planes = np.frombuffer(zlib.decompress(data), dtype=np.uint8).reshape(8, 1, -1)
    return np.asarray(np.cumsum(np.cumsum(_unfolded(_joined(planes))[0])))


def encode_table(table: Table) -> bytes:
    """Encode a table of samples.

    Parameters
    ----------
    table
        Scrapes x series; `ABSENT` where there is no sample. Every NaN but that and the stale marker becomes the
        ordinary one.

    Examples
    --------
    >>> table = np.array([[1.0, 0.1], [3.0, ABSENT], [np.inf, -0.0]])
    >>> decode_table(encode_table(table)).tobytes() == table.tobytes()
    True
    """
    codes = _codes(table)
    plain = _filled(table, codes) if codes.any() else table
    decimals, whole = _as_whole(plain)
    differences = np.diff(whole, axis=0, prepend=np.zeros((1, table.shape[1]), dtype=np.int64))
    folded = _folded(differences)
    weights = (int(folded.max(initial=0)).bit_length() + 7) // 8
    parts = [
        _HEADER.pack(*table.shape, weights, int(codes.any())),
        decimals.tobytes(),
        np.ascontiguousarray(codes.T).tobytes() if codes.any() else b"",
        _planes(folded)[:weights].tobytes(),
    ]
    return zlib.compress(b"".join(parts), _LEVEL)


def decode_table(data: bytes) -> Table:
    """Undo `encode_table`."""
    raw = zlib.decompress(data)
    rows, width, weights, has_codes = _HEADER.unpack_from(raw)
    at = _HEADER.size
    decimals = np.frombuffer(raw, np.uint8, width, at)
    at += width
    size = rows * width
    codes = np.frombuffer(raw, np.uint8, size, at).reshape(width, rows) if has_codes else None
    at += size * has_codes
    planes = np.frombuffer(raw, np.uint8, size * weights, at).reshape(weights, width, rows)
    whole = np.cumsum(_unfolded(_joined(planes)), axis=1)
    table = whole / 10.0 ** np.where(decimals == _AS_BITS, 0, decimals)[:, None]
    of_bits = decimals == _AS_BITS
    if of_bits.any():
        table[of_bits] = whole[of_bits].view(np.float64)
    if codes is not None:
        table.view(np.uint64)[codes > 0] = _SPECIAL.view(np.uint64)[codes[codes > 0]]
    return np.ascontiguousarray(table.T)


def _codes(table: Table) -> NDArray[np.uint8]:
    """Mark what is no number: 1 absent, 2 stale, 3 NaN, 4 and 5 the infinities."""
    codes = np.zeros(table.shape, dtype=np.uint8)
    if np.isfinite(table).all():
        return codes
    bits = np.ascontiguousarray(table).view(np.uint64)
    codes[np.isnan(table)] = 3
    codes[bits == _ABSENT_BITS] = 1
    codes[bits == _STALE_BITS] = 2
    codes[table == np.inf] = 4
    codes[table == -np.inf] = 5
    return codes


def _filled(table: Table, codes: NDArray[np.uint8]) -> Table:
    """Put the number before it, else the first one, in the place of what is no number."""
    good = codes == 0
    last = np.maximum.accumulate(np.where(good, np.arange(len(table))[:, None], -1), axis=0)
    source = np.where(last < 0, np.argmax(good, axis=0)[None, :], last)
    filled = np.take_along_axis(table, source, axis=0)
    filled[:, ~good.any(axis=0)] = 0.0
    return filled


def _as_whole(table: Table) -> tuple[NDArray[np.uint8], Stamps]:
    """Return each column as whole numbers: times a power of ten if that loses nothing, else its bits."""
    decimals = np.full(table.shape[1], _AS_BITS, dtype=np.uint8)
    whole = np.ascontiguousarray(table).view(np.int64).copy()
    open_ = np.arange(table.shape[1])
    for power in range(_MOST_DECIMALS + 1):
        part = table[:, open_]
        with np.errstate(over="ignore"):  # what overflows is not below 2**53
            scaled = np.rint(part * 10.0**power)
        exact = (scaled / 10.0**power == part) & (np.abs(scaled) < 2.0**53) & ~((part == 0) & np.signbit(part))
        fits = exact.all(axis=0)
        decimals[open_[fits]] = power
        whole[:, open_[fits]] = scaled[:, fits].astype(np.int64)
        open_ = open_[~fits]
        if not len(open_):
            break
    return decimals, whole


def _folded(numbers: Stamps) -> NDArray[np.uint64]:
    """Map 0, -1, 1, -2, ... to 0, 1, 2, 3, ..., so that small numbers have small bytes."""
    return np.asarray(((numbers << 1) ^ (numbers >> 63)).view(np.uint64))


def _unfolded(numbers: NDArray[np.uint64]) -> Stamps:
    return np.asarray((numbers >> np.uint64(1)).view(np.int64) ^ -(numbers & np.uint64(1)).view(np.int64))


def _planes(numbers: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Sort bytes by weight: weight x column x row."""
    by_column = np.ascontiguousarray(numbers.T).view(np.uint8).reshape(numbers.shape[1], numbers.shape[0], 8)
    return np.ascontiguousarray(by_column.transpose(2, 0, 1))


def _joined(planes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Undo `_planes`: column x row."""
    numbers = np.zeros(planes.shape[1:], dtype=np.uint64)
    for weight in range(len(planes)):
        numbers |= planes[weight].astype(np.uint64) << np.uint64(8 * weight)
    return numbers
