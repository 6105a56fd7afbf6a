"""Where the counting runs: a function over independent parts, results in order.

The same function counts a shard everywhere, so that counts are bit-identical on threads, Dask and Spark.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Executor", "Threads"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class Executor(Protocol):
    """Applies a function to many parts."""

    @property
    def is_remote(self) -> bool:
        """Whether parts and results travel between processes (results then come encoded)."""
        ...

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield ``function(item)`` for each item, in the order of the items.

        An exception of the function is raised when its turn comes. Leaving the iterator early stops the work.
        """
        ...


@dataclass(frozen=True, slots=True)
class Threads:
    """Threads of this process (NumPy's sort and Arrow's readers run outside the interpreter lock).

    Parameters
    ----------
    count
        Threads; 0 means one a core. At most twice as many parts are in work or waiting to be fetched: that bounds
        memory.

    Examples
    --------
    >>> list(Threads(2).map(abs, [-3, 1, -2]))
    [3, 1, 2]
    """

    count: int = 0

    @property
    def is_remote(self) -> bool:
        """Threads share memory: no."""
        return False

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield ``function(item)`` for each item, in order."""
        workers = self.count or os.cpu_count() or 1
        if workers == 1:
            yield from map(function, items)
            return
        waiting: deque[Future[Result]] = deque()
        pool = ThreadPoolExecutor(workers, thread_name_prefix="drift-count")
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
