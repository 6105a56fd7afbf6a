"""What every line of the present request says: its trace and whatever was bound (contextvars).

One variable holds one immutable value, so that a line reads it once, and threads, tasks and processes can be handed
the whole of it.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import update_wrapper
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from monitor_core.logs.traces import Trace, new_trace, traceparent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Bound", "Carried", "bind", "carry", "current", "enter", "outgoing_headers", "scope", "trace_id", "unbind"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Bound:
    """What is bound at present."""

    context: Mapping[str, Any] = field(default_factory=dict)
    trace: Trace | None = None


_UNBOUND = Bound(_NOTHING)
_bound: ContextVar[Bound] = ContextVar("monitor_core_bound", default=_UNBOUND)


def current() -> Bound:
    """Return what is bound in the running thread or task."""
    return _bound.get()


def trace_id() -> str | None:
    """Return the id of the running trace, to be shown in an error's answer; None outside of one."""
    trace = _bound.get().trace
    return trace.trace_id if trace else None


def enter(trace: Trace | None, context: Mapping[str, Any] = _NOTHING) -> None:
    """Set trace and context for the rest of the running task: what a middleware does at the start of a request."""
    _bound.set(Bound(dict(context), trace))


def bind(**context: Any) -> None:
    """Add to what every further line of this task or thread says.

    Examples
    --------
    >>> with scope():
    ...     bind(ticker="AAPL")
    ...     dict(current().context)
    {'ticker': 'AAPL'}
    """
    bound = _bound.get()
    _bound.set(replace(bound, context={**bound.context, **context}))


def unbind(*names: str) -> None:
    """Take names out again; those that are not there are passed over."""
    bound = _bound.get()
    _bound.set(replace(bound, context={key: value for key, value in bound.context.items() if key not in names}))


@contextmanager
def scope(trace: Trace | str | None = None, /, **context: Any) -> Iterator[Bound]:
    """Bind within a ``with`` block; afterwards everything is as before.

    Parameters
    ----------
    trace
        A trace or its id. None: the running one, or a new one where none runs.
    context
        What the lines within say beside what was bound before.

    Examples
    --------
    >>> with scope("job-17", model="churn") as bound:
    ...     bound.trace.trace_id, trace_id()
    ('job-17', 'job-17')
    >>> trace_id()
    """
    before = _bound.get()
    within = Bound({**before.context, **context}, _trace(trace, before))
    token = _bound.set(within)
    try:
        yield within
    finally:
        _bound.reset(token)


def _trace(trace: Trace | str | None, before: Bound) -> Trace:
    if isinstance(trace, str):
        return replace(new_trace(), trace_id=trace)
    return trace or before.trace or new_trace()


def outgoing_headers() -> dict[str, str]:
    """Return the headers that carry the running trace to another service; empty outside of one.

    Examples
    --------
    >>> with scope("4bf92f3577b34da6a3ce929d0e0e4736"):
    ...     outgoing_headers()["traceparent"][:36]
    '00-4bf92f3577b34da6a3ce929d0e0e4736-'
    """
    trace = _bound.get().trace
    header = traceparent(trace) if trace else ""
    if trace is None or not header:
        return {}
    return {"traceparent": header, "tracestate": trace.state} if trace.state else {"traceparent": header}


class Carried(Generic[_P, _R]):
    """A function that runs with what was bound where it was made; may be sent to a thread or a process."""

    def __init__(self, function: Callable[_P, _R], bound: Bound) -> None:
        self.function = function
        self.bound = bound
        update_wrapper(self, function, updated=())

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Call the function."""
        token = _bound.set(self.bound)
        try:
            return self.function(*args, **kwargs)
        finally:
            _bound.reset(token)


def carry(function: Callable[_P, _R]) -> Carried[_P, _R]:
    """Return `function` so that it takes trace and context along: ``executor.submit(carry(predict), row)``.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with scope("job-17"), ThreadPoolExecutor(1) as executor:
    ...     executor.submit(carry(trace_id)).result(), executor.submit(trace_id).result()
    ('job-17', None)
    """
    return Carried(function, Bound(dict(_bound.get().context), _bound.get().trace))
