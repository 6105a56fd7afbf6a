"""Tables cut in every way, for the tests of this room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True)
class CutShard:
    table: pa.Table
    batch_rows: int

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from self.table.select(list(columns)).to_batches(max_chunksize=self.batch_rows)


@dataclass(frozen=True)
class CutTable:
    """A table whose shards and batches have the sizes that the test wants."""

    table: pa.Table
    shard_rows: int = 10**9
    batch_rows: int = 10**9
    name: str = "test table"

    @property
    def schema(self) -> pa.Schema:
        return self.table.schema

    @property
    def n_rows(self) -> int:
        return self.table.num_rows

    def shards(self) -> tuple[CutShard, ...]:
        starts = range(0, max(1, self.n_rows), self.shard_rows)
        return tuple(CutShard(self.table.slice(start, self.shard_rows), self.batch_rows) for start in starts)


def _mixed(n: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    holes = rng.random(n) < 0.03
    normal = rng.normal(size=n)
    normal[rng.random(n) < 0.02] = np.nan
    normal[rng.random(n) < 0.01] = np.inf
    text = rng.choice(["a", "b", "ü", "rare", ""], size=n, p=[0.5, 0.3, 0.15, 0.004, 0.046])
    days = np.datetime64("2026-01-01T00:00:00", "us") + rng.integers(0, 5 * 86_400, n).astype("timedelta64[s]")
    return pa.table(
        {
            "normal": normal,
            "lognormal": pa.array(rng.lognormal(size=n), mask=holes),
            "whole": pa.array(rng.integers(-5, 300, n), mask=holes),
            "few": rng.poisson(2, n).astype(np.int16),
            "single": rng.normal(size=n).astype(np.float32),
            "text": pa.array(text.tolist(), mask=holes),
            "coded": pa.array(text.tolist()).dictionary_encode(),
            "truth": pa.array(rng.random(n) < 0.3, mask=holes),
            "when": days,
            "segment": rng.choice(["x", "y", "z"], n),
        }
    )


@pytest.fixture
def cut() -> type[CutTable]:
    """The class of tables cut into shards and batches."""
    return CutTable


@pytest.fixture
def mixed():
    """A function (rows, seed) -> table with a column of every kind, missing and infinite values, dates and segments."""
    return _mixed
