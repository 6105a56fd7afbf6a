"""Who a row is about: entity ids of any type as plain values, and 64-bit keys by which rows are joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["entity_type", "keys_of", "lengths_of", "plain_entities"]

_INTEGER = r"^(0|-?[1-9][0-9]{0,17})$"
_LONGEST_INTEGER = 19
_HASHED_BYTES = 1_024  # ids are shorter; what is longer has been refused
_MINUS, _ZERO, _NINE, _SPACE = 45, 48, 57, 32


def entity_type(kind: pa.DataType) -> pa.DataType:
    """Return how ids of a column are kept: whole numbers as int64, all others as text."""
    if pa.types.is_dictionary(kind):
        return entity_type(kind.value_type)
    return pa.int64() if pa.types.is_integer(kind) and kind != pa.uint64() else pa.string()


def plain_entities(ids: pa.Array) -> pa.Array:
    """Return ids as `entity_type` says: text without blanks around it, null where there is none.

    Whole numbers that came as floats (a missing value makes pandas do so) read like whole numbers: 7.0 is "7".

    Examples
    --------
    >>> plain_entities(pa.array([" a7 ", "", None])).to_pylist()
    ['a7', None, None]
    >>> plain_entities(pa.array([7.0, None])).to_pylist()
    ['7', None]
    """
    if pa.types.is_dictionary(ids.type):
        return plain_entities(ids.dictionary).take(ids.indices)
    if entity_type(ids.type) == pa.int64():
        return ids.cast(pa.int64())
    if pa.types.is_floating(ids.type):
        whole = pc.equal(ids, pc.trunc(ids))
        safe = pc.if_else(pc.and_(whole, pc.less(pc.abs(ids), 2.0**53)), ids, None).cast(pa.int64())
        text = pc.coalesce(safe.cast(pa.string()), ids.cast(pa.string()))
        return pc.if_else(pc.is_nan(ids), None, text)
    text = ids.cast(pa.string())
    if text.buffers()[2] is not None and np.any(_bytes(text)[0] <= _SPACE):
        text = pc.utf8_trim_whitespace(text)
    has_empty = len(text) and np.any(lengths_of(text) == 0)
    return pc.if_else(pc.equal(text, ""), None, text) if has_empty else text


def keys_of(entities: pa.Array) -> NDArray[np.uint64]:
    """Return a key a row, the same for the number 7 and the text "7"; 0 where there is no id.

    Two different ids share a key with a probability of about n² / 2^65: one file in four million with three million
    ids.

    Examples
    --------
    >>> bool(keys_of(pa.array([7]))[0] == keys_of(pa.array(["7"]))[0])
    True
    >>> keys_of(pa.array([None], pa.string())).tolist()
    [0]
    """
    if entities.type == pa.int64():
        keys = _mix(pc.fill_null(entities, 0).to_numpy(zero_copy_only=False).view(np.uint64))
    else:
        keys = _text_keys(entities)
    keys = np.maximum(keys, np.uint64(1))
    if entities.null_count:
        keys[pc.is_null(entities).to_numpy(zero_copy_only=False)] = 0
    return keys


def lengths_of(texts: pa.Array) -> NDArray[np.int64]:
    """Return the length of each text in bytes; 0 where there is none."""
    offsets = _bytes(texts)[1]
    lengths: NDArray[np.int64] = (offsets[1:] - offsets[:-1]).astype(np.int64)
    if texts.null_count:
        lengths[pc.is_null(texts).to_numpy(zero_copy_only=False)] = 0
    return lengths


def _bytes(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """All bytes of an array of texts, and where each begins (one more for the end)."""
    _, offsets, data = texts.buffers()
    if offsets is None or not len(texts):
        return np.empty(0, np.uint8), np.zeros(len(texts) + 1, np.int32)
    places = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    raw = np.empty(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)[places[0] : places[-1]]
    return raw, places - places[0]


def _text_keys(texts: pa.Array) -> NDArray[np.uint64]:
    raw, offsets = _bytes(texts)
    starts = offsets[:-1].astype(np.int64)
    lengths = (offsets[1:] - offsets[:-1]).astype(np.int64)
    keys = _hashed(raw, starts, lengths)
    numbers = _like_integers(raw, starts, lengths)
    if numbers.size:
        some = texts.take(pa.array(numbers))
        exact = pc.match_substring_regex(some, _INTEGER).to_numpy(zero_copy_only=False).astype(bool)
        values = some.filter(pa.array(exact)).cast(pa.int64()).to_numpy(zero_copy_only=False)
        keys[numbers[exact]] = _mix(values.view(np.uint64))
    return keys


def _hashed(raw: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Hash each stretch of bytes, eight at a time over all rows at once."""
    padded = np.concatenate([raw, np.zeros(8, np.uint8)])
    words = np.ndarray(padded.size - 7, "<u8", buffer=padded, strides=(1,))
    keys = _mix(lengths.view(np.uint64) ^ np.uint64(0x5BD1E995))
    active = np.arange(starts.size)
    for at in range(0, min(int(lengths.max(initial=0)), _HASHED_BYTES), 8):
        if lengths[active].min(initial=at + 1) <= at:
            active = active[lengths[active] > at]
        rest = lengths[active] - at
        word = words[starts[active] + at]
        short = np.flatnonzero(rest < 8)
        word[short] &= (np.uint64(1) << (rest[short].astype(np.uint64) * np.uint64(8))) - np.uint64(1)
        keys[active] = _mix(keys[active] ^ word)
    return keys


def _like_integers(raw: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows that may hold a whole number, by length, first and last byte."""
    rows = np.flatnonzero((lengths > 0) & (lengths <= _LONGEST_INTEGER))
    first, last = raw[starts[rows]], raw[starts[rows] + lengths[rows] - 1]
    likely = ((first == _MINUS) | ((first >= _ZERO) & (first <= _NINE))) & (last >= _ZERO) & (last <= _NINE)
    return np.asarray(rows[likely], np.int64)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread 64 bits over 64 bits, one to one (SplitMix64; Steele, Lea and Flood 2014)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
