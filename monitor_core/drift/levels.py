"""Count the levels of a category, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["LevelCounts"]

_MAX_PENDING = 1_000_000
_MAX_LEVELS = 262_144


@dataclass(slots=True)
class LevelCounts:
    """Counts of the distinct texts of a column; changed in place.

    Up to 262,144 distinct levels are exact. Beyond, the rarest are dropped, half of them at a time: what is left of
    them is in `n_values` only. (A baseline keeps 20,000 levels at most; columns with more are names of single things.)

    Examples
    --------
    >>> counts = LevelCounts()
    >>> counts.add(pa.array(["a", None, "b", "a"]))
    >>> sorted(counts.items()), counts.n_values
    ([('a', 2), ('b', 1)], 3)
    """

    n_values: int = 0
    is_exact: bool = True
    """Whether no level was dropped."""
    _pending: list[pa.Table] = field(default_factory=list)
    _rows: int = 0

    def add(self, column: pa.Array) -> None:
        """Count one piece of the column: texts, or a dictionary of texts."""
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        codes = pc.drop_null(encoded.indices).to_numpy(zero_copy_only=False)
        counts = np.bincount(codes, minlength=len(encoded.dictionary))
        used = np.flatnonzero(counts)
        table = pa.table(
            {
                "level": encoded.dictionary.take(pa.array(used)).cast(pa.large_string()),
                "count": pa.array(counts[used].astype(np.int64)),
            }
        ).drop_null()
        self.n_values += int(np.sum(table.column("count").to_numpy()))
        self._pending.append(table)
        self._rows += table.num_rows
        if self._rows > _MAX_PENDING:
            self._compact()

    def _compact(self) -> None:
        table = pa.concat_tables(self._pending).group_by("level").aggregate([("count", "sum")])
        table = table.rename_columns(["level", "count"])
        if table.num_rows > _MAX_LEVELS:
            order = pc.sort_indices(table, sort_keys=[("count", "descending"), ("level", "ascending")])
            table = table.take(order[: _MAX_LEVELS // 2])
            self.is_exact = False
        self._pending, self._rows = [table.combine_chunks()], table.num_rows

    def items(self) -> list[tuple[str, int]]:
        """Return (level, count) of the levels held."""
        if not self._pending:
            return []
        self._compact()
        table = self._pending[0]
        return list(zip(table.column("level").to_pylist(), table.column("count").to_pylist(), strict=True))

    def most_frequent(self, size: int) -> list[tuple[str, int]]:
        """Return the (level, count) of the `size` most frequent levels, ties by text."""
        if not self._pending:
            return []
        self._compact()
        table = self._pending[0]
        order = pc.sort_indices(table, sort_keys=[("count", "descending"), ("level", "ascending")])[:size]
        taken = table.take(order)
        return list(zip(taken.column("level").to_pylist(), taken.column("count").to_pylist(), strict=True))
