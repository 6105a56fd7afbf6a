"""Rows of one delivery, brought together by granule in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Runs"]

_RUN_ROWS = 2_000_000
_PART_ROWS = 1_000_000
_RADIX = 2**15  # 16-bit keys are sorted by radix, in a fifth of the time


@dataclass(slots=True)
class Runs:
    """Collects rows with a column ``granule`` and gives them out granule by granule, in file order within one.

    Of more than two million rows only the latest are in memory; the others lie in `folder`, sorted by granule, and are
    mapped into memory when they are read.
    """

    folder: Path
    run_rows: int = _RUN_ROWS
    n_rows: int = 0
    _waiting: list[pa.RecordBatch] = field(default_factory=list)
    _held: int = 0
    _sorted: list[tuple[pa.Table, dict[int, tuple[int, int]]]] = field(default_factory=list)

    def add(self, rows: pa.RecordBatch) -> None:
        """Take rows in."""
        if not rows.num_rows:
            return
        self._waiting.append(rows)
        self._held += rows.num_rows
        self.n_rows += rows.num_rows
        if self._held >= self.run_rows:
            self._close(to_disk=True)

    def another(self) -> Runs:
        """Return an empty one beside this one."""
        return Runs(Path(mkdtemp(dir=self.folder)), self.run_rows)

    def granules(self) -> list[int]:
        """Return the codes of the granules that have rows, in order of time. Nothing can be added afterwards."""
        if self._waiting:
            self._close(to_disk=False)
        return sorted({code for _, places in self._sorted for code in places})

    def rows(self, code: int) -> pa.Table:
        """Return the rows of one granule."""
        found = [table.slice(*places[code]) for table, places in self._sorted if code in places]
        return found[0] if len(found) == 1 else pa.concat_tables(found).combine_chunks()

    def parts(self, code: int) -> Iterator[pa.Table]:
        """Yield the rows of one granule in parts of about a million at most; all rows of a key are in the same."""
        total = sum(piece.num_rows for piece in self.pieces(code))
        if total <= _PART_ROWS:
            yield self.rows(code)
            return
        number = np.uint64(1 << (-(-total // _PART_ROWS) - 1).bit_length())
        for place in range(int(number)):
            chosen = (
                piece.filter(pa.array(piece.column("key").to_numpy() % number == place)) for piece in self.pieces(code)
            )
            yield pa.concat_tables(list(chosen)).combine_chunks()

    def pieces(self, code: int) -> Iterator[pa.Table]:
        """Yield the rows of one granule run by run."""
        yield from (table.slice(*places[code]) for table, places in self._sorted if code in places)

    def _close(self, *, to_disk: bool) -> None:
        table = pa.Table.from_batches(self._waiting).combine_chunks()
        self._waiting, self._held = [], 0
        codes = table.column("granule").to_numpy()
        if np.any(codes[1:] < codes[:-1]):
            order = _order(codes)
            table, codes = table.take(pa.array(order)), codes[order]
        starts = np.concatenate([[0], np.flatnonzero(codes[1:] != codes[:-1]) + 1, [len(codes)]])
        places = {int(codes[start]): (int(start), int(stop - start)) for start, stop in pairwise(starts)}
        self._sorted.append((self._on_disk(table) if to_disk else table, places))

    def _on_disk(self, table: pa.Table) -> pa.Table:
        path = self.folder / f"run{len(self._sorted)}.arrow"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def _order(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    low = int(codes.min())
    spread = int(codes.max()) - low
    small = (codes - low).astype(np.int16) if 0 <= spread < _RADIX else codes
    return np.argsort(small, kind="stable")
