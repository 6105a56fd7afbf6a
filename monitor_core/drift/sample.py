"""A bounded uniform sample of rows a granule, the same however the rows were cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["RowSample", "Sampler", "row_keys"]

_SEED = np.uint64(0x9E3779B97F4A7C15)
_KEY = "__row_key__"
_EMPTY = np.zeros(0, np.uint64)


def row_keys(first_row: int, n_rows: int) -> NDArray[np.uint64]:
    """Return a number for each row, uniform over 64 bits and settled by the row's place in the table (splitmix64).

    Examples
    --------
    >>> bool((row_keys(0, 10)[4:] == row_keys(4, 6)).all())
    True
    """
    mixed = np.arange(first_row + 1, first_row + n_rows + 1, dtype=np.uint64) * _SEED
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


@dataclass(frozen=True, slots=True, eq=False)
class RowSample:
    """Rows with the smallest keys: every row of the granule had the same chance.

    How a store keeps it: `to_bytes` is the payload of a ``drift_sample`` row, `n_rows` its number of rows.

    Attributes
    ----------
    n_rows
        Rows of the granule from which the sample was taken.
    keys
        Key of each sampled row, increasing.
    table
        The rows, monitored columns only.
    """

    n_rows: int
    keys: NDArray[np.uint64]
    table: pa.Table

    def merge(self, other: RowSample, *, size: int) -> RowSample:
        """Return a sample of both parts, at most `size` rows; columns of only one side are null on the other."""
        table = pa.concat_tables([self.table, other.table], promote_options="permissive")
        keys = np.concatenate([self.keys, other.keys])
        order = np.argsort(keys, kind="stable")[:size]
        return RowSample(self.n_rows + other.n_rows, keys[order], table.take(pa.array(order)))

    def to_bytes(self) -> bytes:
        """Return an Arrow IPC stream, compressed with zstd."""
        table = self.table.append_column(_KEY, pa.array(self.keys))
        table = table.replace_schema_metadata({"n_rows": str(self.n_rows)}).combine_chunks()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_table(table)
        return bytes(sink.getvalue())

    @classmethod
    def from_bytes(cls, payload: bytes) -> RowSample:
        """Read what `to_bytes` wrote; raises `InvalidInput` for anything else."""
        try:
            table = pa.ipc.open_stream(payload).read_all()
            keys = table.column(_KEY).to_numpy()
            n_rows = int((table.schema.metadata or {})[b"n_rows"])
        except (pa.ArrowException, KeyError, ValueError, OSError) as error:
            raise InvalidInput(f"a stored sample of {len(payload)} bytes cannot be read: {error}") from error
        return cls(n_rows, keys, table.drop_columns([_KEY]).replace_schema_metadata())


@dataclass(slots=True)
class Sampler:
    """Collects the rows with the smallest keys of each granule; changed in place.

    Parameters
    ----------
    size
        Rows kept a granule; 0 keeps none.
    """

    size: int

    _kept: dict[str, list[tuple[NDArray[np.uint64], pa.Table]]] = field(default_factory=dict)
    _limit: dict[str, np.uint64] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)
    _held: dict[str, int] = field(default_factory=dict)

    @property
    def n_granules(self) -> int:
        """Granules seen so far."""
        return len(self._seen)

    def skip(self, granule: str, n_rows: int) -> None:
        """Count rows of which none is to be kept."""
        self._seen[granule] = self._seen.get(granule, 0) + n_rows

    def add(
        self, granule: str, rows: NDArray[np.int64] | None, keys: NDArray[np.uint64], batch: pa.RecordBatch
    ) -> None:
        """Offer the rows numbered `rows` of `batch` (None: all), whose keys are `keys[rows]`."""
        keys = keys if rows is None else keys[rows]
        self.skip(granule, len(keys))
        if not self.size:
            return
        chosen = np.arange(len(keys))
        if len(keys) > self.size:
            chosen = np.argpartition(keys, self.size - 1)[: self.size]
        limit = self._limit.get(granule)
        if limit is not None:
            chosen = chosen[keys[chosen] < limit]
        if not len(chosen):
            return
        chosen = np.sort(chosen)
        picked = chosen if rows is None else rows[chosen]
        self._keep(granule, keys[chosen], _plain(pa.Table.from_batches([batch.take(pa.array(picked))])))

    def _keep(self, granule: str, keys: NDArray[np.uint64], table: pa.Table) -> None:
        self._kept.setdefault(granule, []).append((keys, table))
        self._held[granule] = self._held.get(granule, 0) + len(keys)
        if self._held[granule] > 3 * self.size:
            self._kept[granule] = [self._smallest(granule, self.size)]
            self._held[granule] = len(self._kept[granule][0][0])
            self._limit[granule] = self._kept[granule][0][0][-1]

    def _smallest(self, granule: str, size: int) -> tuple[NDArray[np.uint64], pa.Table]:
        parts = self._kept[granule]
        keys = np.concatenate([part[0] for part in parts])
        order = np.argsort(keys, kind="stable")[:size]
        return keys[order], pa.concat_tables([part[1] for part in parts]).take(pa.array(order)).combine_chunks()

    def absorb(self, samples: Iterable[tuple[str, RowSample]]) -> None:
        """Take in the samples of another part of the table."""
        for granule, sample in samples:
            self._seen[granule] = self._seen.get(granule, 0) + sample.n_rows
            if len(sample.keys):
                self._keep(granule, sample.keys, sample.table)

    def samples(self) -> dict[str, RowSample]:
        """Return the sample of each granule seen, rows by key."""
        taken = {granule: self._smallest(granule, self.size) for granule in self._kept}
        return {
            granule: RowSample(n_rows, *taken.get(granule, (_EMPTY, pa.table({}))))
            for granule, n_rows in sorted(self._seen.items())
        }


def _plain(table: pa.Table) -> pa.Table:
    """Replace dictionary columns by their values: a sample must not carry a million levels along."""
    for position, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(position, column.name, table.column(position).cast(column.type.value_type))
    return table
