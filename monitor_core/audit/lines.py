r"""The chain of prediction records as lines of a file: each is JSON that ends with its place in the chain.

``{...content...,"sequence":7,"previous":"<64 hex>","hash":"<64 hex>"}``: the content is canonical JSON (sorted keys, no
spaces, ASCII), and ``hash = SHA-256(domain \0 previous \0 sequence \0 {...content...})``, as for the operators' trail.
Because the content stands in the line byte for byte as it was hashed, a check needs no JSON parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from monitor_core.audit.chain import GENESIS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PREDICTIONS", "LineBreak", "Link", "Verified", "chained", "read_link", "verify_lines"]

PREDICTIONS = "bellwether/predictions/1"
"""Domain of the predictions' trail; a record of one trail can never pass for one of another."""

_DOMAIN = PREDICTIONS.encode("ascii")
_TAIL = re.compile(rb',"sequence":([1-9][0-9]{0,17}),"previous":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}\n?\Z')
_LONGEST_TAIL = 192


@dataclass(frozen=True, slots=True)
class Link:
    """A record's place in the chain."""

    sequence: int
    previous: str
    hash: str
    content: bytes
    """Canonical JSON of everything else."""


@dataclass(frozen=True, slots=True)
class LineBreak:
    """The first line that does not fit, and why."""

    line: int
    """1, 2, 3 ... in the order of reading."""
    sequence: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check found."""

    records: int
    """Those that fit, until the break if there is one."""
    first: int | None
    """Sequence of the first record; above 1 where earlier days were removed."""
    last: tuple[int, str] | None
    """Sequence and hash of the last record that fits: an anchor to be kept elsewhere."""
    broken: LineBreak | None = None


def chained(content: bytes, last: tuple[int, str] | None) -> tuple[bytes, int, str]:
    """Return the line of the record that follows `last`, its sequence and its hash.

    Parameters
    ----------
    content
        Canonical JSON of an object that is not empty (`monitor_core.audit.canonical_json`).
    last
        Sequence and hash of the newest record; None begins a chain.

    Examples
    --------
    >>> line, sequence, digest = chained(b'{"entity":"AAPL"}', None)
    >>> line[:46], sequence, len(digest)
    (b'{"entity":"AAPL","sequence":1,"previous":"0000', 1, 64)
    >>> read_link(line).content
    b'{"entity":"AAPL"}'
    """
    sequence, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
    place = b"%d" % sequence
    digest = sha256(b"\0".join((_DOMAIN, previous.encode("ascii"), place, content))).hexdigest()
    tail = b',"sequence":%b,"previous":"%b","hash":"%b"}' % (place, previous.encode("ascii"), digest.encode("ascii"))
    return content[:-1] + tail, sequence, digest


def read_link(line: bytes) -> Link | None:
    """Return a line's place in the chain; None for a line that is no record."""
    found = _tail_of(line)
    if found is None:
        return None
    place, previous, digest = found.groups()
    return Link(int(place), previous.decode("ascii"), digest.decode("ascii"), line[: found.start()] + b"}")


def verify_lines(
    lines: Iterable[bytes], *, after: tuple[int, str] | None = None, anchors: Iterable[tuple[int, str]] = ()
) -> Verified:
    """Return whether lines form one chain, naming the first that does not.

    Parameters
    ----------
    lines
        In the order of writing, with or without their ends; read one at a time, any number.
    after
        Sequence and hash that the first record must follow. None: record 1 begins the chain, a later one continues
        what was removed.
    anchors
        Sequences with the hashes that were kept elsewhere: what was cut off at the end is noticed only against these.

    Examples
    --------
    >>> one, _, first = chained(b'{"entity":"AAPL"}', None)
    >>> two, _, _ = chained(b'{"entity":"MSFT"}', (1, first))
    >>> verify_lines([one, two]).records
    2
    >>> verify_lines([one, two.replace(b"MSFT", b"AAPL")]).broken
    LineBreak(line=2, sequence=2, reason='its content was changed')
    """
    chain = _Chain(after, dict(anchors))
    number = 0
    for line in lines:
        number += 1
        found = _tail_of(line)
        if found is None:
            return chain.broken(LineBreak(number, None, "it is not a record: cut short, or not ours"))
        reason = chain.add(line, found)
        if reason:
            return chain.broken(LineBreak(number, int(found[1]), reason))
    return chain.end(number)


def _tail_of(line: bytes) -> re.Match[bytes] | None:
    start = line.rfind(b',"sequence":', -_LONGEST_TAIL)
    return _TAIL.match(line, start) if start > 0 and line[:1] == b"{" else None


class _Chain:
    """A check under way."""

    __slots__ = ("_after", "_expected", "_first", "_previous", "_records", "_wanted")

    def __init__(self, after: tuple[int, str] | None, wanted: dict[int, str]) -> None:
        self._after = after
        self._wanted = wanted
        self._expected, self._previous = (after[0] + 1, after[1].encode("ascii")) if after else (0, b"")
        self._first: int | None = None
        self._records = 0

    def add(self, line: bytes, found: re.Match[bytes]) -> str:
        """Take in one record; return why it does not fit, empty when it does."""
        place, before, own = found.groups()
        sequence = int(place)
        if self._first is None:
            self._first = sequence
            if not self._expected:
                self._expected, self._previous = sequence, GENESIS.encode("ascii") if sequence == 1 else before
        hashed = sha256(b"\0".join((_DOMAIN, before, place, line[: found.start()] + b"}"))).hexdigest().encode("ascii")
        if sequence != self._expected or before != self._previous or hashed != own:
            return self._reason(sequence, before)
        if self._wanted and self._wanted.pop(sequence, own.decode("ascii")) != own.decode("ascii"):
            return "it is not the record that was anchored"
        self._records += 1
        self._expected, self._previous = sequence + 1, own
        return ""

    def _reason(self, sequence: int, before: bytes) -> str:
        if sequence > self._expected:
            return f"record {self._expected} is missing"
        if sequence < self._expected:
            return f"it stands after record {self._expected - 1}"
        return "its content was changed" if before == self._previous else "it does not follow the record before it"

    def broken(self, broken: LineBreak) -> Verified:
        last = (self._expected - 1, self._previous.decode("ascii")) if self._records else None
        return Verified(self._records, self._first, last, broken)

    def end(self, number: int) -> Verified:
        """Return what was found when all lines fit: fewer than there were are noticed by the anchors."""
        missing = [sequence for sequence in self._wanted if self._first is None or sequence >= self._first]
        if missing:
            reason = f"record {min(missing)}, which was anchored, is missing at the end"
            return self.broken(LineBreak(number, min(missing), reason))
        last = (self._expected - 1, self._previous.decode("ascii")) if self._records else self._after
        return Verified(self._records, self._first, last)
