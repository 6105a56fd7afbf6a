"""Any object -> what JSON knows, within bounds; never an exception (pure, standard library only).

What a service hands to its logger is whatever it has at hand: cycles, NumPy scalars, a frame of a million rows, an
object whose `repr` fails. Each is converted or cut, with a mark that says so.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import islice
from math import isfinite
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Converter", "Limits", "cut", "cut_middle", "text_of"]

_LONGEST_KEY = 200
_LARGEST_INTEGER = 2**63


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a record is kept; bytes are those of UTF-8."""

    message_bytes: int = 32 * 1024
    exception_bytes: int = 64 * 1024
    value_bytes: int = 16 * 1024
    keys: int = 200
    """Of one mapping, and items of one list."""
    depth: int = 6
    nodes: int = 2_000
    """Values of a record's context, all levels together."""
    context_bytes: int = 128 * 1024
    """Text of a record's context, all levels together."""

    def divided(self, by: int) -> Limits:
        """Return limits `by` times as narrow, for a record that is still too long once it is written."""
        return Limits(
            message_bytes=self.message_bytes // by,
            exception_bytes=self.exception_bytes // by,
            value_bytes=self.value_bytes // by,
            keys=max(1, self.keys // by),
            depth=self.depth,
            nodes=max(1, self.nodes // by),
            context_bytes=self.context_bytes // by,
        )


def cut(text: str, limit: int) -> str:
    """Return `text`, or its beginning and a mark when it has more than `limit` bytes.

    Examples
    --------
    >>> cut("short", 10), cut("x" * 100, 10)
    ('short', 'xxxxxxxxxx…[100 characters]')
    """
    if len(text) <= limit and (text.isascii() or len(text) * 4 <= limit):
        return text
    kept = _head(text, limit)
    return text if len(kept) == len(text) else f"{kept}…[{len(text)} characters]"


def cut_middle(text: str, limit: int) -> str:
    """Return `text`, or a quarter of its `limit` bytes from the beginning and the rest from the end.

    A traceback says at its end what happened.

    Examples
    --------
    >>> cut_middle("begin" + "-" * 100 + "the error", 20)
    'begin…[114 characters]…------the error'
    """
    if len(text) <= limit and (text.isascii() or len(text) * 4 <= limit):
        return text
    if len(text) <= limit and len(text.encode("utf-8", "surrogatepass")) <= limit:
        return text
    head = _head(text, limit // 4)
    tail = _head(text[-limit:][::-1], limit - limit // 4)[::-1]
    return f"{head}…[{len(text)} characters]…{tail}"


def _head(text: str, limit: int) -> str:
    encoded = text[:limit].encode("utf-8", "surrogatepass")
    if len(encoded) <= limit:
        return text[:limit]
    return encoded[:limit].decode("utf-8", "surrogatepass" if _ends_whole(encoded, limit) else "ignore")


def _ends_whole(encoded: bytes, limit: int) -> bool:
    return encoded[limit] & 0xC0 != 0x80


def text_of(value: object, limit: int) -> str:
    """Return how an object prints itself, cut; or what kind of object it is, where printing fails.

    Examples
    --------
    >>> class Broken:
    ...     def __repr__(self):
    ...         raise ValueError("no")
    >>> text_of(Broken(), 100)
    '<Broken: repr failed with ValueError>'
    """
    try:
        printed = repr(value)
        return cut(str.__str__(printed), limit)
    except Exception as error:  # noqa: BLE001 - whatever a foreign repr raises
        return f"<{_kind(value)}: repr failed with {type(error).__name__}>"


def _kind(value: object) -> str:
    try:
        return cut(str(type(value).__name__), _LONGEST_KEY)
    except Exception:  # noqa: BLE001 - a metaclass may do anything
        return "object"


class Converter:
    """Convert the values of one record, counting what they take together.

    Parameters
    ----------
    limits
        How much is kept.
    secret
        Which keys hide their values; called with the key and the value, returns what stands there instead or None.
    scrub
        What is done to each text.
    """

    __slots__ = ("_bytes", "_limits", "_nodes", "_path", "_scrub", "_secret")

    def __init__(
        self,
        limits: Limits,
        *,
        secret: Callable[[str, object], str | None] | None = None,
        scrub: Callable[[str], str] | None = None,
    ) -> None:
        self._limits = limits
        self._secret = secret
        self._scrub = scrub
        self._nodes = limits.nodes
        self._bytes = limits.context_bytes
        self._path: set[int] = set()

    def mapping(self, value: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
        """Return a mapping with text keys, at most `limits.keys` of them."""
        found: dict[str, Any] = {}
        secret = self._secret
        items = _taken(value.items(), self._limits.keys + 1)
        for key, item in items[: self._limits.keys]:
            if self._nodes <= 0 or self._bytes <= 0:
                found["…"] = f"{len(value) - len(found)} more"
                return found
            name = self._key(key, found)
            hidden = secret(name, item) if secret is not None else None
            if hidden is not None:
                self._nodes -= 1
            found[name] = self.value(item, depth + 1) if hidden is None else hidden
        if len(items) > self._limits.keys:
            found["…"] = f"{len(value) - self._limits.keys} more"
        return found

    def value(self, value: object, depth: int = 1) -> Any:
        """Return one value as JSON knows it."""
        self._nodes -= 1
        kind = type(value)
        if kind is str:
            return self._text(value)  # type: ignore[arg-type]
        if value is None or kind is bool:
            return value
        try:
            return self._other(value, kind, depth)
        except Exception as error:  # noqa: BLE001 - foreign objects may raise anything at any attribute
            return f"<{_kind(value)}: {type(error).__name__}>"

    def _text(self, text: str) -> str:
        limit = min(self._limits.value_bytes, max(self._bytes, 64))
        if self._scrub is not None:
            # Cut first, and leniently: what a pattern costs must not depend on what was passed.
            text = self._scrub(text[: limit + 1024] if len(text) > 2 * limit else text)
        text = cut(text, limit)
        self._bytes -= len(text)
        return text

    def _key(self, key: object, taken: dict[str, Any]) -> str:
        name = key if type(key) is str else self._foreign_key(key)
        if len(name) > _LONGEST_KEY:
            name = cut(name, _LONGEST_KEY)
        self._bytes -= len(name)
        if name in taken:
            name = next(other for number in range(2, 10_000) if (other := f"{name}#{number}") not in taken)
        return name

    def _foreign_key(self, key: object) -> str:
        plain = self.value(key, self._limits.depth)
        return plain if type(plain) is str else cut(str(plain), _LONGEST_KEY)

    def _other(self, value: Any, kind: type, depth: int) -> Any:
        if kind is int or kind is float:
            return _number(value)
        if isinstance(value, (dict, Mapping, list, tuple, AbstractSet, deque)):
            return self._collection(value, depth)
        scalar = _scalar(value)
        if scalar is not None:
            return self._text(scalar) if type(scalar) is str else scalar
        unwrapped = _unwrapped(value)
        if unwrapped is not value:
            return self.value(unwrapped, depth) if depth < 2 * self._limits.depth else f"<{_kind(value)}>"
        return self._text(text_of(value, self._limits.value_bytes))

    def _collection(self, value: Any, depth: int) -> Any:
        if depth >= self._limits.depth:
            return f"<{_kind(value)} of {len(value)}>"
        if id(value) in self._path:
            return f"<{_kind(value)}: cycle>"
        self._path.add(id(value))
        try:
            return self.mapping(value, depth) if isinstance(value, Mapping) else self._sequence(value, depth)
        finally:
            self._path.discard(id(value))

    def _sequence(self, value: Any, depth: int) -> list[Any]:
        found: list[Any] = []
        for item in _taken(value, self._limits.keys):
            if self._nodes <= 0 or self._bytes <= 0:
                break
            found.append(self.value(item, depth + 1))
        if len(value) > len(found):
            found.append(f"…{len(value) - len(found)} more")
        return found


def _taken(items: Iterable[Any], most: int) -> list[Any]:
    for _ in range(3):
        try:
            return list(islice(items, most))
        except RuntimeError:  # another thread changed it meanwhile
            continue
    return []


def _number(value: float) -> Any:
    if isinstance(value, int):
        if -_LARGEST_INTEGER <= value < _LARGEST_INTEGER:
            return value
        return str(value) if value.bit_length() <= 1_000 else f"<int of {value.bit_length()} bits>"
    if isfinite(value):
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124 - NaN is unequal


def _scalar(value: Any) -> Any:  # noqa: PLR0911 - one return a type
    if isinstance(value, Enum):
        return None
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return _number(int.__int__(value))
    if isinstance(value, float):
        return _number(float.__float__(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value[:65_536]).decode("utf-8", "backslashreplace") + ("…" if len(value) > 65_536 else "")
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (Decimal, Fraction, UUID, PurePath)):
        return str(value)
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    return value.__qualname__ if isinstance(value, type) else None


def _unwrapped(value: Any) -> Any:
    """Return what an enumeration, a NumPy value or a dataclass holds; the value itself for all others."""
    if isinstance(value, Enum):
        return value.value
    numpy = sys.modules.get("numpy")  # never imported for this: without it there are no such values
    if numpy is not None:
        if isinstance(value, numpy.generic):
            item = value.item()
            return item if type(item) is not type(value) else str(value)
        if isinstance(value, numpy.ndarray):
            return value.tolist() if value.size <= 200 else f"<array {value.dtype} {value.shape}>"
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name, None) for field in fields(value)}
    return value
