"""Keep the rows of a snapshot as one Parquet file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from monitor_core.errors import Unavailable
from monitor_core.snapshots.normalise import parquet_writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from monitor_core.snapshots.sources import TableSource

__all__ = ["write_rows"]


def write_rows(source: TableSource, target: Path, *, progress: Callable[[float, str], None] | None = None) -> int:
    """Write all rows of `source` to `target` (zstd, row groups of 131,072) and return how many.

    The file appears under its name only when it is complete and synced. Text keeps its values, not its
    dictionaries, which may differ from part to part.

    Raises
    ------
    Refused
        When the source turns out to be damaged.
    Unavailable
        When the disk is full or not writable.
    """
    schema = pa.schema([pa.field(field.name, _plain(field.type)) for field in source.schema])
    part = target.with_name(f"{target.name}.part")
    rows, total = 0, source.n_rows
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with parquet_writer(part, schema, compression="zstd") as write:
            for shard in source.shards():
                for batch in shard.batches(schema.names):
                    write(batch.cast(schema))
                    rows += batch.num_rows
                    if progress is not None:
                        progress(rows / total if total else 0.0, f"keeping: {rows:,} rows")
        part.replace(target)
    except OSError as error:
        raise Unavailable(f"the rows of {source.name!r} cannot be kept: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return rows


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
