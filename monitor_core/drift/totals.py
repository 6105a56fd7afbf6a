"""The sum over the shards of a table, for a block of features: dense while it fits, compressed beyond."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from monitor_core.drift.codec import decode_part, encode_block
from monitor_core.drift.sample import Sampler
from monitor_core.drift.shard import most_dense
from monitor_core.drift.summary import TableSummary

if TYPE_CHECKING:
    from monitor_core.drift.granules import Key
    from monitor_core.drift.grid import Grid
    from monitor_core.drift.sample import RowSample
    from monitor_core.drift.shard import ShardCounts

__all__ = ["Total"]

_SAMPLE_VALUES = 40_000_000
_MIN_SAMPLE = 20


class Total:
    """Sum over shards; changed in place.

    Parameters
    ----------
    grid
        The features.
    sample_rows
        Rows kept a granule; fewer where samples of `n_columns` would come to more than 40 million values.
    retyped, extra
        Findings about the columns, noted in every payload.
    share
        Part of the memory for uncompressed counts that this sum may take.
    """

    def __init__(
        self,
        grid: Grid,
        sample_rows: int,
        *,
        n_columns: int,
        retyped: tuple[tuple[str, str], ...] = (),
        extra: tuple[tuple[str, str], ...] = (),
        share: float = 1.0,
    ) -> None:
        self.grid, self._columns = grid, max(1, n_columns)
        self._most = max(1, int(share * most_dense(grid)))
        self._retyped, self._extra = retyped, extra
        self._dense: OrderedDict[Key, TableSummary] = OrderedDict()
        self._packed: dict[Key, list[bytes]] = {}
        self._sampler = Sampler(sample_rows)
        self.payloads: dict[Key, bytes] = {}
        """After `finish`."""
        self.rows: dict[Key, int] = {}
        self.rows_counted = 0

    def add(self, part: ShardCounts) -> None:
        """Add one shard's counts and samples."""
        self.rows_counted += part.n_rows
        self._sampler.absorb(part.samples.items())
        affordable = _SAMPLE_VALUES // (self._columns * max(1, self._sampler.n_granules))
        self._sampler.size = min(self._sampler.size, max(_MIN_SAMPLE, affordable))
        for key, counts in part.counts:
            self._add(key, decode_part(self.grid, counts) if isinstance(counts, bytes) else counts)

    def _add(self, key: Key, summary: TableSummary) -> None:
        held = self._dense.pop(key, None)
        self._dense[key] = summary if held is None else held.merge(summary)
        if len(self._dense) > self._most:
            oldest, packed = self._dense.popitem(last=False)
            self._packed.setdefault(oldest, []).append(encode_block(packed))

    @property
    def keys(self) -> tuple[Key, ...]:
        """(granule, segment) pairs that can still be taken, in order."""
        return tuple(sorted({*self._dense, *self._packed}))

    def take(self, key: Key) -> TableSummary:
        """Return the counts of one key and forget them."""
        parts = [decode_part(self.grid, payload) for payload in self._packed.pop(key, [])]
        if key in self._dense:
            parts.append(self._dense.pop(key))
        return parts[0] if len(parts) == 1 else TableSummary.total(self.grid, parts)

    def finish(self) -> None:
        """Encode every key's counts, add segments up to everything, and drop the dense counts."""
        keys = self.keys
        for granule in sorted({granule for granule, _ in keys}):
            parts = {key: self.take(key) for key in keys if key[0] == granule}
            whole = (granule, "")
            if whole not in parts:
                parts[whole] = TableSummary.total(self.grid, parts.values())
            for key, part in parts.items():
                noted = replace(part, retyped=self._retyped, extra=self._extra)
                self.payloads[key], self.rows[key] = encode_block(noted), part.n_rows

    def samples(self) -> dict[str, RowSample]:
        """Return the rows sampled of each granule, with this block's columns."""
        return self._sampler.samples()
