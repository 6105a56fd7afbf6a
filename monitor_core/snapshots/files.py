"""Tell the format of a file by its content, unpack it where needed, and open it as a table."""

from __future__ import annotations

import shutil
import tempfile
import weakref
import zipfile
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from monitor_core.errors import NotFound, Refused, Unavailable
from monitor_core.snapshots.combined import combine, common_kinds
from monitor_core.snapshots.delimited import open_delimited
from monitor_core.snapshots.expand import Budget, Member, gunzip, unzip
from monitor_core.snapshots.ipc import open_arrow
from monitor_core.snapshots.jsonl import JsonLines
from monitor_core.snapshots.normalise import normalise
from monitor_core.snapshots.parquet import open_parquet
from monitor_core.snapshots.sources import schema_reasons

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from monitor_core.settings import SnapshotSettings
    from monitor_core.snapshots.findings import CheckFinding
    from monitor_core.snapshots.normalise import TextTable
    from monitor_core.snapshots.sources import Shard, TableSource

__all__ = ["Format", "open_file", "open_text", "open_upload", "sniff"]


class Format(StrEnum):
    """What a file is, told by its first bytes."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    ARROW = "arrow"
    ZIP = "zip"
    GZIP = "gzip"


_MAGIC = (
    (b"PAR1", Format.PARQUET),
    (b"ARROW1", Format.ARROW),
    (b"\xff\xff\xff\xff", Format.ARROW),
    (b"PK\x03\x04", Format.ZIP),
    (b"PK\x05\x06", Format.ZIP),
    (b"\x1f\x8b", Format.GZIP),
)
_UNKNOWN = (
    (b"PK\x07\x08", "a zip in several parts"),
    (b"FEA1", "Feather version 1; write version 2"),
    (b"\x80\x04", "a Python pickle; it could run any program"),
    (b"\x80\x05", "a Python pickle; it could run any program"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file; save it as CSV"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd; use gzip or zip"),
    (b"BZh", "packed with bzip2; use gzip or zip"),
    (b"\xfd7zXZ", "packed with xz; use gzip or zip"),
    (b"7z\xbc\xaf", "packed with 7-Zip; use gzip or zip"),
    (b"\x89HDF", "an HDF5 file; write Parquet"),
    (b"%PDF", "a PDF file"),
)
_ALLOWED = "allowed are CSV, JSONL, Parquet and Arrow files, gzip and zip of these"


def sniff(path: Path, *, name: str) -> Format:
    """Return the format of a file; its name does not matter.

    Raises
    ------
    Refused
        When the file is empty, or of a format that is not read; the reason names it where it is known.
    """
    with path.open("rb") as file:
        start = file.read(4_096)
    if not start:
        raise Refused(f"{name!r} is empty", reasons=["0 bytes; expected a table"])
    for magic, what in _UNKNOWN:
        if start.startswith(magic):
            raise Refused(f"{name!r} is of a format that is not read", reasons=[f"it is {what}"], hint=_ALLOWED)
    for magic, known in _MAGIC:
        if start.startswith(magic):
            return known
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        raise Refused(f"{name!r} is not JSONL", reasons=["it is one JSON list; expected one JSON object a line"])
    if text[:15].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise Refused(f"{name!r} is of a format that is not read", reasons=["it is HTML or XML"], hint=_ALLOWED)
    return Format.JSONL if text.startswith(b"{") else Format.CSV


def open_text(path: Path, *, name: str, form: Format) -> TextTable:
    """Return a CSV or JSONL file as blocks of loosely typed columns."""
    return JsonLines(name, path) if form is Format.JSONL else open_delimited(path, name=name)


@dataclass(frozen=True, slots=True)
class _Opening:
    """What one call of `open_upload` works with."""

    folder: Path
    limits: SnapshotSettings
    expected: Mapping[str, str]
    progress: Callable[[float, str], None]
    budget: Budget

    def open(self, member: Member, *, number: int = 0, depth: int = 0) -> TableSource:
        path, name = member.path, member.name
        form = sniff(path, name=name)
        if form is Format.ZIP and depth == 0:
            return self._open_zip(member)
        if form is Format.GZIP and depth <= 1:
            unpacked = gunzip(path, self.folder / f"unpacked-{number:04}", name=name, budget=self.budget)
            return self.open(unpacked, number=number, depth=2)
        if form in (Format.ZIP, Format.GZIP):
            raise Refused(f"{name!r} cannot be accepted", reasons=["it is an archive inside an archive"], hint=_ALLOWED)
        source = self._open_table(path, name, form, number)
        if reasons := schema_reasons(source.schema.names, limits=self.limits):
            raise Refused(f"{name!r} cannot be accepted", reasons=reasons)
        return source

    def _open_table(self, path: Path, name: str, form: Format, number: int) -> TableSource:
        if form is Format.PARQUET:
            return open_parquet(path, name=name)
        if form is Format.ARROW:
            return open_arrow(path, name=name)
        text = open_text(path, name=name, form=form)
        target = self.folder / f"table-{number:04}.parquet"
        return normalise(text, target, limits=self.limits, expected=self.expected, progress=self.progress)

    def _open_zip(self, member: Member) -> TableSource:
        if _is_spreadsheet(member.path):
            reason = "it is a spreadsheet; save the sheet as CSV"
            raise Refused(f"{member.name!r} is of a format that is not read", reasons=[reason], hint=_ALLOWED)
        members = unzip(member.path, self.folder, name=member.name, budget=self.budget)
        parts = self._open_all(members)
        if differing := common_kinds(parts):  # text files alone cannot know what the others hold
            again = _Opening(self.folder, self.limits, {**self.expected, **differing}, self.progress, self.budget)
            parts = again._open_all(members)
        return combine(member.name, parts)

    def _open_all(self, members: Sequence[Member]) -> list[TableSource]:
        return [self.open(member, number=number, depth=1) for number, member in enumerate(members)]


def _is_spreadsheet(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return False
    return "[Content_Types].xml" in names or "content.xml" in names


def open_upload(
    path: Path,
    folder: Path,
    *,
    name: str,
    limits: SnapshotSettings,
    expected: Mapping[str, str] | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> TableSource:
    """Open a data file of any known format, using `folder` for what has to be unpacked or converted.

    Parameters
    ----------
    path
        The file.
    folder
        An existing folder of its own; what is written there belongs to the source and may be removed with it.
    name
        What the user calls the file.
    limits
        Bounds on size, columns and names.
    expected
        Kind of each column in the baseline (``numeric``, ``categorical``, ``boolean``, ``datetime``), which settles
        what the values of a text file leave open.
    progress
        Called with the share done (0..1) and a note; may raise `Cancelled`.

    Raises
    ------
    Refused
        When the file is empty, damaged, of an unknown format or beyond a limit.
    Unavailable
        When the own disk is full or not writable.
    """
    quiet: Callable[[float, str], None] = lambda share, note: None  # noqa: ARG005, E731 - a silent progress
    budget = Budget(name, path.stat().st_size, limits.max_expanded_bytes)
    opening = _Opening(folder, limits, expected or {}, progress or quiet, budget)
    try:
        return opening.open(Member(name, path))
    except OSError as error:
        raise Unavailable(f"{name!r} cannot be unpacked in {str(folder)!r}: {error.strerror or error}") from error


def open_file(path: Path, *, limits: SnapshotSettings) -> TableSource:
    """Open a data file where it lies; what has to be unpacked goes to a temporary folder.

    The folder is removed when the source and its shards are no longer used.

    Raises
    ------
    NotFound
        When there is no such file.
    Refused
        See `open_upload`.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {str(path)!r}")
    if sniff(path, name=path.name) in (Format.PARQUET, Format.ARROW):
        return open_upload(path, path.parent, name=path.name, limits=limits)
    folder = Path(tempfile.mkdtemp(prefix="bellwether-"))
    try:
        return _TemporarySource(open_upload(path, folder, name=path.name, limits=limits), folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


class _TemporarySource:
    """A source that removes its folder when nobody holds it any more."""

    def __init__(self, inner: TableSource, folder: Path) -> None:
        self._inner = inner
        self.name: str = inner.name
        self.schema: pa.Schema = inner.schema
        self.n_rows: int | None = inner.n_rows
        self.findings: tuple[CheckFinding, ...] = inner.findings
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def shards(self) -> tuple[Shard, ...]:
        """Return shards that keep the folder alive."""
        return tuple(_HeldShard(shard, self) for shard in self._inner.shards())


@dataclass(frozen=True, slots=True)
class _HeldShard:
    shard: Shard
    held: object = field(repr=False)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from self.shard.batches(columns)
