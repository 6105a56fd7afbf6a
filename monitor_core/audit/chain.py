"""The chain of an audit trail: each record carries the hash of the one before it (standard library only).

``hash = SHA-256(domain, previous hash, sequence, canonical JSON of the content)``. Changing, removing or reordering a
record breaks every later link. Cutting off the end of a trail breaks none: that is only noticed against a hash that
was written down elsewhere (an anchor).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["GENESIS", "OPERATORS", "Break", "Record", "canonical_json", "link", "plain", "record_hash", "verify"]

GENESIS = "0" * 64
"""What stands for the hash before the first record."""

OPERATORS = "bellwether/operators/1"
"""Domain of the operators' trail; a record of one trail can never pass for one of another."""


@dataclass(frozen=True, slots=True)
class Record:
    """One link: who did what to which thing, and its place in the chain."""

    sequence: int
    """1, 2, 3 ... without gaps."""
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    previous: str
    hash: str

    def content(self) -> dict[str, Any]:
        """Return what the hash covers beside the place in the chain."""
        return _content(self.at, self.actor, self.action, self.subject, self.detail)


@dataclass(frozen=True, slots=True)
class Break:
    """The first record that does not fit, and why."""

    sequence: int
    reason: str


def canonical_json(value: object) -> bytes:
    r"""Return the one JSON text of `value`: sorted keys, no spaces, ASCII.

    Raises
    ------
    InvalidInput
        For NaN, infinity or anything that JSON does not know; see `plain`.

    Examples
    --------
    >>> canonical_json({"b": 1, "a": [True, None, "é"]})
    b'{"a":[true,null,"\\u00e9"],"b":1}'
    """
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"the audit trail cannot hold this value: {error}") from None
    return text.encode("ascii")


def record_hash(domain: str, previous: str, sequence: int, content: object) -> str:
    r"""Return the hash of one record, hexadecimal.

    The four parts are joined by NUL bytes, which none of them can hold (JSON writes them as ``\u0000``).

    Examples
    --------
    >>> record_hash("demo", GENESIS, 1, {"action": "upload"})[:16]
    '1bab69be3b68986a'
    """
    parts = (domain.encode(), previous.encode(), str(sequence).encode(), canonical_json(content))
    return sha256(b"\0".join(parts)).hexdigest()


def link(
    domain: str,
    last: tuple[int, str] | None,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
) -> Record:
    """Return the record that follows `last`, the (sequence, hash) of the newest one; None begins a chain."""
    sequence, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
    known = {str(key): plain(value) for key, value in detail.items()}
    actor, action, subject = _text(actor), _text(action), _text(subject)
    content = _content(at, actor, action, subject, known)
    value = record_hash(domain, previous, sequence, content)
    return Record(sequence, at, actor, action, subject, known, previous, value)


def verify(records: Iterable[Record], *, domain: str, after: tuple[int, str] | None = None) -> Break | None:
    """Return the first broken record of a chain in its order, or None when all fit.

    Parameters
    ----------
    records
        Read one at a time; any number.
    domain
        The trail's domain.
    after
        The (sequence, hash) that the first record must follow: an anchor. None: the chain's beginning.

    Examples
    --------
    >>> moment = datetime(2026, 11, 21, tzinfo=UTC)
    >>> one = link("demo", None, at=moment, actor="ann", action="upload", subject="churn", detail={})
    >>> two = link("demo", (1, one.hash), at=moment, actor="bob", action="run", subject="churn", detail={"rows": 5})
    >>> verify([one, two], domain="demo") is None
    True
    >>> verify([two], domain="demo")
    Break(sequence=2, reason='record 1 is missing')
    """
    expected, previous = (after[0] + 1, after[1]) if after else (1, GENESIS)
    for record in records:
        if record.sequence != expected:
            return Break(record.sequence, f"record {expected} is missing")
        if record.previous != previous:
            return Break(record.sequence, "it does not follow the record before it")
        if record.hash != record_hash(domain, previous, expected, record.content()):
            return Break(record.sequence, "its content was changed")
        expected, previous = expected + 1, record.hash
    return None


def plain(value: object) -> Any:  # noqa: PLR0911 - one return a type
    """Turn a value into what JSON knows and every database stores unchanged.

    Moments and dates become ISO text, enumerations their value, numbers that JSON lacks (NaN, infinity) text, and
    characters that a database refuses (NUL, lone surrogates) the replacement character.

    Raises
    ------
    InvalidInput
        For any other type: the trail must not depend on some object's way of printing itself.

    Examples
    --------
    >>> plain({"at": date(2026, 11, 21), "share": math.inf, "names": ("a", "b")})
    {'at': '2026-11-21', 'share': 'inf', 'names': ['a', 'b']}
    """
    match value:
        case None | bool():
            return value
        case Enum():
            return plain(value.value)
        case int():
            return int(value)
        case float():
            return float(value) if math.isfinite(value) else str(float(value))
        case str():
            return _text(value)
        case datetime():
            return _moment(value)
        case date():
            return value.isoformat()
        case dict():
            return {_text(str(key)): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            raise InvalidInput(f"the audit trail cannot hold a {type(value).__name__}")


def _content(at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    return {"at": _moment(at), "actor": actor, "action": action, "subject": subject, "detail": dict(detail)}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _text(value: str) -> str:
    return value.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")
