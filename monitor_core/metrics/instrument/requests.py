"""What is counted of one answered request, whatever the framework."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor_core.metrics.instrument.bounded import LabelLimit
from monitor_core.metrics.names import OTHER, OTHER_METHOD

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import Counter, Gauge, Histogram

__all__ = ["METHODS", "MOST_ENDPOINTS", "RequestRecorder", "Tracked"]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"})
"""Methods that HTTP knows; any other reads `OTHER`."""

MOST_ENDPOINTS = 500
"""Endpoints with series of their own; the rest reads `other`."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """The children of one endpoint, method and status: what a request adds to."""

    observe: Callable[..., None]
    count: Callable[[], None]
    fail: Callable[[], None] | None

    def add(self, seconds: float, exemplar: dict[str, str] | None = None) -> None:
        """Count one request."""
        self.observe(seconds, exemplar)
        self.count()
        if self.fail is not None:
            self.fail()


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
        self.enter = in_progress.inc
        self.leave = in_progress.dec
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
            observe=self._duration.labels(*labels).observe,
            count=self._requests.labels(*labels).inc,
            fail=self._errors.labels(endpoint, kind, text).inc if status >= 400 else None,
        )
        self._found[key] = made
        return made


def _status(status: int) -> str:
    return str(status) if 100 <= status <= 599 else OTHER
