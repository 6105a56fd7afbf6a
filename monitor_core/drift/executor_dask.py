"""Count on a Dask cluster. Needs the extra ``dask``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from monitor_core.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from distributed import Client

__all__ = ["Dask"]

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Dask:
    """A Dask cluster as an executor (see `executor.Executor`): counts are the same as on threads, bit by bit.

    Workers read the shards themselves, so files must lie where every worker sees them.

    Parameters
    ----------
    client
        The cluster; None takes the current client.

    Raises
    ------
    MissingExtra
        When Dask is not installed.
    """

    client: Client | None = None

    def __post_init__(self) -> None:
        _current()

    @property
    def is_remote(self) -> bool:
        """Workers are other processes: results travel encoded."""
        return True

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield ``function(item)`` for each item, in order."""
        client = self.client or _current()()
        futures = [client.submit(function, item, pure=False) for item in items]
        try:
            for position, future in enumerate(futures):
                yield cast(Result, future.result())
                futures[position] = None  # the cluster may forget what was fetched
        finally:
            client.cancel([future for future in futures if future is not None])


def _current() -> Callable[[], Client]:
    """Return what finds the current client; raises `MissingExtra` without Dask."""
    try:
        from distributed import get_client  # noqa: PLC0415 - an extra, loaded when it is used
    except ImportError as error:
        raise MissingExtra(
            "counting on Dask needs distributed, which is not installed", hint="pip install 'bellwether-monitor[dask]'"
        ) from error
    return cast("Callable[[], Client]", get_client)
