"""Trace ids, in and out as W3C Trace Context writes them (pure but for chance; standard library only).

A header that is not as the standard asks begins a new trace and is never an error: what a stranger sends must not
decide whether a request is answered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from secrets import token_hex

__all__ = ["Trace", "continue_trace", "new_trace", "parse_traceparent", "traceparent"]

_HEADER = re.compile(r"(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(-.{0,512})?")
_STATE = re.compile(r"[\x20-\x7e]{1,512}")
_IDS = re.compile(r"(?!0{32})[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Trace:
    """Where in a trace the present work stands."""

    trace_id: str
    """32 hexadecimal digits; or whatever text a caller named its trace."""
    span_id: str = ""
    """16 hexadecimal digits: this service's part."""
    parent_id: str = ""
    """The caller's span; empty at a trace's beginning."""
    flags: str = "00"
    state: str = ""
    """`tracestate`, handed on as it came."""


def new_trace() -> Trace:
    """Return the beginning of a trace."""
    return Trace(token_hex(16), token_hex(8))


def parse_traceparent(header: str) -> Trace | None:
    """Return the caller's place in its trace; None when the header is not as the standard asks.

    Versions after 00 may add fields, which are passed over; version ff and ids of zeros are none.

    Examples
    --------
    >>> parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").span_id
    '00f067aa0ba902b7'
    >>> parse_traceparent("00-00000000000000000000000000000000-00f067aa0ba902b7-01")
    """
    found = _HEADER.fullmatch(header.strip(" \t"))
    if found is None or (found[1] == "00" and found[5]):
        return None
    return Trace(trace_id=found[2], span_id=found[3], flags=found[4])


def continue_trace(header: str | None, state: str | None = None) -> Trace:
    """Return this service's part of the caller's trace; of a new one where there is no sound header.

    Parameters
    ----------
    header, state
        The headers ``traceparent`` and ``tracestate``.
    """
    caller = parse_traceparent(header) if header else None
    if caller is None:
        return new_trace()
    kept = state.strip() if state and _STATE.fullmatch(state.strip()) else ""
    return replace(caller, span_id=token_hex(8), parent_id=caller.span_id, state=kept)


def traceparent(trace: Trace) -> str:
    """Return the header to send with requests to others; empty where the trace has no W3C id.

    Examples
    --------
    >>> traceparent(Trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", flags="01"))
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    >>> traceparent(Trace("4bf92f35-77b3-4da6-a3ce-929d0e0e4736", "00f067aa0ba902b7"))
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00'
    """
    bare = trace.trace_id.replace("-", "").lower()
    if not _IDS.fullmatch(bare):
        return ""
    return f"00-{bare}-{trace.span_id or token_hex(8)}-{trace.flags}"
