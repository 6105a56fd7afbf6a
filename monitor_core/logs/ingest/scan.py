"""Which files there are, and which of them are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Seen", "list_files"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as the folder shows it."""

    path: Path
    device: int
    inode: int
    size: int
    changed_ns: int

    @property
    def identity(self) -> tuple[int, int]:
        """Where it lies on the disk."""
        return self.device, self.inode

    @property
    def state(self) -> tuple[int, int, int, int]:
        """What changes when the file does."""
        return self.device, self.inode, self.size, self.changed_ns


def list_files(folders: Sequence[Path], *, include: Sequence[str], exclude: Sequence[str]) -> list[Seen]:
    """Return the log files of some folders, the oldest first; links and what is no file are left out.

    Raises
    ------
    OSError
        A folder cannot be read.
    """
    found = []
    for folder in folders:
        for path in folder.iterdir():
            if not _matches(path.name, include) or _matches(path.name, exclude) or path.is_symlink():
                continue
            try:
                about = path.stat()
            except FileNotFoundError:  # renamed in the meantime; the next look finds it
                continue
            if path.is_file():
                found.append(Seen(path, about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns))
    return sorted(found, key=lambda seen: (seen.changed_ns, _numbered(seen.path.name)))


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _numbered(name: str) -> tuple[int, str]:
    """Order app.log.2 before app.log.1: the higher the number, the older."""
    found = re.search(r"\.(\d{1,6})(?:\.gz)?$", name)
    return (-int(found[1]) if found else 0, name)
