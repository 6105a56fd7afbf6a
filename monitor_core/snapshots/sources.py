"""A table that can be read piece by piece, wherever it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa

from monitor_core.errors import InvalidInput, Refused
from monitor_core.settings import SnapshotSettings

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from monitor_core.snapshots.findings import CheckFinding

__all__ = ["BATCH_ROWS", "MemorySource", "Shard", "TableSource", "open_source"]

BATCH_ROWS = 131_072
_SHARD_ROWS = 8 * BATCH_ROWS
_DEFAULT_LIMITS = SnapshotSettings()


class Shard(Protocol):
    """A part of a table that one thread reads on its own."""

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows in file order with only `columns`, in that order.

        It can be called as often as wanted. Dictionary columns stay dictionaries (which may differ between batches).

        Raises
        ------
        Refused
            When the file turns out to be damaged at this place.
        """
        ...


class TableSource(Protocol):
    """A table in shards."""

    @property
    def name(self) -> str:
        """What to call it in messages."""
        ...

    @property
    def schema(self) -> pa.Schema:
        """Columns and types, known for the whole table before any row is given out."""
        ...

    @property
    def n_rows(self) -> int | None:
        """Rows of all shards, where that is known without reading them."""
        ...

    @property
    def findings(self) -> tuple[CheckFinding, ...]:
        """What reading it brought up: values that count as missing, columns left out."""
        ...

    def shards(self) -> tuple[Shard, ...]:
        """Return the parts in file order; together they are the table."""
        ...


@dataclass(frozen=True, slots=True)
class _Slice:
    table: pa.Table

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        table = self.table.select(list(columns))
        yield from table.to_batches(max_chunksize=BATCH_ROWS)


@dataclass(frozen=True, slots=True)
class MemorySource:
    """A table that is already in memory."""

    name: str
    table: pa.Table
    findings: tuple[CheckFinding, ...] = ()

    @property
    def schema(self) -> pa.Schema:
        """Columns and types."""
        return self.table.schema

    @property
    def n_rows(self) -> int:
        """Rows of the table."""
        return int(self.table.num_rows)

    def shards(self) -> tuple[Shard, ...]:
        """Return slices of about a million rows; an empty table has one empty shard."""
        starts = range(0, max(self.n_rows, 1), _SHARD_ROWS)
        return tuple(_Slice(self.table.slice(start, _SHARD_ROWS)) for start in starts)


def open_source(
    source: str | Path | pa.Table | pd.DataFrame | Mapping[str, ArrayLike],
    *,
    limits: SnapshotSettings = _DEFAULT_LIMITS,
) -> TableSource:
    """Return `source` as a table that can be read piece by piece.

    Parameters
    ----------
    source
        A file, an Arrow table, a pandas frame (its index is not a column), or arrays by column name.
    limits
        Bounds on columns and names.

    Returns
    -------
    TableSource

    Raises
    ------
    Refused
        When the file is damaged, of an unknown kind or beyond a limit, and when arrays do not make a table; the reasons
        name column, row and value.
    InvalidInput
        When `source` is none of the above.

    Examples
    --------
    >>> source = open_source({"age": [31, 54], "city": ["Ulm", None]})
    >>> source.n_rows, source.schema.names
    (2, ['age', 'city'])
    >>> [batch.num_rows for shard in source.shards() for batch in shard.batches(["age"])]
    [2]
    """
    if isinstance(source, (str, Path)):
        from monitor_core.snapshots.files import open_file  # noqa: PLC0415 - files knows this module's protocols

        return open_file(Path(source), limits=limits)
    opened = MemorySource("table", _as_table(source))
    reasons = schema_reasons(opened.schema.names, limits=limits)
    if reasons:
        raise Refused("the table cannot be used", reasons=reasons)
    return opened


def _as_table(source: pa.Table | pd.DataFrame | Mapping[str, ArrayLike]) -> pa.Table:
    if isinstance(source, pa.Table):
        return source
    if isinstance(source, pa.RecordBatch):
        return pa.Table.from_batches([source])
    if isinstance(source, Mapping):
        return _from_mapping(source)
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        return _from_frame(source)
    raise InvalidInput(
        f"{type(source).__name__} is not a table",
        hint="give a file, an Arrow table, a pandas frame or a dict of arrays",
    )


def _from_mapping(columns: Mapping[str, ArrayLike]) -> pa.Table:
    arrays = {str(name): _as_array(str(name), values) for name, values in columns.items()}
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name!r} has {rows}" for name, rows in list(lengths.items())[:5])
        raise Refused("the arrays do not make a table", reasons=[f"columns differ in length: {shown}"])
    return pa.table(arrays)


def _as_array(name: str, values: object) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise Refused(
            "the arrays do not make a table",
            reasons=[f"column {name!r}: an array of shape {values.shape}; allowed are arrays of one dimension"],
        )
    try:
        return pa.array(values)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise _not_a_column(name, error) from None


def _from_frame(frame: pd.DataFrame) -> pa.Table:
    names = [str(name) for name in frame.columns]
    columns = []
    for position, name in enumerate(names):
        try:
            columns.append(pa.Array.from_pandas(frame.iloc[:, position]))
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise _not_a_column(name, error) from None
    return pa.Table.from_arrays(columns, names=names)


def _not_a_column(name: str, error: Exception) -> Refused:
    cause = str(error).splitlines()[0]
    return Refused(
        "the data do not make a table",
        reasons=[f"column {name!r}: {cause}; allowed are values of one type"],
    )


def schema_reasons(names: Sequence[str], *, limits: SnapshotSettings) -> tuple[str, ...]:
    """Return why column names cannot be accepted: none at all, too many, empty, repeated or too long.

    Examples
    --------
    >>> schema_reasons(["a", "", "a"], limits=SnapshotSettings())
    ('column 2 has no name; allowed is any text of 1 to 200 characters', "2 columns are named 'a' (columns 1, 3)")
    """
    if not names:
        return ("the table has no columns",)
    if len(names) > limits.max_columns:
        return (f"{len(names):,} columns; allowed are up to {limits.max_columns:,} (setting snapshots.max_columns)",)
    reasons: list[str] = []
    places: dict[str, list[int]] = {}
    for number, name in enumerate(names, start=1):
        places.setdefault(name, []).append(number)
        if not name.strip():
            allowed = f"allowed is any text of 1 to {limits.max_name_length} characters"
            reasons.append(f"column {number} has no name; {allowed}")
        elif len(name) > limits.max_name_length:
            reasons.append(
                f"column {number}: the name {name[:40] + '…'!r} has {len(name):,} characters; "
                f"allowed are up to {limits.max_name_length}"
            )
    for name, numbers in places.items():
        if len(numbers) > 1 and name.strip():
            listed = ", ".join(map(str, numbers[:5]))
            reasons.append(f"{len(numbers)} columns are named {name!r} (columns {listed})")
    return tuple(reasons)
