"""The file that holds a backup: a tar of Arrow tables and uploaded files, with a manifest that has the last word."""

from __future__ import annotations

import io
import json
import re
import tarfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any

from monitor_core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Archive", "Manifest", "Member", "Writer", "opened"]

_FORMAT = "bellwether-backup-1"
_MANIFEST = "manifest.json"
_LARGEST_MANIFEST = 256 * 2**20
_NAMES = re.compile(r"tables/[a-z_]+/\d{6}\.arrow|files/staged/[0-9a-z]+/upload|files/kept/[0-9a-z]+\.parquet")
_PIECE = 2**20


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive."""

    name: str
    sha256: str
    size_bytes: int
    rows: int | None = None
    """Rows, for a part of a table."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds; written last, so that an archive without it is incomplete."""

    created_at: str
    revision: str
    """Of the database's schema."""
    members: tuple[Member, ...]
    missing: tuple[str, ...] = ()
    """Files that the database names and that were not there."""

    @property
    def rows(self) -> Mapping[str, int]:
        """Rows of each table."""
        found: dict[str, int] = {}
        for member in self.members:
            if member.rows is not None:
                table = member.name.split("/")[1]
                found[table] = found.get(table, 0) + member.rows
        return found

    @property
    def files(self) -> tuple[Member, ...]:
        """Uploaded files and kept rows."""
        return tuple(member for member in self.members if member.rows is None)


class Writer:
    """Adds members one after the other."""

    def __init__(self, tar: tarfile.TarFile, moment: int) -> None:
        self._tar = tar
        self._moment = moment
        self.members: list[Member] = []

    def add_table(self, table: str, number: int, payload: bytes, rows: int) -> None:
        """Add a part of a table."""
        name = f"tables/{table}/{number:06d}.arrow"
        self._add(name, io.BytesIO(payload), len(payload))
        self.members.append(Member(name, sha256(payload).hexdigest(), len(payload), rows))

    def add_file(self, name: str, path: Path) -> bool:
        """Add a file; False when it is not there (any more)."""
        try:
            with path.open("rb") as file:
                size = path.stat().st_size
                hashed = _Hashed(file)
                self._add(name, hashed, size)
        except FileNotFoundError:
            return False
        self.members.append(Member(name, hashed.digest.hexdigest(), size))
        return True

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest."""
        text = json.dumps({"format": _FORMAT, **asdict(manifest)}, indent=1).encode()
        self._add(_MANIFEST, io.BytesIO(text), len(text))

    def _add(self, name: str, content: IO[bytes] | _Hashed, size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, self._moment, 0o600
        self._tar.addfile(info, content)


class _Hashed:
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = sha256()

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        piece = self._file.read(size)
        self.digest.update(piece)
        return piece


class Archive:
    """A backup to read from; use `opened`."""

    def __init__(self, tar: tarfile.TarFile, name: str) -> None:
        self._tar = tar
        self._name = name
        self.manifest = self._read_manifest()

    def verify(self) -> None:
        """Check that every member is there and unchanged; raises `InvalidInput` with the first that is not."""
        for member in self.manifest.members:
            digest, size = sha256(), 0
            for piece in self.pieces(member):
                digest.update(piece)
                size += len(piece)
            if size != member.size_bytes or digest.hexdigest() != member.sha256:
                raise InvalidInput(f"{member.name!r} in {self._name!r} is damaged", hint="use another backup")

    def read(self, member: Member) -> bytes:
        """Return one member."""
        return b"".join(self.pieces(member))

    def pieces(self, member: Member) -> Iterator[bytes]:
        """Return one member piece by piece."""
        try:
            file = self._tar.extractfile(member.name)
        except KeyError:
            file = None
        if file is None:
            raise InvalidInput(f"{member.name!r} is missing from {self._name!r}", hint="use another backup")
        while piece := file.read(_PIECE):
            yield piece

    def _read_manifest(self) -> Manifest:
        not_one = InvalidInput(f"{self._name!r} is not a complete backup", hint="use one that `db backup` wrote")
        try:
            info = self._tar.getmember(_MANIFEST)
            file = self._tar.extractfile(info)
        except (KeyError, tarfile.TarError):
            raise not_one from None
        if file is None or info.size > _LARGEST_MANIFEST:
            raise not_one
        try:
            data = json.loads(file.read())
            return _manifest(data)
        except (ValueError, KeyError, TypeError):
            raise not_one from None


def _manifest(data: Mapping[str, Any]) -> Manifest:
    if data["format"] != _FORMAT:
        raise ValueError("another format")
    members = tuple(Member(**member) for member in data["members"])
    if not all(_NAMES.fullmatch(member.name) for member in members):
        raise ValueError("a name that no backup has")
    return Manifest(str(data["created_at"]), str(data["revision"]), members, tuple(data["missing"]))


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a backup for reading.

    Raises
    ------
    NotFound
        There is no such file.
    InvalidInput
        It is no backup, or an incomplete one.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {str(path)!r}")
    try:
        tar = tarfile.open(path, "r:")  # noqa: SIM115 - closed below
    except (tarfile.TarError, EOFError):
        raise InvalidInput(f"{path.name!r} is not a backup", hint="use one that `db backup` wrote") from None
    try:
        yield Archive(tar, path.name)
    finally:
        tar.close()
