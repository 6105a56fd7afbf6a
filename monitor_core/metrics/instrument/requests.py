"""What is counted of one answered request, whatever the framework."""

from __future__ import annotations

from bisect import bisect_left
from functools import partial
from time import time
from typing import TYPE_CHECKING

from prometheus_client.samples import Exemplar

from monitor_core.metrics.instrument.bounded import LabelLimit
from monitor_core.metrics.names import OTHER, OTHER_METHOD

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram

__all__ = ["METHODS", "MOST_ENDPOINTS", "RequestRecorder", "Tracked"]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"})
"""Methods that HTTP knows; any other reads `OTHER`."""

MOST_ENDPOINTS = 500
"""Endpoints with series of their own; the rest reads `other`."""


class Tracked:
    """The children of one endpoint, method and status: what a request adds to.

    Adding goes to the values behind the client's metrics directly: their own methods check at each call what was
    checked when the child was made, and cost three times as much.

    Parameters
    ----------
    duration, requests
        Children with their labels.
    errors
        The child of the error counter; None below 400.
    """

    __slots__ = ("_bounds", "_cells", "_count", "_fail", "_total")

    def __init__(self, duration: Histogram, requests: Counter, errors: Counter | None) -> None:
        self._bounds = tuple(duration._upper_bounds)
        self._cells = tuple(duration._buckets)
        self._total = duration._sum.inc
        self._count = requests._value.inc
        self._fail = None if errors is None else errors._value.inc

    def add(self, seconds: float, exemplar: dict[str, str] | None = None) -> None:
        """Count one request."""
        cell = self._cells[bisect_left(self._bounds, seconds)]
        self._total(seconds)
        cell.inc(1)
        if exemplar is not None:
            cell.set_exemplar(Exemplar(exemplar, seconds, time()))
        self._count(1)
        if self._fail is not None:
            self._fail(1)


class RequestRecorder:
    """Find the children of a request quickly, with all labels bounded.

    Parameters
    ----------
    duration, requests, errors, first_byte, in_progress
        The instruments.
    """

    def __init__(
        self, duration: Histogram, requests: Counter, errors: Counter, first_byte: Histogram, in_progress: Gauge
    ) -> None:
        self.enter = partial(in_progress._value.inc, 1)
        self.leave = partial(in_progress._value.inc, -1)
        self._duration = duration
        self._requests = requests
        self._errors = errors
        self._first_byte = first_byte
        self._endpoints = LabelLimit(MOST_ENDPOINTS)
        self._found: dict[tuple[str, str, int], Tracked] = {}

    def find(self, endpoint: str, method: str, status: int) -> Tracked:
        """Return what a request of this endpoint (a template), method and status adds to."""
        key = (endpoint, method if method in METHODS else OTHER_METHOD, status if 100 <= status <= 599 else 0)
        found = self._found.get(key)
        return found if found is not None else self._make(key)

    def stream(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Note the time to the first byte of a streamed answer."""
        known = method if method in METHODS else OTHER_METHOD
        self._first_byte.labels(self._endpoints(endpoint), known, _status(status)).observe(seconds)

    def _make(self, key: tuple[str, str, int]) -> Tracked:
        endpoint, method, status = key
        endpoint = self._endpoints(endpoint)
        if endpoint == OTHER and key[0] != OTHER:
            return self.find(OTHER, method, status)
        text = _status(status)
        labels = (endpoint, method, text)
        kind = "4xx" if 400 <= status <= 499 else "5xx"
        made = Tracked(
            self._duration.labels(*labels),
            self._requests.labels(*labels),
            self._errors.labels(endpoint, kind, text) if status >= 400 else None,
        )
        self._found[key] = made
        return made


def _status(status: int) -> str:
    return str(status) if 100 <= status <= 599 else OTHER
