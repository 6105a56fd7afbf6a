"""Turn a text file into Parquet: one pass to learn the types, one to write.

Text has no types, and the first rows do not tell those of the last. So the first pass looks at every value (`kinds`),
and only then the second writes them. What is read afterwards (twice, by several threads, some columns at a time) is a
Parquet file, whatever came in.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from monitor_core.errors import Refused, Unavailable
from monitor_core.snapshots.kinds import Evidence, convert, decide
from monitor_core.snapshots.parquet import ParquetSource, open_parquet
from monitor_core.snapshots.sources import BATCH_ROWS, schema_reasons

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from monitor_core.settings import SnapshotSettings
    from monitor_core.snapshots.findings import CheckFinding

__all__ = ["TextTable", "normalise", "parquet_writer"]

Progress = "Callable[[float, str], None]"
_COLUMNS_PER_FULL_GROUP = 100
_MIN_GROUP_ROWS = 8_192


class TextTable(Protocol):
    """A file whose values have no or loose types."""

    @property
    def name(self) -> str:
        """What to call it in messages."""
        ...

    def blocks(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in file order; every call starts over."""
        ...


def normalise(
    text: TextTable,
    target: Path,
    *,
    limits: SnapshotSettings,
    expected: Mapping[str, str] | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> ParquetSource:
    """Write `text` as a Parquet file at `target` and open it.

    Parameters
    ----------
    text
        What to read; it is read twice.
    target
        File to write. It appears under this name only when it is complete.
    limits
        Bounds on columns and names.
    expected
        Kind of each column in the baseline, which settles what the values leave open.
    progress
        Called with the share done (0..1) and a note.

    Returns
    -------
    ParquetSource
        Its `findings` say which values could not be read and count as missing.

    Raises
    ------
    Refused
        When the text is malformed, or the names or the numbers cannot be accepted.
    """
    tell = progress or (lambda share, note: None)  # noqa: ARG005 - a silent progress
    evidence, n_rows = _learn(text, limits, tell)
    schema, findings = _schema(text.name, evidence, expected or {})
    part = target.with_name(f"{target.name}.part")
    try:
        _write(text, part, schema, n_rows, tell)
        part.replace(target)
    except OSError as error:
        raise Unavailable(f"{text.name!r} cannot be converted: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return replace(open_parquet(target, name=text.name), findings=tuple(findings))


def _learn(
    text: TextTable, limits: SnapshotSettings, tell: Callable[[float, str], None]
) -> tuple[dict[str, Evidence], int]:
    columns: dict[str, Evidence] = {}
    row = 1
    for batch in _named(text):
        if any(name not in columns for name in batch.schema.names):
            names = [*columns, *(name for name in batch.schema.names if name not in columns)]
            if reasons := schema_reasons(names, limits=limits):
                raise Refused(f"{text.name!r} cannot be accepted", reasons=reasons)
            columns |= {name: Evidence() for name in names[len(columns) :]}
        for name, values in zip(batch.schema.names, batch.columns, strict=True):
            columns[name].add(values, first_row=row)
        row += batch.num_rows
        tell(0.0, f"learning the types: {row - 1:,} rows")
    return columns, row - 1


def _named(text: TextTable) -> Iterator[pa.RecordBatch]:
    """Yield blocks whose names carry no spaces around them."""
    for batch in text.blocks():
        names = [name.strip() for name in batch.schema.names]
        yield batch if names == batch.schema.names else pa.RecordBatch.from_arrays(batch.columns, names=names)


def _schema(
    name: str, columns: Mapping[str, Evidence], expected: Mapping[str, str]
) -> tuple[pa.Schema, list[CheckFinding]]:
    fields, findings = [], []
    for column, evidence in columns.items():
        kind, said = decide(column, evidence, expected=expected.get(column))
        fields.append(pa.field(column, kind))
        findings += said
    if refusals := [finding.message for finding in findings if finding.severity == "refusal"]:
        raise Refused(f"{name!r} cannot be accepted", reasons=refusals)
    return pa.schema(fields), findings


def _write(text: TextTable, path: Path, schema: pa.Schema, n_rows: int, tell: Callable[[float, str], None]) -> None:
    done = 0
    with parquet_writer(path, schema, compression="lz4") as write:
        for batch in _named(text):
            position = {name: number for number, name in enumerate(batch.schema.names)}
            arrays = [
                convert(batch.column(position[field.name]), field.type)
                if field.name in position
                else pa.nulls(batch.num_rows, field.type)
                for field in schema
            ]
            write(pa.RecordBatch.from_arrays(arrays, schema=schema))
            done += batch.num_rows
            tell(done / max(n_rows, 1), f"reading: {done:,} of {n_rows:,} rows")


@contextlib.contextmanager
def parquet_writer(path: Path, schema: pa.Schema, *, compression: str) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Write record batches to a Parquet file in row groups of 131,072 (fewer for wide tables), synced to disk.

    Text is written with dictionaries; floats with byte-stream split where `compression` is ``zstd``, which saves a
    third of the space at the same speed.
    """
    texts = [field.name for field in schema if _is_text(field.type)]
    split = [field.name for field in schema if pa.types.is_float32(field.type) or pa.types.is_float64(field.type)]
    rows = max(_MIN_GROUP_ROWS, min(BATCH_ROWS, BATCH_ROWS * _COLUMNS_PER_FULL_GROUP // max(len(schema), 1)))
    with path.open("wb") as file:
        with pq.ParquetWriter(
            file,
            schema,
            compression=compression,
            use_dictionary=texts or False,
            use_byte_stream_split=split if compression == "zstd" and split else False,
            write_batch_size=1_024,
        ) as writer:
            yield lambda batch: writer.write_batch(batch, row_group_size=rows)
        file.flush()
        os.fsync(file.fileno())


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind))
