"""Which files were seen: a number for each, by what it begins with and where it lies on the disk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from monitor_core.errors import Unavailable
from monitor_core.logs.index.days import write_json

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HEAD_BYTES", "KnownFile", "Registry", "hashed"]

HEAD_BYTES = 1_024
"""How much of a file's first line tells it from others."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that was seen.

    Attributes
    ----------
    head_size, head_hash
        Its first line, or the first `HEAD_BYTES` of it; unpacked, so that packing does not make another file of it.
    device, inode
        Where it was seen last.
    floor
        How far it was read into indexes that have been dropped since.
    packed_size
        Of a packed file that was read to its end: its size; 0 otherwise. It is not unpacked again.
    """

    file_id: int
    name: str
    head_size: int
    head_hash: str
    device: int
    inode: int
    floor: int = 0
    packed_size: int = 0


def hashed(head: bytes) -> str:
    """Return what tells one beginning of a file from another."""
    return hashlib.sha256(head).hexdigest()[:32]


class Registry:
    """The files that were seen, kept in one small file; a number is on the disk before any row carries it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files = {item.file_id: item for item in _read(path)}
        self._next = max(self._files, default=0) + 1

    def add(self, name: str, head: bytes, device: int, inode: int) -> KnownFile:
        """Give a new file a number."""
        made = KnownFile(self._next, name, len(head), hashed(head), device, inode)
        self._next += 1
        self.keep(made)
        return made

    def keep(self, *changed: KnownFile) -> None:
        """Write what changed of files."""
        self._files.update({item.file_id: item for item in changed})
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self._path, [asdict(item) for item in self._files.values()])

    def moved(self, known: KnownFile, device: int, inode: int) -> KnownFile:
        """Note that a file now lies elsewhere."""
        if (known.device, known.inode) == (device, inode):
            return known
        made = replace(known, device=device, inode=inode, packed_size=0)
        self.keep(made)
        return made

    def get(self, file_id: int) -> KnownFile | None:
        """Return the file of a number; None when there is none."""
        return self._files.get(file_id)

    def all(self) -> tuple[KnownFile, ...]:
        """Return all files, the latest first."""
        return tuple(reversed(self._files.values()))

    def beginning(self, head: bytes) -> tuple[KnownFile, ...]:
        """Return the files that begin like this, the latest first."""
        hashes: dict[int, str] = {}
        found = []
        for item in reversed(self._files.values()):
            if item.head_size > len(head):
                continue
            if item.head_size not in hashes:
                hashes[item.head_size] = hashed(head[: item.head_size])
            if hashes[item.head_size] == item.head_hash:
                found.append(item)
        return tuple(found)


def _read(path: Path) -> list[KnownFile]:
    try:
        return [KnownFile(**item) for item in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError) as error:
        raise Unavailable(f"{path} cannot be read: {error}", hint="logs reindex builds the index anew") from error
