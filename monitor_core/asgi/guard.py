"""What surrounds every request: where it comes from and goes to is checked; every answer carries security headers."""

from __future__ import annotations

import platform
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from monitor_core.settings import Settings

__all__ = ["Guard", "allowed_hosts", "is_allowed"]

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """Return the names under which a browser may reach the app, besides IP addresses."""
    further = (name.strip().lower() for name in settings.hosts.split(","))
    return frozenset({"localhost", settings.host.lower(), platform.node().lower(), *further} - {""})


def is_allowed(host: str, names: Collection[str]) -> bool:
    """Whether a ``Host`` header names this app.

    An attacker's page can point its own name at 127.0.0.1 and would then be let in by the browser's rules
    (DNS rebinding); it cannot make the browser send an IP address or one of our names instead.

    Examples
    --------
    >>> [is_allowed(host, {"localhost"}) for host in ("localhost:8501", "127.0.0.1:8501", "[::1]:80", "evil.example")]
    [True, True, True, False]
    """
    name = _without_port(host.strip().lower()).rstrip(".")
    if name in names:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, _, port = host.rpartition(":")
    return name if name and port.isdigit() else host


class Guard:
    """ASGI middleware; plain, so that bodies stream through untouched.

    Parameters
    ----------
    app
        What it surrounds.
    names
        See `allowed_hosts`.
    """

    def __init__(self, app: ASGIApp, *, names: Collection[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a foreign host (421) or origin (403), a websocket by closing it; else pass on and add headers."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        host, origin = _header(scope, b"host"), _header(scope, b"origin")
        if host is None or not is_allowed(host, self._names):
            await _refuse(scope, send, 421, "this name does not belong to this app; its owner can allow it: hosts")
        elif origin is not None and not is_same(origin, host):
            await _refuse(scope, send, 403, "pages of other sites may not use this app")
        else:
            await self._app(scope, receive, send if scope["type"] == "websocket" else _with_headers(send))


def is_same(origin: str, host: str) -> bool:
    """Whether a page of `origin` was served under the name and port that `host` gives.

    Examples
    --------
    >>> is_same("http://localhost:8501", "localhost:8501"), is_same("https://evil.example", "localhost:8501")
    (True, False)
    """
    scheme, _, name = origin.partition("://")
    return scheme in {"http", "https"} and name.lower() == host.strip().lower()


def _header(scope: Scope, wanted: bytes) -> str | None:
    """Return a header that is there exactly once."""
    found = [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
    return found[0] if len(found) == 1 else ("" if found else None)


async def _refuse(scope: Scope, send: Send, status: int, words: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": words})
        return
    body = f"{words}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message.get("headers", [])}
            added = [header for header in _HEADERS if header[0] not in present]
            message = {**message, "headers": [*message.get("headers", []), *added]}
        await send(message)

    return sending
