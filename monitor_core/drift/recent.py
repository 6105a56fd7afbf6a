"""Keep the few values that were used last."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Recent"]

KeyT = TypeVar("KeyT", bound="Hashable")
ValueT = TypeVar("ValueT")


class Recent(Generic[KeyT, ValueT]):
    """A small cache of values that never change, safe for threads.

    Parameters
    ----------
    size
        Values kept, from 0 on; the one used longest ago goes first.

    Examples
    --------
    >>> recent = Recent(1)
    >>> recent.get("a", lambda: 1), recent.get("a", lambda: 2), recent.get("b", lambda: 3), recent.get("a", lambda: 4)
    (1, 1, 3, 4)
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[KeyT, ValueT] = OrderedDict()
        self._lock = Lock()

    def get(self, key: KeyT, read: Callable[[], ValueT]) -> ValueT:
        """Return the value of `key`, by `read` when it is not kept; two threads may read the same value."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = read()
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)
        return value
