"""The trace a request belongs to, from the header `traceparent` (W3C Trace Context, level 1, section 3.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["exemplar_of", "trace_id"]

_HEADER = re.compile(rb"(?!ff)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


def trace_id(header: bytes) -> str | None:
    """Return the trace id of a header; None when the header is not as the standard asks.

    Examples
    --------
    >>> trace_id(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    '4bf92f3577b34da6a3ce929d0e0e4736'
    >>> trace_id(b"00-00000000000000000000000000000000-00f067aa0ba902b7-01")
    >>> trace_id(b"hello")
    """
    found = _HEADER.fullmatch(header.strip())
    return found[1].decode("ascii") if found else None


def exemplar_of(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str] | None:
    """Return the exemplar of an ASGI request: its trace id, if it has one.

    Examples
    --------
    >>> exemplar_of([(b"accept", b"*/*")])
    >>> exemplar_of([(b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")])
    {'trace_id': '4bf92f3577b34da6a3ce929d0e0e4736'}
    """
    for name, value in headers:
        if name == b"traceparent":
            found = trace_id(value)
            return {"trace_id": found} if found else None
    return None
