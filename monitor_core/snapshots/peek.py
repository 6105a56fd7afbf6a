"""Look at the first rows of an upload without reading the rest."""

from __future__ import annotations

import gzip
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from monitor_core.errors import Refused
from monitor_core.snapshots.expand import Budget, Member, readable_members
from monitor_core.snapshots.files import Format, open_text, sniff
from monitor_core.snapshots.ipc import open_arrow
from monitor_core.snapshots.kinds import Evidence, convert, decide
from monitor_core.snapshots.parquet import open_parquet
from monitor_core.snapshots.sources import schema_reasons

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from monitor_core.settings import SnapshotSettings
    from monitor_core.snapshots.findings import CheckFinding
    from monitor_core.snapshots.sources import TableSource

__all__ = ["PEEK_ROWS", "Peek", "peek"]

PEEK_ROWS = 10_000
_START_BYTES = 8 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Peek:
    """The first rows of a file; `n_rows` of the whole file where its footer tells."""

    table: pa.Table
    n_rows: int | None
    findings: tuple[CheckFinding, ...]


def peek(path: Path, *, name: str, limits: SnapshotSettings) -> Peek:
    """Return the first rows (up to 10,000) of an upload, of the first file in an archive.

    Raises
    ------
    Refused
        When already the beginning cannot be read.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="peek-") as folder:
        looked = _peek(Member(name, path), Path(folder), Budget(name, path.stat().st_size, limits.max_expanded_bytes))
    if reasons := schema_reasons(looked.table.schema.names, limits=limits):
        raise Refused(f"{name!r} cannot be accepted", reasons=reasons)
    return looked


def _peek(member: Member, folder: Path, budget: Budget) -> Peek:
    form = sniff(member.path, name=member.name)
    try:
        if form is Format.ZIP:
            with zipfile.ZipFile(member.path) as archive:
                info = readable_members(archive, member.name, budget)[0]
                with archive.open(info) as packed:
                    start = _start(packed, folder / f"start-{len(info.filename)}", info.filename, budget)
            return _only_start(_peek(start, folder, budget))
        if form is Format.GZIP:
            with gzip.open(member.path, "rb") as packed:
                start = _start(packed, folder / "start", member.name.removesuffix(".gz"), budget)
            return _only_start(_peek(start, folder, budget))
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Refused(f"{member.name!r} cannot be unpacked", reasons=[str(error) or type(error).__name__]) from None
    if form is Format.PARQUET:
        return _first_rows(open_parquet(member.path, name=member.name))
    if form is Format.ARROW:
        return _first_rows(open_arrow(member.path, name=member.name))
    return _first_block(member, form)


def _only_start(looked: Peek) -> Peek:
    return Peek(looked.table, None, looked.findings)


def _start(packed: IO[bytes] | gzip.GzipFile, target: Path, name: str, budget: Budget) -> Member:
    """Unpack the beginning of a text file up to its last whole line, and any other file wholly."""
    start = packed.read(_START_BYTES)
    budget.take(len(start))
    target.write_bytes(start)
    if len(start) < _START_BYTES or sniff(target, name=name) in (Format.CSV, Format.JSONL):
        if len(start) == _START_BYTES:
            target.write_bytes(start[: start.rfind(b"\n") + 1] or start)
        return Member(name, target)
    with target.open("ab") as file:
        while chunk := packed.read(_START_BYTES):
            budget.take(len(chunk))
            file.write(chunk)
    return Member(name, target)


def _first_rows(source: TableSource) -> Peek:
    table = pa.Table.from_batches(_first_batches(source), schema=source.schema)
    return Peek(_detached(table), source.n_rows, source.findings)


def _first_batches(source: TableSource) -> Iterator[pa.RecordBatch]:
    left = PEEK_ROWS
    for shard in source.shards():
        for batch in shard.batches(source.schema.names):
            yield batch.slice(0, left)
            left -= batch.num_rows
            if left <= 0:
                return


def _detached(table: pa.Table) -> pa.Table:
    """Return a copy that does not point into a mapped file."""
    sink = pa.BufferOutputStream()
    # a dictionary may differ from batch to batch, which only the stream format can hold
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return pa.ipc.open_stream(sink.getvalue()).read_all()


def _first_block(member: Member, form: Format) -> Peek:
    text = open_text(member.path, name=member.name, form=form)
    batch = next(iter(text.blocks()), None)
    if batch is None:
        raise Refused(f"{member.name!r} is empty", reasons=["there is no row"])
    batch = batch.slice(0, PEEK_ROWS)
    fields, arrays, findings = [], [], []
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        evidence = Evidence()
        evidence.add(values, first_row=1)
        kind, said = decide(name, evidence)
        fields.append(pa.field(name.strip(), kind))
        arrays.append(convert(values, kind))
        findings += said
    return Peek(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), None, tuple(findings))
