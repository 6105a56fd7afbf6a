"""Unpack gzip and zip files within bounds: no bombs, no nesting, no names that matter."""

from __future__ import annotations

import gzip
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

from monitor_core.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Budget", "Member", "gunzip", "readable_members", "unzip"]

_CHUNK = 1 << 20
_MAX_MEMBERS = 1_000
_FREE_RATIO_BYTES = 64 << 20
"""Expanded size up to which the ratio does not matter."""
_MAX_RATIO = 250
_ASIDE = ("__macosx", ".ds_store", "thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class Member:
    """One unpacked file: how it was named, and where it lies now."""

    name: str
    path: Path


@dataclass(slots=True)
class Budget:
    """How much may come out of one upload, over all its levels.

    Parameters
    ----------
    name
        The upload, for messages.
    packed_bytes
        Its size.
    limit_bytes
        The largest size that it may expand to.
    """

    name: str
    packed_bytes: int
    limit_bytes: int
    used_bytes: int = 0

    def take(self, count: int) -> None:
        """Count bytes that came out.

        Raises
        ------
        Refused
            Beyond the limit, or beyond 250 times the packed size (and 64 MB).
        """
        self.used_bytes += count
        if self.used_bytes > self.limit_bytes:
            allowed = f"allowed are {self.limit_bytes:,} (setting snapshots.max_expanded_bytes)"
            raise Refused(f"{self.name!r} is too large", reasons=[f"it expands to more bytes than {allowed}"])
        if self.used_bytes > max(_FREE_RATIO_BYTES, _MAX_RATIO * self.packed_bytes):
            raise Refused(
                f"{self.name!r} looks like a decompression bomb",
                reasons=[f"it expands to more than {_MAX_RATIO} times its {self.packed_bytes:,} bytes"],
                hint="upload the file without compression",
            )


def gunzip(path: Path, target: Path, *, name: str, budget: Budget) -> Member:
    """Unpack a gzip file to `target`.

    Raises
    ------
    Refused
        When it is damaged, cut short or beyond the budget.
    """
    before = budget.used_bytes
    try:
        with gzip.open(path, "rb") as packed:
            _copy(packed, target, budget)
    except (OSError, EOFError, zlib.error) as error:
        _raise_if_disk(error)
        raise Refused(
            f"{name!r} is not a readable gzip file",
            reasons=[f"after {budget.used_bytes - before:,} expanded bytes: {error}"],
            hint="was the upload cut short?",
        ) from None
    return Member(name.removesuffix(".gz"), target)


def unzip(path: Path, folder: Path, *, name: str, budget: Budget) -> tuple[Member, ...]:
    """Unpack a zip file into `folder`, in the order of the archive, under names of our own.

    Folders and what operating systems put aside are passed over.

    Raises
    ------
    Refused
        When the archive is damaged, encrypted, empty, nested or beyond the budget, and when a member is a link or
        its name leads out of the archive; every member concerned is listed.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = readable_members(archive, name, budget)
            return tuple(_unpack(archive, members, folder, budget))
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, Refused):
            raise
        _raise_if_disk(error)
        cause = str(error) or type(error).__name__
        raise Refused(
            f"{name!r} is not a readable zip file", reasons=[cause], hint="was the upload cut short?"
        ) from None


def _is_aside(info: zipfile.ZipInfo) -> bool:
    return info.is_dir() or any(part.lower() in _ASIDE for part in PurePosixPath(info.filename).parts)


def readable_members(archive: zipfile.ZipFile, name: str, budget: Budget) -> list[zipfile.ZipInfo]:
    """Return the data files of an archive, in its order.

    Raises
    ------
    Refused
        When a member must not be unpacked; all of them are listed.
    """
    members = [info for info in archive.infolist() if not _is_aside(info)]
    if not members:
        raise Refused(f"{name!r} holds no files", reasons=["the archive is empty; expected data files"])
    if len(members) > _MAX_MEMBERS:
        raise Refused(f"{name!r} holds too many files", reasons=[f"{len(members):,}; allowed are {_MAX_MEMBERS:,}"])
    reasons = [reason for info in members if (reason := _objection(info))]
    if reasons:
        raise Refused(f"{name!r} cannot be accepted", reasons=reasons)
    if sum(info.file_size for info in members) > budget.limit_bytes:
        allowed = f"{budget.limit_bytes:,} bytes (setting snapshots.max_expanded_bytes)"
        raise Refused(f"{name!r} is too large", reasons=[f"its files would take more than the allowed {allowed}"])
    return members


def _objection(info: zipfile.ZipInfo) -> str | None:
    member = f"member {info.filename[:100]!r}"
    parts = PurePosixPath(info.filename.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
        return f"{member}: the name leads out of the archive; allowed are names inside it"
    if stat.S_ISLNK(info.external_attr >> 16):
        return f"{member} is a link; allowed are files"
    if info.flag_bits & 0x1:
        return f"{member} is encrypted; allowed are files without a password"
    if parts.suffix.lower() in {".zip", ".tar", ".tgz", ".bz2", ".xz", ".7z", ".zst"}:
        return f"{member} is an archive itself; allowed are CSV, JSONL, Parquet and Arrow files"
    return None


def _unpack(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], folder: Path, budget: Budget) -> Iterator[Member]:
    for number, info in enumerate(members):
        target = folder / f"member-{number:04}"
        with archive.open(info) as packed:
            _copy(packed, target, budget)
        yield Member(info.filename, target)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _copy(packed: _Readable, target: Path, budget: Budget) -> None:
    with target.open("wb") as file:
        while chunk := packed.read(_CHUNK):
            budget.take(len(chunk))
            file.write(chunk)


def _raise_if_disk(error: BaseException) -> None:
    """Let an error of the own disk through: it is not the file's fault."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
