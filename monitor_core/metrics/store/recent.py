"""Chunks read lately, kept as arrays: a page that refreshes asks for the same hours again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Chunk = tuple[NDArray[np.int64], NDArray[np.float64]]

__all__ = ["RecentChunks"]


class RecentChunks:
    """The chunks used last, up to a size; safe to share between threads.

    Parameters
    ----------
    max_bytes
        How much memory they may take together.

    Examples
    --------
    >>> import numpy as np
    >>> recent = RecentChunks(100)
    >>> for number in range(3):
    ...     recent.put(number, (np.zeros(4, dtype=np.int64), np.zeros(2)))
    >>> [recent.get(number) is not None for number in range(3)]
    [False, True, True]
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._held: OrderedDict[int, Chunk] = OrderedDict()

    def get(self, number: int) -> Chunk | None:
        """Return a chunk by its number, which names one content for ever; None when it is not held."""
        with self._lock:
            found = self._held.get(number)
            if found is not None:
                self._held.move_to_end(number)
            return found

    def put(self, number: int, chunk: Chunk) -> None:
        """Hold a chunk; those used longest ago go."""
        with self._lock:
            if number not in self._held:
                self._held[number] = chunk
                self._bytes += chunk[0].nbytes + chunk[1].nbytes
            while self._bytes > self._max_bytes:
                _, (stamps, table) = self._held.popitem(last=False)
                self._bytes -= stamps.nbytes + table.nbytes
