"""Addresses of what is scraped and queried, read from their settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from monitor_core.errors import InvalidSetting

__all__ = ["Target", "http_address", "read_headers", "read_targets"]

_EXAMPLE = "for example api=http://127.0.0.1:8000/metrics"
_MOST_TARGETS = 200


@dataclass(frozen=True, slots=True)
class Target:
    """One page of metrics.

    Attributes
    ----------
    job
        The label ``job`` of its series.
    url
        Where the page is; may hold a user and a password.
    """

    job: str
    url: str

    @property
    def instance(self) -> str:
        """Host and port, the label ``instance`` of its series.

        Examples
        --------
        >>> Target("api", "http://u:p@db.example/metrics").instance
        'db.example:80'
        """
        parts = urlsplit(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def read_targets(text: str, source: str = "targets") -> tuple[Target, ...]:
    """Read ``job=address`` pairs with commas or line ends between them.

    An address without a path means ``/metrics``.

    Raises
    ------
    InvalidSetting
        For what is no such pair, and for two targets that could not be told apart: same job, host and port.

    Examples
    --------
    >>> read_targets("api=http://a:8000, api=http://b:8000/m?x=1")
    (Target(job='api', url='http://a:8000/metrics'), Target(job='api', url='http://b:8000/m?x=1'))
    """
    found: list[Target] = []
    for number, piece in enumerate(filter(None, map(str.strip, re.split(r"[,\n]", text))), start=1):
        job, equals, url = (part.strip() for part in piece.partition("="))
        if not equals or not job or "/" in job:
            raise InvalidSetting(f"{source}: entry {number} is not job=address", hint=_EXAMPLE)
        http_address(url, f"{source}: entry {number} ({job})")
        target = Target(job, url if urlsplit(url).path.strip("/") else _with_path(url))
        if any((other.job, other.instance) == (target.job, target.instance) for other in found):
            raise InvalidSetting(
                f"{source}: {job} at {target.instance} stands there twice", hint="give the second another job name"
            )
        found.append(target)
    if len(found) > _MOST_TARGETS:
        raise InvalidSetting(f"{source}: {len(found)} targets, at most {_MOST_TARGETS}", hint="use a Prometheus server")
    return tuple(found)


def _with_path(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path="/metrics").geturl()


def http_address(url: str, source: str) -> None:
    """Refuse what is not the address of an HTTP server; the address is not repeated, it may hold a password."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_address = False
    if not is_address or parts.fragment or re.search(r"[\s\x00-\x1f]", url):
        raise InvalidSetting(f"{source}: not an http or https address", hint=_EXAMPLE.partition("=")[2])


def read_headers(text: str, source: str) -> dict[str, str]:
    """Read ``Name: value; Name: value``.

    Raises
    ------
    InvalidSetting
        When a name or value cannot stand in a request; nothing of it is repeated.

    Examples
    --------
    >>> read_headers("X-Scope-OrgID: team; X-Key: a:b", "headers")
    {'X-Scope-OrgID': 'team', 'X-Key': 'a:b'}
    """
    found: dict[str, str] = {}
    for number, piece in enumerate(filter(None, map(str.strip, text.split(";"))), start=1):
        name, colon, value = (part.strip() for part in piece.partition(":"))
        if not colon or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not value.isprintable():
            raise InvalidSetting(f"{source}: entry {number} is not 'Name: value'")
        found[name] = value
    return found
