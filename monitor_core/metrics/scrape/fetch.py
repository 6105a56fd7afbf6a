"""Fetch a page of metrics: in time, bounded in size, from that address and no other."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Fetcher", "Page", "ScrapeFailed"]

ACCEPT = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
_PIECE = 1 << 16


class ScrapeFailed(Exception):
    """A page of metrics could not be had; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it came."""

    text: str
    is_openmetrics: bool


class Fetcher:
    """Fetches one page again and again, over one connection where the server allows.

    Parameters
    ----------
    url
        Its address; may hold a user and a password.
    timeout
        Seconds for all of it.
    max_bytes
        Largest page, expanded.
    headers
        Called at each fetch, for what may change, such as a token in a file.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float,
        max_bytes: int,
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        parts = urlsplit(url)
        self._is_tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._is_tls else 80)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = headers
        self._fixed = {"Accept": ACCEPT, "Accept-Encoding": "gzip", "User-Agent": "bellwether"}
        if parts.username is not None:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._fixed["Authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"
        self._fixed["X-Prometheus-Scrape-Timeout-Seconds"] = f"{timeout:g}"
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._connection: http.client.HTTPConnection | None = None

    def fetch(self) -> Page:
        """Return the page; raises `ScrapeFailed` within the timeout."""
        end = time.monotonic() + self._timeout
        try:
            with _Watch(self, end):
                page = self._fetched(end)
        except (ScrapeFailed, OSError, http.client.HTTPException, AttributeError) as error:
            self.close()  # AttributeError: interrupted between two steps of http.client
            if time.monotonic() >= end or isinstance(error, TimeoutError):
                raise self._too_slow() from None
            raise (error if isinstance(error, ScrapeFailed) else ScrapeFailed(_words(error))) from None
        if time.monotonic() >= end:  # interrupted where an end looks like any other
            self.close()
            raise self._too_slow()
        return page

    def _too_slow(self) -> ScrapeFailed:
        return ScrapeFailed(f"no whole answer within {self._timeout:g} s")

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def interrupt(self) -> None:
        """End what waits on the connection; called by another thread."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _fetched(self, end: float) -> Page:
        response = self._answer(end)
        if 300 <= response.status < 400:
            raise ScrapeFailed(f"status {response.status}: redirects are not followed, give the address of the page")
        if response.status != 200:
            raise ScrapeFailed(f"status {response.status} {response.reason}".strip())
        kind = response.headers.get("content-type", "").lower()
        if "html" in kind or "json" in kind:
            raise ScrapeFailed(f"the answer is {kind.partition(';')[0]}, not a page of metrics: is the path right?")
        body = self._body(response)
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ScrapeFailed(f"the page is not UTF-8 at byte {error.start:,}") from None
        return Page(text, is_openmetrics="openmetrics" in kind)

    def _answer(self, end: float) -> http.client.HTTPResponse:
        """Ask; once more over a new connection when the server has closed the one kept."""
        kept = self._connection
        if kept is not None:
            try:
                return self._asked(kept, end)
            except (ConnectionError, http.client.BadStatusLine):
                self.close()
        return self._asked(self._open(), end)

    def _asked(self, connection: http.client.HTTPConnection, end: float) -> http.client.HTTPResponse:
        left = max(0.001, end - time.monotonic())
        connection.timeout = left
        if connection.sock is not None:
            connection.sock.settimeout(left)
        connection.request("GET", self._path, headers={**self._fixed, **self._headers()})
        return connection.getresponse()

    def _open(self) -> http.client.HTTPConnection:
        if self._is_tls:
            context = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(self._host, self._port, context=context)
        else:
            self._connection = http.client.HTTPConnection(self._host, self._port)
        return self._connection

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        expand = zlib.decompressobj(31) if response.headers.get("content-encoding") == "gzip" else None
        body = bytearray()
        while piece := response.read(_PIECE):
            if expand is None:
                body += piece
            else:
                body += self._expanded(expand, piece, len(body))
            if len(body) > self._max_bytes:
                raise ScrapeFailed(f"the page has more than {self._max_bytes:,} bytes (metrics.scrape_max_bytes)")
        if response.length:
            raise ScrapeFailed("the page breaks off")
        if expand is not None and not expand.eof:
            raise ScrapeFailed("the compressed page breaks off")
        return bytes(body)

    def _expanded(self, expand: zlib._Decompress, piece: bytes, held: int) -> bytes:
        try:
            return expand.decompress(piece, self._max_bytes + 1 - held)
        except zlib.error as error:
            raise ScrapeFailed(f"the compressed page is damaged: {error}") from None


class _Watch:
    """Interrupts a fetch at its end, whatever the server does."""

    def __init__(self, fetcher: Fetcher, end: float) -> None:
        self._timer = threading.Timer(max(0.0, end - time.monotonic()), fetcher.interrupt)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "connection refused: is the service running, and is the port right?"),
    (socket.gaierror, "the host name is not known"),
    (ssl.SSLError, "no secure connection"),
    (http.client.IncompleteRead, "the page breaks off"),
    (http.client.HTTPException, "no proper HTTP answer"),
)


def _words(error: BaseException) -> str:
    known = next((words for kind, words in _WORDS if isinstance(error, kind)), "the connection broke off")
    if isinstance(error, ConnectionRefusedError | socket.gaierror):
        return known
    detail = (error.strerror if isinstance(error, OSError) else "") or type(error).__name__
    return f"{known} ({detail})"
