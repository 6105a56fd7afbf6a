"""Arrow IPC files and streams (also called Feather version 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from monitor_core.errors import Refused
from monitor_core.snapshots.sources import BATCH_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from monitor_core.snapshots.findings import CheckFinding
    from monitor_core.snapshots.sources import Shard

__all__ = ["ArrowSource", "open_arrow"]

_BATCHES_A_SHARD = 8


@dataclass(frozen=True, slots=True)
class _Batches:
    """Batches ``[first, last)`` of an Arrow file; a stream (`last` is None) is read from its beginning."""

    path: Path
    name: str
    first: int
    last: int | None

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        rows = 0
        try:
            with pa.memory_map(str(self.path)) as mapped:
                for batch in self._read(mapped, columns):
                    wanted = batch.select(list(columns))
                    wanted.validate(full=True)  # the file comes from outside: offsets and text are checked before use
                    for start in range(0, max(wanted.num_rows, 1), BATCH_ROWS):
                        yield wanted.slice(start, BATCH_ROWS)
                    rows += batch.num_rows
        except (pa.ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
            place = f"in batch {self.first + 1:,} or later, after {rows:,} rows there"
            raise _damaged(self.name, place, error) from None

    def _read(self, mapped: pa.MemoryMappedFile, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        open_ = pa.ipc.open_stream if self.last is None else pa.ipc.open_file
        schema = open_(mapped).schema
        places = [schema.get_field_index(name) for name in columns]
        mapped.seek(0)
        reader = open_(mapped, options=pa.ipc.IpcReadOptions(included_fields=places))  # no other is decompressed
        if self.last is None:
            yield from reader
            return
        for number in range(self.first, self.last):
            yield reader.get_batch(number)


@dataclass(frozen=True, slots=True)
class ArrowSource:
    """One Arrow IPC file or stream, memory-mapped."""

    name: str
    path: Path
    schema: pa.Schema
    n_batches: int | None
    findings: tuple[CheckFinding, ...] = ()

    @property
    def n_rows(self) -> None:
        """Unknown before reading."""
        return

    def shards(self) -> tuple[Shard, ...]:
        """Return groups of eight batches; a stream is one shard."""
        if self.n_batches is None:
            return (_Batches(self.path, self.name, 0, None),)
        starts = range(0, self.n_batches, _BATCHES_A_SHARD)
        return tuple(
            _Batches(self.path, self.name, start, min(start + _BATCHES_A_SHARD, self.n_batches)) for start in starts
        )


def open_arrow(path: Path, *, name: str) -> ArrowSource:
    """Open an Arrow IPC file or stream; only its schema is read.

    Raises
    ------
    Refused
        When the schema is missing or damaged (a truncated upload).
    """
    with path.open("rb") as file:
        is_file = file.read(6) == b"ARROW1"
    try:
        with pa.memory_map(str(path)) as mapped:
            if is_file:
                reader = pa.ipc.open_file(mapped)
                schema, n_batches = reader.schema.remove_metadata(), reader.num_record_batches
            else:
                schema, n_batches = pa.ipc.open_stream(mapped).schema.remove_metadata(), None
            _ = schema.names  # raises where a name is not UTF-8 text
            return ArrowSource(name, path, schema, n_batches)
    except (pa.ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
        raise _damaged(name, f"its schema cannot be read ({path.stat().st_size:,} bytes)", error) from None


def _damaged(name: str, place: str, error: Exception) -> Refused:
    cause = str(error).splitlines()[0] if str(error) else type(error).__name__
    return Refused(
        f"{name!r} is not a readable Arrow file",
        reasons=[f"{place}: {cause}"],
        hint="was the upload cut short? write the file again",
    )
