"""Bytes for the database: a JSON header and compressed arrays, never pickle.

Layout: ``BWP1``, the header's length (4 bytes, little endian), the header (JSON, UTF-8), then a zstd frame an array in
the order of the header. Integer arrays are narrowed to the smallest type that holds them. The same input gives the same
bytes.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["pack", "unpack"]

_MAGIC = b"BWP1"
_DTYPES = ("<u1", "<u2", "<u4", "<i8", "<f8")
_LARGEST = 2**33


def pack(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Write `header` (JSON values) and flat int64 or float64 `arrays`.

    Examples
    --------
    >>> header, arrays = unpack(pack({"format": "x"}, {"counts": np.array([1, 2, 3])}))
    >>> header["format"], arrays["counts"].tolist(), arrays["counts"].dtype.name
    ('x', [1, 2, 3], 'int64')
    """
    codec = pa.Codec("zstd", compression_level=1)
    sections, frames = [], []
    for name, array in arrays.items():
        narrowed = _narrowed(array)
        raw = narrowed.tobytes()
        frame = codec.compress(raw, asbytes=True)
        sections.append([name, narrowed.dtype.str.replace("|", "<"), len(raw), len(frame)])
        frames.append(frame)
    text = json.dumps({"header": header, "sections": sections}, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
    return b"".join([_MAGIC, struct.pack("<I", len(text)), text, *frames])


def unpack(payload: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what `pack` wrote; raises `InvalidInput` for anything else. Integers come back as int64."""
    try:
        return _unpacked(memoryview(payload))
    except (ValueError, KeyError, TypeError, struct.error, OSError, pa.ArrowException) as error:
        raise InvalidInput(f"a stored drift payload of {len(payload)} bytes cannot be read: {error}") from error


def _unpacked(view: memoryview) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    if bytes(view[:4]) != _MAGIC:
        raise ValueError("unknown format")
    (size,) = struct.unpack("<I", view[4:8])
    head = json.loads(bytes(view[8 : 8 + size]).decode("utf-8", "surrogatepass"))
    codec, at, arrays = pa.Codec("zstd"), 8 + size, {}
    for name, dtype, length, stored in head["sections"]:
        if dtype not in _DTYPES or not 0 <= length <= _LARGEST or at + stored > len(view):
            raise ValueError(f"section {name!r} does not fit")
        raw = codec.decompress(view[at : at + stored], decompressed_size=length, asbytes=True) if length else b""
        array = np.frombuffer(raw, dtype=dtype)
        arrays[name] = array.astype(np.float64 if dtype == "<f8" else np.int64)
        at += stored
    return head["header"], arrays


def _narrowed(array: NDArray[Any]) -> NDArray[Any]:
    flat = np.ascontiguousarray(array).reshape(-1)
    if flat.dtype.kind == "f":
        return flat.astype("<f8")
    if not flat.size or flat.min() < 0:
        return flat.astype("<i8")
    top = int(flat.max())
    return flat.astype("<u1" if top < 2**8 else "<u2" if top < 2**16 else "<u4" if top < 2**32 else "<i8")
