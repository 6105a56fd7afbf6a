"""Requests that end in time, stay small, go where they were sent, and fail in words."""

from __future__ import annotations

import time
from typing import Any

import requests
from requests import exceptions
from urllib3.exceptions import HTTPError

from monitor_core.errors import Unavailable
from monitor_core.metrics.server.replies import payload_from

__all__ = ["BoundedSession", "Reply"]

_PIECE = 1 << 18
_HINTS = {
    401: "check metrics.prometheus_username and password, or the bearer token",
    403: "check metrics.prometheus_username and password, the bearer token, or the tenant",
    404: "is a path missing in metrics.prometheus_url (Mimir: /prometheus)?",
}
_QUERY_ERRORS = frozenset({400, 422, 503})
"""Status with which the API tells what is wrong with a query, in JSON."""


class Reply(requests.Response):
    """A good answer, read already.

    Parameters
    ----------
    read
        What `json` gives.
    """

    def __init__(self, read: Any) -> None:
        super().__init__()
        self.status_code = 200
        self._read = read

    def json(self, **_options: Any) -> Any:
        """Give what was read."""
        return self._read


class BoundedSession(requests.Session):
    """A session for `PrometheusConnect`.

    Forms go in the body, so that long queries fit; redirects are refused, answers read up to a size and until a
    moment; whatever fails is an `Unavailable` that says why, or the query's own error.

    Parameters
    ----------
    name
        Of the server, for messages; never its whole address, which may hold a password.
    timeout
        Seconds for all of a request.
    max_bytes
        Largest answer.
    """

    def __init__(self, name: str, *, timeout: float, max_bytes: int) -> None:
        super().__init__()
        self.trust_env = False  # neither proxies nor passwords from elsewhere: only what is configured
        self._name = name
        self._seconds = timeout
        self._max_bytes = max_bytes

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]  # fewer ways to call it
        """Send a request and read its answer; returns a `Reply` or raises.

        Of a query's answer `PrometheusConnect` gives its callers the result alone; here that is the whole payload, so
        that its type and the warnings are not lost.
        """
        if method == "POST":
            options["data"] = options.pop("params", None)
        share = self._seconds / 8  # connecting may be tried twice
        options |= {"stream": True, "allow_redirects": False, "timeout": (share, 6 * share)}
        end = time.monotonic() + self._seconds
        try:
            with super().request(method, url, **options) as response:
                body = self._body(response, end)
        except (exceptions.RequestException, HTTPError, OSError) as error:
            raise self._unavailable(error) from None
        payload = self._payload(response, body)
        is_query = url.rpartition("/")[2] in {"query", "query_range"}
        return Reply({"data": {"result": payload}} if is_query else payload)

    def _body(self, response: requests.Response, end: float) -> bytes:
        body = bytearray()
        while piece := response.raw.read1(_PIECE, decode_content=True):  # what is there: it may come byte by byte
            body += piece
            if len(body) > self._max_bytes:
                hint = "ask for fewer series or larger steps, or raise metrics.prometheus_max_bytes"
                raise Unavailable(f"{self._name}: the answer has more than {self._max_bytes:,} bytes", hint=hint)
            if time.monotonic() > end:
                raise exceptions.ReadTimeout
            self._shorten(response, end)
        return bytes(body)

    def _shorten(self, response: requests.Response, end: float) -> None:
        """Let the next read wait no longer than what is left."""
        sock = getattr(getattr(response.raw, "connection", None), "sock", None)
        if sock is not None:
            sock.settimeout(max(0.001, end - time.monotonic()))

    def _payload(self, response: requests.Response, body: bytes) -> dict[str, Any]:
        status = response.status_code
        if status == 200:
            return payload_from(body, self._name)
        if status in _QUERY_ERRORS and body.lstrip().startswith(b"{"):
            return payload_from(body, self._name)  # raises what it tells
        if 300 <= status < 400:
            raise Unavailable(
                f"{self._name} redirects ({status}), which is not followed",
                hint="give the address itself in metrics.prometheus_url",
            )
        words = f"{self._name} answered {status} {response.reason or ''}".strip()
        raise Unavailable(words, hint=_HINTS.get(status, ""))

    def _unavailable(self, error: Exception) -> Unavailable:
        match error:
            case exceptions.SSLError():
                words, hint = "no secure connection", "check metrics.prometheus_ca_file and the certificate's names"
            case exceptions.Timeout() | TimeoutError():
                words, hint = f"no answer within {self._seconds:g} s", "is it overloaded? metrics.prometheus_timeout"
            case exceptions.ConnectionError() if "timed out" in str(error).lower():
                words, hint = f"no answer within {self._seconds:g} s", "is it overloaded? metrics.prometheus_timeout"
            case exceptions.ConnectionError():
                words, hint = "cannot be reached", "does it run, and is metrics.prometheus_url right?"
            case _:
                words, hint = f"the answer broke off ({type(error).__name__})", ""
        return Unavailable(f"{self._name}: {words}", hint=hint)
