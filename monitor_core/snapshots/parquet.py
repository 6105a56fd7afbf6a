"""Parquet files: one shard a row group, read in slices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from monitor_core.errors import Refused
from monitor_core.snapshots.sources import BATCH_ROWS, Shard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from monitor_core.snapshots.findings import CheckFinding

__all__ = ["ParquetSource", "open_parquet"]

_COLUMNS_AT_ONCE = 50
_MIN_BATCH_ROWS = 1_024
_BUFFER_BYTES = 1 << 20
_LOOK_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class _RowGroup:
    path: Path
    name: str
    number: int
    first_row: int
    metadata: pq.FileMetaData
    dictionaries: tuple[str, ...]

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        wanted = list(columns)
        # wide reads get shorter slices, so that memory stays that of fifty columns
        rows = max(_MIN_BATCH_ROWS, BATCH_ROWS * _COLUMNS_AT_ONCE // max(len(wanted), _COLUMNS_AT_ONCE))
        row = self.first_row
        try:
            with _file(self.path, self.metadata, self.dictionaries) as file:
                for batch in file.iter_batches(rows, row_groups=[self.number], columns=wanted, use_threads=False):
                    batch = batch.select(wanted)  # noqa: PLW2901 - in the order asked for
                    batch.validate(full=True)  # the file comes from outside: Arrow does not check its text by itself
                    yield batch
                    row += batch.num_rows
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _damaged(self.name, f"the data cannot be read from row {row + 1:,} on", error) from None


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """One Parquet file."""

    name: str
    path: Path
    schema: pa.Schema
    metadata: pq.FileMetaData
    dictionaries: tuple[str, ...]
    findings: tuple[CheckFinding, ...] = ()

    @property
    def n_rows(self) -> int:
        """Rows, as the file's footer states."""
        return int(self.metadata.num_rows)

    def shards(self) -> tuple[Shard, ...]:
        """Return one shard a row group."""
        shards, first = [], 0
        for number in range(self.metadata.num_row_groups):
            shards.append(_RowGroup(self.path, self.name, number, first, self.metadata, self.dictionaries))
            first += self.metadata.row_group(number).num_rows
        return tuple(shards)


def open_parquet(path: Path, *, name: str | None = None) -> ParquetSource:
    """Open a Parquet file; its footer and the beginning of text columns are read.

    Text columns whose values repeat are given out as dictionary columns.

    Raises
    ------
    Refused
        When the footer is missing or damaged (a truncated upload).
    """
    shown = name or path.name
    try:
        with pq.ParquetFile(path) as file:
            metadata, dictionaries = file.metadata, _repetitive(file)
        with _file(path, metadata, dictionaries) as file:
            schema = file.schema_arrow.remove_metadata()
            _ = schema.names  # raises where a name is not UTF-8 text
            return ParquetSource(shown, path, schema, metadata, dictionaries)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(
            shown, f"its footer or first rows cannot be read ({path.stat().st_size:,} bytes)", error
        ) from None


def _file(path: Path, metadata: pq.FileMetaData, dictionaries: Sequence[str]) -> pq.ParquetFile:
    return pq.ParquetFile(
        path,
        metadata=metadata,
        read_dictionary=list(dictionaries) or None,
        pre_buffer=False,
        buffer_size=_BUFFER_BYTES,
    )


def _repetitive(file: pq.ParquetFile) -> tuple[str, ...]:
    """Return the text columns whose first values repeat: read as dictionaries they are counted much faster.

    The file's own metadata on its column chunks would tell, but looking there aborts the whole process when they are
    damaged (an exception that Arrow does not catch), and files come from outside.
    """
    schema = file.schema_arrow
    if len(set(schema.names)) < len(schema.names):  # the names are refused later
        return ()
    texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    found: list[str] = []
    for start in range(0, len(texts), _COLUMNS_AT_ONCE):
        some = texts[start : start + _COLUMNS_AT_ONCE]
        for batch in file.iter_batches(_LOOK_ROWS, columns=some, use_threads=False):
            found += [name for name in some if _repeats(batch.column(name))]
            break
    return tuple(found)


def _repeats(values: pa.Array) -> bool:
    return bool(2 * pc.count_distinct(values).as_py() <= len(values) - values.null_count)


def _damaged(name: str, place: str, error: Exception) -> Refused:
    cause = str(error).splitlines()[0] if str(error) else type(error).__name__
    return Refused(
        f"{name!r} is not a readable Parquet file",
        reasons=[f"{place}: {cause}"],
        hint="was the upload cut short? write the file again",
    )
